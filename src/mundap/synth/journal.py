"""What a run has made so far, so that one that was killed goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Generic, TypeVar

from mundap.files import write_atomically

Value = TypeVar("Value")


class Journal(Generic[Value]):
    """What one maker has made so far, by key, a JSON line each; a last line that was cut off does not count.

    With `resume` the lines of the same `maker` are kept; those of another one never are.
    """

    def __init__(self, path: Path, maker: str, resume: bool = False) -> None:
        self.path = path
        self.found: dict[str, Value] = {}
        lines = path.read_text("utf-8", errors="replace").split("\n")[:-1] if resume and path.is_file() else []
        head = json.dumps({"maker": maker}, ensure_ascii=False)
        if lines[:1] == [head]:
            self.found = dict(json.loads(line) for line in lines[1:])
        write_atomically(path, "".join(f"{line}\n" for line in (lines if self.found else [head])))

    def add(self, made: Mapping[str, Value]) -> None:
        """Keep these."""
        self.found |= made
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(pair, ensure_ascii=False)}\n" for pair in made.items())


def journal_of(out: Path) -> Path:
    """Where the journal of a run that makes `out` lies."""
    return out.with_name(f"{out.name}.part")
