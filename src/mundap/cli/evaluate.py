"""mundap evaluate: how good each leg is, and whether answers are withheld when they should be."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.errors import MundapError

app = typer.Typer(no_args_is_help=True, help="질문 파일로 재어 봅니다.", rich_markup_mode=None)

QuestionFile = Annotated[
    Path,
    typer.Option(
        "--questions",
        help="질문 파일: 질문·제시문 열이 있는 xlsx/csv/tsv, KorQuAD/SQuAD JSON, JSONL",
        show_default=False,
    ),
]


@app.command()
def retrieval(
    questions: QuestionFile,
    compare: Annotated[Path | None, typer.Option(help="앞선 실행의 report.json 또는 폴더와 견줍니다")] = None,
    depth: Annotated[int, typer.Option(min=10, help="평균 순위를 셀 때 보는 깊이")] = 100,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """검색을 잽니다: top-1/3/10, MRR@10, nDCG@10, 평균 순위, 95% 신뢰구간을 다리마다."""
    from mundap.cli.measure import compared, earlier_ranks, measure_retrieval

    bot = open_workspace(workspace)
    earlier = earlier_ranks(compare) if compare else None
    with show.bar("평가") as progress:
        report, folder = measure_retrieval(bot, _file(questions), depth, progress)
    against = compared(report, earlier) if earlier else None
    if json:
        show.emit(report.as_json() | {"run": str(folder)} | ({"compared": against} if against else {}))
        return
    _print_legs(report.as_json())
    for leg, differences in (against or {}).items():
        print(
            f"{leg}: " + ", ".join(f"{metric} {d['mean']:+.3f} ({d['verdict']})" for metric, d in differences.items())
        )
    print(f"보고서: {folder}")


@app.command()
def abstain(questions: QuestionFile, workspace: Workspace = HERE, json: Json = False) -> None:
    """답을 거둘 때 거두는지 잽니다. 제시문이 빈 질문을 '답이 없는 질문'으로 봅니다."""
    from mundap.cli.measure import measure_abstention

    bot = open_workspace(workspace)
    with show.bar("평가") as progress:
        report, folder = measure_abstention(bot, _file(questions), progress)
    if json:
        show.emit(report.as_json() | {"run": str(folder)})
        return
    for key, value in report.as_json().items():
        print(f"{key}: {value}")
    print(f"보고서: {folder}")


def _file(path: Path) -> Path:
    if not path.is_file():
        raise MundapError(f"{path}: 질문 파일이 없습니다. 경로를 확인해 주세요.")
    return path


def _print_legs(report: dict[str, Any]) -> None:
    print(f"질문 {report['n']}개 (답 없는 질문 {report['unanswerable']}개는 뺌), 문단 {report['corpus']}개")
    print(f"{'':8}{'top-1':>22}{'top-3':>8}{'top-10':>8}{'MRR@10':>8}{'nDCG@10':>9}{'평균 순위':>8}")
    for leg, row in report["legs"].items():
        low, high = row["ci95"]["top1"]
        print(
            f"{leg:8}{row['top1']:>8.3f} [{low:.3f}, {high:.3f}]{row['top3']:>7.3f}{row['top10']:>8.3f}"
            f"{row['mrr@10']:>8.3f}{row['ndcg@10']:>9.3f}{row['avg_rank']:>8.1f}"
        )
