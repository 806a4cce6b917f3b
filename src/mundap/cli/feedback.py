"""mundap feedback: what people said of answers, as training data and as a list to work on."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace

app = typer.Typer(
    no_args_is_help=True,
    help="답변에 대한 의견을 학습 데이터로 내보내고, 개선할 질문을 확인합니다.",
    rich_markup_mode=None,
)


class What(StrEnum):
    """What is exported."""

    retriever = "retriever"
    preference = "preference"
    sft = "sft"


@app.callback()
def verbs() -> None:
    """답변에 대한 의견을 학습 데이터로 내보내고, 개선할 질문을 확인합니다."""


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="학습 데이터를 저장할 폴더", show_default=False)],
    what: Annotated[
        list[What] | None,
        typer.Option(
            help="retriever: 질문과 문단(하드 네거티브 포함), preference: 선호 답변과 비선호 답변, sft: 질문과 답변 (기본값: 모두)",
            show_default=False,
        ),
    ] = None,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """의견을 학습 데이터(JSONL)로 내보냅니다. 같은 요청에 의견이 여럿이면 마지막 의견을 사용합니다.

    예: mundap feedback export --out judged && mundap train adapter --data judged/retriever.jsonl --out ours
    """
    from mundap.workflows import feedback

    chosen = [kind for kind in feedback.WHAT if not what or What(kind) in what]
    made = feedback.export(open_workspace(workspace), out, chosen)
    if json:
        show.emit(made.to_json())
        return
    for kind, count in made.rows.items():
        print(f"{made.file(kind)}: {count}행")
    if made.untraced:
        print(
            f"정답 문단을 알 수 없는 의견 {made.untraced}개는 retriever에서 제외했습니다."
            " 수정한 답변이나 정답 문단(passage_id)이 있는 의견만 포함됩니다."
        )


@app.command()
def review(
    number: Annotated[int, typer.Option("-n", "--number", min=1, help="표시할 질문 수")] = 20,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """아쉽다는 의견이 많거나 답변을 보류한 질문부터 표시합니다."""
    from mundap.workflows import feedback

    found = feedback.review(open_workspace(workspace), number)
    for asked in found:
        if json:
            show.emit(asdict(asked))
            continue
        said = f"좋아요 {asked.ups}, 아쉬워요 {asked.downs}, 답변 보류 {asked.abstained} (질문 {asked.times}회)"
        print(f"{asked.question}\n   {said}")
        for label, texts in (("의견", asked.comments), ("수정한 답변", asked.corrections)):
            for text in dict.fromkeys(texts):
                print(f"   {label}: {' '.join(text.split())}")
    if not found and not json:
        print("아쉽다는 의견도, 답변을 보류한 질문도 없습니다.")
