"""An order of vectors in which those that are alike lie near each other, as caches like it.

Half of the rows go to each side of a plane between two of them that were drawn, and so on (a random projection tree: Dasgupta
& Freund, STOC 2008). That a graph is walked faster if its vertices lie so: Coleman et al., NeurIPS 2022.
"""

from __future__ import annotations

import numkong
import numpy as np
import numpy.typing as npt

from mundap.protocols import Rows

_LEAF = 64  # vectors that are left as they lie
_AT_ONCE = 8_192  # vectors that are copied at once

Halves = npt.NDArray[np.float16]


def near_each_other(vectors: Halves) -> Rows:
    """The rows of these vectors in such an order, the same for the same vectors."""
    rows = np.arange(len(vectors))
    drawing = np.random.default_rng(0)
    parts = [(0, len(rows))]
    while parts:
        first, after = parts.pop()
        if after - first <= _LEAF:
            continue
        one, other = vectors[drawing.choice(rows[first:after], 2, replace=False)].astype(np.float32)
        middle = (first + after) // 2
        sides = np.argpartition(_along(vectors, rows[first:after], one - other), middle - first)
        rows[first:after] = rows[first:after][sides]
        parts += [(first, middle), (middle, after)]
    return rows


def _along(vectors: Halves, rows: Rows, direction: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """How far each of these rows lies in a direction."""
    query = direction.astype(np.float16)[None]
    far = [
        np.asarray(numkong.cdist(query, vectors[rows[first : first + _AT_ONCE]], "dot"), np.float32)[0]
        for first in range(0, len(rows), _AT_ONCE)
    ]
    return np.concatenate(far)
