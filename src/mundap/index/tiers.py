"""Which segments of an index are merged, so that they stay few, and what is written again and again little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mundap.index.segment import MOST_ROWS
from mundap.index.vectors import EXACT_BELOW

FACTOR = 8  # between two size classes, and the number of segments of one that are merged
SMALL = 1024  # rows below which all are of one class
GONE = 0.25  # share of rows that are gone from which a segment is written anew


@dataclass(frozen=True)
class Extent:
    """How large a segment is: its rows, those of them that count, and its vectors."""

    rows: int
    alive: int
    vectors: int

    @property
    def tier(self) -> int:
        """Its size class."""
        tier, size = 0, SMALL
        while self.alive >= size:
            tier, size = tier + 1, size * FACTOR
        return tier


def to_merge(extents: Sequence[Extent]) -> list[int]:
    """The numbers of the segments that are to be one; none if all may stay as they are."""
    for n, extent in enumerate(extents):
        if not extent.alive or extent.rows - extent.alive > GONE * extent.rows:
            return [n]
    scanned = [n for n, extent in enumerate(extents) if extent.vectors < EXACT_BELOW]
    if len(scanned) > 1 and sum(extents[n].vectors for n in scanned) >= EXACT_BELOW:
        return scanned
    tiers: dict[int, list[int]] = {}
    for n, extent in enumerate(extents):
        if extent.alive * 2 <= MOST_ROWS:
            tiers.setdefault(extent.tier, []).append(n)
    for _, some in sorted(tiers.items()):
        if len(some) >= FACTOR:
            return _within(extents, some)
    return []


def _within(extents: Sequence[Extent], some: Sequence[int]) -> list[int]:
    """As many of them, small ones first, as make no segment of more than MOST_ROWS."""
    chosen: list[int] = []
    total = 0
    for n in sorted(some, key=lambda n: extents[n].alive):
        total += extents[n].alive
        if total > MOST_ROWS:
            break
        chosen.append(n)
    return chosen
