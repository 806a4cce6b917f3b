"""Parent passages and their chunks: what is ranked, and what each leg looks at to rank it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mundap.types import Passage


@dataclass(frozen=True)
class GroupedPassages:
    """Passages sorted so that rows are in the order of ids and chunks follow their parent.

    A row is a passage that can be a hit: every parent passage, and every chunk whose parent is not given.
    `passages[starts[row]]` is the row's own passage; those up to `starts[row + 1]` are its chunks.
    """

    passages: tuple[Passage, ...]
    starts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, passages: Sequence[Passage]) -> GroupedPassages:
        """Group `passages`; the same id twice counts once."""
        distinct = {passage.id: passage for passage in passages}
        owner = {id: p.parent_id if p.parent_id in distinct else id for id, p in distinct.items()}
        ordered = sorted(distinct.values(), key=lambda p: (owner[p.id], owner[p.id] != p.id, p.start, p.id))
        starts = [n for n, p in enumerate(ordered) if owner[p.id] == p.id]
        return cls(tuple(ordered), np.asarray([*starts, len(ordered)], np.int64))

    @property
    def rows(self) -> list[Passage]:
        """The passage of each row."""
        return [self.passages[start] for start in self.starts[:-1]]
