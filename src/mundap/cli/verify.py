"""mundap verify."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.errors import BadFile

if TYPE_CHECKING:
    from mundap.verify.verdict import Verdict

_STATES = {"proved": "확인됨", "changed": "변경됨", "missing": "확인 불가", "forged": "불일치"}
_INDEX = {
    "same": "답변 당시의 색인과 현재 색인이 같습니다",
    "newer": "답변한 뒤 색인이 새로 만들어졌습니다",
    "gone": "답변 당시의 색인이 삭제되었습니다",
    "unknown": "답변 당시의 색인 정보가 없습니다",
}
_CHARS = 70  # of a sentence that is named


def verify(
    file: Annotated[
        str, typer.Argument(help="답변의 JSON 또는 JSON Lines 파일. '-'이면 표준 입력", metavar="ANSWER.json")
    ],
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """답변의 문장과 인용이 문서와 일치하는지 확인합니다. 예: mundap ask "면세 한도는?" --json > 답변.json; mundap verify 답변.json

    인용마다 문서, 위치, 본문을 대조하고 문장마다 인용을 대조합니다. 모델과 인터넷을 사용하지 않습니다. 확인되지 않은 항목이 있으면 종료 코드가 1입니다.
    확인됨: 문서와 일치. 변경됨: 문서가 바뀌었으나 해당 본문은 남아 있음. 확인 불가: 근거가 없거나 없어짐. 불일치: 문서와 다름.
    """
    from mundap.verify.given import answers_in

    answers = answers_in(*_raw(file))
    bot = open_workspace(workspace)
    proved = True
    for verdict in bot.verify(answers):
        proved = proved and verdict.state == "proved"
        if json:
            show.emit(verdict.to_json())
        else:
            _print(verdict)
    if not proved:
        raise typer.Exit(1)


def _raw(file: str) -> tuple[bytes, str]:
    """What is in the file, and what to call it."""
    try:
        return (sys.stdin.buffer.read(), "표준 입력") if file == "-" else (Path(file).read_bytes(), Path(file).name)
    except OSError as error:
        raise BadFile(f"{file}: 파일을 열 수 없습니다({error.strerror}). 경로를 확인하세요.") from error


def _print(verdict: Verdict) -> None:
    if verdict.question:
        print(f"질문: {verdict.question}")
    counts = [
        f"{name} {sum(one.state == 'proved' for one in found)}/{len(found)}"
        for name, found in (("문장", verdict.sentences), ("인용", verdict.citations))
    ]
    print(f"{_STATES[verdict.state]}: {', '.join(counts)} 확인됨")
    named = [("답변", verdict.answer)]
    named += [(f"문장 {n}", one) for n, one in enumerate(verdict.sentences, 1)]
    named += [(f"인용 {n}", one) for n, one in enumerate(verdict.citations, 1)]
    for name, one in named:
        if one.state != "proved":
            said = " ".join(one.text.split())
            print(f"  {name} [{_STATES[one.state]}] “{said[:_CHARS]}{'…' if len(said) > _CHARS else ''}”")
            print(f"    {one.reason}" + (f" (문단 {', '.join(one.elsewhere)})" if one.elsewhere else ""))
    print(f"색인: {_INDEX[verdict.index]}\n", flush=True)
