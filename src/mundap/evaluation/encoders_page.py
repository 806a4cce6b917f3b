"""report.html of a comparison of encoders."""

from __future__ import annotations

from mundap.evaluation.encoders import DENSE, HYBRID, Contender, EncoderChoice
from mundap.evaluation.html_parts import (
    GROUPED,
    NAMES,
    change_cell,
    figure_cell,
    metric_bars,
    note,
    page,
    panels,
    section,
    table,
)
from mundap.evaluation.markup import Markup
from mundap.evaluation.provenance import About
from mundap.evaluation.retrieval import COMPARED, RetrievalReport

_TITLES = {HYBRID: "하이브리드 검색", DENSE: "벡터 검색"}


def encoders_page(choice: EncoderChoice, report: RetrievalReport, about: About) -> str:
    """Which encoder to take and why, each one's figures with how they differ from the first's, and what each costs."""
    first = choice.contenders[0].name
    return page(
        "임베딩 비교",
        about,
        note(f"질문 {report.n}개 · 문단 {report.corpus}개"),
        section("추천", note(f"{choice.name}: {choice.reason}")),
        *(_leg(choice, leg) for leg in (HYBRID, DENSE)),
        section(
            "처리 시간",
            table(["임베딩", "차원", "질문 하나", "문단 하나"], [_cost(one) for one in choice.contenders], choice.name),
            note("하나씩 처리한 시간의 중앙값이며, 괄호 안은 CPU 시간입니다. 모델을 로드하는 시간은 제외합니다."),
        ),
        section(
            "그림",
            panels(
                *(
                    (
                        f"{_TITLES[leg]}: {NAMES['mrr@10'][0]}",
                        "",
                        metric_bars(
                            "mrr@10",
                            [(o.name, o.legs[leg].figures["mrr@10"]) for o in choice.contenders],
                        ),
                    )
                    for leg in (HYBRID, DENSE)
                )
            ),
            note(f"작은 글씨는 {first} 대비 차이입니다. {GROUPED}"),
        ),
    )


def _leg(choice: EncoderChoice, leg: str) -> Markup:
    rows = [[one.name, *(_cell(one, leg, metric) for metric in COMPARED)] for one in choice.contenders]
    return section(_TITLES[leg], table(["임베딩", *(NAMES[m][0] for m in COMPARED)], rows, choice.name))


def _cell(one: Contender, leg: str, metric: str) -> Markup:
    cell = figure_cell(metric, one.legs[leg].figures[metric])
    return change_cell(metric, one.differences[leg][metric], cell) if one.differences else cell


def _cost(one: Contender) -> list[str]:
    took = one.cost
    return [
        one.name,
        str(one.dim),
        f"{took.query_ms:.1f} ms ({took.query_cpu_ms:.1f})",
        f"{took.passage_ms:.1f} ms ({took.passage_cpu_ms:.1f})",
    ]
