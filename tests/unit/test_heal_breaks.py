"""Broken lines become paragraphs, and only those."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.ingest.heal import goes_on, join, starts_item, unwrap, width
from mundap.korean.normalize import squash

ARTICLES = (
    "이 규정은 회사 직원의 근무에 관한 사항을 정함으로써 업무의 원활한 운영과 질서를 지키는 것을 목적으로 한다. "
    "직원은 업무시간 중에 업무와 관계없는 행위를 하여서는 아니 된다. 다만, 부득이한 사유가 있는 때에는 부서장의 "
    "허가를 받아 자리를 비울 수 있다. 휴가를 얻으려는 직원은 사흘 전까지 신청서를 내야 하며 회사는 사업 운영에 막대한 "
    "지장이 있는 경우에 한하여 그 시기를 바꿀 수 있다."
)


def anywhere(text: str, columns: int) -> list[str]:
    lines, line = [], ""
    for letter in text:
        if width(line + letter) > columns:
            lines.append(line)
            line = ""
        line += letter
    return [*lines, line]


def between_words(text: str, columns: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if width(f"{lines[-1]} {word}") > columns:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


@pytest.mark.parametrize("columns", [40, 50, 60, 70])
def test_lines_between_words_join_as_they_were(columns: int) -> None:
    assert join([between_words(ARTICLES, columns)]) == [ARTICLES]


def test_most_words_that_were_cut_in_two_are_whole_again() -> None:
    wrong = 0
    breaks = 0
    for columns in range(40, 80):
        lines = anywhere(ARTICLES, columns)
        breaks += len(lines) - 1
        (healed,) = join([lines])
        assert squash(healed) == squash(ARTICLES)
        at = 0
        for line in lines[:-1]:
            at += len(squash(line))
            wrong += _space_after(healed, at) != _space_after(ARTICLES, at)
    assert wrong <= 0.08 * breaks


def _space_after(text: str, letters: int) -> bool:
    seen = 0
    for n, letter in enumerate(text):
        seen += not letter.isspace()
        if seen == letters:
            return text[n + 1 : n + 2].isspace()
    return False


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        (["경우 서", "스펜디드"], "경우 서스펜디드"),
        (["연차는 9회", "까지 쓴다"], "연차는 9회까지 쓴다"),
        (["금액은 1,0", "00원이다"], "금액은 1,000원이다"),
        (["휴가(연차", ")를 쓴다"], "휴가(연차)를 쓴다"),
        (["다음과 같다.", "첫째로"], "다음과 같다. 첫째로"),
        (["well-known infor-", "mation"], "well-known information"),
        (["open source", "license"], "open source license"),
    ],
)
def test_single_breaks(lines: list[str], joined: str) -> None:
    assert join([lines]) == [joined]


@pytest.mark.parametrize(
    "line",
    [
        "1. 정의",
        "1) 정의",
        "(1) 정의",
        "1.1 정의",
        "가. 정의",
        "(가) 정의",
        "① 정의",
        "• 정의",
        "- 정의",
        "제3조(목적) 이",
        "제2장 총칙",
        "Ⅱ. 개요",
    ],
)
def test_items_start_paragraphs(line: str) -> None:
    assert starts_item(line)


@pytest.mark.parametrize(
    "line", ["1.5배로 한다", "2024년 3월", "제3조(의료기관)에 규정한", "제3조에 따라", "-5도", "가나다", "다만, 그"]
)
def test_what_only_looks_like_an_item(line: str) -> None:
    assert not starts_item(line)


def test_a_date_and_an_ending_go_on() -> None:
    assert goes_on("시행일은 2024.", "3. 1. 로 한다")
    assert goes_on("그 밖의 사항은 따로 정한", "다. 다만, 예외로 한다")
    assert not goes_on("나. 서류를 심사한다.", "다. 결과를 알린다.")


def test_a_text_file_wrapped_at_a_width() -> None:
    wrapped = between_words("제1조(목적) " + ARTICLES, 60)
    listed = ["1. 정규직", "2. 계약직", "가. 기간제"]
    table = ["번호     이름     부서", "1        김철수   인사"]
    assert unwrap([*wrapped, "", *listed, "", *table]) == ["제1조(목적) " + ARTICLES, "", *listed, "", *table]


@pytest.mark.parametrize(
    "lines",
    [
        ["짧은 줄", "다음 줄", "또 다음 줄"],
        ["한 문단이 한 줄인 글은 아무리 길어도 " * 5, "그대로 둔다.", "길이가 저마다 다르다."],
        ["첫째 줄은 마침표로 끝난다 그렇다.", "둘째 줄도 마침표로 끝난다 그렇다.", "셋째 줄도 마침표로 끝난다 그렇다."],
        [],
    ],
)
def test_lines_that_were_meant_stay(lines: list[str]) -> None:
    assert unwrap(lines) == [line.strip() for line in lines]


@given(st.lists(st.text(st.sampled_from("가나다 1.,-(]①a\t|"), max_size=40), max_size=8))
def test_nothing_is_lost(lines: list[str]) -> None:
    assert squash("".join(unwrap(lines))) == squash("".join(lines))
    assert squash(join([lines])[0]).replace("-", "") == squash("".join(lines)).replace("-", "")
