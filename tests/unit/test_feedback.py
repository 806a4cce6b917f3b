"""Judged answers as training data: what counts, and what is left out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mundap.store.feedback import Feedback, Given, Vote
from mundap.training.common.feedback import Judged, training_rows, worst
from mundap.types import Answer, Citation, Hit, Passage

PASSAGES = {id: Passage(id, "d", text, 0, len(text)) for id, text in {"a": "가 나 다", "b": "라 마 바"}.items()}


def given(name: str, vote: Vote | None, question: str = "무엇인가요?", **other: Any) -> Given:
    fields: dict[str, Any] = {"answer": "가", "abstained": False, "cited": ("a",), "shown": ("a", "b"), "time": name}
    return Given(request_id=name, question=question, vote=vote, **{**fields, **other})


def holds(text: str, texts: Sequence[str]) -> list[float]:
    words = set(text.split())
    return [len(words & set(other.split())) / len(words) for other in texts]


def rows(*of: Given) -> Judged:
    return training_rows(of, PASSAGES, holds, lambda text: list(PASSAGES.values()))


def test_a_correction_finds_its_passage_and_what_was_shown_beside_it_is_wrong() -> None:
    [row] = rows(given("1", Vote("down", answer="라 마"))).retriever
    assert (row["gold"], row["negatives"], row["by"]) == (["라 마 바"], ["가 나 다"], "correction")


def test_a_correction_that_no_passage_holds_teaches_the_retriever_nothing() -> None:
    found = rows(given("1", Vote("down", answer="사 아 자")))
    assert (found.retriever, found.untraced) == ((), 1)
    assert found.sft == ({"prompt": "무엇인가요?", "completion": "사 아 자"},)


def test_a_liked_refusal_names_no_passage() -> None:
    assert rows(given("1", Vote("up"), abstained=True)).retriever == ()


def test_a_passage_that_was_removed_since_is_not_the_gold() -> None:
    assert rows(given("1", Vote("up"), cited=("gone",), shown=("gone",))).untraced == 1


def test_liked_answers_are_preferred_to_disliked_ones_of_the_same_question() -> None:
    found = rows(
        given("1", Vote("up"), answer="좋은 답"),
        given("2", Vote("down"), answer="나쁜 답", question="무엇 인가요?"),
        given("3", Vote("down"), answer="딴 답", question="다른 질문"),
    )
    assert found.preference == ({"prompt": "무엇인가요?", "chosen": "좋은 답", "rejected": "나쁜 답"},)


def test_markers_of_citations_are_no_part_of_what_is_learned() -> None:
    found = rows(given("1", Vote("up"), answer="가입니다. [1][2]"))
    assert found.sft == ({"prompt": "무엇인가요?", "completion": "가입니다."},)
    assert found.retriever[0]["answer"] == "가입니다."


def test_an_answer_that_was_liked_and_disliked_is_on_neither_side() -> None:
    assert rows(given("1", Vote("up"), answer="답"), given("2", Vote("down"), answer="답")).preference == ()


def test_the_worst_questions_come_first() -> None:
    bad = Vote("down", "틀림")
    found = worst(
        [
            given("1", Vote("up"), question="좋음"),
            given("2", bad, question="나쁨"),
            given("3", bad, question="나 쁨"),
            given("4", None, question="못 함", abstained=True),
            given("5", bad, question="하나"),
        ]
    )
    assert [(one.question, one.downs, one.abstained) for one in found] == [
        ("나쁨", 2, 0),
        ("하나", 1, 0),
        ("못 함", 0, 1),
    ]


def answer(text: str) -> Answer:
    hit = Hit(PASSAGES["a"], 1.0, 1)
    return Answer("질문", text, (Citation("a", "출처", "가"),), (hit,), False, {}, "m")


def test_the_last_vote_of_a_request_counts_and_a_request_named_twice_is_the_last_one(tmp_path: Path) -> None:
    kept = Feedback(tmp_path / "a.sqlite")
    kept.answered("one", answer("처음"))
    kept.judge("one", Vote("up"))
    kept.judge("one", Vote("down", "다시 보니 틀림"))
    kept.answered("one", answer("다음"))
    kept.judge("one", Vote("up"))
    assert [(one.answer, one.vote and one.vote.verdict) for one in kept.given()] == [("처음", "down"), ("다음", "up")]
    kept.close()
