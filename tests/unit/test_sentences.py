"""Sentences are spans of the text that lose no character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.korean.kiwi import MOST, bites
from mundap.korean.sentences import sentences

PARTS = st.sampled_from(
    [
        "관세청은 세금을 걷는다. ",
        "언제인가요? ",
        "1. 여권\n",
        "\n\n",
        " ",
        "\t",
        "3.5%",
        "😀",
        "(가) ",
        "각",
        "…",
        "”",
        "e\u0301",
        "Mr. Kim ",
    ]
)
TEXTS = st.one_of(st.lists(PARTS, max_size=15).map("".join), st.text(st.characters(codec="utf-8"), max_size=60))


def texts(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@given(TEXTS)
def test_every_character_that_is_not_blank_lies_in_exactly_one_span(text: str):
    spans = sentences(text)
    covered = [n for start, end in spans for n in range(start, end)]
    assert covered == sorted(set(covered))
    assert {n for n, c in enumerate(text) if not c.isspace()} <= set(covered)
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)


@given(TEXTS)
def test_a_line_break_ends_a_sentence(text: str):
    assert all("\n" not in sentence for sentence in texts(text))


@pytest.mark.parametrize("unit", ["a", "ab ", "(", "안녕하세요. ", "\ud800", "\0"])
def test_a_line_that_is_too_long_for_kiwi_loses_nothing_and_takes_no_hour(unit: str):
    text = (unit * 100_000)[:100_000].rstrip()
    assert "".join("".join(texts(text)).split()) == "".join(text.split())
    assert all(end - start <= MOST for start, end in sentences(text))


@pytest.mark.timeout(20)
def test_a_run_of_hangul_is_not_taken_apart():
    text = "가" * 400_000
    assert "".join(texts(text)) == text
    assert texts("나" * 600 + ". 다음 문장입니다. 끝입니다.")[-2:] == ["다음 문장입니다.", "끝입니다."]


def test_a_long_line_is_cut_at_blanks():
    words = "".join(f"{n} " for n in range(5 * MOST))
    assert [words[start:end] for start, end in bites(words)][1][0].isdigit()
    assert [word for start, end in bites(words) for word in words[start:end].split()] == words.split()
    assert [*bites("")] == [(0, 0)]
    assert [*bites("a" * (2 * MOST + 1))] == [(0, MOST), (MOST, 2 * MOST), (2 * MOST, 2 * MOST + 1)]


@pytest.mark.parametrize("text", ["", " ", "\n\n", " \t\n "])
def test_blank_text_has_none(text: str):
    assert sentences(text) == []


def test_numbers_and_decimals_do_not_end_a_sentence():
    assert texts("세율은 3.5%입니다. 합계는 1,000.50원입니다.") == ["세율은 3.5%입니다.", "합계는 1,000.50원입니다."]


def test_offsets_count_characters_also_after_emoji():
    assert texts("😀 안녕하세요. 😀👍 반갑습니다.\n여권") == ["😀 안녕하세요.", "😀👍 반갑습니다.", "여권"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("통관합니다. 「관세법」에 따릅니다.", ["통관합니다.", "「관세법」에 따릅니다."]),
        ("왜 중요한가?“풋살화”를 신으면 빠릅니다. 끝.", ["왜 중요한가?", "“풋살화”를 신으면 빠릅니다.", "끝."]),
        ("질문이 뭐예요?”라며 웃었다.", ["질문이 뭐예요?”라며 웃었다."]),
        ("그는 “안녕하세요”라고 말했다. 갔다.", ["그는 “안녕하세요”라고 말했다.", "갔다."]),
        ("“갔습니다.” 그는 말했다.", ["“갔습니다.”", "그는 말했다."]),
    ],
)
def test_what_touches_a_closing_quote_belongs_to_the_sentence_of_the_quote(text: str, found: list[str]):
    assert [text[start:end] for start, end in sentences(text)] == found
