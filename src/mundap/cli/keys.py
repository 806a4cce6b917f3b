"""mundap keys: who may ask over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace

if TYPE_CHECKING:
    from mundap.serve.keys import Keys

app = typer.Typer(
    help="HTTP API의 API 키를 만들고 삭제합니다. 키가 하나라도 있으면 모든 요청에 API 키가 필요합니다.",
    no_args_is_help=True,
)
Name = Annotated[str, typer.Argument(help="API 키의 이름. 로그에 이 이름이 기록됩니다")]


@app.command()
def add(name: Name, workspace: Workspace = HERE, json: Json = False) -> None:
    """API 키를 만들어 한 번만 표시합니다. 다시 확인할 수 없으니 보관하세요. 예: mundap keys add 홈페이지"""
    key = _keys(workspace).add(name)
    if json:
        show.emit({"name": name, "key": key})
    else:
        print(key)


@app.command("list")
def listed(workspace: Workspace = HERE, json: Json = False) -> None:
    """API 키의 이름과 생성 시각을 표시합니다."""
    for key in _keys(workspace).all():
        if json:
            show.emit({"name": key.name, "added": key.added})
        else:
            print(f"{key.added}  {key.name}")


@app.command()
def remove(name: Name, workspace: Workspace = HERE, json: Json = False) -> None:
    """API 키를 삭제합니다. 실행 중인 서버에서도 다음 요청부터 사용할 수 없습니다."""
    _keys(workspace).remove(name)
    if json:
        show.emit({"removed": name})


def _keys(folder: Workspace) -> Keys:
    from mundap.serve.keys import FILE, Keys
    from mundap.workspace.components import FOLDER

    return Keys(open_workspace(folder).root / FOLDER / FILE)
