"""Questions for a limit are also asked in the words that state one."""

import pytest

from mundap.retrieve.limits import averaged, limit_query
from mundap.types import Hit, Passage


@pytest.mark.parametrize(
    ("question", "stated"),
    [
        ("출장비 한도가 얼마인가요?", "출장비 원 달러 이하 초과"),
        ("학생 대출 한도 알려줘", "학생 대출 원 달러 이하 초과"),
        ("선물은 얼마까지 받아도 되나요?", "선물은 원 달러 이하 초과 받아도 되나요?"),
        ("지원금 최대 한도는?", "지원금 원 달러 이하 초과"),
    ],
)
def test_the_limit_is_asked_for_as_it_is_stated(question: str, stated: str) -> None:
    assert limit_query(question) == stated


@pytest.mark.parametrize("question", ["관리비는 얼마인가요?", "한도가 얼마인가요?", "회의는 언제 하나요?", ""])
def test_other_questions_ask_for_no_limit(question: str) -> None:
    assert limit_query(question) == ""


def hits(**scores: float) -> list[Hit]:
    ordered = sorted(scores.items(), key=lambda pair: -pair[1])
    return [Hit(Passage(id, "d", "글", 0, 1), score, rank) for rank, (id, score) in enumerate(ordered, 1)]


def test_two_searches_are_one_by_their_mean_score() -> None:
    found = averaged(hits(a=4.0, b=2.0), hits(b=5.0, c=1.0), 3)
    assert [(hit.passage.id, hit.score, hit.rank) for hit in found] == [
        ("b", (2.0 + 5.0) / 2, 1),
        ("a", (4.0 + 1.0) / 2, 2),  # the least score of the search that lacks it
        ("c", (2.0 + 1.0) / 2, 3),
    ]


def test_a_search_that_finds_nothing_changes_nothing() -> None:
    assert averaged(hits(a=4.0, b=2.0), [], 1) == hits(a=4.0, b=2.0)[:1]
    assert averaged([], hits(a=4.0), 5) == hits(a=4.0)
