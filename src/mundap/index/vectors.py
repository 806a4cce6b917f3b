"""Vectors over segments: an exact scan over few, a graph of 8 bits a number over many, exact scores for any row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from pathlib import Path

import numkong
import numpy as np
import numpy.typing as npt

from mundap.files import load_array
from mundap.index.near import WIDTH, Halves, Near, make_near, open_near
from mundap.index.rank import Ties, by_row, in_order
from mundap.protocols import Mask, Rows, Scores, Vectors

EXACT_BELOW = 20_000  # vectors; under this a scan takes under a millisecond and misses nothing
RESCORED = 1.5  # exact scores put what 8 bits cannot tell apart in order
OVERSAMPLE = 3  # a passage and several of its chunks may be found
_SORTED = 4  # times as many rows as are wanted: up to that it is fastest to sort them all
SLACK, FEW = 1.25, 16  # more than a filter would leave enough of, if it took its share everywhere

Starts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class VectorPart:
    """The vectors of one segment: `vectors[starts[row]]` is row's own, those up to `starts[row + 1]` belong to its chunks.

    `near` finds vectors where there are too many to look at all.
    """

    vectors: Halves
    starts: Starts
    near: Near | None = None

    def candidates(self, query: Scores, depth: int, mask: Mask | None) -> Rows:
        """Rows among which are the best `depth` that `mask` allows: all of these, or those that `near` finds.

        All where there is no graph, where few are allowed, and where a filter leaves too little of what the graph found:
        a filtered walk through a graph loses what it seeks.
        """
        total = len(self.starts) - 1
        allowed = total if mask is None else int(np.count_nonzero(mask))
        if self.near is not None and allowed * len(self.vectors) >= EXACT_BELOW * total:
            rows = self._found(self.near, query, depth if mask is None else ceil(SLACK * depth * total / allowed) + FEW)
            rows = rows if mask is None else rows[mask[rows]]
            if len(rows) >= min(depth, allowed):
                return rows
        return np.arange(total) if mask is None else np.flatnonzero(mask)

    def score(self, query: Scores, rows: Rows) -> Scores:
        """The exact score of each of these rows."""
        if not len(rows):
            return np.empty(0, np.float32)
        if self._alone and 2 * len(rows) <= len(self.starts) - 1:
            return _products(self.vectors[rows], query)
        if 2 * len(rows) > len(self.starts) - 1:  # most rows: to leave some out would copy the others
            every: Scores = self._scored(_products(self.vectors, query), self.starts[:-1], np.diff(self.starts))[rows]
            return every
        counts = self.starts[rows + 1] - self.starts[rows]
        offsets = np.cumsum(counts) - counts
        places = np.repeat(self.starts[rows] - offsets, counts) + np.arange(int(counts.sum()))
        return self._scored(_products(self.vectors[places], query), offsets, counts)

    @property
    def _alone(self) -> bool:
        """Whether no row has chunks."""
        return len(self.vectors) < len(self.starts)

    @staticmethod
    def _scored(similar: Scores, offsets: Starts, counts: Starts) -> Scores:
        """Of rows, each with `counts` cosines from its offset on, the score."""
        if len(similar) == len(counts):
            return similar
        own = similar[offsets].copy()
        similar[offsets] = np.where(counts > 1, -np.inf, own)
        scores: Scores = (own + np.maximum.reduceat(similar, offsets)) / np.float32(2)
        return scores

    @classmethod
    def open(cls, folder: Path, width: int = WIDTH, recall: float = 1.0) -> VectorPart:
        """Map what is in `folder`."""
        vectors, starts = (np.asarray(load_array(folder / f"dense-{name}.npy")) for name in ("vectors", "starts"))
        return cls(vectors, starts, open_near(folder, width, recall))

    def _found(self, near: Near, query: Scores, depth: int) -> Rows:
        if self._alone:
            return near.find(query, ceil(RESCORED * depth))
        return np.unique(np.searchsorted(self.starts, near.find(query, OVERSAMPLE * depth), side="right") - 1)


class VectorIndex:
    """Cosines over `parts`, whose rows are numbered one part behind the other.

    A row's score is its own cosine, or, if it has chunks, the mean of that and its best chunk's: the whole
    says what it is about, the chunk whether the detail is there (docs/experiments/2026-11-21-chunks.md).
    """

    def __init__(self, parts: Sequence[VectorPart]) -> None:
        self.parts = tuple(parts)
        self.offsets = np.cumsum([0, *(len(part.starts) - 1 for part in self.parts)])

    @classmethod
    def of(cls, vectors: Halves, starts: Starts) -> VectorIndex:
        """An index in memory of these vectors; see VectorPart."""
        return cls([VectorPart(vectors, starts, make_near(vectors) if needs_near(vectors) else None)])

    @property
    def exact(self) -> bool:
        """Whether every row is looked at, and nothing can be missed."""
        return all(part.near is None for part in self.parts)

    @cached_property
    def starts(self) -> Starts:
        """Where the vectors of each row start, if those of all parts are laid end to end."""
        base = np.cumsum([0, *(len(part.vectors) for part in self.parts)])
        pieces = [part.starts[:-1] + at for part, at in zip(self.parts, base, strict=False)]
        return np.concatenate([*pieces, base[-1:]])

    def find(self, query: Scores, depth: int, mask: Mask | None = None, ties: Ties = by_row) -> tuple[Rows, Scores]:
        """The best `depth` rows, in order, with their scores. `query` is a unit vector."""
        if not self.parts:
            return np.empty(0, np.intp), np.empty(0, np.float32)
        rows, scores = [], []
        for n, part in enumerate(self.parts):
            here = part.candidates(query, depth, None if mask is None else mask[self.offsets[n] : self.offsets[n + 1]])
            rows.append(here + self.offsets[n] if n else here)
            scores.append(part.score(query, here))
        found, similar = (np.concatenate(rows), np.concatenate(scores)) if len(rows) > 1 else (rows[0], scores[0])
        if 0 < depth * _SORTED < len(found):
            floor = np.partition(similar, len(found) - depth)[len(found) - depth]
            found, similar = found[similar >= floor], similar[similar >= floor]
        order = in_order(np.arange(len(found)), similar, lambda places: ties(found[places]))[: max(depth, 0)]
        return found[order], similar[order]

    def score(self, query: Scores, rows: Rows) -> Scores:
        """The exact score of each of these rows; 0 for row -1, which is none."""
        if len(self.parts) == 1 and rows.min(initial=0) >= 0:
            return self.parts[0].score(query, rows)
        scores = np.zeros(len(rows), np.float32)
        for part, there, local in self._by_part(rows):
            scores[there] = part.score(query, local)
        return scores

    def own(self, rows: Rows) -> Vectors:
        """(len(rows), dim): the own vector of each of these rows; zeros for row -1, which is none."""
        vectors = np.zeros((len(rows), self.parts[0].vectors.shape[1] if self.parts else 0), np.float32)
        for part, there, local in self._by_part(rows):
            vectors[there] = part.vectors[part.starts[local]]
        return vectors

    def _by_part(self, rows: Rows) -> list[tuple[VectorPart, Mask, Rows]]:
        """(part, which of the rows are there, their numbers in it) of each part that has any."""
        places = np.searchsorted(self.offsets, rows, side="right") - 1
        some = np.flatnonzero(np.bincount(places + 1)[1:]).tolist()
        return [(self.parts[n], there := places == n, rows[there] - self.offsets[n]) for n in some]


def _products(vectors: Halves, query: Scores) -> Scores:
    products: Scores = np.asarray(numkong.cdist(query.astype(np.float16)[None], vectors, "dot"), np.float32)[0]
    return products


def needs_near(vectors: Halves) -> bool:
    """Whether there are too many vectors to look at them all."""
    return len(vectors) >= EXACT_BELOW and vectors.shape[1] > 0
