"""A line of the table of trainers."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from mundap.options import Options

if TYPE_CHECKING:
    from mundap.types import Json

QUESTIONS = "질문 파일: 질문·제시문(또는 질문·답변) 열이 있는 시트, JSON, JSONL (기본값: 읽어 들인 Q/A)"


class Result(Protocol):
    """What a training ends in; its text is for people."""

    def to_json(self) -> dict[str, Json]:
        """As `mundap train --json` prints it."""
        ...


class Train(Protocol):
    """A function that trains: see `adapter`. None in every process of torchrun but the first."""

    def __call__(self, *args: object, **options: object) -> Result | None:
        """The model, kept."""
        ...


@dataclass(frozen=True)
class Trainer:
    """`function` trains, named as "module:name", with a `config`.

    `help` says what it does, and `data` what it learns from, to readers of the command line; its model is called `out`
    where no name is given ("": one must be). Where `resumable`, the function takes `resume`, `report_to` and `on_log`, too.
    """

    function: str
    config: type[Options]
    help: str
    data: str = QUESTIONS
    data_needed: bool = False
    out: str = ""
    resumable: bool = False

    def load(self) -> Train:
        """The function; importing it takes a while."""
        module, name = self.function.split(":")
        found: Train = getattr(import_module(module), name)
        return found
