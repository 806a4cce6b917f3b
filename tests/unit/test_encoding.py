"""Bytes of every kind that Korean offices save, and bytes that are no text."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.errors import BadFile
from mundap.ingest.encoding import decode

TEXT = "질문,답변\n관세청은 어디에 있나요?,대전입니다.\n면세 한도는?,800달러\n"


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "cp949", "euc-kr", "utf-16", "utf-16-le", "utf-16-be", "utf-32"],
)
def test_korean_text_is_read_from(encoding: str) -> None:
    assert decode(TEXT.encode(encoding), "표.csv") == TEXT


def test_letters_that_only_cp949_has() -> None:
    assert decode("뷁쉙 똠방각하".encode("cp949"), "a.txt") == "뷁쉙 똠방각하"


def test_utf_16_with_the_other_byte_order_mark() -> None:
    assert decode(b"\xfe\xff" + TEXT.encode("utf-16-be"), "표.csv") == TEXT


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff\r\u200b\u2060\u00ad"), max_size=30))
def test_any_text_in_utf_8_is_read_as_utf_8(text: str) -> None:
    assert "".join(decode(text.encode(), "a.txt").split()) == "".join(decode(text.encode("utf-8-sig"), "a").split())


def test_what_is_read_is_in_normal_form() -> None:
    assert decode("가\r\n나\u00a0다".encode(), "a.txt") == "가\n나 다"


def test_no_bytes_are_no_text() -> None:
    assert decode(b"", "a.txt") == ""
    assert decode(b"\xef\xbb\xbf", "a.txt") == ""


@pytest.mark.parametrize(
    "raw",
    [
        random.Random(1).randbytes(2000),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + random.Random(2).randbytes(300),
        b"\xff\xfe" + b"\x00\xd8" * 3,  # surrogates without their other half
        b"\xef\xbb\xbf" + b"\xff\xff\xff",
    ],
    ids=["random", "picture", "broken utf-16", "broken utf-8 behind a mark"],
)
def test_garbage_is_a_bad_file_with_its_name_and_the_remedy(raw: bytes) -> None:
    with pytest.raises(BadFile, match=r"표\.csv: .*UTF-8로 다시 저장"):
        decode(raw, "표.csv")
