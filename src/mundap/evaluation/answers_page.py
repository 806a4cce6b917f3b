"""report.html of a measurement of answers."""

from __future__ import annotations

from collections.abc import Mapping

from mundap.evaluation.answers import GRADES, METRICS, Answered, AnswerReport
from mundap.evaluation.estimates import Difference, Estimates
from mundap.evaluation.html_parts import (
    GROUPED,
    NAMES,
    WORST,
    beginning,
    comparison,
    figure_cell,
    metric_bars,
    note,
    page,
    panels,
    section,
    table,
    tiles,
    value,
    worst,
)
from mundap.evaluation.markup import Markup, join
from mundap.evaluation.provenance import About
from mundap.messages import paged

WRONG = "오답: 정답 제시문을 하나도 인용하지 않은 답변 또는 답이 없는 질문에 한 답변."


def answers_page(report: AnswerReport, about: About, compared: Mapping[str, Difference], promise: str = "") -> str:
    """The figures over all and over the answered questions, citations, refusals, grades, and the worst answers.

    `promise` says whether what was promised of wrong answers held.
    """
    both = [("전체 질문 (답변 보류는 0점)", report.everything), ("답한 질문", report.answered), *_judged(report)]
    metrics = [m for m in (*METRICS, *GRADES) if any(m in figures for _, figures in both)]
    rows = [
        [
            NAMES[m][0],
            *(figure_cell(m, f[m]) if m in f else "–" for _, f in both),
        ]
        for m in metrics
    ]
    plots = [
        (NAMES[m][0], "", metric_bars(m, [(name, f[m]) for name, f in both if m in f]))
        for m in ("character_f1", "morpheme_f1", "chrf", "rougeL", "citation_precision", "citation_recall")
        if report.n
    ]
    abstained = report.n - report.answered.n
    counts = f"모범 답안이 있는 질문 {report.n}개 (답변 보류 {abstained}개) · 답이 없는 질문 {report.refused.n}개"
    left = f" · 모범 답안이 없어 제외한 질문 {report.without_answer}개" * bool(report.without_answer)
    tops = [(m, report.everything[m]) for m in ("character_f1", "morpheme_f1", "citation_precision") if report.n]
    tops += [("refused", report.refused["refused"])] if report.refused.n else []
    tops += [("wrong", report.wrong)] if report.wrong else []
    return page(
        "답변 평가",
        about,
        note(f"{counts}{left} · 답변 모델: {', '.join(report.models)}"),
        tiles(tops),
        note(f"전체 질문 기준입니다. {GROUPED}"),
        note(f"{WRONG} {promise}") if report.wrong else join(),
        comparison(compared),
        section("지표별 결과", table(["지표", *(f"{name} · {f.n}개" for name, f in both)], rows), *_told(report))
        if report.n
        else join(),
        _spoken(report),
        section("그래프", panels(*plots)) if plots else join(),
        section("가장 나쁜 답변", worst(_poor(report), "모범 답안과 다른 답변이 없습니다.")),
    )


def _judged(report: AnswerReport) -> list[tuple[str, Estimates]]:
    return [(f"채점 모델 {report.judge}", report.grades)] if report.judge else []


def _spoken(report: AnswerReport) -> Markup:
    """How the answers kept to their persona."""
    if not report.voice or not report.voice.shares:
        return join()
    rows = [[NAMES[m][0], f"{s.n}개", figure_cell(m, s)] for m, s in report.voice.shares.items()]
    return section(
        "말투",
        note(f"페르소나 {report.voice.name}: 답변 보류를 제외한 답변 {report.voice.n}개로 평가했습니다."),
        table(["지표", "평가 수", "값"], rows),
    )


def _told(report: AnswerReport) -> list[Markup]:
    told = []
    if report.quotes:
        low, high = report.quotes.ci95
        told.append(
            f"인용 {report.quotes.n}개 중 {report.quotes.mean:.1%} [{low:.1%}, {high:.1%}]가 인용한 문단에 그대로 있습니다."
        )
    if report.judge:
        told.append(f"채점 모델이 점수를 내지 못한 답변 {report.without_verdict}개는 평균에 넣지 않았습니다.")
    return [note(text) for text in told]


def _poor(report: AnswerReport) -> list[tuple[str, str, list[tuple[str, str]]]]:
    def goodness(asked: Answered) -> tuple[int, float]:
        m = asked.measures
        if not asked.question.gold:
            return 0, m["refused"]
        kind = 1 if asked.answer.abstained else 2 if m["citation_recall"] else 0  # a wrong answer is worse than none
        return kind, (m["morpheme_f1"] + m["character_f1"] + m["citation_recall"]) / 3

    poor = sorted((asked for asked in report.per_question if goodness(asked)[1] < 1), key=goodness)
    return [(asked.question.question, _figures(asked), _texts(asked)) for asked in poor[:WORST]]


def _figures(asked: Answered) -> str:
    if not asked.question.gold:
        return "문서에 답이 없는데 답했습니다."
    found = f"정답 제시문 {asked.gold_rank}위" if asked.gold_rank else "정답 제시문을 찾지 못함"
    if asked.answer.abstained:
        return f"답변을 보류했습니다 · {found}"
    shown = ("character_f1", "morpheme_f1", "citation_precision", "citation_recall")
    figures = " · ".join(f"{NAMES[m][0]} {value(m, asked.measures[m])}" for m in shown)
    verdict = asked.verdict
    grades = f" · 정확성 {verdict.correctness} 충실성 {verdict.faithfulness} ({verdict.reason})" if verdict else ""
    return f"{figures} · {found}{grades}"


def _texts(asked: Answered) -> list[tuple[str, str]]:
    texts = [("모범 답안", asked.question.answer)] if asked.question.answer else []
    texts.append(("생성된 답변", asked.answer.text))
    if asked.question.gold:
        texts.append(("정답 제시문", beginning(" / ".join(asked.question.gold))))
    quotes = [
        f"{'○' if gold else '×'} {paged(c.source, 'ko')}: “{beginning(c.quote)}”"
        for c, gold in zip(asked.answer.citations, asked.golden, strict=True)
    ]
    return [*texts, ("인용", "\n".join(quotes) or "없음")]
