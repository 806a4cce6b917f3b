"""mundap init, ingest, remove, index, compact, doctor."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, keep_private, open_workspace, record
from mundap.redact import hidden

if TYPE_CHECKING:
    from mundap.workspace import Mundap


def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="작업 폴더로 만들 폴더")] = HERE,
    example: Annotated[str | None, typer.Option(help="예제 자료를 함께 넣습니다: customs-mini")] = None,
    json: Json = False,
) -> None:
    """작업 폴더를 만듭니다. 예: mundap init mybot --example customs-mini"""
    from mundap.workflows.new_workspace import make

    keep_private()
    settings = make(folder, example)
    if json:
        show.emit({"workspace": str(folder), "config": str(settings), "example": example})
        return
    at = "" if folder == HERE else f" --workspace {folder}"
    print(f"{settings}을 만들었습니다.")
    if example is None:
        print(f"다음 단계: {folder / 'docs'}에 문서를 넣고 실행하세요.")
    print(f"  mundap ingest{at} && mundap index{at}\n  mundap ask{at} '질문'")


def ingest(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", help="파일이나 폴더 (기본값: ingest.paths)")
    ] = None,
    prune: Annotated[bool, typer.Option("--prune", help="원본 파일이 없어진 문서를 삭제합니다")] = False,
    report: Annotated[
        bool, typer.Option("--report", help="파일별 쪽수, 글자 수, 표 수, 경고를 HTML과 JSON 보고서로 저장합니다")
    ] = False,
    again: Annotated[
        list[str] | None, typer.Option("--again", metavar="FILE", help="삭제한 뒤 제외된 파일을 다시 추가합니다")
    ] = None,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """문서를 읽어 들입니다. 바뀐 파일만 다시 읽고, 읽을 수 없는 파일은 알리고 건너뜁니다."""
    from mundap.workspace.copies import copies_told

    bot = open_workspace(workspace)
    for name in again or ():
        print(f"다시 추가합니다: {bot.take_back(name)}", file=sys.stderr)
    with show.bar("읽기") as progress:
        done = bot.ingest(paths or (), prune=prune, progress=progress)
    for one in done.skipped:
        row = f" {one.row}행" if one.row else ""
        print(f"건너뜀: {one.file}{row}: {one.reason}", file=sys.stderr)
    warnings = [(one.file, warning) for one in done.files for warning in one.warnings]
    for file, warning in warnings:
        print(f"경고: {file}: {warning}", file=sys.stderr)
    if told := copies_told(done.copies):
        print(f"경고: {told}", file=sys.stderr)
    run = ""
    if report:
        from mundap.workflows.ingest_report import keep_report

        run = str(keep_report(bot, done))
        print(f"보고서: {run}/report.html", file=sys.stderr)
    if json:
        show.emit(done.to_json() | ({"run": run} if run else {}))
    else:
        print(
            f"문서 {done.documents}개, 문단 {done.passages}개 (추가 {done.added}, 변경 {done.updated}, "
            f"삭제 {done.removed}, 변경 없음 {done.unchanged}, 건너뜀 {len(done.skipped)})"
        )


def remove(
    name: Annotated[str, typer.Argument(metavar="SOURCE|ID", help="문서의 경로, 이름 또는 ID")],
    file: Annotated[bool, typer.Option("--file", help="파일도 삭제합니다")] = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """문서를 삭제합니다. 모든 검색에서 바로 빠집니다. 파일이 남아 있어도 다음 ingest에서 제외합니다."""
    bot = open_workspace(workspace)
    removed = bot.remove(name, keep_out_file=not file)
    record(workspace, "delete", [removed])
    from mundap.ingest.readers import spelled

    path = spelled(bot.root / removed)
    there = path is not None and path.is_file()
    deleted = file and there
    if path is not None and deleted:
        path.unlink()
    elif there:
        print(
            f"파일은 {path}에 남아 있지만 다음 ingest에서 제외합니다. 다시 추가하려면: mundap ingest --again '{removed}'."
            " 파일까지 삭제하려면 --file을 지정하세요.",
            file=sys.stderr,
        )
    if json:
        show.emit({"removed": removed} | ({"file": str(path)} if deleted else {}))
    else:
        print(f"삭제했습니다: {removed}{' (파일 포함)' if deleted else ''}")


def index(
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="기존 색인을 쓰지 않고 새로 만듭니다. 손상되지 않은 벡터는 다시 씁니다")
    ] = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """색인을 만듭니다. 새 문단만 계산하고, 완료되면 한 번에 교체합니다."""
    bot = open_workspace(workspace)
    with show.index_bars() as progress:
        name = bot.index(progress, rebuild)
    _print_index(bot, name, json)


def compact(workspace: Workspace = HERE, json: Json = False) -> None:
    """색인에서 삭제된 문단을 지금 정리해 디스크 공간을 줄입니다. 정리하지 않아도 검색 결과는 같습니다."""
    bot = open_workspace(workspace)
    with show.index_bars() as progress:
        name = bot.compact(progress)
    _print_index(bot, name, json)


def _print_index(bot: Mundap, name: str, json: bool) -> None:
    documents, passages = bot.corpus.counts()
    if json:
        show.emit({"generation": name, "documents": documents, "passages": passages})
    else:
        print(f"색인 {name}: 문서 {documents}개, 문단 {passages}개")


def doctor(
    verify: Annotated[
        bool, typer.Option("--verify", help="색인의 모든 파일을 읽어 손상된 파일이 있는지 확인합니다")
    ] = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """상태와 설정을 점검합니다: 색인과 모델의 상태, 문서, 설치된 구성 요소, 설정값과 그 출처.

    --verify를 지정하면 파일의 체크섬을 대조하고, 손상된 파일이 있으면 종료 코드가 1입니다.
    """
    from mundap.cli.doctor_sections import sections
    from mundap.config import FILE, settings
    from mundap.workflows.doctor import examine

    bot = open_workspace(workspace)
    examined = examine(bot, verify)
    report = {name: _shown(value) for name, value in examined.to_json().items()}
    rows = [
        {"key": key, "value": _shown(value), "from": origin}
        for key, value, origin in settings(bot.config, bot.root / FILE)
    ]
    if json:
        show.emit({**report, "settings": rows})
    else:
        print("\n".join(sections(report, examined.segments, rows)), end="")
    if examined.damaged:
        raise typer.Exit(1)


def _shown(value: object) -> object:
    """A setting without secrets of the addresses in it."""
    return hidden(value) if isinstance(value, str) else value
