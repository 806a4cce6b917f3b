"""What the README says of the options of all commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from mundap.cli import app

TALKING = {"chat", "serve", "mcp", "ui", "up"}
ELSEWHERE = {"init", "restore", "ui"}  # a folder is their argument, or a server's address


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, set[str]]]:
    if hasattr(group, "commands"):
        for name, inner in group.commands.items():
            yield from commands(inner, (*path, name))
    else:
        yield " ".join(path), {option for parameter in group.params for option in parameter.opts}


def test_results_are_there_as_json_and_a_workspace_can_be_named() -> None:
    found = dict(commands(typer.main.get_command(app)))
    assert {name for name, options in found.items() if "--json" not in options} == TALKING
    assert {name for name, options in found.items() if "--workspace" not in options} == ELSEWHERE
