"""Broad questions with several answers, and conditions on time that no passage meets."""

from datetime import date
from typing import Any

import pytest

from mundap.generate.choices import choices, label_of
from mundap.generate.extractive import Extractive
from mundap.generate.period import about_event, unmet
from mundap.generate.reading import Reader
from mundap.messages import say
from mundap.types import Choice, Hit, Passage


def hit(n: int, text: str, heading: str = "", source: str = "안내", score: float = 0.0, **meta: Any) -> Hit:
    return Hit(Passage(f"p{n}", "d", text, 0, len(text), heading, source=source, meta=meta), score, n)


POOL = hit(1, "이용 요금은 5만원이다.", "수영장")
GYM = hit(2, "이용 요금은 3만원이다.", "체육관")


def found(question: str, *hits: Hit) -> tuple[Choice, ...]:
    return choices(Reader().read(question, hits))


def test_a_broad_question_has_a_choice_for_each_answer() -> None:
    assert set(found("이용 요금은 얼마인가요?", POOL, GYM)) == {Choice("수영장", "p1"), Choice("체육관", "p2")}


def test_an_answer_names_each_case_and_that_they_differ() -> None:
    given = Extractive(min_support=0.0).answer("이용 요금은 얼마인가요?", [POOL, GYM])
    assert {choice.label for choice in given.choices} == {"수영장", "체육관"}
    for part in ("수영장: ", "5만원", "체육관: ", "3만원", say("choices", "ko")):
        assert part in given.text
    assert {citation.passage_id for citation in given.citations} == {"p1", "p2"}


@pytest.mark.parametrize(
    ("question", "hits"),
    [
        ("이용 요금은 얼마인가요?", (POOL,)),
        ("이용 요금은 얼마인가요?", (POOL, hit(2, "이용 요금은 5만원이다.", "체육관"))),  # the same value
        ("이용 요금은 얼마인가요?", (POOL, hit(2, "이용 요금은 3만원이다.", "수영장"))),  # the same case
        ("이용 요금은 얼마인가요?", (POOL, hit(2, "사물함은 한 달에 3만원이다.", "체육관"))),  # another thing
        (
            "이용 요금은 얼마인가요?",
            (POOL, hit(2, "이용 요금은 3만원이다.", "체육관", score=-3.0)),
        ),  # far behind
        ("왜 이용 요금을 받나요?", (POOL, GYM)),  # no value is asked for
    ],
    ids=["one passage", "same value", "same case", "another thing", "far behind", "no value"],
)
def test_no_choice_where_one_answer_is_meant(question: str, hits: tuple[Hit, ...]) -> None:
    assert found(question, *hits) == ()


def test_a_case_is_called_by_the_last_heading_or_the_source() -> None:
    assert label_of(hit(1, "글", "규정 > 제2장 > 수영장")) == "수영장"
    assert label_of(hit(1, "글", source="★ 이용 안내, page: 3")) == "이용 안내"
    assert len(label_of(hit(1, "글", "가" * 80))) <= 41


TODAY = date(2026, 6, 1)
REVISED = hit(1, "2024년 3월 5일 개정: 휴관일을 월요일로 한다.")


def test_a_year_that_no_passage_names_is_told() -> None:
    missing = unmet("2023년 3월에 개정된 내용은?", TODAY, [REVISED])
    assert missing is not None
    assert "2023년 3월" in missing.words


@pytest.mark.parametrize(
    ("question", "hits"),
    [
        ("2024년 3월에 개정된 내용은?", [REVISED]),
        ("2025년 휴관일은 언제인가요?", [hit(1, "2024년 1월 1일부터 휴관일은 월요일이다.")]),
        ("휴관일은 언제인가요?", [REVISED]),
        ("2023년 개정 내용은?", [hit(1, "휴관일을 정한다.", date="2023-05-01")]),
        ("2023년 개정 내용은?", [hit(1, "휴관일을 정한다.", source="2023년 5월 공지")]),
        ("2023년 개정 내용은?", []),
    ],
    ids=["met", "holds since", "no condition", "date of the document", "date of the source", "nothing found"],
)
def test_a_condition_that_is_met_or_not_set(question: str, hits: list[Hit]) -> None:
    assert unmet(question, TODAY, hits) is None


@pytest.mark.parametrize(
    ("question", "event"),
    [("작년에 바뀐 규정은?", True), ("2023년 공지 내용은?", True), ("올해 휴관일은 언제인가요?", False)],
)
def test_what_belongs_to_its_time(question: str, event: bool) -> None:
    assert about_event(question) is event
