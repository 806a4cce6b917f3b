"""The reference of the command line: the help of every command, as `mundap … --help` prints it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer

from mundap.cli import app
from tools.docs.page import front_matter

_WIDTH = 100


def markdown() -> str:
    """The whole page."""
    head = front_matter(
        lang="ko",
        summary="Every command with its arguments and options, printed by the command line itself. Every command takes"
        " --workspace DIR and --json; data goes to standard output, progress and errors to standard error. Exit codes:"
        " 0 done, 1 an expected error, 2 usage.",
    )
    about = (
        "# 명령\n\n"
        "명령 스스로가 하는 설명입니다(`mundap 명령 --help`). 모든 명령에 `--workspace DIR`과 `--json`이 있습니다. 결과는 표준"
        " 출력에, 진행과 오류는 표준 오류에 씁니다. 종료 코드는 0(됨), 1(알 수 있는 오류), 2(사용법)입니다.\n"
    )
    return head + about + "".join(_commands(typer.main.get_command(app), "mundap", None))


def _commands(command: Any, path: str, above: Any) -> Iterator[str]:
    context = command.context_class(command, info_name=path.split()[-1], parent=above, terminal_width=_WIDTH)
    if above is None:
        context.info_name = "mundap"
    level = "##" if path.count(" ") < 2 else "###"
    text = re.sub(r"[ \t]+$", "", command.get_help(context), flags=re.MULTILINE).strip()
    yield f"\n{level} {path}\n\n```text\n{text}\n```\n"
    for name, inner in getattr(command, "commands", {}).items():
        yield from _commands(inner, f"{path} {name}", context)
