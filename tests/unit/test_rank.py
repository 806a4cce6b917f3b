"""The order of every ranking, against a plain sort."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.index.rank import in_order, positive_rows, top_rows

# Few different values, so that most examples are full of ties.
SCORES = st.one_of(
    st.lists(st.sampled_from([0.0, 0.5, 1.0, -1.0, 2.5]), max_size=400),
    st.lists(st.floats(-10, 10, width=32), max_size=300),
)


def plain(scores: list[float], k: int, above: float) -> list[int]:
    rows = [row for row, score in enumerate(scores) if score > above]
    return sorted(rows, key=lambda row: (-scores[row], row))[: max(k, 0)]


@given(SCORES, st.integers(-1, 450), st.sampled_from([-np.inf, 0.0, 1.0, 99.0]))
def test_the_top_rows_are_those_of_a_plain_sort(scores: list[float], k: int, above: float) -> None:
    assert top_rows(np.asarray(scores, np.float32), k, above).tolist() == plain(scores, k, above)


@given(st.integers(1, 3), st.integers(300, 900), st.integers(0, 2**32))
def test_also_where_only_blocks_are_looked_at(k: int, size: int, seed: int) -> None:
    scores = np.random.default_rng(seed).integers(0, 6, size).astype(np.float32)
    for above in (-np.inf, 0.0, 5.0):
        assert top_rows(scores, k, above).tolist() == plain(scores.tolist(), k, above)


@pytest.mark.parametrize("size", [63, 64, 65, 128, 129])
def test_the_best_row_may_stand_behind_the_last_whole_block(size: int) -> None:
    scores = np.zeros(size, np.float32)
    scores[-1] = 1
    assert top_rows(scores, 1).tolist() == [size - 1]
    assert top_rows(scores, 2).tolist() == [size - 1, 0]


def test_ties_go_by_row_whatever_the_order_they_came_in() -> None:
    assert in_order(np.asarray([7, 2, 5, 3]), np.asarray([1, 1, 2, 1], np.float32)).tolist() == [5, 2, 3, 7]


@given(SCORES, st.integers(0, 150), st.integers(0, 2**32), st.sampled_from([0.05, 0.5, 0.98]))
def test_masked_rows_are_left_out_however_many_they_are(
    scores: list[float], depth: int, seed: int, share: float
) -> None:
    mask = np.random.default_rng(seed).random(len(scores)) < share
    rows, found = positive_rows(np.asarray(scores, np.float32), depth, mask)
    expected = plain([score if there else 0.0 for score, there in zip(scores, mask, strict=True)], depth, 0.0)
    assert rows.tolist() == expected
    assert found.tolist() == [np.float32(scores[row]) for row in expected]


def test_equal_scores_are_in_the_order_of_ties() -> None:
    scores = np.asarray([1, 2, 1, 1, 2], np.float32)
    assert top_rows(scores, 4, ties=lambda rows: -rows).tolist() == [4, 1, 3, 2]
