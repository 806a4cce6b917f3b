"""mundap promote: a trained model becomes the workspace's, unless it was measured to be worse."""

from __future__ import annotations

from typing import Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace, record


def promote(
    name: Annotated[str, typer.Argument(help="mundap train이 --out으로 만든 모델의 이름", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="성능이 떨어진 모델도 적용합니다")] = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """학습한 모델을 mundap.toml에 적용합니다. 성능이 유의하게 떨어진 모델은 --force가 있어야 적용합니다."""
    from mundap.config import FILE
    from mundap.workflows import promote as promoting

    done = promoting.model(open_workspace(workspace), name, force=force)
    record(workspace, "promote", [name], "forced" if force else "ok")
    if json:
        show.emit(done.to_json())
        return
    for key, value in done.settings.items():
        print(f"{FILE}: {key} = {value!r}")
    for line in (*([done.doubt] if done.doubt else []), *done.steps):
        print(line)
