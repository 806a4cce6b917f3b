"""mundap tune: the settings that suit the workspace's own questions, proposed as a change of mundap.toml."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace

if TYPE_CHECKING:
    from mundap.tuning.search import RecallAtK, Sweep
    from mundap.workflows.tune import TuneReport

_METRICS = {"top1": "top-1", "top3": "top-3", "top10": "top-10", "mrr@10": "MRR@10"}


def tune(
    what: Annotated[
        str,
        typer.Option(
            help="튜닝할 항목(쉼표로 구분): chunk,overlap,bm25,fusion,pool,rerank,k (기본값: 모두)", show_default=False
        ),
    ] = "",
    questions: Annotated[
        Path | None,
        typer.Option(help="질문·제시문 열이 있는 질문 파일 (기본값: 읽어 들인 Q/A)", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(help="질문을 튜닝용과 평가용으로 나누는 난수 시드")] = 0,
    apply: Annotated[bool, typer.Option("--apply", help="제안한 값으로 mundap.toml을 수정합니다")] = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """질문 일부로 설정값을 튜닝하고 나머지 질문으로 평가해 mundap.toml의 수정안을 제안합니다."""
    from mundap.workflows import tune as tuner

    bot = open_workspace(workspace)
    names = [name.strip() for name in what.split(",") if name.strip()]
    with show.bars(trials="튜닝", vectors="임베딩") as progress:
        report = tuner.run(bot, names, questions=questions, seed=seed, progress=progress)
    applied = tuner.apply(bot, report) if apply else False
    if json:
        show.emit({**report.to_json(), "applied": applied})
        return
    _print(report)
    if applied:
        print("mundap.toml을 수정했습니다.")
    elif report.diff:
        print("이대로 적용하려면 같은 명령을 --apply와 함께 실행하세요.")
    if report.steps:
        print(f"{'다음 단계' if applied else '수정한 뒤 실행'}: {' && '.join(report.steps)}")
    print(f"보고서: {report.run}")


def _print(report: TuneReport) -> None:
    tuning = report.tuning
    for line in report.notes:
        print(line)
    parts = tuning.parts
    left = f", 제외한 질문 {parts.left_out}개(제시문이 없거나 색인에 없음)" * bool(parts.left_out)
    print(f"튜닝 질문 {len(parts.tuning.questions)}개, 평가 질문 {len(parts.report.questions)}개{left}")
    for sweep in tuning.sweeps:
        _print_sweep(sweep)
    if tuning.recall:
        _print_recall(tuning.recall)
    print("\n평가 질문 (현재 값 → 선택한 값)")
    for metric, name in _METRICS.items():
        one = tuning.judged[metric]
        change = one.difference
        print(
            f"  {name:8}{one.before.mean:.4f} → {one.after.mean:.4f}"
            f"  {change.mean:+.4f} [{change.low:+.4f}, {change.high:+.4f}]  p {change.p:.4f}  {change.verdict}"
        )
    print(report.said)
    if report.diff:
        print(f"\n{report.diff}", end="")


def _print_sweep(sweep: Sweep) -> None:
    from mundap.tuning.space import TITLES

    print(f"\n{TITLES[sweep.parameter]} ({sweep.parameter}), 튜닝 질문의 MRR@10")
    width = max(len(t.candidate.label) for t in sweep.trials)
    for t in sweep.trials:
        mark = " ← 현재" * (t is sweep.current) + " ← 선택" * (t is sweep.chosen and t is not sweep.current)
        place = t.candidate.series or (t.candidate.panel if sweep.parameter == "fusion" else "")
        print(f"  {place:9}{t.candidate.label:>{width}}  {t.mrr.mean:.4f} [{t.mrr.low:.4f}, {t.mrr.high:.4f}]{mark}")
    print(f"  가장 좋은 값의 향상 폭 {sweep.gain:+.4f}, 표준오차 {sweep.error:.4f}")


def _print_recall(recall: RecallAtK) -> None:
    shown = ", ".join(f"{k}: {recall.recall[k - 1]:.3f}" for k in (1, 2, 3, 5, 7, 10, 15, 20))
    print(f"\n답변에 쓰는 문단 수 (k), 튜닝 질문의 재현율  {shown}")
    now, then = recall.report
    print(f"  현재 {recall.current} → {recall.chosen}; 평가 질문의 재현율 {now:.3f} → {then:.3f}")
