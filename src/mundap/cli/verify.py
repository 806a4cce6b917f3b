"""mundap verify."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.errors import BadFile

if TYPE_CHECKING:
    from mundap.verify.verdict import Verdict

_STATES = {"proved": "증명됨", "changed": "바뀜", "missing": "없음", "forged": "다름"}
_INDEX = {
    "same": "답을 찾은 색인이 지금의 색인입니다",
    "newer": "답을 찾은 뒤에 새 색인이 만들어졌습니다",
    "gone": "답을 찾은 색인은 지워졌습니다",
    "unknown": "답을 찾은 색인이 적혀 있지 않습니다",
}
_CHARS = 70  # of a sentence that is named


def verify(
    file: Annotated[
        str, typer.Argument(help="답의 JSON이나 JSON lines 파일. '-'이면 표준 입력", metavar="ANSWER.json")
    ],
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """답의 문장과 인용이 문서에 그대로 있는지 증명합니다. 예: mundap ask "면세 한도는?" --json > 답.json; mundap verify 답.json

    인용마다 문서와 자리와 글을, 문장마다 인용을 대조합니다. 모델도 인터넷도 쓰지 않습니다. 증명되지 않은 것이 있으면 종료 코드가 1입니다.
    증명됨: 그대로 있음. 바뀜: 문서가 그 뒤에 바뀌었고 글은 남아 있음. 없음: 증명할 근거가 없거나 없어짐. 다름: 문서와 다른 글.
    """
    from mundap.verify.given import given

    answers = [given(record, where) for record, where in _records(file)]
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


def _records(file: str) -> Iterator[tuple[object, str]]:
    """Each JSON value, and what to call it: a file of one value, or one value a line."""
    name = "표준 입력" if file == "-" else Path(file).name
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(f"{name}: UTF-8이 아닙니다. mundap ask --json이 쓴 파일을 그대로 주세요.") from error
    except OSError as error:
        raise BadFile(f"{file}: 파일을 열 수 없습니다({error.strerror}). 경로를 확인해 주세요.") from error
    try:
        yield json_module.loads(text), name
        return
    except (ValueError, RecursionError):
        lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise BadFile(f"{name}: 비어 있습니다. 답의 JSON을 주세요.")
    for number, line in lines:
        where = f"{name} {number}번째 줄"
        try:
            record = json_module.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadFile(f"{where}: JSON으로 읽을 수 없습니다({error}). 한 줄에 답 하나를 적어 주세요.") from error
        yield record, where


def _print(verdict: Verdict) -> None:
    if verdict.question:
        print(f"질문: {verdict.question}")
    counts = [
        f"{name} {sum(one.state == 'proved' for one in found)}/{len(found)}"
        for name, found in (("문장", verdict.sentences), ("인용", verdict.citations))
    ]
    print(f"{_STATES[verdict.state]}: {', '.join(counts)} 증명됨")
    named = [("답", verdict.answer)]
    named += [(f"문장 {n}", one) for n, one in enumerate(verdict.sentences, 1)]
    named += [(f"인용 {n}", one) for n, one in enumerate(verdict.citations, 1)]
    for name, one in named:
        if one.state != "proved":
            said = " ".join(one.text.split())
            print(f"  {name} [{_STATES[one.state]}] “{said[:_CHARS]}{'…' if len(said) > _CHARS else ''}”")
            print(f"    {one.reason}" + (f" (문단 {', '.join(one.elsewhere)})" if one.elsewhere else ""))
    print(f"색인: {_INDEX[verdict.index]}\n", flush=True)
