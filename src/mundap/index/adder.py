"""The inner loop of BM25: NumPy in the base install, compiled where the extra `fast` is installed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from mundap.protocols import Scores

# Postings under which compiled code saves less than the half second that loading its compiler takes.
COMPILED_ABOVE = 2_000_000

Places = npt.NDArray[np.int64]
Add = Callable[[Scores, npt.NDArray[np.int32], npt.NDArray[np.uint16], Scores, Places, Places, Scores], None]


def adder(postings: int) -> Add:
    """The function that adds, for each term n in order and its postings from starts[n] to ends[n], weights[n] * count /
    (count + soft[row]) to the scores of rows. A term has each row at most once."""
    return (_compiled() or _add) if postings > COMPILED_ABOVE else _add


def _add(
    scores: Scores,
    rows: npt.NDArray[np.int32],
    counts: npt.NDArray[np.uint16],
    soft: Scores,
    starts: Places,
    ends: Places,
    weights: Scores,
) -> None:
    for start, end, weight in zip(starts.tolist(), ends.tolist(), weights, strict=True):
        wide = rows[start:end].astype(np.intp)  # what NumPy would do twice
        gains = counts[start:end].astype(np.float32)
        under = soft[wide]
        under += gains
        gains /= under
        gains *= weight
        np.add.at(scores, wide, gains)


@cache
def _compiled() -> Add | None:
    if find_spec("numba") is None:
        return None
    from numba import njit

    def add(scores, rows, counts, soft, starts, ends, weights):  # type: ignore[no-untyped-def]
        for term in range(len(starts)):
            weight = weights[term]
            for n in range(starts[term], ends[term]):
                row = rows[n]
                count = np.float32(counts[n])
                scores[row] += count / (count + soft[row]) * weight

    compiled: Add = njit(add, cache=True, nogil=True)
    return compiled
