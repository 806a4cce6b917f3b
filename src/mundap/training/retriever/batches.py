"""Batches in which no passage comes twice: a second question on it would take it for a wrong answer."""

from __future__ import annotations

import numpy as np

from mundap.training.common.folds import Numbers


def batches(right: Numbers, size: int, random: np.random.Generator) -> list[Numbers]:
    """Every question once, in random order, in batches of at most `size` in which no passage comes twice.

    `right` names the passage of each question. A question that would be alone is left out.
    """
    open_: list[list[int]] = []
    taken: list[set[int]] = []
    for n in random.permutation(len(right)):
        row = int(right[n])
        at = next((i for i, rows in enumerate(taken) if row not in rows and len(rows) < size), None)
        if at is None:
            at = len(open_)
            open_.append([])
            taken.append(set())
        open_[at].append(int(n))
        taken[at].add(row)
    return [np.array(batch, np.int64) for batch in open_ if len(batch) > 1]
