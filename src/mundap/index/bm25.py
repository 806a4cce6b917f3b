"""The lexical leg."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mundap.index.grouped import GroupedPassages
from mundap.index.postings import Postings
from mundap.index.scored import ScoredLeg
from mundap.index.sums import Sums
from mundap.index.table import InMemory, Table
from mundap.index.widen import Widening
from mundap.korean.normalize import normalize
from mundap.korean.tokens import SearchTokenizer
from mundap.protocols import Mask, Rows, Scores, Tokenize
from mundap.types import Passage

K1 = 0.9  # docs/experiments/2026-11-21-lexical-recipe.md
B = 0.6


class LexicalLeg(ScoredLeg):
    """BM25 over postings. Finds nothing for a question none of whose tokens is known.

    With a `widening`, what documents say for its everyday words counts too.
    """

    name = "bm25"

    def __init__(self, postings: Postings, table: Table, tokenize: Tokenize, widening: Widening | None = None) -> None:
        self.postings = postings
        self.table = table
        self.tokenize = tokenize
        self.widening = widening
        self._asked: tuple[str, list[str], Sums] = ("", [], Sums.of(np.zeros(len(table), np.float32)))

    @property
    def statistics(self) -> Postings:
        """Of the whole index: the postings tell."""
        return self.postings

    def tokens(self, question: str) -> list[str]:
        """What is searched for: the tokens of the question, repeats kept."""
        return self._last(question)[1]

    def find(self, question: str, depth: int, mask: Mask | None = None) -> tuple[Rows, Scores]:
        """The best `depth` rows, in order, with their scores, all above zero."""
        return self._last(question)[2].best(depth, mask, self.table.ids.ties)

    def score(self, question: str, rows: Rows) -> Scores:
        """The exact score of each of these rows."""
        return self._last(question)[2].at(rows)

    def _scores(self, question: str) -> Scores:
        return self._last(question)[2].every()

    def _last(self, question: str) -> tuple[str, list[str], Sums]:
        asked = self._asked  # one read: another thread may replace it
        if question != asked[0]:
            normal = normalize(question)
            [tokens] = self.tokenize([normal])
            sums = self.postings.sums(tokens)
            if self.widening and self.widening.find(normal):
                sums = Sums.of(self.widening.widen(normal, sums.every()))
            asked = self._asked = (question, tokens, sums)
        return asked


class BM25(LexicalLeg):
    """A lexical leg over passages in memory."""

    def __init__(
        self, passages: Sequence[Passage], tokenize: Tokenize = SearchTokenizer(), k1: float = K1, b: float = B
    ) -> None:
        rows = GroupedPassages.of(passages).rows
        postings = Postings.build(tokenize([row.worded for row in rows]), k1, b)
        super().__init__(postings, Table([row.id for row in rows], InMemory(rows)), tokenize)
