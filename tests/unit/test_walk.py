"""The compiled walk through a saved graph: what usearch finds, and never a byte that is not the graph's."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from usearch.index import Index

from mundap.index.near import NEAREST, Near, open_near, restored, save_near
from mundap.index.walk import Walk

DIM, COUNT = 16, 3000
needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="needs the extra fast: pip install 'mundap[fast]'")


def unit_rows(count: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, DIM))
    unit: np.ndarray = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)
    return unit


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graph")
    save_near(unit_rows(COUNT, 0), folder)
    return next(folder.iterdir())


@needs_numba
@pytest.mark.parametrize(("width", "count"), [(64, 10), (256, 150), (16, 50)])
def test_a_walk_finds_what_usearch_finds(saved: Path, width: int, count: int) -> None:
    near = open_near(saved.parent, width)
    assert near
    assert isinstance(near.graph, Walk)
    alike = []
    for query in unit_rows(40, 1).astype(np.float32):
        mine, theirs = (
            near.find(query, count).tolist(),
            Near(restored(saved.parent, width), width).find(query, count).tolist(),
        )
        assert len(mine) == len(set(mine)) == count
        alike.append(len(set(mine) & set(theirs)) / count)
    assert np.mean(alike) > 0.98


@needs_numba
def test_what_is_found_falls(saved: Path) -> None:
    near, vectors = open_near(saved.parent), unit_rows(COUNT, 0).astype(np.float32)
    assert near
    assert isinstance(near.graph, Walk)
    query = unit_rows(1, 2)[0].astype(np.float32)
    products = vectors[near.find(query, 100)] @ query
    assert (np.diff(products) < 0.02).all()  # as 8 bits tell them apart


@needs_numba
@pytest.mark.parametrize("count", [1, 2, 50])
def test_a_walk_through_few_vectors_finds_them_all(tmp_path: Path, count: int) -> None:
    save_near(unit_rows(count, 0), tmp_path) if count > NEAREST else small_graph(count).save(str(tmp_path / "graph"))
    walk = Walk.open(next(tmp_path.iterdir()))
    assert walk
    assert sorted(walk.find(np.ones(DIM, np.int8), 99, 64).tolist()) == list(range(count))


@needs_numba
@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_graph_is_walked_to_some_end(saved: Path, tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    file = bytearray(saved.read_bytes())
    head = 8 + COUNT * DIM + 64 + 40 + 2 * COUNT  # what says where things are is looked at as it is opened
    for place in rng.integers(head, len(file), 2000).tolist():
        file[place] = int(rng.integers(256))
    (tmp_path / "damaged").write_bytes(file)
    walk = Walk.open(tmp_path / "damaged")
    assert walk
    assert len(walk.find(np.ones(DIM, np.int8), 10, 64)) <= 10


@pytest.mark.parametrize("kind", ["f16", "l2sq", "short", "longer", "empty"])
def test_a_file_of_another_kind_is_left_to_usearch(tmp_path: Path, kind: str) -> None:
    graph = small_graph(50, "f16" if kind == "f16" else "i8", "l2sq" if kind == "l2sq" else "ip")
    graph.save(str(tmp_path / "graph"))
    file = (tmp_path / "graph").read_bytes()
    changed = {"short": file[:-4], "longer": file + b"1234", "empty": file[:8]}.get(kind, file)
    (tmp_path / "graph").write_bytes(changed)
    assert Walk.open(tmp_path / "graph") is None


def small_graph(count: int, dtype: str = "i8", metric: str = "ip") -> Index:
    graph = Index(ndim=DIM, metric=metric, dtype=dtype)
    codes = np.random.default_rng(0).integers(-100, 100, (count, DIM)).astype(np.int8)
    graph.add(np.arange(count, dtype=np.uint64), codes)
    return graph
