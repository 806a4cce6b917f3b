import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.shown import shown
from tests.unit.conftest import Serve

from mundap.errors import GeneratorError, MundapError
from mundap.evaluation.answers import GRADES, METRICS, AnswerReport, evaluate_answers
from mundap.evaluation.judge import Judge
from mundap.evaluation.questions import Question
from mundap.types import Answer, Citation, Hit, Passage

LAPSE, SICK, LUNCH = "연차는 2년이 지나면 소멸합니다.", "병가는 해마다 60일입니다.", "점심은 열두 시입니다."
PASSAGES = {
    text: Passage(f"p{n}", "d", text, 0, len(text), source="규정") for n, text in enumerate((LAPSE, SICK, LUNCH))
}


def answer(
    text: str,
    cited: Sequence[str] = (),
    found: Sequence[str] = (LAPSE, SICK, LUNCH),
    quotes: Sequence[str] | None = None,
) -> Answer:
    hits = tuple(Hit(PASSAGES[p], 1.0, n) for n, p in enumerate(found, 1))
    given = quotes or list(cited)
    citations = tuple(Citation(PASSAGES[p].id, "규정", q) for p, q in zip(cited, given, strict=True))
    return Answer("", text, citations, hits, model="extractive")


ABSTAINED = Answer("", "답을 찾지 못했습니다.", abstained=True, model="extractive")
LAPSING = Question("연차는?", (LAPSE,), "2년이 지나면 소멸합니다", 2)
SICKNESS = Question("병가는?", (SICK,), "60일입니다", 3)
NOWHERE = Question("화성은?", row=4)


def report_of(answers: Mapping[Question, Answer], **more: Any) -> AnswerReport:
    questions = list(answers)
    replies = {question.question: said for question, said in answers.items()}
    return evaluate_answers(questions, lambda question: replies[question], resamples=50, **more)


def test_an_abstention_counts_nothing_among_all_and_is_left_out_of_the_answered() -> None:
    report = report_of({LAPSING: answer("2년이 지나면 소멸합니다 [1]", [LAPSE]), SICKNESS: ABSTAINED})
    assert (report.n, report.answered.n) == (2, 1)
    for metric in METRICS:
        assert report.answered.means[metric] == pytest.approx(1.0), metric
        assert report.everything.means[metric] == pytest.approx((1 + 0) / 2), metric
    assert shown(report)["abstained"] == 1


def test_citation_markers_are_no_part_of_the_answer() -> None:
    marked = report_of({SICKNESS: answer("60일입니다 [2].", [SICK])})
    plain = report_of({SICKNESS: answer("60일입니다.", [SICK])})
    assert marked.answered.means == plain.answered.means
    assert marked.answered.means["exact_match"] == 1.0


def test_citations_by_hand() -> None:
    both = Question("연차와 병가는?", (LAPSE, SICK), "모두 있습니다")
    report = report_of({both: answer("네", [LAPSE, LAPSE, LUNCH], quotes=["연차는", "소멸합니다", "점심은"])})
    assert report.answered.means["citation_precision"] == pytest.approx(2 / 3)
    assert report.answered.means["citation_recall"] == 1 / 2
    assert report.per_question[0].golden == (True, True, False)


def test_an_answer_that_cites_nothing_supports_nothing() -> None:
    report = report_of({SICKNESS: answer("60일입니다.")})
    assert report.answered.means["citation_precision"] == report.answered.means["citation_recall"] == 0.0
    assert report.quotes is None
    assert shown(report)["quotes"] == {"n": 0, "validity": None, "ci95": None}


def test_a_quote_stands_in_its_passage_white_space_aside() -> None:
    said = answer("2년", [LAPSE] * 3, quotes=["연차는\n2년이  지나면", "연차는 3년", " "])
    report = report_of({LAPSING: said})
    assert report.per_question[0].quotes == (True, False, False)
    assert report.quotes is not None
    assert (report.quotes.n, report.quotes.mean) == (3, 1 / 3)


def test_a_citation_of_a_passage_that_was_not_found_is_wrong_and_its_quote_does_not_stand() -> None:
    report = report_of({LAPSING: answer("2년", [LAPSE], found=[SICK])})
    assert report.per_question[0].quotes == report.per_question[0].golden == (False,)
    assert report.answered.means["citation_recall"] == 0.0


def test_unanswerable_questions_are_refused_or_answered() -> None:
    other = Question("토성은?")
    report = report_of({LAPSING: answer("2년", [LAPSE]), NOWHERE: ABSTAINED, other: answer("예순두 개", [LUNCH])})
    assert (report.n, report.refused.n, report.refused.means["refused"]) == (1, 2, 1 / 2)
    assert report.quotes is not None
    assert report.quotes.n == 2  # those of wrong answers count too


def test_an_answer_is_wrong_that_cites_no_gold_passage_or_answers_what_cannot_be_answered() -> None:
    other = Question("토성은?", row=5)
    report = report_of(
        {
            LAPSING: answer("2년", [LAPSE, LUNCH]),  # one of two is right
            SICKNESS: answer("점심", [LUNCH]),
            NOWHERE: answer("점심", [LUNCH]),
            other: ABSTAINED,
        }
    )
    assert [asked.wrong for asked in report.per_question] == [False, True, True, False]
    seen = shown(report)["wrong"]
    assert (seen["n"], seen["mean"]) == (3, pytest.approx(2 / 3))
    assert seen["ci95"][0] <= 2 / 3 <= seen["ci95"][1]
    assert shown(report_of({LAPSING: ABSTAINED}))["wrong"] == {"n": 0, "mean": None, "ci95": None}


def test_questions_without_a_recorded_answer_are_not_asked() -> None:
    blank = Question("왜?", (LUNCH,))
    replies = {LAPSING.question: answer("2년", [LAPSE])}
    report = evaluate_answers([LAPSING, blank], lambda question: replies[question], resamples=10)
    assert (report.n, report.without_answer) == (1, 1)
    with pytest.raises(MundapError, match="답변을 채우"):
        evaluate_answers([blank], lambda question: ABSTAINED)


def test_only_unanswerable_questions_can_be_measured_too() -> None:
    report = report_of({NOWHERE: ABSTAINED})
    assert (report.n, dict(report.everything.means), report.refused.means["refused"]) == (0, {}, 1.0)
    assert shown(report)["all"] == {"n": 0, "ci95": {}}


def test_intervals_draw_whole_passages() -> None:
    questions = [Question(f"{text[:2]} {n}", (text,), "2년이 지나면 소멸") for text in (LAPSE, SICK) for n in range(20)]
    right = answer("2년이 지나면 소멸", [LAPSE])
    report = evaluate_answers(questions, lambda q: right if q.startswith("연차") else ABSTAINED, resamples=300)
    assert report.everything["exact_match"].ci95 == (0.0, 1.0)


def test_json_is_what_scripts_rely_on() -> None:
    report = report_of({LAPSING: answer("2년", [LUNCH, LAPSE], [SICK, LAPSE, LUNCH]), NOWHERE: ABSTAINED}, seed=5)
    seen = json.loads(json.dumps(report.to_json(per_question=True)))
    assert (seen["n"], seen["seed"], seen["judge"], seen["models"]) == (1, 5, None, ["extractive"])
    assert set(METRICS) <= set(seen["all"]) == set(seen["answered"])
    assert set(seen["all"]["ci95"]) == set(METRICS)
    assert seen["unanswerable"]["refused"] == 1.0
    assert seen["quotes"] == {"n": 2, "validity": 1.0, "ci95": [1.0, 1.0]}
    first, second = seen["per_question"]
    assert (first["row"], first["reference"], first["answer"], first["gold_rank"]) == (2, LAPSING.answer, "2년", 2)
    assert [c["gold"] for c in first["citations"]] == [False, True]
    assert first["hits"] == [PASSAGES[p].id for p in (SICK, LAPSE, LUNCH)]
    assert (second["gold"], second["abstained"], second["measures"]) == ([], True, {"refused": 1.0})


def test_progress_counts_the_questions_asked_and_what_goes_wrong_ends_it() -> None:
    seen = []
    report_of({LAPSING: ABSTAINED, NOWHERE: ABSTAINED}, progress=lambda *at: seen.append(at))
    assert seen == [(1, 2), (2, 2)]

    def fail(question: str) -> Answer:
        raise GeneratorError("서버가 꺼졌습니다")

    with pytest.raises(GeneratorError, match="꺼졌"):
        evaluate_answers([LAPSING], fail)


def test_a_judge_grades_what_was_answered_from_the_passages_it_cites(served: Serve, tmp_path: Path) -> None:
    grades = '{"reason": "같은 내용", "correctness": 5, "faithfulness": 4}'
    bot, seen = served(grades, "모르겠어요", "모르겠어요", "모르겠어요")
    judge = Judge(bot, tmp_path / "verdicts.sqlite")
    report = report_of(
        {
            LAPSING: answer("2년 [1]", [LAPSE]),
            SICKNESS: answer("60일", [SICK]),
            Question("쉬나?", (SICK,), "네"): ABSTAINED,
        },
        judge=judge,
    )
    judge.close()
    assert report.judge == "openai:qwen3"
    assert (report.grades.n, report.without_verdict) == (1, 1)
    assert [report.grades.means[grade] for grade in GRADES] == [5.0, 4.0]
    told = seen[0]["messages"][1]["content"]
    assert LAPSE in told
    assert SICK not in told
    assert "[1]" not in told
    assert len(seen) == 1 + 3  # an abstention is not graded
    judged: Any = report.to_json(per_question=True)
    assert (judged["judge"]["correctness"], judged["judge"]["without_verdict"]) == (5.0, 1)
    assert [asked["verdict"] for asked in judged["per_question"]] == [json.loads(grades), None, None]
