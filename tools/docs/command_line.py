"""The reference of the command line: the help of every command, as `mundap … --help` prints it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer

from mundap.cli import app

_WIDTH = 100


def markdown() -> str:
    """A section for each command."""
    return "".join(_commands(typer.main.get_command(app), "mundap", None))


def _commands(command: Any, path: str, above: Any) -> Iterator[str]:
    context = command.context_class(command, info_name=path.split()[-1], parent=above, terminal_width=_WIDTH)
    if above is None:
        context.info_name = "mundap"
    level = "##" if path.count(" ") < 2 else "###"
    text = re.sub(r"[ \t]+$", "", command.get_help(context), flags=re.MULTILINE).strip()
    yield f"\n{level} {path}\n\n```text\n{text}\n```\n"
    for name, inner in getattr(command, "commands", {}).items():
        yield from _commands(inner, f"{path} {name}", context)
