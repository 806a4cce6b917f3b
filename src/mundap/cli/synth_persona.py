"""mundap synth persona: answers rewritten in a persona's voice."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.cli.synth import By, PerMinute


def persona(
    name: Annotated[str, typer.Argument(help="페르소나 이름: personas/이름.toml", show_default=False)],
    out: Annotated[Path, typer.Option(help="저장할 파일(.jsonl)", show_default=False)],
    data: Annotated[
        Path | None,
        typer.Option(help="답변이 있는 질문 파일(xlsx, csv, jsonl 등) (기본값: 읽어 들인 Q/A)", show_default=False),
    ] = None,
    by: Annotated[By, typer.Option(help="rules: 어미만 변경, llm: mundap.toml의 언어 모델로 다시 작성")] = By.rules,
    per_minute: PerMinute = 0,
    resume: Annotated[bool, typer.Option("--resume", help="중단된 곳부터 이어서 합니다")] = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """답변을 페르소나의 말투로 다시 작성합니다. 말투에 맞지 않거나 내용이 달라진 답변은 제외합니다."""
    from mundap.synth.persona import WRONG
    from mundap.workflows import synthesise

    bot = open_workspace(workspace)
    with show.bar("답변") as progress:
        made = synthesise.persona(
            bot, name, out, data=data, by=by.value, per_minute=per_minute, resume=resume, progress=progress
        )
    if json:
        show.emit(made.to_json())
        return
    print(f"{out}: 답변 {made.rows}개를 '{made.persona}' 말투로 다시 작성했습니다. 제외 {made.dropped}개")
    for wrong, count in made.wrong.items():
        print(f"  {WRONG[wrong]}: {count}개")
    print("결과를 검토하고 수정한 뒤 실행하세요: mundap train sft --data", out, "--out 이름")
