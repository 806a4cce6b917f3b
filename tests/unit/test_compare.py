import json
from pathlib import Path

import numpy as np
import pytest
from tests.shown import shown

from mundap.errors import MundapError, UnknownName
from mundap.evaluation.compare import auroc_difference, differences, earlier_legs, earlier_measures
from mundap.evaluation.estimates import ALIKE, BETTER, WORSE, paired_difference
from mundap.evaluation.questions import Question
from mundap.evaluation.retrieval import Search, ablation, evaluate_retrieval
from mundap.types import Hit, Passage


def test_the_verdict_follows_the_permutation_test() -> None:
    better = paired_difference([0.0] * 6, [1.0] * 6)
    assert (better.mean, better.p, better.verdict) == (1.0, 2 / 2**6, BETTER)
    assert paired_difference([1.0] * 6, [0.0] * 6).verdict == WORSE
    few = paired_difference([0.0] * 5, [1.0] * 5)  # the same difference, on too few questions to tell
    assert (few.n, few.mean, few.p, few.verdict) == (5, 1.0, 2 / 2**5, ALIKE)
    assert paired_difference([0.5], [0.5]).verdict == ALIKE


def test_questions_on_one_passage_are_one_observation() -> None:
    assert paired_difference([0.0] * 6, [1.0] * 6, groups=["가"] * 6).verdict == ALIKE


def test_runs_are_compared_on_the_questions_and_figures_that_both_have() -> None:
    before: dict[tuple[str, tuple[str, ...]], dict[str, float]] = {
        ("가", ("x",)): {"f1": 0.0, "exact": 0.0},
        ("나", ("x",)): {"f1": 1.0},
    }
    after: list[tuple[tuple[str, tuple[str, ...]], dict[str, float]]] = [
        (("가", ("x",)), {"f1": 1.0}),
        (("나", ("x",)), {"f1": 1.0}),
        (("나", ("y",)), {"f1": 0.0}),
    ]
    found = differences(before, after, ("f1", "exact"))
    assert list(found) == ["f1"]
    assert (found["f1"].n, found["f1"].mean) == (2, (1 + 0) / 2)
    with pytest.raises(MundapError, match="공통된 질문이 없어"):
        differences(before, after[2:], ("f1",))


def test_an_earlier_run_is_read_from_its_folder_or_its_report(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    asked = [{"question": "가", "gold": ["글"], "measures": {"f1": 1.0}}]
    report.write_text(json.dumps({"per_question": asked}), "utf-8")
    assert earlier_measures(tmp_path) == earlier_measures(report) == {("가", ("글",)): {"f1": 1.0}}
    with pytest.raises(MundapError, match=r"report\.json"):
        earlier_legs(report)  # a run of another kind


def test_auroc_of_two_runs() -> None:
    rng = np.random.default_rng(3)
    wanted, unwanted = rng.normal(0.0, 1.0, 60), rng.normal(0.0, 1.0, 60)
    blind, seeing = (wanted, unwanted), (wanted + 2.0, unwanted)
    better = auroc_difference(blind, seeing)
    assert (better.n, better.verdict) == (120, BETTER)
    assert better.ci95[0] <= better.mean <= better.ci95[1]
    worse = auroc_difference(seeing, blind)
    assert (worse.mean, worse.verdict) == (-better.mean, WORSE)
    same = auroc_difference(seeing, (np.exp(seeing[0]), np.exp(seeing[1])))  # another scale, the same order
    assert (same.mean, same.p, same.verdict) == (0.0, 1.0, ALIKE)


def test_an_ablation_shows_what_each_step_brings_over_the_one_before() -> None:
    texts = [f"글 {n}" for n in range(12)]
    questions = [Question(f"{n}", (text,)) for n, text in enumerate(texts)]

    def finding(up_to: int) -> Search:
        def search(question: str, depth: int) -> list[Hit]:
            n = int(question) if int(question) < up_to else 11 - int(question)
            return [Hit(Passage(f"p{n}", "d", texts[n], 0, len(texts[n])), 1.0, 1)]

        return search

    legs = {"bm25": finding(0), "+dense": finding(6), "+rerank": finding(12)}
    report = evaluate_retrieval(questions, legs, {"".join(text.split()) for text in texts}, resamples=50)
    first, second, third = ablation(report, list(legs))
    assert (first.name, first.means["top1"], first.differences) == ("bm25", 0.0, {})
    assert (second.means["top1"], third.means["top1"]) == (6 / 12, 12 / 12)
    assert third.differences["top1"].mean == 12 / 12 - 6 / 12
    assert third.differences["top1"].p == 2 / 2**6  # six questions changed
    assert third.differences["top1"].verdict == BETTER
    assert shown(third)["changes"]["mrr@10"]["n"] == 12
    with pytest.raises(UnknownName, match=r"'graph'.*bm25"):
        ablation(report, ["bm25", "graph"])
