"""mundap synth: training data from what the workspace has."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace

app = typer.Typer(no_args_is_help=True, help="학습 데이터를 생성합니다.", rich_markup_mode=None)


PerMinute = Annotated[int, typer.Option("--per-minute", min=0, help="언어 모델의 분당 최대 요청 수 (0: 제한 없음)")]
Resume = Annotated[
    bool, typer.Option("--resume", help="중단된 곳부터 이어서 합니다. 이미 만든 행은 수정한 내용까지 그대로 유지합니다")
]


class By(StrEnum):
    """Who makes the data."""

    rules = "rules"
    llm = "llm"


@app.callback()
def verbs() -> None:
    """학습 데이터를 생성합니다."""


@app.command()
def keywords(
    out: Annotated[Path, typer.Option(help="저장할 파일: query와 keyword 열이 있는 .tsv", show_default=False)],
    questions: Annotated[
        str | None,
        typer.Option(
            help="질문 파일(xlsx, csv, json 등 또는 한 줄에 질문 하나인 .txt). '-'이면 표준 입력 (기본값: 읽어 들인 Q/A)",
            show_default=False,
        ),
    ] = None,
    by: Annotated[By, typer.Option(help="rules: 형태소 규칙과 사용자 사전, llm: mundap.toml의 언어 모델")] = By.rules,
    per_minute: PerMinute = 0,
    resume: Resume = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """질문마다 키워드를 달아 mundap train keywords의 학습 데이터를 생성합니다."""
    from mundap.workflows import synthesise

    bot = open_workspace(workspace)
    asked = None if questions is None else _lines() if questions == "-" else synthesise.question_texts(questions)
    with show.bar("키워드") as progress:
        made = synthesise.keywords(
            bot, out, questions=asked, by=by.value, per_minute=per_minute, resume=resume, progress=progress
        )
    if json:
        show.emit(made.to_json())
        return
    print(f"{out}: 질문 {made.rows}개 (추가 {made.new}개, 키워드가 없어 제외 {made.without}개)")
    if made.failed:
        print(f"언어 모델이 답하지 못한 질문 {made.failed}개: 같은 명령을 --resume과 함께 실행하면 다시 시도합니다.")
    print("결과를 검토하고 수정한 뒤 실행하세요: mundap train keywords --data", out, "--out 이름")


def _lines() -> list[str]:
    from mundap.cli.lines import questions

    return list(questions("-"))
