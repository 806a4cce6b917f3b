"""mundap erase."""

from __future__ import annotations

from typing import Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace, record
from mundap.errors import MundapError


def erase(
    name: Annotated[
        str | None,
        typer.Argument(
            help="지울 문서(경로, 제목, ID), 대화(session), 답변(request_id)", metavar="NAME", show_default=False
        ),
    ] = None,
    older: Annotated[
        str | None,
        typer.Option(help="이 기간보다 오래된 답변, 평가, 대화를 지웁니다. 예: 30d", metavar="AGE", show_default=False),
    ] = None,
    expired: Annotated[
        bool,
        typer.Option("--expired", help="mundap.toml의 [retention]에 정한 보관 기간이 지난 것을 지웁니다"),
    ] = False,
    file: Annotated[bool, typer.Option("--file", help="문서의 원본 파일도 삭제합니다")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="확인을 묻지 않습니다")] = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """문서나 대화, 답변을 모든 파일(데이터베이스와 WAL, 캐시, 색인, 보고서)에서 지우고, 남은 곳이 없는지 확인합니다. 되돌릴 수 없습니다.

    예: mundap erase docs/옛규정.hwp, mundap erase --older 90d
    """
    from mundap.workflows import erase

    if (name is not None) + (older is not None) + expired != 1:
        raise MundapError("지울 것을 하나 지정하세요: 문서, 대화, 답변의 이름, --older 30d 또는 --expired")
    bot = open_workspace(workspace)
    what = "expired" if expired else str(name or older)
    if not (yes or json):
        said = "보관 기간이 지난 것" if expired else f"'{what}'"
        typer.confirm(f"{said}을(를) 지웁니다. 되돌릴 수 없습니다. 계속할까요?", abort=True, err=True)
    if expired:
        done = erase.expired(bot)
    elif older is not None:
        done = erase.older(bot, older)
    else:
        with show.index_bars() as progress:
            done = erase.anything(bot, what, file, progress)
    record(bot.root, "erase", [what])
    if json:
        show.emit(done.to_json())
        return
    print(
        f"지웠습니다: 문서 {done.documents}개(문단 {done.passages}개), 답변 {done.answers}개, 평가 {done.votes}개,"
        f" 대화 {done.turns}회, 보고서 {done.reports}개"
    )
    for path in done.left:
        print(f"  아직 남아 있습니다: {path}")
    if done.left:
        print("원본 파일은 직접 지우거나 --file로 지우고, 학습한 모델은 다시 학습하세요.")
