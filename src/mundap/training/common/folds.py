"""Parts of the training questions, so that nothing is measured on what it was trained on."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]


def by_group(groups: Sequence[Hashable], folds: int, seed: int = 0) -> Numbers:
    """For each row the number of its fold, rows of one group together: what is tested was never seen in training."""
    names = list(dict.fromkeys(groups))
    order = np.random.default_rng(seed).permutation(len(names))
    fold = {names[place]: number % folds for number, place in enumerate(order)}
    return np.fromiter((fold[group] for group in groups), np.int64, len(groups))
