"""Vectors: exact scores against numpy, the graph against the exact scan, and graphs that grow and shrink."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.index.vectors import EXACT_BELOW, VectorIndex, make_graph, open_graph

DIM = 8
MANY = EXACT_BELOW + 600


def unit_rows(count: int, seed: int, dim: int = DIM) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, dim))
    made: np.ndarray = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)
    return made


def keys_of(count: int, first: int = 0) -> np.ndarray:
    """Keys in no order, as hashes of ids are."""
    return np.arange(first, first + count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)


def index(widths: list[int], seed: int = 0) -> VectorIndex:
    """One row for each of `widths`, with that many units."""
    starts = np.concatenate([[0], np.cumsum(widths)]).astype(np.int64)
    return VectorIndex(unit_rows(int(starts[-1]), seed), starts, keys_of(int(starts[-1])))


def exact(vectors: VectorIndex, query: np.ndarray) -> np.ndarray:
    """Each row's own cosine, or the mean of that and its best chunk's."""
    similar = vectors.vectors.astype(np.float32) @ query.astype(np.float16).astype(np.float32)
    groups = [similar[s:e] for s, e in zip(vectors.starts, vectors.starts[1:], strict=False)]
    return np.asarray([g[0] if len(g) == 1 else (g[0] + g[1:].max()) / 2 for g in groups], np.float32)


def query_of(seed: int) -> np.ndarray:
    made: np.ndarray = unit_rows(1, seed)[0].astype(np.float32)
    return made


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
    parents = VectorIndex(vectors, np.asarray([0, 1, 5]), keys_of(5))
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
    vectors.save(tmp_path)
    opened = VectorIndex.open(tmp_path)
    assert opened.graph is None
    for one, other in zip(opened.find(query, 3), vectors.find(query, 3), strict=True):
        np.testing.assert_array_equal(one, other)


def test_few_vectors_need_no_graph() -> None:
    assert make_graph(unit_rows(3, 0), keys_of(3)) is None


# -- with a graph -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def parents() -> VectorIndex:
    """More rows than are scanned, each a unit of its own."""
    vectors, keys = unit_rows(MANY, 7), keys_of(MANY)
    return VectorIndex(vectors, np.arange(MANY + 1, dtype=np.int64), keys, make_graph(vectors, keys))


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
    assert parents.graph is not None
    assert recall(parents) > 0.9


def test_chunks_in_the_graph_lead_to_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mundap.index.vectors.EXACT_BELOW", 1000)
    parents = unit_rows(1500, 8).astype(np.float32)
    chunks = np.repeat(parents, 2, axis=0) + 0.2 * unit_rows(3000, 9)
    units = np.concatenate([parents[:, None], chunks.reshape(1500, 2, DIM)], axis=1).reshape(-1, DIM)
    vectors = (units / np.linalg.norm(units, axis=1, keepdims=True)).astype(np.float16)
    keys = keys_of(len(vectors))
    graph = make_graph(vectors, keys)
    assert graph is not None
    assert recall(VectorIndex(vectors, np.arange(0, 4501, 3, dtype=np.int64), keys, graph)) > 0.9


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


def test_a_graph_is_saved_and_mapped(parents: VectorIndex, tmp_path: Path) -> None:
    parents.save(tmp_path)
    opened = VectorIndex.open(tmp_path)
    assert opened.graph is not None
    for seed in range(5):
        for one, other in zip(opened.find(query_of(seed), 10), parents.find(query_of(seed), 10), strict=True):
            np.testing.assert_array_equal(one, other)


def test_an_old_graph_is_extended_and_what_is_gone_leaves_it(parents: VectorIndex, tmp_path: Path) -> None:
    parents.save(tmp_path)
    vectors = np.concatenate([parents.vectors[300:], unit_rows(200, 99)])
    keys = np.concatenate([parents.keys[300:], keys_of(200, first=MANY)])
    graph = make_graph(vectors, keys, tmp_path)
    assert graph is not None
    assert sorted(np.asarray(graph.keys, np.uint64).tolist()) == sorted(keys.tolist())
    changed = VectorIndex(vectors, np.arange(len(keys) + 1, dtype=np.int64), keys, graph)
    assert recall(changed) > 0.9
    for new in range(len(keys) - 200, len(keys), 40):
        assert changed.find(vectors[new].astype(np.float32), 1)[0].tolist() == [new]
    # The generation it came from is another file and keeps what it had.
    graph = open_graph(tmp_path, view=True)
    assert graph is not None
    assert len(graph) == MANY
