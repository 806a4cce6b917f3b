"""mundap synth qa: questions and answers from passages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.cli.synth import By, PerMinute, Resume


def qa(
    out: Annotated[Path, typer.Option(help="만들 파일(.jsonl)", show_default=False)],
    by: Annotated[
        By, typer.Option(help="rules: 문장, 목록, 표의 틀로(언어 모델 없이), llm: mundap.toml의 언어 모델")
    ] = By.rules,
    most: Annotated[int, typer.Option("--most", min=1, max=20, help="제시문 하나에서 만들 질문의 최대 수")] = 3,
    ranking: Annotated[
        Path | None,
        typer.Option(
            help="긴·중간·짧은 답변이 모두 있는 질문으로 순위 자료(.json)도 만듭니다. 자세한 답변이 앞입니다",
            show_default=False,
        ),
    ] = None,
    per_minute: PerMinute = 0,
    resume: Resume = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """제시문마다 질문과 짧은·중간·긴 답변을 만듭니다. 제시문이 받쳐 주지 않는 것은 뺍니다."""
    from mundap.synth.qa import REASONS
    from mundap.workflows import synthesise

    bot = open_workspace(workspace)
    with show.bar("질문") as progress:
        made = synthesise.qa(
            bot,
            out,
            by=by.value,
            most=most,
            ranking=ranking,
            per_minute=per_minute,
            resume=resume,
            progress=progress,
        )
    if json:
        show.emit(made.to_json())
        return
    print(f"{out}: 질문 {made.rows}개 (새로 만든 것 {made.new}개), 세 답변이 모두 있는 것 {made.with_three_answers}개")
    print(f"제시문 {made.passages}개 가운데 질문을 만들지 못한 것 {made.without}개")
    for why, count in made.refused.items():
        print(f"  뺀 질문: {REASONS[why]} {count}개")
    if made.failed:
        print(f"언어 모델이 답하지 못한 제시문 {made.failed}개: 같은 명령에 --resume을 붙이면 다시 묻습니다.")
    print("읽어 보고 고친 뒤 실행: mundap train sft --data", out, "--out 이름")
