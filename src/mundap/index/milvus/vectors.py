"""Vectors on Milvus: its search proposes rows, and their vectors, once read, give the score to the bit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mundap.index.milvus.best import Proposed, best_rows
from mundap.index.milvus.collections import MOST, Manifest, Part
from mundap.index.milvus.rows import Allowed
from mundap.index.near import WIDTH, Halves
from mundap.index.rank import Ties, by_row
from mundap.index.vectors import OVERSAMPLE, VectorIndex, VectorPart
from mundap.protocols import Mask, Rows, Scores, Vectors

_REMEMBERED = 4_096  # rows whose vectors are kept at hand


class MilvusVectors:
    """The vectors of an index on Milvus; see `mundap.index.vectors` for what a row scores.

    Of few vectors nothing is missed, as over segments; of many, what the search proposes has to do.
    """

    def __init__(self, vectors: Part, manifest: Manifest, dim: int) -> None:
        self._vectors = vectors
        self._exact = manifest.exact
        self._dim = dim
        self._known: dict[int, Halves] = {}

    def find(self, query: Scores, depth: int, mask: Mask | None = None, ties: Ties = by_row) -> tuple[Rows, Scores]:
        """The best `depth` rows, in order, with their scores. `query` is a unit vector."""
        asked = query.astype(np.float16).astype(np.float32).tolist()

        def propose(wanted: int, condition: str) -> Proposed:
            limit = min(OVERSAMPLE * wanted, MOST)
            found = self._vectors.search(asked, "dense", limit, condition, ["row"], self._width(limit))
            rows = np.unique(np.fromiter((one["row"] for one, _ in found), np.intp, len(found)))
            # A row scores at most what its best vector does, so that one with no vector found scores less than all of them.
            return Proposed(rows, found[-1][1] if len(found) == limit else None)

        allowed = Allowed.of(mask)
        return best_rows(propose, lambda rows: self.score(query, rows), depth, allowed, ties, patient=self._exact)

    def _width(self, limit: int) -> dict[str, int]:
        return {} if self._exact else {"ef": max(limit, WIDTH)}

    def score(self, query: Scores, rows: Rows) -> Scores:
        """The exact score of each of these rows; 0 for one that is not there."""
        scores = np.zeros(len(rows), np.float32)
        known = self._read(rows.tolist())
        there = np.fromiter((len(known[row]) > 0 for row in rows.tolist()), np.bool_, len(rows))
        if there.any():
            held = [known[row] for row in rows[there].tolist()]
            starts = np.cumsum([0, *map(len, held)])
            index = VectorIndex([VectorPart(np.concatenate(held), starts)])
            scores[there] = index.score(query, np.arange(len(held)))
        return scores

    def own(self, rows: Rows) -> Vectors:
        """(len(rows), dim): the own vector of each of these rows; zeros for one that is not there."""
        known = self._read(rows.tolist())
        vectors = np.zeros((len(rows), self._dim), np.float32)
        for n, row in enumerate(rows.tolist()):
            if len(known[row]):
                vectors[n] = known[row][0]
        return vectors

    def _read(self, rows: Sequence[int]) -> dict[int, Halves]:
        """The vectors of each of these rows, its own first."""
        known = self._known  # one read: another thread may replace it
        missing = sorted({row for row in rows if row not in known})
        if missing:
            if len(known) > _REMEMBERED:
                known = self._known = {}
                missing = sorted({*rows})
            found: dict[int, list[tuple[int, list[float]]]] = {row: [] for row in missing}
            for one in self._vectors.where("row", missing, ["row", "place", "dense"]):
                found[int(one["row"])].append((int(one["place"]), one["dense"]))
            for row, held in found.items():
                vectors = [vector for _, vector in sorted(held, key=lambda one: one[0])]
                known[row] = np.asarray(vectors, np.float16).reshape(len(vectors), self._dim)
        return {row: known[row] for row in rows}
