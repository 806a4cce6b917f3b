"""mundap synth persona: answers rewritten in a persona's voice."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.cli.synth import By, PerMinute


def persona(
    name: Annotated[str, typer.Argument(help="페르소나의 이름: personas/이름.toml", show_default=False)],
    out: Annotated[Path, typer.Option(help="만들 파일(.jsonl)", show_default=False)],
    data: Annotated[
        Path | None,
        typer.Option(help="답변이 있는 질문 파일(xlsx, csv, jsonl …) (기본: 읽어들인 문답)", show_default=False),
    ] = None,
    by: Annotated[By, typer.Option(help="rules: 말끝만 바꿈, llm: mundap.toml의 언어 모델이 다시 씀")] = By.rules,
    per_minute: PerMinute = 0,
    resume: Annotated[bool, typer.Option("--resume", help="멈춘 데서 이어 갑니다")] = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """답변을 페르소나의 말투로 다시 씁니다. 말투에 맞지 않거나 내용이 달라진 것은 뺍니다."""
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
    print(f"{out}: 답변 {made.rows}개를 '{made.persona}' 말투로 다시 썼습니다. 뺀 것 {made.dropped}개")
    for wrong, count in made.wrong.items():
        print(f"  {WRONG[wrong]}: {count}개")
    print("읽어 보고 고친 뒤 실행: mundap train sft --data", out, "--out 이름")
