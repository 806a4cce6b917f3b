"""A graph that finds vectors near a query: HNSW over numbers of 8 bits (Malkov & Yashunin, TPAMI 2020).

It proposes, and exact scores decide: half the memory and the disk of 16 bits, and two thirds of the time. How much of the
hundred nearest it finds is measured when it is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numkong
import numpy as np
import numpy.typing as npt

from mundap.index.locality import near_each_other
from mundap.index.walk import Walk
from mundap.protocols import Scores

if TYPE_CHECKING:
    from usearch.index import Index

WIDTH, WIDEST = 256, 2048  # candidates that a search keeps
MANY = 200_000  # vectors from which the width is raised until RECALL is reached
RECALL, NEAREST, ASKED = 0.97, 100, 48
_FILE = "dense-graph.usearch"
_AT_ONCE = 8_192  # vectors that are read at once

Halves = npt.NDArray[np.float16]
Places = npt.NDArray[np.int64]
_Codes = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Near:
    """An open graph: vectors are known by their place. `recall` is the share of the NEAREST that a search of `width` finds.

    With a compiler it is walked by compiled code, and nothing of it is read before.
    """

    graph: Index | Walk
    width: int = WIDTH
    recall: float = 1.0

    def __len__(self) -> int:
        return len(self.graph)

    def find(self, query: Scores, count: int) -> Places:
        """The places of `count` vectors, or a few less, whose products with the query are about the greatest."""
        codes = _codes(query, _most(query))
        if isinstance(self.graph, Walk):
            return self.graph.find(codes, count, self.width)
        return np.asarray(self.graph.search(codes, count).keys, np.uint64).astype(np.int64)


def make_near(vectors: Halves) -> Near:
    """The graph over these vectors, as wide as it is to be searched."""
    return _measured(_made(vectors), vectors)


def save_near(vectors: Halves, folder: Path) -> Near:
    """Write the graph over these vectors into `folder`, and return it."""
    graph = _made(vectors)
    near = _measured(graph, vectors)
    graph.save(str(folder / _FILE))
    return near


def open_near(folder: Path, width: int = WIDTH, recall: float = 1.0) -> Near | None:
    """The graph saved in `folder`, mapped; None if there is none. Raises ValueError for a file that is no graph."""
    if not (folder / _FILE).exists():
        return None
    walk = Walk.open(folder / _FILE)
    return Near(restored(folder, width) if walk is None else walk, width, recall)


def restored(folder: Path, width: int = WIDTH) -> Index:
    """The graph saved in `folder` as usearch searches it, which looks through all of it first. Raises ValueError for a file
    that is no graph."""
    from usearch.index import Index

    graph = Index.restore(str(folder / _FILE), view=True, expansion_search=width)
    if graph is None:
        raise ValueError(_FILE)
    return graph


def _made(vectors: Halves) -> Index:
    from usearch.index import Index

    graph = Index(ndim=vectors.shape[1], metric="ip", dtype="i8", expansion_search=WIDTH)
    most = max(_most(vectors[first : first + _AT_ONCE]) for first in range(0, len(vectors), _AT_ONCE))
    order = near_each_other(vectors)
    for first in range(0, len(order), _AT_ONCE):
        some = order[first : first + _AT_ONCE]
        graph.add(some.astype(np.uint64), _codes(vectors[some], most))
    return graph


def _measured(graph: Index, vectors: Halves) -> Near:
    """Asked for what lies between two passages, as questions do: a passage itself is found by any search."""
    some = np.random.default_rng(0).choice(len(vectors), (ASKED, 2))
    asked = vectors[some].astype(np.float32).sum(axis=1)
    best = [_nearest(query, vectors) for query in asked]
    width = WIDTH
    while True:
        graph.expansion_search = width  # type: ignore[misc]  # it can be set
        near = Near(graph, width)
        found = sum(np.isin(near.find(query, NEAREST), one).sum() for query, one in zip(asked, best, strict=True))
        recall = float(found) / sum(map(len, best))
        if len(vectors) < MANY or recall >= RECALL or width >= WIDEST:
            return Near(graph, width, round(recall, 4))
        width *= 2


def _nearest(query: Scores, vectors: Halves) -> Places:
    products = np.asarray(numkong.cdist(query.astype(np.float16)[None], vectors, "dot"), np.float32)[0]
    best: Places = np.argpartition(-products, NEAREST)[:NEAREST]
    return best


def _most(vectors: npt.NDArray[np.floating]) -> float:
    return float(np.abs(vectors).max(initial=0)) or 1.0


def _codes(vectors: npt.NDArray[np.floating], most: float) -> _Codes:
    codes: _Codes = np.rint(vectors.astype(np.float32) * np.float32(127 / most)).astype(np.int8)
    return codes
