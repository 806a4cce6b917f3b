"""The order in which vectors are put into a graph: every row once, those that are alike together."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mundap.index.locality import near_each_other


@given(st.integers(0, 700), st.integers(0, 9), st.booleans())
def test_every_row_comes_once_and_the_order_is_that_of_the_vectors(count: int, seed: int, same: bool) -> None:
    vectors = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float16)
    vectors = np.ones_like(vectors) if same else vectors
    order = near_each_other(vectors)
    assert np.sort(order).tolist() == list(range(count))
    assert order.tolist() == near_each_other(vectors).tolist()


def test_rows_of_one_heap_stand_together() -> None:
    rng = np.random.default_rng(0)
    heaps = rng.integers(0, 4, 2000)
    centres = rng.normal(size=(4, 16))
    order = near_each_other((centres[heaps] + rng.normal(0, 0.05, (2000, 16))).astype(np.float16))
    together = np.count_nonzero(np.diff(heaps[order]) == 0)
    assert together > 0.8 * 2000 > 2 * np.count_nonzero(np.diff(heaps) == 0)
