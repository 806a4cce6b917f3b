"""mundap inspect: the passages of a file exactly as they will be indexed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace
from mundap.errors import BadFile, WorkspaceNotFound
from mundap.files import write_atomically

if TYPE_CHECKING:
    from mundap.ingest.sheets.sheet import Options
    from mundap.jobs.task import Cut, Read
    from mundap.types import Passage


def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="확인할 파일")],
    html: Annotated[Path | None, typer.Option("--html", help="표를 포함한 HTML 페이지를 이 파일로 저장합니다")] = None,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """파일이 어떤 문단으로 나뉘어 색인되는지 보여 줍니다. 작업 폴더는 바뀌지 않습니다. 예: mundap inspect 규정.hwp --html 규정.html"""
    from mundap.jobs.batch import read_all
    from mundap.jobs.task import Job, Unread
    from mundap.korean.normalize import name_of

    ((_, found),) = read_all([Job(file, name_of(file.name), *_settings(workspace))])
    if isinstance(found, Unread):
        raise BadFile(found.reason)
    for problem in found.reading.problems:
        print(f"건너뜀: {problem.row}행: {problem.reason}", file=sys.stderr)
    for warning in found.reading.warnings:
        print(f"경고: {warning}", file=sys.stderr)
    for said in found.reading.columns:
        print(f"열: {said}", file=sys.stderr)
    if html is not None:
        from mundap.cli.inspect_page import inspect_page

        write_atomically(html, inspect_page(name_of(file.name), found))
        print(f"{html}에 저장했습니다.", file=sys.stderr)
    if json:
        for passage in found.parents:
            show.emit(_json(passage, found))
    elif html is None:
        _print(found)


def _settings(workspace: Path) -> tuple[Cut, bool, Options]:
    """How files are cut, whether mails are read alone, and how sheets are read: as the workspace says, or the defaults."""
    from mundap.config import FILE, Config, find_workspace, read_config
    from mundap.ingest.sheets.sheet import Options
    from mundap.workspace.components import FOLDER, MODELS
    from mundap.workspace.facade import cut_of, sheets_of

    try:
        root = find_workspace(workspace)
    except WorkspaceNotFound:
        return cut_of(Config(), Path()), False, Options()
    config = read_config(root / FILE)
    return cut_of(config, root / FOLDER / MODELS), False, sheets_of(config)


def _json(passage: Passage, found: Read) -> dict[str, object]:
    return {
        "passage_id": passage.id,
        "source": passage.source,
        "heading": passage.heading,
        "page": passage.page,
        "date": passage.meta.get("date"),
        "kind": passage.meta.get("kind", "text"),
        "start": passage.start,
        "end": passage.end,
        "text": passage.text,
        "chunks": [piece.text for piece in found.chunks if piece.parent_id == passage.id],
    }


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
