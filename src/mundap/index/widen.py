"""A second chance for words of a question that documents have another word for.

The tokens of the documents' word are scored as if the question had said it, with less weight, in the rows that hold all of
its morphemes. Of several words the best counts, only as far as it is worth more there than the question's own word, and
none is worth more than that: a rare word for a common one is not worth its rarity (graph/leg.py does the same).
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np

from mundap.index.postings import Postings
from mundap.korean.everyday import Everyday, FindEveryday
from mundap.korean.tokens import BIGRAM
from mundap.protocols import Rows, Scores, Tokenize

WEIGHT = 0.8  # of a word that means the same (docs/experiments/2026-11-29-everyday-words.md)
_REMEMBERED = 20_000  # words whose tokens are kept at hand


@dataclass(frozen=True)
class Widened:
    """An everyday word of a question by its tokens, and what documents say for it, each with its worth as a rarity."""

    own: Sequence[str]
    said: Sequence[tuple[str, float]]


class Widening:
    """Adds to the scores of `postings` what rows say instead of the everyday words that `find` knows in a question."""

    def __init__(self, postings: Postings, tokenize: Tokenize, find: FindEveryday, weight: float = WEIGHT) -> None:
        self.postings = postings
        self.tokenize = tokenize
        self.find = find
        self.weight = weight
        self._known: dict[str, list[str]] = {}

    def over(self, postings: Postings) -> Widening:
        """The same words over other postings."""
        other = copy(self)
        other.postings = postings
        return other

    def bounds(self, question: str) -> list[tuple[list[str], list[tuple[float, list[str]]]]]:
        """Of each everyday word its tokens, and those of what documents say for it, each with the most that their scores are
        worth: what a row can gain at most."""
        return [
            (
                self._tokens(everyday.asked),
                [(self.weight * weight, self._tokens(said)) for said, weight in everyday.said],
            )
            for everyday in self.find(question)
        ]

    def widen(self, question: str, scores: Scores) -> Scores:
        """The scores with what the documents' words bring; the same array where they bring nothing."""
        widened = scores
        for everyday in self.find(question):
            rows, gains = self._gains(everyday)
            if len(rows):
                widened = widened.copy() if widened is scores else widened
                widened[rows] += gains
        return widened

    def words(self, question: str) -> list[Widened]:
        """The everyday words of the question, in order of appearance."""
        found = []
        for everyday in self.find(question):
            own = [token for token in dict.fromkeys(self._tokens(everyday.asked)) if not token.startswith(BIGRAM)]
            most = self._mass(own)
            found.append(Widened(own, [(said, self._worth(said, weight, most)) for said, weight in everyday.said]))
        return found

    def _worth(self, said: str, weight: float, most: float) -> float:
        words = [token for token in dict.fromkeys(self._tokens(said)) if not token.startswith(BIGRAM)]
        return self.weight * weight * min(most, self._mass(words))

    def _gains(self, everyday: Everyday) -> tuple[Rows, Scores]:
        """The rows that say `everyday` in other words, ascending, and what each gains."""
        own = self._tokens(everyday.asked)
        most = self._mass(own)
        found = []
        for said, weight in everyday.said:
            tokens = self._tokens(said)
            rows = self.postings.holding([token for token in tokens if not token.startswith(BIGRAM)])
            if len(rows):
                worth = np.float32(self.weight * weight * min(1.0, most / self._mass(tokens)))
                found.append((rows, worth * self.postings.scores_in(tokens, rows)))
        if not found:
            return np.empty(0, np.intp), np.empty(0, np.float32)
        rows, places = np.unique(np.concatenate([rows for rows, _ in found]), return_inverse=True)
        best = np.zeros(len(rows), np.float32)
        np.maximum.at(best, places, np.concatenate([scores for _, scores in found]))
        return rows, np.maximum(best - self.postings.scores_in(own, rows), 0)

    def _mass(self, tokens: Sequence[str]) -> float:
        return sum(self.postings.rarity(tokens)) or 1.0

    def _tokens(self, word: str) -> list[str]:
        held = self._known.get(word)
        if held is None:
            if len(self._known) >= _REMEMBERED:
                self._known = {}
            held = self._known[word] = self.tokenize([word])[0]
        return held
