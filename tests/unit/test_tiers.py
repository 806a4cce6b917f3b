"""Which segments are merged."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mundap.index.segment import MOST_ROWS
from mundap.index.tiers import FACTOR, Extent, to_merge
from mundap.index.vectors import EXACT_BELOW


def whole(rows: int) -> Extent:
    return Extent(rows, rows, rows)


def settled(extents: list[Extent]) -> tuple[list[Extent], int]:
    """The segments when nothing is to be merged any more, and how many rows were written for it."""
    written = 0
    while chosen := to_merge(extents):
        total = sum(extents[n].alive for n in chosen)
        written += total
        extents = [extent for n, extent in enumerate(extents) if n not in chosen] + ([whole(total)] if total else [])
    return extents, written


def test_a_few_segments_stay_as_they_are() -> None:
    assert to_merge([]) == []
    assert to_merge([whole(500_000), *[whole(3)] * (FACTOR - 1)]) == []


def test_many_small_ones_are_merged_and_a_large_one_is_left_alone() -> None:
    assert sorted(to_merge([whole(500_000), *[whole(3)] * FACTOR])) == list(range(1, FACTOR + 1))


def test_what_would_take_long_to_scan_is_merged_so_that_it_gets_a_graph() -> None:
    half = EXACT_BELOW // 2 + 1
    assert to_merge([whole(half), whole(EXACT_BELOW), whole(half)]) == [0, 2]


def test_a_segment_that_lost_much_is_written_anew_and_one_that_lost_all_is_dropped() -> None:
    assert to_merge([whole(10), Extent(100, 70, 100)]) == [1]
    assert to_merge([Extent(100, 0, 100)]) == [0]
    assert to_merge([Extent(100, 80, 100)]) == []


@given(st.lists(st.integers(1, MOST_ROWS), max_size=40))
def test_no_merge_makes_a_segment_of_more_rows_than_fit(sizes: list[int]) -> None:
    extents, _ = settled([whole(size) for size in sizes])
    assert all(extent.rows <= MOST_ROWS for extent in extents)
    assert sum(extent.rows for extent in extents) == sum(sizes)


def test_a_row_is_written_a_few_times_and_segments_stay_few() -> None:
    extents: list[Extent] = []
    written = 0
    added = 100_000
    for _ in range(added // 20):
        extents, more = settled([*extents, whole(20)])
        written += more
        assert len(extents) < 3 * FACTOR
        assert sum(extent.vectors for extent in extents if extent.vectors < EXACT_BELOW) < EXACT_BELOW
    assert written < 8 * added


def test_deletions_spread_at_random_leave_no_segment_that_is_mostly_gone() -> None:
    random = np.random.default_rng(0)
    extents = [whole(10_000), whole(3_000), whole(200)]
    for _ in range(200):
        extents = [Extent(e.rows, max(e.alive - int(random.integers(0, 40)), 0), e.vectors) for e in extents]
        extents, _ = settled(extents)
        assert all(extent.alive * 4 >= extent.rows * 3 for extent in extents)
