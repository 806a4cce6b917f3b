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
    out: Annotated[Path, typer.Option(help="저장할 파일(.json)", show_default=False)],
    data: Annotated[
        Path | None,
        typer.Option(
            help="답변과 제시문이 있는 질문 파일(xlsx, csv, jsonl 등) (기본값: 읽어 들인 Q/A)", show_default=False
        ),
    ] = None,
    by: Annotated[
        Order, typer.Option(help="metrics: 모범 답안과 가까운 순서, llm: mundap.toml의 언어 모델이 매긴 점수")
    ] = Order.metrics,
    per_minute: PerMinute = 0,
    resume: Annotated[bool, typer.Option("--resume", help="중단된 곳부터 이어서 합니다")] = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """질문마다 모범 답안, 정답 제시문으로 만든 답변, 다른 제시문으로 만든 답변의 순위를 매깁니다."""
    from mundap.workflows import synthesise

    bot = open_workspace(workspace)
    with show.bar("순위") as progress:
        made = synthesise.rank(
            bot, out, data=data, by=by.value, per_minute=per_minute, resume=resume, progress=progress
        )
    if json:
        show.emit(made.to_json())
        return
    print(f"{out}: 질문 {made.rows}개 (답변이 서로 같아 제외 {made.alike}개)")
    if made.missing:
        print(f"제시문이 문서에 없어 제외한 질문: {made.missing}개")
    if made.ungraded:
        print(f"점수를 받지 못한 질문 {made.ungraded}개: 같은 명령을 --resume과 함께 실행하면 다시 시도합니다.")
    print("다음 단계: mundap train reward --data", out, "--out 이름")
