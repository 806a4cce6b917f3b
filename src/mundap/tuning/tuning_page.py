"""report.html of a tuning."""

from __future__ import annotations

from collections.abc import Sequence

from mundap.evaluation.html_parts import GROUPED, NAMES, change_cell, figure_cell, note, page, panels, section, table
from mundap.evaluation.line_plot import Point, line_plot
from mundap.evaluation.markup import Markup, join, tag
from mundap.evaluation.plots import rank_curves
from mundap.evaluation.provenance import About
from mundap.tuning.search import METRICS, RecallAtK, Sweep, Tuning
from mundap.tuning.space import TITLES
from mundap.tuning.trial_runner import DEPTH


def tuning_page(tuning: Tuning, about: About, said: str, diff: str, steps: Sequence[str]) -> str:
    """What is proposed and why: `said` the verdict, `diff` that of mundap.toml, `steps` the commands that follow it."""
    parts = tuning.parts
    counts = (
        f"튜닝 질문 {len(parts.tuning.questions)}개(제시문 {len(set(parts.tuning.groups))}개)로 값을 선택하고,"
        f" 평가 질문 {len(parts.report.questions)}개(제시문 {len(set(parts.report.groups))}개)로 평가했습니다."
    )
    left = f" 제시문이 없거나 색인에 없는 질문 {parts.left_out}개는 제외했습니다." * bool(parts.left_out)
    return page(
        "튜닝",
        about,
        note(counts + left),
        section(
            "제안",
            tag("p", said),
            *([tag("pre", diff)] if diff else []),
            *([tag("pre", "\n".join(steps))] if steps else []),
        ),
        section("평가 질문의 결과", _judged(tuning), note(GROUPED)),
        section("시험한 값", _overview(tuning.sweeps), note(_RULE)) if tuning.sweeps else join(),
        *(section(TITLES[sweep.parameter], _drawn(sweep), _tried(sweep)) for sweep in tuning.sweeps),
        _recall_curve(tuning.recall) if tuning.recall else join(),
    )


_RULE = (
    "값별 튜닝 질문의 MRR@10입니다. 가장 좋은 값이 현재 값보다 표준오차 1배 넘게 좋을 때만 바꿉니다."
    " 큰 점은 현재 값과 선택한 값이고, 세로선은 95% 신뢰구간입니다. 여러 값 중 가장 좋은 값은 실제보다 좋아 보이므로,"
    " 최종 평가는 튜닝에 쓰지 않은 질문으로 합니다."
)


def _judged(tuning: Tuning) -> Markup:
    rows = [
        [
            NAMES[m][0],
            figure_cell(m, tuning.judged[m].before),
            figure_cell(m, tuning.judged[m].after),
            change_cell(m, tuning.judged[m].difference),
        ]
        for m in METRICS
    ]
    return table(["지표", "현재 값", "선택한 값", "차이"], rows)


def _overview(sweeps: Sequence[Sweep]) -> Markup:
    rows = [
        [
            TITLES[s.parameter],
            _named(s.current.candidate.series, s.current.candidate.panel, s.current.candidate.label, s.parameter),
            _named(s.best.candidate.series, s.best.candidate.panel, s.best.candidate.label, s.parameter),
            f"{s.gain:+.4f} (표준오차 {s.error:.4f})",
            "변경" if s.chosen is not s.current else "유지",
        ]
        for s in sweeps
    ]
    return table(["항목", "현재 값", "가장 좋은 값", "차이", "결과"], rows)


def _named(series: str, panel: str, label: str, parameter: str) -> str:
    shown = panel if parameter == "fusion" else "k1" if parameter == "bm25" else ""
    return " ".join(part for part in (shown, label, series) if part)


def _drawn(sweep: Sweep) -> Markup:
    plots = []
    for panel in dict.fromkeys(trial.candidate.panel for trial in sweep.trials):
        lines: dict[str, list[Point]] = {}
        for trial in sweep.trials:
            if trial.candidate.panel == panel:
                marked = trial is sweep.current or trial is sweep.chosen
                point = Point(trial.candidate.label, trial.mrr.mean, trial.mrr.ci95, marked)
                lines.setdefault(trial.candidate.series, []).append(point)
        plots.append(
            (panel, "curve" if len(lines) == 1 else "wide curve", line_plot(f"{panel}: MRR@10", list(lines.items())))
        )
    return panels(*plots)


def _tried(sweep: Sweep) -> Markup:
    rows = [
        [
            _named(t.candidate.series, t.candidate.panel, t.candidate.label, sweep.parameter)
            + " (현재)" * (t is sweep.current)
            + " (선택)" * (t is sweep.chosen and t is not sweep.current),
            figure_cell("mrr@10", t.mrr),
        ]
        for t in sweep.trials
    ]
    return tag("details", tag("summary", "값별 결과"), table(["값", NAMES["mrr@10"][0]], rows))


def _recall_curve(recall: RecallAtK) -> Markup:
    name = "튜닝 질문"
    curve = rank_curves("정답 제시문이 포함된 질문의 비율", [(name, recall.ranks)], DEPTH, name)
    now, then = recall.report
    return section(
        TITLES["k"],
        panels(("상위 k개 문단의 정답 포함률", "wide curve", curve)),
        note(
            f"재현율이 k = {DEPTH}일 때보다 1%p 넘게 떨어지지 않는 가장 작은 k는 {recall.chosen}입니다(현재 {recall.current})."
            f" 평가 질문의 재현율: 현재 {now:.1%}, k = {recall.chosen}이면 {then:.1%}."
        ),
    )
