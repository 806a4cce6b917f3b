"""mundap keys: who may ask over HTTP, and what they may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace, record

if TYPE_CHECKING:
    from mundap.serve.keys import Key, Keys

app = typer.Typer(
    help="HTTP API의 API 키를 만들고 삭제합니다. 키가 하나라도 있으면 모든 요청에 API 키가 필요합니다.",
    no_args_is_help=True,
)
Name = Annotated[str, typer.Argument(help="API 키의 이름. 로그에 이 이름이 기록됩니다")]
_ROLE = (
    "권한: ask(질문·검색), read(문서 목록·보고서·지표), write(업로드·삭제), admin(전부). 쉼표로 구분하거나 여러 번 지정"
)
_ACCESS = "볼 수 있는 문서의 접근 태그. 쉼표로 구분하거나 여러 번 지정. 태그가 없는 문서는 누구나 봅니다"
Roles = Annotated[list[str] | None, typer.Option("--role", help=_ROLE, show_default=False)]
Access = Annotated[list[str] | None, typer.Option(help=_ACCESS, show_default=False, metavar="TAG")]
PerMinute = Annotated[
    int | None, typer.Option(min=0, help="분당 요청 한도 (기본값: serve.per_minute)", show_default=False)
]
PerDay = Annotated[int | None, typer.Option(min=0, help="하루 요청 한도 (기본값: 없음)", show_default=False)]
UploadMb = Annotated[
    int | None, typer.Option(min=0, help="하루에 업로드할 수 있는 크기(MB) (기본값: 없음)", show_default=False)
]
Documents = Annotated[
    int | None, typer.Option(min=0, help="업로드해 둘 수 있는 문서 수 (기본값: 없음)", show_default=False)
]


@app.command()
def add(
    name: Name,
    role: Roles = None,
    access: Access = None,
    per_minute: PerMinute = None,
    per_day: PerDay = None,
    upload_mb: UploadMb = None,
    documents: Documents = None,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """API 키를 만들어 한 번만 표시합니다. 다시 확인할 수 없으니 보관하세요. --role이 없으면 질문만 할 수 있습니다.

    예: mundap keys add 홈페이지    mundap keys add 관리 --role ask,read,write --access 인사팀
    """
    from mundap.serve.keys import Quota

    keys = _keys(workspace)
    quota = Quota(per_minute, per_day, upload_mb, documents)
    key = keys.add(name, role or ("ask",), access or (), quota)
    record(workspace, "key add", [name])
    if json:
        [kept] = [one for one in keys.all() if one.name == name]
        show.emit({**_said(kept), "key": key})
    else:
        print(key)


@app.command()
def change(
    name: Name,
    role: Roles = None,
    access: Access = None,
    per_minute: PerMinute = None,
    per_day: PerDay = None,
    upload_mb: UploadMb = None,
    documents: Documents = None,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """API 키의 권한, 접근 태그, 한도를 바꿉니다. 지정하지 않은 것은 그대로입니다. 태그를 모두 없애려면: --access ''

    예: mundap keys change 홈페이지 --role ask,read
    """
    from mundap.serve.keys import Quota

    kept = _keys(workspace).change(name, role, access, Quota(per_minute, per_day, upload_mb, documents))
    record(workspace, "key change", [name])
    if json:
        show.emit(_said(kept))
    else:
        print(_line(kept))


@app.command("list")
def listed(workspace: Workspace = HERE, json: Json = False) -> None:
    """API 키의 이름, 생성 시각, 권한, 접근 태그, 한도를 표시합니다."""
    for key in _keys(workspace).all():
        if json:
            show.emit(_said(key))
        else:
            print(_line(key))


@app.command()
def remove(name: Name, workspace: Workspace = HERE, json: Json = False) -> None:
    """API 키를 삭제합니다. 실행 중인 서버에서도 다음 요청부터 사용할 수 없습니다."""
    _keys(workspace).remove(name)
    record(workspace, "key remove", [name])
    if json:
        show.emit({"removed": name})


def _keys(folder: Workspace) -> Keys:
    from mundap.serve.keys import FILE, Keys

    return Keys(open_workspace(folder).kept_in(FILE))


def _said(key: Key) -> dict[str, object]:
    quota = {name: most for name, most in vars(key.quota).items() if most is not None}
    return {
        "name": key.name,
        "added": key.added,
        "roles": list(key.roles),
        "access": list(key.access),
        "quota": quota,
    }


def _line(key: Key) -> str:
    limits = {
        "분당": _most(key.quota.per_minute, "회"),
        "하루": _most(key.quota.per_day, "회"),
        "업로드 하루": _most(key.quota.upload_mb_per_day, "MB"),
        "문서": _most(key.quota.documents, "개"),
    }
    parts = [f"권한 {','.join(key.roles)}"]
    if key.access:
        parts.append(f"태그 {','.join(key.access)}")
    parts += [f"{what} {most}" for what, most in limits.items() if most]
    return f"{key.added}  {key.name}  ({', '.join(parts)})"


def _most(value: int | None, unit: str) -> str:
    return "" if value is None else f"{value}{unit}"
