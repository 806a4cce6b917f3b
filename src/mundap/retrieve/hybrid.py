"""Hybrid search: each leg proposes candidates, every leg scores them all, a fusion orders them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from mundap.index.rank import Rows, Scores, top_rows
from mundap.index.table import Table, ranks
from mundap.protocols import Leg
from mundap.retrieve.fuse import fusion
from mundap.types import Hit

POOL = 100  # candidates each leg proposes


class Hybrid:
    """Legs over the same rows. `weights` by leg name; None takes those of the fusion."""

    name = "hybrid"

    def __init__(
        self, *legs: Leg, method: str = "evidence", weights: Mapping[str, float] | None = None, pool: int = POOL
    ) -> None:
        """Raises ValueError unless there are legs and all are over the same passages."""
        if not legs or any(list(leg.table.ids) != list(legs[0].table.ids) for leg in legs[1:]):
            raise ValueError("a hybrid needs legs, all built over the same passages")
        self.legs = legs
        self.table: Table = legs[0].table
        self.fusion = fusion(method, [leg.name for leg in legs], weights)
        self.pool = pool

    def search(self, question: str, k: int = 10, where: Collection[str] | None = None) -> list[Hit]:
        """The best `k` of the candidates that the legs propose."""
        mask = self.table.mask(where)
        found = {leg.name: leg.find(question, max(k, self.pool), mask)[0] for leg in self.legs}
        rows = np.unique(np.concatenate(list(found.values())))
        scores = self._fused(question, rows)
        best = top_rows(scores, k)
        return self.table.hits(rows[best], scores[best], {leg: ranks(proposed) for leg, proposed in found.items()})

    def _fused(self, question: str, rows: Rows) -> Scores:
        if not len(rows):
            return np.empty(0, np.float32)
        return self.fusion.fuse({leg.name: leg.score(question, rows) for leg in self.legs}, self.fusion.weights)
