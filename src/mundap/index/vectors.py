"""Vectors of one index: an exact scan over few, an HNSW graph over many, exact scores for any row."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numkong
import numpy as np
import numpy.typing as npt

from mundap.files import load_array
from mundap.index.rank import top_rows
from mundap.protocols import Mask, Rows, Scores

if TYPE_CHECKING:
    from usearch.index import Index

EXACT_BELOW = 20_000  # rows; under this a scan takes under a millisecond and misses nothing
OVERSAMPLE = 3  # a passage and several of its chunks may be found
SEARCH_WIDTH = 256  # candidates the graph keeps: recall@100 .98 at 100k (benchmarks/README.md)
_GRAPH = "dense-graph.usearch"

Halves = npt.NDArray[np.float16]
Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class VectorIndex:
    """`vectors[starts[row]]` is row's own vector; those up to `starts[row + 1]` belong to its chunks.

    A row's score is its own cosine, or, if it has chunks, the mean of that and its best chunk's: the whole
    says what it is about, the chunk whether the detail is there (docs/experiments/2026-11-21-chunks.md).
    `keys` names each vector in the graph by a hash of its id, so that a graph outlives the numbering of rows.
    """

    vectors: Halves
    starts: npt.NDArray[np.int64]
    keys: Keys
    graph: Index | None = None
    _order: Rows = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_order", np.argsort(self.keys) if self.graph is not None else np.empty(0, np.intp))

    def find(self, query: Scores, depth: int, mask: Mask | None = None) -> tuple[Rows, Scores]:
        """The best `depth` rows, in order, with their scores. `query` is a unit vector.

        Exact without a graph, where few rows are allowed, and where a filter leaves too little of what the graph
        found: a filtered walk through a graph loses what it seeks.
        """
        total = len(self.starts) - 1
        allowed = total if mask is None else int(np.count_nonzero(mask))
        rows = None
        if self.graph is not None and allowed >= EXACT_BELOW:
            rows = self._near(query, depth)
            if mask is not None:
                rows = rows[mask[rows]]
                rows = rows if len(rows) >= min(depth, allowed) else None
        if rows is None:
            rows = np.arange(total) if mask is None else np.flatnonzero(mask)
        scores = self.score(query, rows)
        best = top_rows(scores, depth)
        return rows[best], scores[best]

    def score(self, query: Scores, rows: Rows) -> Scores:
        """The exact score of each of these rows."""
        if not len(rows):
            return np.empty(0, np.float32)
        counts = self.starts[rows + 1] - self.starts[rows]
        offsets = np.cumsum(counts) - counts
        if len(rows) == len(self.starts) - 1 and bool((np.diff(rows) == 1).all()):  # every row, in order: no copy
            similar = self._products(self.vectors, query)
        else:
            places = np.repeat(self.starts[rows] - offsets, counts) + np.arange(int(counts.sum()))
            similar = self._products(self.vectors[places], query)
        own = similar[offsets].copy()
        similar[offsets] = np.where(counts > 1, -np.inf, own)
        scores: Scores = (own + np.maximum.reduceat(similar, offsets)) / 2
        return scores

    def save(self, folder: Path) -> None:
        """Write arrays and graph."""
        for name in ("vectors", "starts", "keys"):
            np.save(folder / f"dense-{name}.npy", getattr(self, name))
        if self.graph is not None:
            self.graph.save(str(folder / _GRAPH))

    @classmethod
    def open(cls, folder: Path) -> VectorIndex:
        """Map what `save` wrote."""
        vectors, starts, keys = (load_array(folder / f"dense-{name}.npy") for name in ("vectors", "starts", "keys"))
        return cls(vectors, starts, keys, open_graph(folder, view=True))

    def _near(self, query: Scores, depth: int) -> Rows:
        assert self.graph is not None
        wanted = depth * (OVERSAMPLE if len(self.vectors) >= len(self.starts) else 1)
        found = np.asarray(self.graph.search(query.astype(np.float16), wanted).keys, np.uint64)
        places = np.searchsorted(self.keys, found, sorter=self._order)
        return np.unique(np.searchsorted(self.starts, self._order[places], side="right") - 1)

    @staticmethod
    def _products(vectors: Halves, query: Scores) -> Scores:
        products: Scores = np.asarray(numkong.cdist(query.astype(np.float16)[None], vectors, "dot"), np.float32)[0]
        return products


def make_graph(vectors: Halves, keys: Keys, old: Path | None = None) -> Index | None:
    """The graph over these vectors, or None where a scan does as well.

    With the folder of an `old` index, its graph is copied, and only what is new is inserted.
    """
    if len(vectors) < EXACT_BELOW:
        return None
    from usearch.index import Index

    graph = None if old is None else open_graph(old, view=False)
    if graph is None:
        graph = Index(ndim=vectors.shape[1], metric="ip", dtype="f16", expansion_search=SEARCH_WIDTH)
    held = np.asarray(graph.keys, np.uint64) if len(graph) else np.empty(0, np.uint64)
    gone = np.setdiff1d(held, keys)
    if len(gone):
        graph.remove(gone)
    new = np.flatnonzero(~np.isin(keys, held))
    if len(new):
        graph.add(keys[new], np.ascontiguousarray(vectors[new]))
    return graph


def open_graph(folder: Path, view: bool) -> Index | None:
    """The graph saved in `folder`, mapped (`view`) or loaded to be extended; None if there is none."""
    if not (folder / _GRAPH).exists():
        return None
    from usearch.index import Index

    return Index.restore(str(folder / _GRAPH), view=view, expansion_search=SEARCH_WIDTH)
