"""mundap backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace


def backup(
    file: Annotated[
        Path,
        typer.Argument(help="만들 백업 파일(.tar, 압축하려면 .tar.gz나 .tar.xz)", metavar="FILE", show_default=False),
    ],
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """작업 폴더 전체(문서, 색인, 대화, 모델, 보고서, 설정)를 파일 하나로 백업합니다. 서버가 실행 중이어도 됩니다.

    예: mundap backup mybot-2026-12-01.tar.gz
    """
    from mundap.workflows.backup import backup

    with show.bar("백업") as progress:
        made = backup(workspace, file, progress)
    if json:
        show.emit(made.to_json())
        return
    print(
        f"{made.file}: 문서 {made.documents}개, 문단 {made.passages}개 (파일 {made.files}개, {made.bytes / 2**20:,.1f} MiB)"
    )
    print(f"되살리려면: mundap restore {file} 새폴더")


def restore(
    file: Annotated[Path, typer.Argument(help="mundap backup으로 만든 파일", metavar="FILE", show_default=False)],
    folder: Annotated[
        Path, typer.Argument(help="되살릴 새 폴더. 비어 있어야 합니다", metavar="DIR", show_default=False)
    ],
    json: Json = False,
) -> None:
    """백업을 새 폴더에 되살리고, 손상되지 않았는지와 검색되는지 확인합니다."""
    from mundap.workflows.backup import restore

    with show.bar("복원") as progress:
        made = restore(file, folder, progress)
    if json:
        show.emit(made.to_json())
        return
    print(f"{made.folder}: 문서 {made.documents}개, 문단 {made.passages}개 ({made.created}에 백업)")
    print("검색을 확인했습니다." if made.searchable else made.note)
