"""The order of every ranking: higher scores first, ties by id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from mundap.protocols import Mask, Rows, Scores

BLOCK = 64  # scores whose maximum bounds them all at once

Ties = Callable[[Rows], npt.NDArray[Any]]  # what orders rows of the same score


def by_row(rows: Rows) -> npt.NDArray[Any]:
    """Ties by row, where rows are in the order of ids."""
    return rows


def top_rows(scores: Scores, k: int, above: float = -np.inf, ties: Ties = by_row) -> Rows:
    """The rows of the `k` highest scores that are greater than `above`, in order."""
    if k <= 0:
        return np.empty(0, np.intp)
    floor = floor_of(scores, k)
    rows = reaching(scores, floor) if floor > above else np.flatnonzero(scores > above)
    return in_order(rows, scores[rows], ties)[:k]


def floor_of(scores: Scores, k: int) -> float:
    """What the `k` highest scores reach, and few others: the k-th largest maximum of blocks. -inf where that tells nothing."""
    width = len(scores) // BLOCK
    if not 0 < k < width:
        return -np.inf
    peaks = scores[: width * BLOCK].reshape(BLOCK, -1).max(axis=0)  # of every so manieth: fast, and as good a bound
    return kth(peaks, k)


def kth(scores: Scores, k: int) -> float:
    """The k-th highest score."""
    return float(np.partition(scores, len(scores) - k)[len(scores) - k])


def reaching(scores: Scores, floor: float) -> Rows:
    """The rows whose scores are at least `floor`, ascending."""
    return np.flatnonzero(scores >= np.float32(floor))


def positive_rows(scores: Scores, depth: int, mask: Mask | None, ties: Ties = by_row) -> tuple[Rows, Scores]:
    """The best `depth` rows whose score is above zero and whose `mask` is True, in order, with their scores."""
    if mask is None:
        rows = top_rows(scores, depth, 0, ties)
    else:
        more = depth + depth // 4 + BLOCK // 4  # enough where a mask hides little: it is not applied to all
        seen = top_rows(scores, more, 0, ties)
        rows = seen[mask[seen]][: max(depth, 0)]
        if len(rows) < depth and len(seen) == more:
            rows = top_rows(np.where(mask, scores, 0), depth, 0, ties)
    return rows, scores[rows]


def in_order(rows: Rows, scores: Scores, ties: Ties = by_row) -> Rows:
    """`rows` by falling score. `ties` is asked only for rows that share theirs."""
    order = np.argsort(-scores, kind="stable")
    ordered, falling = rows[order], scores[order]
    same = falling[1:] == falling[:-1]
    if same.any():
        alike = np.zeros(len(rows), np.bool_)
        alike[1:] = same
        alike[:-1] |= same
        tied = np.flatnonzero(alike)
        ordered[tied] = ordered[tied][np.lexsort((ties(ordered[tied]), -falling[tied]))]
    return ordered
