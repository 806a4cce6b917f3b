"""mundap migrate."""

from __future__ import annotations

from typing import Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace


def migrate(
    to: Annotated[
        str,
        typer.Option(
            help="옮길 곳: postgresql://사용자:비밀번호@호스트:5432/데이터베이스", metavar="URL", show_default=False
        ),
    ],
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """작업 폴더의 데이터(문서, 답변, 평가, 대화, API 키)를 PostgreSQL로 옮기고, 행 수와 다이제스트, 무작위 검색 200개의 결과가 같은지 확인합니다. 서버를 멈추고 실행하세요. 중단되면 다시 실행해 이어서 옮깁니다.

    예: mundap migrate --to postgresql://mundap:비밀번호@db.example:5432/mundap
    """
    from mundap.workflows.migrate import migrate

    with show.bar("옮기기") as progress:
        done = migrate(workspace, to, progress)
    if json:
        show.emit(done.to_json())
        return
    rows = done.rows
    print(
        f"{done.to}: 문서 {rows['documents']}개, 문단 {rows['passages']}개, 답변 {rows['answers']}개, 평가 {rows['feedback']}개,"
        f" 대화 {rows['turns']}회, API 키 {done.keys}개를 옮겼습니다."
    )
    same = f"검색 {done.searches}개의 결과" if done.searches else "색인이 없어 검색은 비교하지 않았습니다"
    print(f"행 수와 다이제스트가 원본과 같습니다. {same}{'도 같습니다.' if done.searches else '.'}")
    print(f"이제 mundap.toml의 [store] url이나 환경 변수 MUNDAP_STORE_URL에 주소를 지정하세요. 원본: {done.aside}")
