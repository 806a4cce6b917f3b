"""A leg that scores every row of an index for a question: what is found follows from the scores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection

from mundap.index.rank import positive_rows
from mundap.index.table import Table, ranks
from mundap.protocols import Mask, Rows, Scores
from mundap.types import Hit


class ScoredLeg(ABC):
    """Finds rows of `table` whose score is above zero."""

    name: str
    table: Table

    @abstractmethod
    def _scores(self, question: str) -> Scores:
        """The score of every row. Asked for several times for one question."""

    def search(self, question: str, k: int = 10, where: Collection[str] | None = None) -> list[Hit]:
        """The best `k` passages that share something with the question."""
        rows, scores = self.find(question, k, self.table.mask(where))
        return self.table.hits(rows, scores, {self.name: ranks(rows)})

    def find(self, question: str, depth: int, mask: Mask | None = None) -> tuple[Rows, Scores]:
        """The best `depth` rows, in order, with their scores, all above zero."""
        return positive_rows(self._scores(question), depth, mask, self.table.ids.ties)

    def score(self, question: str, rows: Rows) -> Scores:
        """The exact score of each of these rows."""
        return self._scores(question)[rows]
