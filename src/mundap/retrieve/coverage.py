"""The first passages, ranked anew by how much of the question each says, and how much of that in one sentence.

BM25 counts a word that is said twice twice, and knows not where it stands. An answer mostly says the question's words once,
close together (docs/experiments/2026-11-29-fusion-by-the-question.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mundap.index.engine import Lexical
from mundap.korean.tokens import BIGRAM
from mundap.protocols import Leg, Scores
from mundap.retrieve.hybrid import POOL, Candidates, Hybrid

DEPTH = 5  # candidates that are read; the rest stay behind them
SHARE = 0.5  # of BM25's weight in the fusion, which is that of a word's rarity too
_ENDS = (
    ". ",
    "? ",
    "! ",
)  # of sentences, well enough to tell near from far: Kiwi would take as long as the whole search

Weighed = tuple[str, float]


@dataclass(frozen=True)
class QuestionWords:
    """The words of a question with their rarities; of each everyday word its own, and those that documents have for it."""

    words: Sequence[Weighed]
    everyday: Sequence[tuple[Sequence[Weighed], Sequence[Weighed]]]

    def within(self, text: str) -> QuestionWords:
        """Those that `text`, in lower case, says; an everyday word without one that documents have for it is left out."""
        everyday = ((_said(own, text), _said(said, text)) for own, said in self.everyday)
        return QuestionWords(_said(self.words, text), [(own, said) for own, said in everyday if said])

    def mass(self, text: str) -> float:
        """The sum of the rarities of those that `text` says; an everyday word counts as what documents say for it, where
        that is more."""
        total = _mass(self.words, text)
        for own, said in self.everyday:
            total += max(0.0, max([worth for word, worth in said if word in text], default=0.0) - _mass(own, text))
        return total


class CoverageRanker:
    """Adds to the fused score of the first DEPTH candidates what they say of the question: in all, and in one sentence.

    `weight` is what the rarity of a word counts in each of the two.
    """

    depth = reads = DEPTH

    def __init__(self, lexical: Lexical, weight: float) -> None:
        self.lexical = lexical
        self.weight = weight

    def score(self, question: str, candidates: Candidates) -> Scores:
        """The fused score of each candidate, and what it says; that of one that is gone alone."""
        table = self.lexical.table
        passages = candidates.read or table.read(candidates.rows)
        asked = self._words(question)
        said = [
            self._said(asked, passages[row].worded.lower()) if row in passages else 0.0
            for row in candidates.rows.tolist()
        ]
        scores: Scores = candidates.fused + np.float32(self.weight) * np.asarray(said, np.float32)
        return scores

    def _said(self, asked: QuestionWords, text: str) -> float:
        here = asked.within(text)
        return here.mass(text) + max(map(here.mass, _sentences(text)))

    def _words(self, question: str) -> QuestionWords:
        known, widening = self.lexical.statistics, self.lexical.widening
        words = [word for word in dict.fromkeys(self.lexical.tokens(question)) if not word.startswith(BIGRAM)]
        rarity = known.rarities(words)
        everyday = []
        for word in widening.words(question) if widening else ():
            own = [(token, rarity[token]) for token in word.own if token in rarity]
            everyday.append((own, [(said.lower(), worth) for said, worth in word.said]))
        return QuestionWords(list(rarity.items()), everyday)


def untrained(
    *legs: Leg,
    lexical: Lexical | None,
    method: str = "evidence",
    weights: Mapping[str, float] | None = None,
    pool: int = POOL,
) -> Hybrid:
    """The hybrid as it searches where no ranker was trained; whoever measures a search measures this one.

    Where both words and vectors are legs and "evidence" fuses them, the first are read once more by the words of `lexical`.
    """
    hybrid = Hybrid(*legs, method=method, weights=weights, pool=pool)
    if lexical and method == "evidence" and {"bm25", "dense"} <= {leg.name for leg in legs}:
        hybrid.ranker = CoverageRanker(lexical, SHARE * hybrid.fusion.weights["bm25"])
    return hybrid


def _sentences(text: str) -> list[str]:
    for end in _ENDS:
        text = text.replace(end, "\n")
    return text.split("\n")


def _said(words: Sequence[Weighed], text: str) -> list[Weighed]:
    return [one for one in words if one[0] in text]


def _mass(words: Sequence[Weighed], text: str) -> float:
    return sum([worth for word, worth in words if word in text])
