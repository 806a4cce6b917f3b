import json
import logging
import math
from collections.abc import Mapping
from typing import Any

import pytest
from tests.shown import shown

from mundap.errors import MundapError
from mundap.evaluation.estimates import paired_difference
from mundap.evaluation.questions import Question
from mundap.evaluation.retrieval import METRICS, RetrievalReport, Search, evaluate_retrieval
from mundap.korean.normalize import squash
from mundap.types import Hit, Passage

TEXTS = ["연차는 1년 뒤 소멸한다.", "점심은 열두 시다.", "회의실은 3층에 있다.", "주차장은 지하에 있다."]
CORPUS = {squash(text) for text in TEXTS}


def answering(orders: Mapping[str, list[int]]) -> Search:
    """A leg that returns the texts which `orders` lists for a question by their numbers."""

    def search(question: str, depth: int) -> list[Hit]:
        hits = enumerate(orders.get(question, [])[:depth], 1)
        return [Hit(Passage(f"p{n}", "d", TEXTS[n], 0, len(TEXTS[n])), 1 / rank, rank) for rank, n in hits]

    return search


def report_of(questions: list[Question], orders: Mapping[str, list[int]], **more: Any) -> RetrievalReport:
    return evaluate_retrieval(questions, {"bm25": answering(orders)}, CORPUS, resamples=100, **more)


def test_figures_by_hand() -> None:
    questions = [Question("가", (TEXTS[0],)), Question("나", (TEXTS[1],)), Question("다", (TEXTS[2],))]
    report = report_of(questions, {"가": [0, 1], "나": [0, 2, 3, 1], "다": [0]})
    means = report.legs["bm25"].figures.means
    assert means["top1"] == pytest.approx((1 + 0 + 0) / 3)
    assert means["top3"] == pytest.approx((1 + 0 + 0) / 3)
    assert means["top10"] == pytest.approx((1 + 1 + 0) / 3)
    assert means["mrr@10"] == pytest.approx((1 + 1 / 4 + 0) / 3)
    assert means["ndcg@10"] == pytest.approx((1 + 1 / math.log2(4 + 1) + 0) / 3)
    assert means["avg_rank"] == pytest.approx((1 + 4 + 101) / 3)
    assert report.legs["bm25"].missed == 1
    assert (report.n, report.corpus, report.unanswerable, report.gold_missing) == (3, 4, 0, 0)


def test_white_space_and_composition_do_not_matter() -> None:
    spaced = "  연차는\n1년 뒤\u00a0소멸 한다. "
    assert report_of([Question("가", (spaced,))], {"가": [0]}).legs["bm25"].figures.means["top1"] == 1.0


def test_a_part_of_the_gold_is_not_right() -> None:
    def part(question: str, depth: int) -> list[Hit]:
        return [Hit(Passage("p", "d", TEXTS[0][:6], 0, 6), 1.0, 1)]

    report = evaluate_retrieval([Question("가", (TEXTS[0],))], {"bm25": part}, CORPUS, resamples=10)
    assert report.legs["bm25"].missed == 1


def test_several_golds_all_count_towards_the_gain() -> None:
    report = report_of([Question("가", (TEXTS[0], TEXTS[1]))], {"가": [2, 0, 1]})
    ideal = 1 / math.log2(1 + 1) + 1 / math.log2(2 + 1)
    assert report.legs["bm25"].figures.means["ndcg@10"] == pytest.approx(
        (1 / math.log2(2 + 1) + 1 / math.log2(3 + 1)) / ideal
    )
    assert report.legs["bm25"].figures.means["mrr@10"] == 1 / 2


def test_the_same_gold_in_two_documents_counts_once() -> None:
    report = report_of([Question("가", (TEXTS[0], TEXTS[0] + " "))], {"가": [0, 0]})
    assert report.legs["bm25"].figures.means["ndcg@10"] == 1.0


def test_questions_without_gold_are_left_out_and_counted() -> None:
    report = report_of([Question("가", (TEXTS[0],)), Question("나")], {"가": [0]})
    assert (report.n, report.unanswerable) == (1, 1)
    assert [asked.question.question for asked in report.per_question] == ["가"]


def test_nothing_found_is_a_miss_without_a_top_hit() -> None:
    report = report_of([Question("가", (TEXTS[0],))], {})
    assert report.per_question[0].legs["bm25"].top is None
    assert report.legs["bm25"].figures.means["avg_rank"] == 100 + 1


def test_hits_beyond_the_depth_do_not_count() -> None:
    def eager(question: str, depth: int) -> list[Hit]:
        return answering({"가": [1] * depth + [0]})(question, depth + 1)

    report = evaluate_retrieval([Question("가", (TEXTS[0],))], {"bm25": eager}, CORPUS, depth=10, resamples=10)
    assert report.legs["bm25"].figures.means["avg_rank"] == 10 + 1


def test_json_is_what_scripts_rely_on() -> None:
    questions = [Question("가", (TEXTS[0],), row=2), Question("나", (TEXTS[1],), row=3)]
    legs = {"bm25": answering({"가": [0], "나": [0, 1]}), "hybrid": answering({"가": [0], "나": [1]})}
    report = evaluate_retrieval(questions, legs, CORPUS, seed=7, resamples=100)
    seen = shown(report)
    assert (seen["n"], seen["corpus"], seen["seed"]) == (2, 4, 7)
    assert list(seen["legs"]) == ["bm25", "hybrid"]
    assert set(METRICS) <= set(seen["legs"]["bm25"])
    assert set(seen["legs"]["bm25"]["ci95"]) == set(METRICS)
    low, high = seen["legs"]["bm25"]["ci95"]["top1"]
    assert 0.0 <= low <= seen["legs"]["bm25"]["top1"] <= high <= 1.0
    assert seen["legs"]["hybrid"]["ci95"]["top1"] == [1.0, 1.0]
    assert "per_question" not in seen


def test_json_of_each_question_for_a_report() -> None:
    report = report_of([Question("가", (TEXTS[0],), row=2), Question("나", (TEXTS[1],), row=3)], {"가": [2, 0]})
    first, second = json.loads(json.dumps(report.to_json(per_question=True)))["per_question"]
    assert (first["question"], first["gold"], first["row"]) == ("가", [TEXTS[0]], 2)
    assert first["legs"]["bm25"]["rank"] == 2
    assert first["legs"]["bm25"]["top"]["text"] == TEXTS[2]
    assert second["legs"]["bm25"] == {"rank": None, "ndcg@10": 0.0, "top": None}


def test_intervals_draw_whole_passages_unless_told_otherwise() -> None:
    questions = [Question(f"{g}{i}", (TEXTS[g],)) for g in (0, 1, 2, 3) for i in range(25)]
    orders = {f"{g}{i}": [g] for g in (0, 1) for i in range(25)}  # two passages always found, two never
    legs = {"bm25": answering(orders)}
    clustered = evaluate_retrieval(questions, legs, CORPUS, resamples=500).legs["bm25"].figures["top1"].ci95
    single = (
        evaluate_retrieval(questions, legs, CORPUS, resamples=500, clustered=False).legs["bm25"].figures["top1"].ci95
    )
    assert clustered == (0.0, 1.0)
    assert single == pytest.approx((0.5 - 1.96 * 0.05, 0.5 + 1.96 * 0.05), abs=0.03)


def test_the_figures_of_two_legs_can_be_compared() -> None:
    questions = [Question(f"{i}", (TEXTS[i % 4],)) for i in range(12)]
    legs = {
        "bm25": answering({f"{i}": [(i + 1) % 4, i % 4] for i in range(12)}),
        "hybrid": answering({f"{i}": [i % 4] for i in range(12)}),
    }
    report = evaluate_retrieval(questions, legs, CORPUS, resamples=50)
    difference = paired_difference(report.values("bm25", "mrr@10"), report.values("hybrid", "mrr@10"))
    assert difference.mean == 1 - 1 / 2
    assert difference.p == 2 / 2**12
    by_passage = paired_difference(
        report.values("bm25", "top1"), report.values("hybrid", "top1"), groups=report.groups()
    )
    assert by_passage.p == 2 / 2**4


def test_a_gold_that_is_in_no_passage_is_reported_and_missed(caplog: pytest.LogCaptureFixture) -> None:
    questions = [Question("가", (TEXTS[0],), row=2), Question("나", ("어디에도 없는 제시문",), row=3)]
    with caplog.at_level(logging.WARNING):
        report = report_of(questions, {"가": [0], "나": [0]})
    assert report.gold_missing == 1
    assert report.legs["bm25"].figures.means["top1"] == 1 / 2
    (problem,) = shown(report)["problems"]
    assert problem["row"] == 3
    assert "어디에도 없는 제시문" in problem["reason"]
    assert "3행" in caplog.text


def test_golds_that_are_all_missing_are_an_error_with_the_first_rows() -> None:
    questions = [Question("가", ("없는 글 " * 20,), row=row) for row in range(2, 12)]
    with pytest.raises(MundapError) as error:
        report_of(questions, {})
    assert "질문 10개" in str(error.value)
    assert "2행 '없는 글" in str(error.value)
    assert "12행" not in str(error.value)
    assert "mundap ingest" in str(error.value)


@pytest.mark.parametrize("questions", [[], [Question("가")]])
def test_without_any_gold_there_is_nothing_to_measure(questions: list[Question]) -> None:
    with pytest.raises(MundapError, match="제시문을 채우"):
        report_of(questions, {})


def test_progress_counts_every_search() -> None:
    seen = []
    legs = {"bm25": answering({}), "dense": answering({})}
    questions = [Question("가", (TEXTS[0],)), Question("나", (TEXTS[1],))]
    evaluate_retrieval(questions, legs, CORPUS, resamples=10, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_legs_and_a_depth_of_ten_are_needed() -> None:
    with pytest.raises(ValueError, match="one or more legs"):
        evaluate_retrieval([Question("가", (TEXTS[0],))], {}, CORPUS)
    with pytest.raises(ValueError, match="depth of 10"):
        report_of([Question("가", (TEXTS[0],))], {}, depth=5)
