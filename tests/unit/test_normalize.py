"""One normal form: reached in one step, and the same for everything that looks the same."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.korean.normalize import normalize, squash

# Hangul composed and in parts, white space of every kind, and what cannot be seen.
TRICKY = st.text(
    st.sampled_from("가각힣각ㄱ a\u00a0\u3000\t\n\r\x0b\x0c\x1c\x85\u2028\u200b\ufeff\u00ad\u2060\0e\u0301Å1")
)


@given(st.one_of(st.text(), TRICKY))
def test_twice_is_once(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)


@given(st.one_of(st.text(), TRICKY))
def test_the_only_white_space_left_is_a_blank_a_tab_or_a_line_feed(text: str) -> None:
    assert {c for c in normalize(text) if c.isspace()} <= set(" \t\n")


@given(st.text())
def test_composed_and_decomposed_are_one(text: str) -> None:
    assert normalize(unicodedata.normalize("NFD", text)) == normalize(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("한국어", "한국어"),
        ("가\r\n나\r다\n라", "가\n나\n다\n라"),
        ("가\u00a0나\u3000다\x0b라", "가 나 다 라"),
        ("가\u200b나\ufeff다\u00ad라\0마", "가나다라마"),
        ("가\t나  다 ", "가\t나  다 "),
        ("😀👍🏽", "😀👍🏽"),
        ("ㄱㄴ ①㎏ Ⅳ", "ㄱㄴ ①㎏ Ⅳ"),
    ],
)
def test_examples(text: str, expected: str) -> None:
    assert normalize(text) == expected


def test_squash_compares_without_white_space() -> None:
    assert squash(" 제 3 조\n(목적)\t") == squash("제3조\u3000(목적)") == "제3조(목적)"
