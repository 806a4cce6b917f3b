"""The scores of all rows for one question, of which what frequent terms add is looked up for rows that may be among the best.

A question's most frequent terms have most of its postings and add little: no row gains more by them than they bring at most.
So rows are told apart by their other terms first (MaxScore: Turtle & Flood 1995). What is found is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import numpy as np
import numpy.typing as npt

from mundap.index.rank import BLOCK, Ties, by_row, floor_of, in_order, kth, reaching, top_rows
from mundap.index.term_shares import Shares, Slots
from mundap.protocols import Mask, Rows, Scores

_SLACK = 1e-3  # of a bound: sums of thousands of numbers of 32 bits are off by less
_SORTED = 4  # times as many rows as are wanted: up to that it is fastest to sort them all
_MORE = BLOCK // 4  # rows above what a mask would leave if it hid a fifth


@dataclass(frozen=True)
class PartSums:
    """The score of row n of a part is `sums[n]` and, in order, `table[slot, n]` times the weight of each of the `slots`.

    By these no row gains more than `most`.
    """

    sums: Scores
    table: Shares
    slots: Slots
    weights: Scores
    most: float
    compiled: bool = False

    @classmethod
    def of(cls, scores: Scores) -> PartSums:
        """Scores to which nothing is added."""
        return cls(scores, np.empty((0, 0), np.float32), np.empty(0, np.int64), np.empty(0, np.float32), 0.0)

    def every(self) -> Scores:
        """The score of every row."""
        scores = self.sums.copy() if len(self.slots) else self.sums
        for slot, weight in zip(self.slots.tolist(), self.weights, strict=True):
            scores += self.table[slot] * weight
        return scores

    def at(self, rows: Rows) -> Scores:
        """The score of each of these rows."""
        if self.compiled:
            found: Scores = _compiled().looked_up(self.sums, rows, self.table, self.slots, self.weights)
            return found
        scores: Scores = self.sums[rows]
        for slot, weight in zip(self.slots.tolist(), self.weights, strict=True):
            scores += self.table[slot][rows] * weight
        return scores

    def best(self, depth: int) -> tuple[Rows, Scores]:
        """The best `depth` rows whose score is above zero, and maybe others, in any order, with their scores."""
        if self.compiled and 0 < depth < len(self.sums) // BLOCK:
            rows, scores = _compiled().best(self.sums, self.table, self.slots, self.weights, self.most, _SLACK, depth)
            if len(rows):
                return rows, scores
        else:
            floor = floor_of(self.sums, depth)
            if floor > 0 and len(self.slots):
                floor = kth(self.at(reaching(self.sums, floor)), depth)
                if (bound := floor * (1 - _SLACK) - self.most) > 0:
                    rows = reaching(self.sums, bound)
                    scores = self.at(rows)
                    kept = scores >= floor
                    return rows[kept], scores[kept]
        every = self.every()
        floor = floor_of(every, depth)
        rows = reaching(every, floor) if floor > 0 else np.flatnonzero(every > 0)
        return rows, every[rows]


@cache
def _compiled() -> ModuleType:
    from mundap.index import sums_compiled

    return sums_compiled


class Sums:
    """The scores of the rows of all parts, one part behind the other from its offset on."""

    def __init__(self, parts: Sequence[PartSums], offsets: npt.NDArray[np.int64]) -> None:
        self._parts = parts
        self._offsets = offsets

    @classmethod
    def of(cls, scores: Scores) -> Sums:
        """Scores as they are."""
        return cls([PartSums.of(scores)], np.array([0, len(scores)]))

    def every(self) -> Scores:
        """The score of every row."""
        parts = [part.every() for part in self._parts]
        return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, np.float32), *parts])

    def at(self, rows: Rows) -> Scores:
        """The score of each of these rows."""
        if len(self._parts) == 1:
            return self._parts[0].at(rows)
        scores = np.empty(len(rows), np.float32)
        places = np.searchsorted(self._offsets, rows, side="right") - 1
        for n in np.flatnonzero(np.bincount(places)).tolist():
            there = places == n
            scores[there] = self._parts[n].at(rows[there] - self._offsets[n])
        return scores

    def best(self, depth: int, mask: Mask | None, ties: Ties = by_row) -> tuple[Rows, Scores]:
        """The best `depth` rows whose score is above zero and whose `mask` is True, in order, with their scores."""
        if mask is None:
            return self._best(depth, ties)
        more = depth + depth // 4 + _MORE  # enough where a mask hides little: it is not applied to all
        seen, scores = self._best(more, ties)
        allowed = np.flatnonzero(mask[seen])[: max(depth, 0)]
        if len(allowed) < depth and len(seen) == more:
            every = np.where(mask, self.every(), 0)
            rows = top_rows(every, depth, 0, ties)
            return rows, every[rows]
        return seen[allowed], scores[allowed]

    def _best(self, depth: int, ties: Ties) -> tuple[Rows, Scores]:
        found = [part.best(depth) for part in self._parts]
        if len(found) == 1:
            [(rows, scores)] = found
        else:
            rows = np.concatenate(
                [np.empty(0, np.intp), *(rows + self._offsets[n] for n, (rows, _) in enumerate(found))]
            )
            scores = np.concatenate([np.empty(0, np.float32), *(scores for _, scores in found)])
        if 0 < depth * _SORTED < len(rows):
            kept = scores >= kth(scores, depth)
            rows, scores = rows[kept], scores[kept]
        order = in_order(np.arange(len(rows)), scores, lambda places: ties(rows[places]))[: max(depth, 0)]
        return rows[order], scores[order]
