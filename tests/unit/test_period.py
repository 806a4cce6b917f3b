"""A condition on time that no passage meets is told, not passed over."""

from datetime import date
from typing import Any

import pytest

from mundap.generate.period import about_event, unmet
from mundap.types import Hit, Passage

TODAY = date(2026, 11, 29)


def hit(text: str, **fields: Any) -> Hit:
    return Hit(Passage("p", "d", text, 0, len(text), **fields), 1.0, 1)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("22년 7월 개정 내용은?", "22년 7월"),
        ("작년에 바뀐 예약 규정 알려줘", "작년에"),
        ("2021년 상반기 이용 현황은?", "2021년 상반기"),
    ],
)
def test_a_period_that_no_passage_names_is_unmet(question: str, words: str) -> None:
    found = unmet(question, TODAY, [hit("예약은 한 시간 전까지 할 수 있다."), hit("2019년 3월 1일부터 시행한다.")][:1])
    assert found is not None
    assert found.words in words


@pytest.mark.parametrize(
    "passage",
    [
        hit("2022년 7월 12일에 개정하였다."),
        hit("수수료가 바뀌었다.", heading="2022년 7월 공지"),
        hit("수수료가 바뀌었다.", source="공지_2022.07.12.hwp"),
        hit("이 규정은 2020년 1월 1일부터 적용한다."),
    ],
)
def test_a_passage_of_that_time_meets_it(passage: Hit) -> None:
    assert unmet("22년 7월 개정 내용은?", TODAY, [hit("아무 날도 없다."), passage]) is None


@pytest.mark.parametrize(
    "question",
    [
        "출국 2일 전까지 신고하나요?",
        "6개월 이상 살았어요",
        "2년 전에 산 가방인데요",
        "오늘 예약되나요?",
        "면세 한도는?",
    ],
)
def test_durations_and_the_visitors_own_days_are_no_condition(question: str) -> None:
    assert unmet(question, TODAY, [hit("아무 날도 없다.")]) is None


def test_a_revision_belongs_to_its_time_and_a_rule_does_not() -> None:
    assert about_event("22년 7월 개정 내용은?")
    assert not about_event("2022년 면세 한도는?")
