"""mundap synth rank: three answers to each question, in order, for training a reward."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.cli.synth import PerMinute


class Order(StrEnum):
    """What puts completions in order."""

    metrics = "metrics"
    llm = "llm"


def rank(
    out: Annotated[Path, typer.Option(help="만들 파일(.json)", show_default=False)],
    data: Annotated[
        Path | None,
        typer.Option(
            help="답변과 제시문이 있는 질문 파일(xlsx, csv, jsonl …) (기본: 읽어들인 문답)", show_default=False
        ),
    ] = None,
    by: Annotated[
        Order, typer.Option(help="metrics: 적힌 답변과 가까운 차례, llm: mundap.toml의 언어 모델이 매긴 점수")
    ] = Order.metrics,
    per_minute: PerMinute = 0,
    resume: Annotated[bool, typer.Option("--resume", help="멈춘 데서 이어 갑니다")] = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """질문마다 적힌 답변, 제시문을 보고 쓴 답변, 다른 제시문을 보고 쓴 답변에 순위를 매깁니다."""
    from mundap.workflows import synthesise

    bot = open_workspace(workspace)
    with show.bar("순위") as progress:
        made = synthesise.rank(
            bot, out, data=data, by=by.value, per_minute=per_minute, resume=resume, progress=progress
        )
    if json:
        show.emit(made.to_json())
        return
    print(f"{out}: 질문 {made.rows}개 (답변이 서로 다르지 않아 뺀 것 {made.alike}개)")
    if made.missing:
        print(f"제시문이 읽어들인 문서에 없어 뺀 질문: {made.missing}개")
    if made.ungraded:
        print(f"점수를 받지 못한 질문 {made.ungraded}개: 같은 명령에 --resume을 붙이면 다시 묻습니다.")
    print("실행: mundap train reward --data", out, "--out 이름")
