"""mundap synth qa: questions and answers from passages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.cli.synth import By, PerMinute, Resume


def qa(
    out: Annotated[Path, typer.Option(help="저장할 파일(.jsonl)", show_default=False)],
    by: Annotated[
        By, typer.Option(help="rules: 문장·목록·표 템플릿으로 생성(언어 모델 없이), llm: mundap.toml의 언어 모델")
    ] = By.rules,
    most: Annotated[int, typer.Option("--most", min=1, max=20, help="제시문마다 만들 질문의 최대 수")] = 3,
    ranking: Annotated[
        Path | None,
        typer.Option(
            help="긴·중간·짧은 답변이 모두 있는 질문으로 순위 데이터(.json)도 생성합니다. 자세한 답변일수록 순위가 높습니다",
            show_default=False,
        ),
    ] = None,
    per_minute: PerMinute = 0,
    resume: Resume = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """제시문마다 질문과 짧은·중간·긴 답변을 생성합니다. 제시문에 근거가 없는 것은 제외합니다."""
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
    print(f"{out}: 질문 {made.rows}개 (추가 {made.new}개), 세 답변이 모두 있는 질문 {made.with_three_answers}개")
    print(f"제시문 {made.passages}개 중 질문을 만들지 못한 제시문 {made.without}개")
    for why, count in made.refused.items():
        print(f"  제외한 질문: {REASONS[why]} {count}개")
    if made.failed:
        print(f"언어 모델이 답하지 못한 제시문 {made.failed}개: 같은 명령을 --resume과 함께 실행하면 다시 시도합니다.")
    print("결과를 검토하고 수정한 뒤 실행하세요: mundap train sft --data", out, "--out 이름")
