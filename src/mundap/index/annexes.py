"""Several things that stand beside the rows of a segment, as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mundap.index.segment import Annex, AnnexWriter
from mundap.protocols import Mask
from mundap.types import Passage


def together(annexes: Sequence[Annex]) -> Annex | None:
    """All of these as one; None for none."""
    return _Annexes(tuple(annexes)) if len(annexes) > 1 else next(iter(annexes), None)


@dataclass(frozen=True)
class _Annexes:
    parts: tuple[Annex, ...]

    @property
    def recipe(self) -> str:
        return " ".join(part.recipe for part in self.parts)

    def writer(self, folder: Path) -> _Writers:
        return _Writers([part.writer(folder) for part in self.parts])

    def merge(self, folder: Path, sources: Sequence[tuple[Path, Mask]]) -> None:
        for part in self.parts:
            part.merge(folder, sources)

    def describe(self, folder: Path) -> None:
        for part in self.parts:
            part.describe(folder)


class _Writers:
    def __init__(self, writers: Sequence[AnnexWriter]) -> None:
        self._writers = writers

    def add(self, rows: Sequence[Passage]) -> None:
        for writer in self._writers:
            writer.add(rows)

    def finish(self) -> None:
        for writer in self._writers:
            writer.finish()
