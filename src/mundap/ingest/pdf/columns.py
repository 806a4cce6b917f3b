"""The order in which the columns of a page are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from mundap.ingest.pdf.page_layout import Piece

_LINES = 4  # that a column has at least
_LETTERS = 8  # of a column's middle line, the spaces too; the cells of tables have fewer
_FULL = 0.55  # of the column's width, for the same
_NARROWEST = 0.15  # of the region's width
_SAME_START = 4.0  # points between lines that begin together
_DEEPEST = 6


@dataclass(frozen=True)
class _Cut:
    """Two columns side by side, and what stands above and below them."""

    weight: int  # letters in the columns
    above: list[Piece]
    left: list[Piece]
    right: list[Piece]
    below: list[Piece]


def columns(found: Sequence[Piece], depth: int = 0) -> list[list[Piece]]:
    """Pieces of a page by the columns that they stand in, in reading order; a page of one column is one list.

    A column is prose: the cells of a table that no lines draw stay together.
    """
    cuts = [cut for start in _starts(found) for cut in _cuts(found, start)] if depth < _DEEPEST else []
    if not cuts:
        return [list(found)] if found else []
    best = max(cuts, key=lambda cut: cut.weight)
    parts = (best.above, best.left, best.right, best.below)
    return [column for part in parts for column in columns(part, depth + 1)]


def _starts(found: Sequence[Piece]) -> list[float]:
    """Where lines begin that could be a second column's."""
    if len(found) < 2 * _LINES:
        return []
    left, right = min(p.x0 for p in found), max(p.x1 for p in found)
    inner = sorted(p.x0 for p in found if p.x0 > left + _NARROWEST * (right - left))
    result: list[float] = []
    for n, x in enumerate(inner):
        if (
            n + _LINES <= len(inner)
            and inner[n + _LINES - 1] - x <= _SAME_START
            and (not result or x - result[-1] > _SAME_START)
        ):
            result.append(x)
    return result


def _cuts(found: Sequence[Piece], start: float) -> list[_Cut]:
    """The columns on either side of `start`, between the lines that run across it."""
    edge = start - 1
    across = sorted((p for p in found if p.x0 < edge < p.x1), key=lambda p: p.y0)
    others = [p for p in found if not p.x0 < edge < p.x1]
    edges = [float("-inf"), *(_middle(p) for p in across), float("inf")]
    result = []
    for top, bottom in pairwise(edges):
        inside = [p for p in others if top < _middle(p) < bottom]
        left, right = [p for p in inside if p.x1 <= edge], [p for p in inside if p.x0 >= edge]
        if _prose(left) and _prose(right) and _beside(left, right):
            above = [p for p in found if _middle(p) <= top]
            below = [p for p in found if _middle(p) >= bottom]
            result.append(_Cut(sum(len(p.text) for p in inside), above, left, right, below))
    return result


def _middle(one: Piece) -> float:
    return (one.y0 + one.y1) / 2


def _prose(side: Sequence[Piece]) -> bool:
    lines = [p for p in side if not p.table]
    if len(lines) < _LINES:
        return False
    width = max(p.x1 for p in lines) - min(p.x0 for p in lines)
    return median(len(p.text) for p in lines) >= _LETTERS and median(p.x1 - p.x0 for p in lines) >= _FULL * width


def _beside(left: Sequence[Piece], right: Sequence[Piece]) -> bool:
    """Whether the two stand at the same height for the most part."""
    tops, bottoms = (
        [min(p.y0 for p in side) for side in (left, right)],
        [max(p.y1 for p in side) for side in (left, right)],
    )
    shared = min(bottoms) - max(tops)
    return shared >= 0.5 * min(bottom - top for top, bottom in zip(tops, bottoms, strict=True))
