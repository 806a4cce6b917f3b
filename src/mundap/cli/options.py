"""Options that many verbs share, and the workspace they name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mundap.workspace import Mundap

Workspace = Annotated[
    Path,
    typer.Option(
        "--workspace", help="작업 폴더 (기본값: mundap.toml이 있는 가장 가까운 상위 폴더)", show_default=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="결과를 JSON으로 출력합니다(표준 출력)")]
HERE = Path()


def open_workspace(folder: Path) -> Mundap:
    """The workspace at `folder` or above."""
    from mundap.workspace import Mundap

    return Mundap.open(folder)
