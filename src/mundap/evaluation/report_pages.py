"""report.html of each kind of measurement, from its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mundap.evaluation.abstain import FIGURES as ABSTAINED
from mundap.evaluation.abstain import AbstainReport, Supported
from mundap.evaluation.estimates import Difference
from mundap.evaluation.html_parts import (
    GROUPED,
    NAMES,
    WORST,
    beginning,
    change_cell,
    comparison,
    figure_cell,
    leg_comparison,
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
from mundap.evaluation.keywords import MACRO, MICRO, Extracted, KeywordReport
from mundap.evaluation.markup import Markup, join
from mundap.evaluation.plots import Bar, bars, histogram, rank_curves, reliability_plot
from mundap.evaluation.provenance import About
from mundap.evaluation.retrieval import METRICS as RETRIEVED
from mundap.evaluation.retrieval import LegResult, QuestionResult, RetrievalReport, Step
from mundap.ingest.copies import Kind
from mundap.messages import paged

Compared = Mapping[str, Mapping[str, Difference]]


def retrieval_page(report: RetrievalReport, about: About, compared: Compared, steps: Sequence[Step]) -> str:
    """Every leg with intervals, its rank curve, what each step brings, and the questions the last leg did worst on."""
    main = "hybrid" if "hybrid" in report.legs else list(report.legs)[-1]
    figures = report.legs[main].figures
    rows = [
        [leg, *(figure_cell(m, found.figures[m]) for m in RETRIEVED), str(found.missed)]
        for leg, found in report.legs.items()
    ]
    plots = [
        (
            NAMES[m][0] + " (낮을수록 좋음)" * (m == "avg_rank"),
            "",
            metric_bars(m, [(leg, found.figures[m]) for leg, found in report.legs.items()]),
        )
        for m in RETRIEVED
    ]
    ranks = [(leg, [one.legs[leg].rank for one in report.per_question]) for leg in report.legs]
    curve = rank_curves("정답 제시문을 찾은 질문의 비율", ranks, report.depth, main)
    counts = f"질문 {report.n}개 (답이 없는 질문 {report.unanswerable}개 제외) · 문단 {report.corpus}개"
    missing = f" · 제시문이 색인에 없는 질문 {report.gold_missing}개는 찾지 못한 것으로 계산" * bool(
        report.gold_missing
    )
    depth = f"상위 {report.depth}개까지 확인하고, 찾지 못하면 {report.depth + 1}위로 계산합니다."
    return page(
        "검색 평가",
        about,
        note(f"{counts}{missing}"),
        tiles((m, figures[m]) for m in ("top1", "top3", "mrr@10", "avg_rank")),
        note(f"{main}의 값입니다. {GROUPED}"),
        leg_comparison(compared, main),
        section(
            "검색 방법별 결과",
            table(["검색 방법", *(NAMES[m][0] for m in RETRIEVED), "못 찾음"], rows, main),
            note(depth),
        ),
        _twins(report, main),
        section("그래프", panels(*plots, ("상위 k위 내 정답 비율", "wide curve", curve))),
        _ablation(steps),
        section(f"가장 나쁜 질문 ({main})", worst(_lost(report, main), "모든 질문에서 정답 제시문이 1위입니다.")),
    )


KINDS: dict[Kind, str] = {
    "same": "같은 문단",
    "numbers": "숫자·날짜만 다른 문단",
    "similar": "거의 같은 문단",
    "contained": "다른 문단에 포함된 문단",
}
_GROUPS = 20  # of twins that are shown


def _twins(report: RetrievalReport, main: str) -> Markup:
    if report.twins is None:
        return join()
    title = "숫자·날짜만 다르거나 내용이 같은 문단"
    if not report.twins.groups:
        return section(title, note("없습니다."))
    rows = [
        [leg, *(figure_cell(m, found.with_twins.figures[m]) for m in RETRIEVED), str(found.with_twins.missed)]
        for leg, found in report.legs.items()
        if found.with_twins
    ]
    groups = [
        [
            KINDS[group.kind],
            str(len(group.passages)),
            beginning(group.passages[0].text),
            ", ".join(dict.fromkeys(paged(p.source, "ko") for p in group.passages)),
        ]
        for group in report.twins.groups[:_GROUPS]
    ]
    return section(
        title,
        note(
            f"이런 문단이 있는 질문은 {report.with_twin}개이고, 모두 {len(report.twins.groups)}묶음입니다."
            " 아래 표는 이런 문단을 찾아도 정답으로 볼 때의 값입니다. 서로 다른 문서라면 인용한 출처가 잘못될 수 있으므로 하나로 정리하세요."
        ),
        table(["검색 방법", *(NAMES[m][0] for m in RETRIEVED), "못 찾음"], rows, main),
        table(["종류", "문단 수", "내용", "출처"], groups, texts=True),
    )


def _ablation(steps: Sequence[Step]) -> Markup:
    if len(steps) < 2:
        return join()
    metrics = list(steps[0].means)
    rows = [
        [
            s.name,
            *(
                change_cell(m, s.differences[m], value(m, s.means[m])) if s.differences else value(m, s.means[m])
                for m in metrics
            ),
        ]
        for s in steps
    ]
    return section(
        "단계별 기여도",
        table(["단계", *(NAMES[m][0] for m in metrics)], rows),
        note("작은 글씨는 바로 앞 단계와의 차이입니다. 같은 질문끼리 짝지어 비교했습니다."),
    )


def _lost(report: RetrievalReport, main: str) -> list[tuple[str, str, list[tuple[str, str]]]]:
    def badness(one: QuestionResult) -> tuple[int, int]:
        ranks = [found.rank or report.depth + 1 for found in one.legs.values()]
        return -(one.legs[main].rank or report.depth + 1), -sum(ranks)

    lost = sorted((one for one in report.per_question if one.legs[main].rank != 1), key=badness)
    return [
        (
            one.question.question,
            " · ".join(f"{leg} {_place(found)}" for leg, found in one.legs.items()),
            [
                ("정답 제시문", beginning(" / ".join(one.question.gold))),
                (f"{main} 1위 검색 결과{_source(one.legs[main])}", _top(one.legs[main])),
            ],
        )
        for one in lost[:WORST]
    ]


def _place(found: LegResult) -> str:
    return f"{found.rank}위" if found.rank else "못 찾음"


def _source(found: LegResult) -> str:
    return f" · {paged(found.top.passage.source, 'ko')}" if found.top and found.top.passage.source else ""


def _top(found: LegResult) -> str:
    return beginning(found.top.passage.text) if found.top else "아무것도 찾지 못했습니다."


def abstain_page(
    report: AbstainReport, about: About, asked: Sequence[Supported], compared: Mapping[str, Difference]
) -> str:
    """The figures, how far the probabilities can be believed, and the questions that were treated wrongly."""
    rows = [[NAMES[m][0], figure_cell(m, report.figures[m])] for m in ABSTAINED]
    bins = [[f"{b.predicted:.3f}", f"{b.right:.3f}", str(b.n)] for b in report.reliability]
    yes = [a.support for a in asked if a.question.gold]
    no = [a.support for a in asked if not a.question.gold]
    names = ("답이 있는 질문 (위)", "답이 없는 질문 (아래)")
    wrong = sorted(
        (a for a in asked if not a.measures(report.threshold)["right"]),
        key=lambda a: -abs(a.support - report.threshold),
    )
    cards = [
        (
            a.question.question,
            f"근거 점수 {a.support:.3f} · "
            + ("답이 있는데 답변을 보류했습니다." if a.question.gold else "문서에 답이 없는데 답했습니다."),
            [("정답 제시문", beginning(" / ".join(a.question.gold)))] if a.question.gold else [],
        )
        for a in wrong[:WORST]
    ]
    return page(
        "답변 보류 판단 평가",
        about,
        note(
            f"답이 있는 질문 {report.answerable}개 · 답이 없는 질문 {report.unanswerable}개 · 근거 점수가"
            f" {report.threshold:g} 이상이면 답변"
        ),
        tiles((m, report.figures[m]) for m in ("auroc", "answered", "refused", "coverage")),
        comparison(compared),
        section(
            "지표별 결과",
            table(["지표", "값"], rows),
            note(
                f"'목표 정밀도에서의 답변율'의 목표 정밀도는 {report.precision:.0%}입니다. 괄호 안은 95% 부트스트랩 신뢰구간입니다."
            ),
        ),
        section(
            "그래프",
            panels(
                (
                    "확률 보정 상태",
                    "square",
                    reliability_plot("신뢰도 곡선", report.reliability, report.threshold),
                ),
                ("근거 점수 분포", "square", histogram("근거 점수 분포", yes, no, names, report.threshold)),
            ),
            note(
                f"기대 보정 오차(ECE) {report.calibration_error:.3f}. 대각선은 예측과 실제가 일치하는 선, 세로 점선은 임계값입니다."
                " ECE는 답이 없는 질문의 비율에 따라 달라집니다."
            ),
            table(["예측 확률 평균", "실제로 답이 있는 비율", "질문 수"], bins),
        ),
        section("잘못 판단한 질문", worst(cards, "잘못 판단한 질문이 없습니다.")),
    )


def keywords_page(report: KeywordReport, about: About, compared: Mapping[str, Difference]) -> str:
    """The figures, and the questions whose keywords were found worst."""
    figures = report.figures
    metrics = (*MICRO, *MACRO)
    rows = [[NAMES[m][0], figure_cell(m, figures[m])] for m in metrics]
    plot = bars(
        "키워드 지표",
        [Bar(NAMES[m][0], figures[m].mean, figures[m].ci95, int(m in MACRO)) for m in metrics],
        lambda share: f"{share:.0%}",
    )

    def badness(asked: Extracted) -> float:
        return asked.measures["f1"]

    wrong = sorted((asked for asked in report.per_question if badness(asked) < 1), key=badness)
    cards = [
        (
            asked.tagged.question,
            f"F1 {badness(asked):.1%}",
            [
                ("정답 키워드", ", ".join(asked.tagged.keywords)),
                ("추출한 키워드", ", ".join(asked.found) or "없음"),
            ],
        )
        for asked in wrong[:WORST]
    ]
    return page(
        "키워드 평가",
        about,
        note(f"질문 {figures.n}개 · 추출기: {report.extractor}"),
        tiles((m, figures[m]) for m in ("micro_f1", "f1", "exact")),
        comparison(compared),
        section("지표별 결과", table(["지표", "값"], rows), note("괄호 안은 95% 부트스트랩 신뢰구간입니다.")),
        section("그래프", panels(("지표와 신뢰구간", "", plot))),
        section("가장 나쁜 질문", worst(cards, "모든 질문의 키워드가 정답과 같습니다.")),
    )
