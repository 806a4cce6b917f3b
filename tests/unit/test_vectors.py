"""Vectors: exact scores against numpy, the graph against the exact scan, and graphs that grow and shrink."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.index.near import open_near, save_near
from mundap.index.vectors import VectorIndex, VectorPart, needs_near

DIM = 8
EXACT_BELOW = 4000  # here: a graph is built in a moment, and is much larger than what it looks at for a query
MANY = EXACT_BELOW + 600


def unit_rows(count: int, seed: int, dim: int = DIM) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, dim))
    unit: np.ndarray = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)
    return unit


def index(widths: list[int], seed: int = 0) -> VectorIndex:
    """One row for each of `widths`, with that many units."""
    starts = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
    return VectorIndex.of(unit_rows(int(starts[-1]), seed), starts)


def apart(whole: VectorIndex, cuts: list[int]) -> VectorIndex:
    """The same rows in several parts, that end before the rows `cuts`."""
    [part] = whole.parts
    bounds = [0, *sorted(cuts), len(part.starts) - 1]
    return VectorIndex(
        [
            VectorPart(
                part.vectors[part.starts[first] : part.starts[after]],
                part.starts[first : after + 1] - part.starts[first],
            )
            for first, after in pairwise(bounds)
        ]
    )


def exact(vectors: VectorIndex, query: np.ndarray) -> np.ndarray:
    """Each row's own cosine, or the mean of that and its best chunk's."""
    [part] = vectors.parts
    similar = part.vectors.astype(np.float32) @ query.astype(np.float16).astype(np.float32)
    groups = [similar[s:e] for s, e in zip(part.starts, part.starts[1:], strict=False)]
    return np.asarray([g[0] if len(g) == 1 else (g[0] + g[1:].max()) / 2 for g in groups], np.float32)


def query_of(seed: int) -> np.ndarray:
    row: np.ndarray = unit_rows(1, seed)[0].astype(np.float32)
    return row


# -- exact --------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 4), min_size=1, max_size=8), st.integers(0, 99), st.data())
def test_scores_are_those_of_numpy_for_any_rows_in_any_order(widths: list[int], seed: int, data: st.DataObject) -> None:
    vectors, query = index(widths), query_of(seed)
    rows = data.draw(st.lists(st.integers(0, len(widths) - 1), max_size=2 * len(widths)))
    expected = exact(vectors, query)[rows]
    np.testing.assert_allclose(vectors.score(query, np.asarray(rows, np.intp)), expected, atol=1e-3)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=8), st.integers(0, 99), st.integers(1, 9))
def test_the_best_rows_are_found_in_order(widths: list[int], seed: int, depth: int) -> None:
    vectors, query = index(widths), query_of(seed)
    rows, scores = vectors.find(query, depth)
    assert len(set(rows.tolist())) == len(rows) == min(depth, len(widths))
    np.testing.assert_allclose(scores, np.sort(exact(vectors, query))[::-1][:depth], atol=1e-3)
    np.testing.assert_allclose(scores, exact(vectors, query)[rows], atol=1e-3)


def test_a_parent_scores_the_mean_of_its_own_cosine_and_its_best_chunks() -> None:
    vectors = np.asarray([[1, 0], [0, 1], [0.5, 0], [0, 0.5], [0.25, 0]], np.float16)
    parents = VectorIndex.of(vectors, np.asarray([0, 1, 5]))
    across = np.asarray([1, 0], np.float32)
    assert parents.score(across, np.asarray([0, 1])).tolist() == [1.0, (0 + max(0.5, 0, 0.25)) / 2]


def test_masked_rows_are_not_found() -> None:
    vectors, query = index([1, 2, 1, 3]), query_of(1)
    best = int(vectors.find(query, 1)[0][0])
    rows, _ = vectors.find(query, 4, np.arange(4) != best)
    assert sorted(rows.tolist()) == [row for row in range(4) if row != best]
    assert len(vectors.find(query, 4, np.zeros(4, np.bool_))[0]) == 0


def test_save_then_open_changes_nothing(tmp_path: Path) -> None:
    vectors, query = index([2, 1, 4]), query_of(3)
    saved(vectors, tmp_path)
    opened = VectorIndex([VectorPart.open(tmp_path)])
    assert opened.exact
    for one, other in zip(opened.find(query, 3), vectors.find(query, 3), strict=True):
        np.testing.assert_array_equal(one, other)


def saved(vectors: VectorIndex, folder: Path) -> None:
    [part] = vectors.parts
    np.save(folder / "dense-vectors.npy", part.vectors)
    np.save(folder / "dense-starts.npy", part.starts)
    if needs_near(part.vectors):
        save_near(part.vectors, folder)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=8), st.integers(0, 99), st.integers(1, 9), st.data())
def test_parts_find_what_the_whole_finds(widths: list[int], seed: int, depth: int, data: st.DataObject) -> None:
    whole, query = index(widths), query_of(seed)
    parts = apart(whole, data.draw(st.lists(st.integers(0, len(widths)), max_size=3)))
    mask = np.asarray([data.draw(st.booleans()) for _ in widths])
    for some in (None, mask):
        for one, other in zip(parts.find(query, depth, some), whole.find(query, depth, some), strict=True):
            np.testing.assert_allclose(np.asarray(one), np.asarray(other), atol=1e-6)
    rows = np.asarray(data.draw(st.lists(st.integers(0, len(widths) - 1), max_size=9)), np.intp)
    np.testing.assert_allclose(parts.score(query, rows), whole.score(query, rows), atol=1e-6)
    np.testing.assert_array_equal(parts.own(rows), whole.own(rows))
    np.testing.assert_array_equal(parts.starts, whole.starts)


def test_equal_scores_are_in_the_order_of_ties_in_whatever_part() -> None:
    vectors = np.ones((5, 1), np.float16)
    parts = apart(VectorIndex.of(vectors, np.arange(6)), [2])
    rows, _ = parts.find(np.ones(1, np.float32), 3, ties=lambda rows: -rows)
    assert rows.tolist() == [4, 3, 2]


def test_what_is_no_row_scores_nothing() -> None:
    assert index([1, 2]).score(query_of(1), np.asarray([-1])).tolist() == [0]


def test_few_vectors_need_no_graph() -> None:
    assert not needs_near(unit_rows(3, 0))
    assert needs_near(np.zeros((EXACT_BELOW, 1), np.float16))


# -- with a graph -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def _few_are_many() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mundap.index.vectors.EXACT_BELOW", EXACT_BELOW)
        yield


@pytest.fixture(scope="module")
def parents() -> VectorIndex:
    """More rows than are scanned, each a unit of its own."""
    return VectorIndex.of(unit_rows(MANY, 7), np.arange(MANY + 1, dtype=np.int64))


def recall(vectors: VectorIndex, mask: np.ndarray | None = None, k: int = 10) -> float:
    found = wanted = 0
    for seed in range(20):
        query = query_of(1000 + seed)
        scores = exact(vectors, query)
        best = np.argsort(-(scores if mask is None else np.where(mask, scores, -np.inf)))[:k]
        rows, given = vectors.find(query, k, mask)
        assert len(rows) == k
        np.testing.assert_allclose(given, scores[rows], atol=1e-3)
        assert (np.diff(given) <= 0).all()
        found += len(set(rows.tolist()) & set(best.tolist()))
        wanted += k
    return found / wanted


def test_the_graph_finds_what_the_scan_finds(parents: VectorIndex) -> None:
    assert not parents.exact
    assert recall(parents) > 0.9


def test_chunks_in_the_graph_lead_to_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mundap.index.vectors.EXACT_BELOW", 1000)
    parents = unit_rows(1500, 8).astype(np.float32)
    chunks = np.repeat(parents, 2, axis=0) + 0.2 * unit_rows(3000, 9)
    units = np.concatenate([parents[:, None], chunks.reshape(1500, 2, DIM)], axis=1).reshape(-1, DIM)
    vectors = (units / np.linalg.norm(units, axis=1, keepdims=True)).astype(np.float16)
    made = VectorIndex.of(vectors, np.arange(0, 4501, 3, dtype=np.int64))
    assert not made.exact
    assert recall(made) > 0.9


def test_a_narrow_filter_is_exact(parents: VectorIndex) -> None:
    mask = np.zeros(MANY, np.bool_)
    mask[np.random.default_rng(1).choice(MANY, 50, replace=False)] = True
    assert recall(parents, mask) == 1


def test_a_wide_filter_that_excludes_the_nearest_still_fills_the_answer(parents: VectorIndex) -> None:
    query = query_of(1)
    mask = np.ones(MANY, np.bool_)
    order = np.argsort(-exact(parents, query))
    mask[order[:500]] = False
    assert mask.sum() >= EXACT_BELOW  # so it is the graph that is asked
    rows, _ = parents.find(query, 10, mask)
    assert len(rows) == 10
    assert len(set(rows.tolist()) & set(order[500:510].tolist())) >= 9


def test_a_few_rows_that_are_gone_do_not_end_the_walk_through_the_graph(
    parents: VectorIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask = np.ones(MANY, np.bool_)
    mask[np.random.default_rng(2).choice(MANY, MANY // 60, replace=False)] = False
    scored: list[int] = []
    whole = VectorPart.score

    def score(self: VectorPart, query: Any, rows: Any) -> Any:
        scored.append(len(rows))
        return whole(self, query, rows)

    monkeypatch.setattr(VectorPart, "score", score)
    assert recall(parents, mask) > 0.9
    assert max(scored) < 1000


def test_a_graph_is_saved_and_mapped(parents: VectorIndex, tmp_path: Path) -> None:
    saved(parents, tmp_path)
    opened = VectorIndex([VectorPart.open(tmp_path)])
    graph = open_near(tmp_path)
    assert graph is not None
    assert len(graph) == MANY
    query, best = query_of(3), parents.find(query_of(3), 10)[0]
    assert len(set(opened.find(query, 10)[0].tolist()) & set(best.tolist())) >= 9
