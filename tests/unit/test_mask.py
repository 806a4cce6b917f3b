"""Personal numbers do not reach the log, in whatever form people write them; other numbers do."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mundap.korean.mask import mask

_AROUND = st.sampled_from(["", "제 번호는 ", "(", "전화: ", "가나다", "주민번호가 ", "\n"])
_BEHIND = st.sampled_from(["", "입니다.", "로 연락 주세요", ")", "번", ", 서울", "\n"])
_GAPS = st.sampled_from(["", "-", " ", "–", "."])


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count, max_size=count)


@st.composite
def resident(draw: st.DrawFn, sexes: str) -> str:
    born = f"{draw(digits(2))}{draw(st.integers(1, 12)):02}{draw(st.integers(1, 31)):02}"
    return born + draw(_GAPS) + draw(st.sampled_from(sexes)) + draw(digits(6))


@st.composite
def grouped(draw: st.DrawFn, *sizes: int, gaps: st.SearchStrategy[str] = _GAPS) -> str:
    gap = draw(gaps)
    return gap.join([draw(digits(size)) for size in sizes])


@st.composite
def phone(draw: st.DrawFn) -> str:
    gap = draw(_GAPS)
    first = draw(st.sampled_from(["010", "011", "02", "031", "070", "0505", "+82 10", "+82-2"]))
    return gap.join([first, draw(digits(draw(st.sampled_from([3, 4])))), draw(digits(4))])


_NUMBERS = st.one_of(
    resident("012349"),
    resident("5678"),
    phone(),
    grouped(4, 4, 4, 4),
    grouped(6, 2, 6, gaps=st.just("-")),
    grouped(3, 6, 2, 3, gaps=st.just("-")),
    grouped(11),
    st.from_regex(r"[MSRG][0-9]{8}", fullmatch=True),
    st.from_regex(r"M[0-9]{3}[A-Z][0-9]{4}", fullmatch=True),
)


@given(_AROUND, _NUMBERS, _BEHIND)
@example("(", "0100000000", "")
def test_no_part_of_a_personal_number_is_left(before: str, number: str, behind: str) -> None:
    masked = mask(before + number + behind)
    assert not re.search(r"\d", masked), masked
    assert masked.startswith(before)
    assert masked.endswith(behind)
    assert mask(masked) == masked


@given(_AROUND, st.from_regex(r"[a-z0-9._+-]{1,12}@[a-z0-9-]{1,10}(\.[a-z]{2,5}){1,2}", fullmatch=True))
def test_no_address_is_left(before: str, address: str) -> None:
    masked = mask(f"{before} {address} 입니다")
    assert "@" not in masked
    assert "[이메일]" in masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("900101-1234567", "[주민등록번호]"),
        ("900101-5234567", "[외국인등록번호]"),
        ("010-1234-5678", "[전화번호]"),
        ("０１０-１２３４-５６７８", "[전화번호]"),
        ("(02) 123-4567", "[전화번호]"),
        ("5555-4444-3333-2222", "[카드번호]"),
        ("M12345678", "[여권번호]"),
        ("110-123-456789", "[계좌번호]"),
    ],
)
def test_what_was_there_is_named(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "면세 한도는 미화 800달러, 1,500,000원입니다.",
        "2024-05-03 12:30에 제12조제3항",
        "HS 6203.42-1000의 세율은 13%",
        "고시 제2023-123호, 문의는 125번이나 1588-0000",
        "2023. 12. 31.까지 150,000,000,000원",
        "관세청@",
        "",
    ],
)
def test_other_numbers_are_left(text: str) -> None:
    assert mask(text) == text


@given(st.text())
def test_any_text_is_masked_once_and_for_all(text: str) -> None:
    assert mask(mask(text)) == mask(text)
