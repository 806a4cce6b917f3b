"""What is kept of what was tried, whom a comparison pairs, and when time is up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from mundap.evaluation.estimates import Comparison, Comparisons, Difference, Estimate
from mundap.evaluation.questions import Question
from mundap.training.common.measure import HeldOut
from mundap.training.common.pairs import dealt_wrong
from mundap.workflows.train.attempt import GAINED, SENSELESS, UNSURE, WORSENED, Attempt, Attempts, decided
from mundap.workflows.train.clock import Clock, OutOfTime
from mundap.workflows.train.plan import EverythingConfig
from mundap.workflows.train.run import silent

SURE, UNLIKELY = 0.01, 0.5


def change(mean: float, p: float = SURE) -> Difference:
    return Difference(mean, mean - 0.01, mean + 0.01, 100, p)


def figures(metric: str, mean: float, p: float = SURE) -> Comparisons:
    before, after = (Estimate(value, value - 0.1, value + 0.1, 100) for value in (0.5, 0.5 + mean))
    return Comparisons({metric: Comparison(before, after, change(mean, p))})


def held(after: Sequence[int | None], before: Sequence[int | None] | None = None) -> HeldOut:
    asked = tuple(f"질문 {n}" for n in range(len(after)))
    return HeldOut(asked, tuple(range(len(after))), tuple(before or [10] * len(after)), tuple(after))


def search(part: str, after: Sequence[int], gain: float = 0.1, nonsense: float = 0.0, dealt_to: int = 10) -> Attempt:
    splits = ("by_passage", "by_question")
    dealt = {"mrr@10": change(nonsense, SURE if nonsense else UNLIKELY)}
    return Attempt(
        part,
        f"all-{part}",
        1.0,
        {split: figures("mrr@10", gain) for split in splits},
        dealt,
        False,
        {split: held(after) for split in splits},
        held([dealt_to] * len(after)),
    )


def answering(part: str, by_passage: float, by_question: float = 0.0, recommended: bool = True) -> Attempt:
    changes = {"by_passage": figures("key", by_passage), "by_question": figures("key", by_question, UNLIKELY)}
    if by_question < 0:
        changes["by_question"] = figures("key", by_question)
    return Attempt(part, part, 1.0, changes, {"key": change(0.0, UNLIKELY)}, recommended)


def test_what_is_proved_is_better_on_new_documents_worse_nowhere_and_learns_nothing_from_nonsense() -> None:
    assert answering("reader", 0.1).doubt == ""
    assert answering("reader", 0.1, by_question=-0.1).doubt == WORSENED
    assert answering("reader", -0.1).doubt == WORSENED
    assert answering("reader", 0.1, recommended=False).doubt == UNSURE
    assert search("reranker", [1] * 40).doubt == ""
    assert search("reranker", [1] * 40, nonsense=0.1).doubt == GAINED
    assert search("reranker", [1] * 40, nonsense=-0.1).doubt == ""
    assert search("reranker", [1] * 40, dealt_to=2).doubt == SENSELESS  # where nonsense comes as far


def test_of_the_searches_a_larger_one_is_kept_only_where_it_beats_the_smaller() -> None:
    small, same, best = (search(part, [rank] * 40) for part, rank in (("reranker", 2), ("adapter", 2), ("static", 1)))
    assert decided({"adapter": same, "reranker": small}) == ("reranker",)
    assert decided({"adapter": same, "reranker": small, "static": best}) == ("static",)
    assert decided({"reranker": search("reranker", [2] * 40, nonsense=0.1), "adapter": same}) == ("adapter",)
    assert decided({"reader": answering("reader", 0.1), "support": answering("support", -0.1)}) == ("reader",)
    assert decided({}) == ()


def test_comparisons_pair_the_questions_that_both_were_asked() -> None:
    one = HeldOut(("가 나", "다"), (0, 1), (5, 6), (1, None))
    other = HeldOut(("다", "가  나", "라"), (1, 0, 2), (7, 8, 9), (2, 3, 4))
    assert one.than(other) == HeldOut(("가 나", "다"), (0, 1), (3, 2), (1, None))
    assert one.since(other) == HeldOut(("가 나", "다"), (0, 1), (8, 7), (1, None))
    assert other.than(one).questions == ("다", "가  나")
    assert HeldOut.from_json(one.to_json()) == one


def test_kept_attempts_are_read_back_but_for_a_torn_line(tmp_path: Path) -> None:
    attempts = Attempts(tmp_path / "parts.jsonl")
    both = [search("reranker", [1, 2]), answering("reader", 0.1)]
    for one in both:
        attempts.add(one)
    with (tmp_path / "parts.jsonl").open("a") as file:
        file.write('{"part": "support", "na')
    again = Attempts(tmp_path / "parts.jsonl")
    assert list(again.known.values()) == both
    again.add(answering("support", 0.1))
    assert set(Attempts(tmp_path / "parts.jsonl").known) == {"reranker", "reader", "support"}


def test_a_pace_that_will_not_do_is_stopped_before_the_time_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("mundap.workflows.train.clock.time.monotonic", lambda: now[0])
    progress = Clock(10).watched(silent)("단계")
    progress(0, 100)
    now[0] = 30.0
    progress(1, 100)  # too early to tell
    now[0] = 120.0
    progress(30, 100)  # 280 seconds are left to do, 480 to do it in
    now[0] = 300.0
    with pytest.raises(OutOfTime):
        progress(31, 100)
    now[0] = 601.0
    with pytest.raises(OutOfTime):
        progress(99, 100)
    with pytest.raises(OutOfTime):
        Clock(10, used=700).watched(silent)("단계")(0, 1)


def test_labels_are_dealt_to_other_questions() -> None:
    asked = [Question(f"질문 {n}", (f"글 {n}",), f"답 {n}") for n in range(50)]
    dealt = dealt_wrong(asked)
    assert [q.question for q in dealt] == [q.question for q in asked]
    assert sorted(q.gold for q in dealt) == sorted(q.gold for q in asked)
    assert sum(one.gold == other.gold for one, other in zip(dealt, asked, strict=True)) < 5


def test_a_part_of_two_is_tried_where_both_are_wanted() -> None:
    assert EverythingConfig(parts="reranker, adapter").wanted() == ("adapter", "reranker", "adapter+reranker")
    assert EverythingConfig(parts="reader").wanted() == ("reader",)
    assert "adapter+reranker" in EverythingConfig().wanted()
