"""report.html of `mundap train all`."""

from __future__ import annotations

from mundap.evaluation.estimates import BETTER, Comparison
from mundap.evaluation.html_parts import GROUPED, note, p_value, page, section, table, verdict
from mundap.evaluation.markup import Markup, join, tag
from mundap.evaluation.provenance import About
from mundap.workflows.train.attempt import Attempt
from mundap.workflows.train.everything_report import METRIC_NAMES, EverythingReport
from mundap.workflows.train.plan import PARTS

_SPLITS = {"by_passage": "새 문서", "by_question": "학습한 문서의 새 질문"}
_RULE = (
    "새 문서(제시문을 통째로 제외하고 평가)에서 유의하게 향상되고, 어느 평가에서도 유의하게 떨어지지 않으며, 무작위로 섞은"
    " 정답으로 학습했을 때는 향상되지 않은(귀무 검사) 항목만 적용합니다. 검색 항목은 하나만 적용하며, 더 큰 구성은 작은"
    " 구성보다 유의하게 나을 때만 선택합니다. 적용하는 모델은 모든 질문으로 다시 학습한 것입니다."
)


def everything_page(report: EverythingReport, about: About) -> str:
    """What was tried, what it brought, and what is used from now on."""
    told = f"질문 {report.questions:,}개, 제시문 {report.passages:,}개. 학습 시간 {report.seconds / 60:.1f}분(예산 {report.budget:g}분)."
    settings = "\n".join(f"{key} = {value!r}" for key, value in report.settings.items())
    return page(
        "한 번에 학습",
        about,
        note(told),
        section("결론", tag("p", report.said), *([tag("pre", settings)] if settings else [])),
        section("시도한 항목", _tried(report), note(f"{_RULE} {GROUPED}")) if report.attempts else join(),
        section("건너뛴 항목", table(["항목", "이유"], _skipped(report), texts=True)) if report.skipped else join(),
        section("모든 지표", *(_whole(part, one) for part, one in report.attempts.items())),
    )


def _tried(report: EverythingReport) -> Markup:
    rows = [
        [PARTS[part], METRIC_NAMES[metric], *_figures(one), _nonsense(report.attempts[part]), outcome]
        for part, metric, one, outcome in report.rows()
    ]
    return table(["항목", "지표", "질문 수", "학습 전", "학습 후", "차이", "귀무 검사", "결과"], rows)


def _figures(one: Comparison) -> list[str]:
    change = one.difference
    test = f"[{change.low:+.3f}, {change.high:+.3f}] p {'' if change.p < 0.001 else '= '}{p_value(change)}"
    return [
        f"{change.n:,}",
        *(
            join(f"{side.mean:.3f}", tag("small", f"[{side.low:.3f}, {side.high:.3f}]"))
            for side in (one.before, one.after)
        ),
        join(f"{change.mean:+.3f}", tag("small", test), verdict(change)),
    ]


def _nonsense(one: Attempt) -> str:
    if not one.nonsense:
        return "해당 없음"
    gained = any(found.verdict == BETTER for found in one.nonsense.values())
    figures = ", ".join(f"{found.mean:+.3f}" for found in one.nonsense.values())
    return join("실패" if gained else "통과", tag("small", figures))


def _skipped(report: EverythingReport) -> list[list[str]]:
    return [[PARTS[part], why] for part, why in report.skipped.items()]


def _whole(part: str, one: Attempt) -> Markup:
    rows = [
        [f"{_SPLITS.get(split, split)} · {METRIC_NAMES.get(metric, metric.replace('top', 'top-'))}", *_figures(found)]
        for split, some in one.changes.items()
        for metric, found in some.items()
    ]
    summary = f"{PARTS[part]} ({one.name}, {one.seconds / 60:.1f}분)"
    return tag("details", tag("summary", summary), table(["지표", "질문 수", "학습 전", "학습 후", "차이"], rows))
