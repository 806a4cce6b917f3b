"""Options that many verbs share, and the workspace they name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mundap.store.audit import Action
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
    """The workspace at `folder` or above. What this process writes from here on is its owner's, unless `private` is off."""
    from mundap.config import FILE, find_workspace, read_config
    from mundap.workspace import Mundap

    if read_config(find_workspace(folder) / FILE).private:
        keep_private()
    return Mundap.open(folder)


def record(folder: Path, action: Action, what: Sequence[str], result: str = "ok") -> None:
    """Note in the audit log what the user of this machine changed."""
    from mundap.config import FILE, find_workspace, read_config
    from mundap.store.audit import Audit, local_actor
    from mundap.workspace.components import kept_in

    root = find_workspace(folder)
    Audit(kept_in(root, read_config(root / FILE), "")).record(local_actor(), action, what, result)


def keep_private() -> None:
    """Have this process make files that only their owner can read (0600, folders 0700)."""
    os.umask(os.umask(0o077) | 0o077)
