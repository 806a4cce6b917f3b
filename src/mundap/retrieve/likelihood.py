"""The first hits ranked anew by how probable a language model finds the question after each passage.

Query likelihood (Ponte & Croft, SIGIR 1998) by a pretrained model that was trained on no questions: UPR (Sachan et al.,
EMNLP 2022, arXiv:2204.07496). Here it is added to what the search says, not put in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from mundap.korean.normalize import normalize
from mundap.retrieve.after import ranked
from mundap.types import Hit

DEPTH = 5  # hits that are read; the rest stay behind them
ASKS = "\n질문: "  # between passage and question
END = "\n\n"


class Model(Protocol):
    """What tells likelihoods: `mundap.generate.likelihood.Likelihood`."""

    def after(self, before: Sequence[str], between: str, text: str) -> Sequence[float]:
        """log p(text | one of `before`, and `between`) for each."""
        ...


class LikelihoodReranker:
    """Adds `weight` * log p(question | passage) to the score of the first DEPTH hits, which is that of a fusion, a logit or
    another logarithm of odds. Equal texts are read once."""

    def __init__(self, model: Model, weight: float) -> None:
        self._model = model
        self.weight = weight

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The same passages in their new order. Raises what the model raises."""
        first, rest = hits[:DEPTH], hits[DEPTH:]
        texts = list(dict.fromkeys(hit.passage.embedded for hit in first))
        if len(texts) < 2:
            return list(hits)
        told = self._model.after(texts, ASKS, normalize(question) + END)
        likely = dict(zip(texts, told, strict=True))
        best = max(told)
        read = [replace(hit, score=hit.score + self.weight * (likely[hit.passage.embedded] - best)) for hit in first]
        if rest:
            down = rest[0].score - min(hit.score for hit in read) + 1
            rest = [replace(hit, score=hit.score - down) for hit in rest]
        return ranked([*read, *rest])
