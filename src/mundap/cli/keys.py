"""mundap keys: who may ask over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace

if TYPE_CHECKING:
    from mundap.serve.keys import Keys

app = typer.Typer(
    help="HTTP API의 열쇠를 만들고 지웁니다. 하나라도 있으면 모든 요청에 열쇠가 있어야 합니다.", no_args_is_help=True
)
Name = Annotated[str, typer.Argument(help="열쇠의 이름. 기록에 이 이름이 남습니다")]


@app.command()
def add(name: Name, workspace: Workspace = HERE, json: Json = False) -> None:
    """열쇠를 만들어 한 번 보여 줍니다. 다시 볼 수는 없습니다. 예: mundap keys add 홈페이지"""
    key = _keys(workspace).add(name)
    if json:
        show.emit({"name": name, "key": key})
    else:
        print(key)


@app.command("list")
def listed(workspace: Workspace = HERE, json: Json = False) -> None:
    """열쇠의 이름과 만든 때를 보여 줍니다."""
    for key in _keys(workspace).all():
        if json:
            show.emit({"name": key.name, "added": key.added})
        else:
            print(f"{key.added}  {key.name}")


@app.command()
def remove(name: Name, workspace: Workspace = HERE, json: Json = False) -> None:
    """열쇠를 지웁니다. 도는 서버에서도 다음 요청부터 쓸 수 없습니다."""
    _keys(workspace).remove(name)
    if json:
        show.emit({"removed": name})


def _keys(folder: Workspace) -> Keys:
    from mundap.serve.keys import FILE, Keys
    from mundap.workspace.components import FOLDER

    return Keys(open_workspace(folder).root / FOLDER / FILE)
