"""The dense leg."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

import numpy as np

from mundap.index.grouped import GroupedPassages
from mundap.index.rank import Ties, by_row
from mundap.index.table import InMemory, Table, ranks
from mundap.index.vectors import VectorIndex
from mundap.korean.normalize import normalize
from mundap.protocols import Encoder, Mask, Rows, Scores, Vectors
from mundap.types import Hit, Passage


class Neighbours(Protocol):
    """Vectors of rows, wherever they are kept; see `VectorIndex`."""

    def find(self, query: Scores, depth: int, mask: Mask | None = None, ties: Ties = by_row) -> tuple[Rows, Scores]:
        """The best `depth` rows, in order, with their scores. `query` is a unit vector."""
        ...

    def score(self, query: Scores, rows: Rows) -> Scores:
        """The exact score of each of these rows; 0 for row -1, which is none."""
        ...

    def own(self, rows: Rows) -> Vectors:
        """(len(rows), dim): the own vector of each of these rows; zeros for row -1, which is none."""
        ...


class NearestLeg:
    """Cosine over vectors. It always finds neighbours; whether they answer is decided elsewhere."""

    name = "dense"
    vectors: Neighbours

    def __init__(self, vectors: Neighbours, table: Table, encoder: Encoder) -> None:
        self.vectors = vectors
        self.table = table
        self.encoder = encoder
        self._asked: tuple[str, Scores] = ("", np.zeros(0, np.float32))

    def search(self, question: str, k: int = 10, where: Collection[str] | None = None) -> list[Hit]:
        """The `k` nearest passages; none for a question without a letter."""
        rows, scores = self.find(question, k, self.table.mask(where))
        return self.table.hits(rows, scores, {self.name: ranks(rows)})

    def find(self, question: str, depth: int, mask: Mask | None = None) -> tuple[Rows, Scores]:
        """The nearest `depth` rows, in order, with their cosines."""
        if not any(map(str.isalnum, question)) or not len(self.table):
            return np.empty(0, np.intp), np.empty(0, np.float32)
        return self.vectors.find(self.embed(question), depth, mask, self.table.ids.ties)

    def score(self, question: str, rows: Rows) -> Scores:
        """The exact cosine of each of these rows."""
        return self.vectors.score(self.embed(question), rows)

    def vectors_of(self, hits: Sequence[Hit]) -> Vectors:
        """(len(hits), dim): the vector of each hit's parent passage."""
        return self.vectors.own(self._rows_of(hits))

    def near(self, question: str, hits: Sequence[Hit]) -> list[float]:
        """The score that this leg gives to each of these hits, whichever leg found it."""
        scores: list[float] = self.score(question, self._rows_of(hits)).tolist()
        return scores

    def _rows_of(self, hits: Sequence[Hit]) -> Rows:
        return self.table.ids.rows([hit.passage.id for hit in hits])

    def embed(self, question: str) -> Scores:
        """The question's unit vector, (dim,)."""
        asked = self._asked  # one read: another thread may replace it
        if question != asked[0]:
            asked = self._asked = (question, self.encoder.encode_queries([normalize(question)])[0])
        return asked[1]


class DenseLeg(NearestLeg):
    """A dense leg over segments."""

    vectors: VectorIndex

    def __init__(self, vectors: VectorIndex, table: Table, encoder: Encoder) -> None:
        super().__init__(vectors, table, encoder)


class Dense(DenseLeg):
    """A dense leg over passages in memory."""

    def __init__(self, passages: Sequence[Passage], encoder: Encoder) -> None:
        grouped = GroupedPassages.of(passages)
        vectors = encoder.encode_passages([p.embedded for p in grouped.passages]).astype(np.float16)
        index = VectorIndex.of(vectors, grouped.starts)
        super().__init__(index, Table([row.id for row in grouped.rows], InMemory(grouped.rows)), encoder)
