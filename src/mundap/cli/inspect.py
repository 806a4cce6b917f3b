"""mundap inspect: the passages of a file exactly as they will be indexed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace
from mundap.files import write_atomically

if TYPE_CHECKING:
    from mundap.jobs.task import Read


def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="확인할 파일")],
    html: Annotated[Path | None, typer.Option("--html", help="표를 포함한 HTML 페이지를 이 파일로 저장합니다")] = None,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """파일이 어떤 문단으로 나뉘어 색인되는지 보여 줍니다. 작업 폴더는 바뀌지 않습니다. 예: mundap inspect 규정.hwp --html 규정.html"""
    from mundap.korean.normalize import name_of
    from mundap.workflows import inspect_file

    found = inspect_file.inspect(file, workspace)
    for problem in found.reading.problems:
        print(f"건너뜀: {problem.row}행: {problem.reason}", file=sys.stderr)
    for warning in found.reading.warnings:
        print(f"경고: {warning}", file=sys.stderr)
    for said in found.reading.columns:
        print(f"열: {said}", file=sys.stderr)
    if html is not None:
        from mundap.workflows.inspect_page import inspect_page

        write_atomically(html, inspect_page(name_of(file.name), found))
        print(f"{html}에 저장했습니다.", file=sys.stderr)
    if json:
        for passage in inspect_file.to_json(found):
            show.emit(passage)
    elif html is None:
        _print(found)


def _print(found: Read) -> None:
    for number, passage in enumerate(found.parents, 1):
        pieces = sum(piece.parent_id == passage.id for piece in found.chunks)
        told = [passage.heading, f"{passage.page}쪽" if passage.page else "", str(passage.meta.get("date", ""))]
        print(f"── {number}. {' · '.join(part for part in told if part)} ({len(passage.text)}자, 청크 {pieces}개)")
        print(f"{passage.text}\n")
    document = found.reading.document
    pages = f", {found.reading.pages}쪽" if found.reading.pages else ""
    print(
        f"「{document.title}」 문단 {len(found.parents)}개, 청크 {len(found.chunks)}개, {found.reading.characters}자{pages}"
    )
