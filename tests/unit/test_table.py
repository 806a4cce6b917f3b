"""Rows of an index: masks, filters and hits."""

from collections.abc import Collection

import numpy as np

from mundap.index.table import InMemory, Table, ranks
from mundap.types import Passage


def table(*ids: str, alive: list[bool] | None = None, stored: str | None = None) -> Table:
    passages = [Passage(id, "d", id, 0, len(id)) for id in (ids if stored is None else stored)]
    return Table(ids, InMemory(passages), None if alive is None else np.asarray(alive))


def test_without_filter_or_removal_there_is_no_mask() -> None:
    assert table("a", "b").mask(None) is None


def masked(rows: Table, allowed: Collection[str] | None) -> list[bool]:
    mask = rows.mask(allowed)
    assert mask is not None
    return [bool(stays) for stays in mask]


def test_a_filter_and_a_removal_both_count() -> None:
    both = table("a", "b", "c", alive=[True, False, True])
    assert masked(both, None) == [True, False, True]
    assert masked(both, {"a", "b"}) == [True, False, False]
    assert masked(both, set()) == [False, False, False]
    assert masked(both, {"unknown"}) == [False, False, False]


def test_a_removal_holds_from_then_on_also_for_a_filter_used_before() -> None:
    rows = table("a", "b")
    allowed = frozenset({"a", "b"})
    assert masked(rows, allowed) == [True, True]
    rows.restrict(np.asarray([False, True]))
    assert masked(rows, allowed) == [False, True]
    assert masked(rows, None) == [False, True]
    rows.restrict(None)
    assert rows.mask(None) is None


def test_hits_are_in_the_given_order_with_ranks_from_one_and_the_origins_of_their_row() -> None:
    hits = table("a", "b", "c").hits(
        np.asarray([2, 0]), np.asarray([0.5, 0.25], np.float32), {"bm25": {2: 1, 1: 2}, "dense": {0: 1, 2: 3}}
    )
    assert [(h.passage.id, h.score, h.rank) for h in hits] == [("c", 0.5, 1), ("a", 0.25, 2)]
    assert [h.origins for h in hits] == [{"bm25": 1, "dense": 3}, {"dense": 1}]


def test_a_passage_that_left_the_store_leaves_no_gap_in_the_ranks() -> None:
    hits = table("a", "b", "c", stored="ac").hits(np.arange(3), np.asarray([3, 2, 1], np.float32), {})
    assert [(h.passage.id, h.rank) for h in hits] == [("a", 1), ("c", 2)]


def test_ranks_count_from_one() -> None:
    assert ranks(np.asarray([7, 3, 5])) == {7: 1, 3: 2, 5: 3}
