"""What training changed: ranks before and after on questions that were held out, with intervals and a paired test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mundap.evaluation.estimates import SIGNIFICANT, Comparisons, Difference, compare_each
from mundap.evaluation.metrics import reciprocal_rank, top
from mundap.korean.normalize import squash
from mundap.protocols import Encoder, Vectors
from mundap.training.common.registry import Verdict
from mundap.types import Json

METRICS = ("top1", "top3", "top10", "mrr@10")

Ranks = Sequence[int | None]


@dataclass(frozen=True)
class HeldOut:
    """What became of questions that were held out: of each the row of its passage, and its rank before and after."""

    questions: tuple[str, ...]
    rows: tuple[int, ...]
    before: tuple[int | None, ...]
    after: tuple[int | None, ...]

    def comparisons(self) -> Comparisons:
        """Each of METRICS."""
        return compared(self.before, self.after, self.rows)

    def than(self, other: HeldOut) -> HeldOut:
        """The questions that both have, of `other` as it was after and of this as it is after."""
        was = dict(zip(other._keys, other.after, strict=True))
        return self._against(was)

    def since(self, other: HeldOut) -> HeldOut:
        """The questions that both have, of `other` as it was before and of this as it is after."""
        was = dict(zip(other._keys, other.before, strict=True))
        return self._against(was)

    @property
    def _keys(self) -> list[tuple[int, str]]:
        return [(row, squash(question)) for row, question in zip(self.rows, self.questions, strict=True)]

    def _against(self, was: Mapping[tuple[int, str], int | None]) -> HeldOut:
        some = [(n, key) for n, key in enumerate(self._keys) if key in was]
        return HeldOut(
            tuple(self.questions[n] for n, _ in some),
            tuple(self.rows[n] for n, _ in some),
            tuple(was[key] for _, key in some),
            tuple(self.after[n] for n, _ in some),
        )

    def to_json(self) -> dict[str, Json]:
        """The fields by name."""
        return {"questions": self.questions, "rows": self.rows, "before": self.before, "after": self.after}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> HeldOut:
        """What `to_json` gave."""
        return cls(tuple(kept["questions"]), tuple(kept["rows"]), tuple(kept["before"]), tuple(kept["after"]))


def compared(before: Ranks, after: Ranks, groups: Sequence[int]) -> Comparisons:
    """Each of METRICS. `groups` has the passage of each question: questions on one passage succeed and fail together."""
    runs = [[[value(metric, rank) for metric in METRICS] for rank in ranks] for ranks in (before, after)]
    return compare_each(METRICS, *runs, groups=groups)


def value(metric: str, rank: int | None) -> float:
    """The figure of one question for one of METRICS."""
    return reciprocal_rank(rank) if metric == "mrr@10" else top(rank, int(metric.removeprefix("top")))


def sure_change(figures: Comparisons) -> int:
    """1 if MRR@10 is better beyond chance, -1 if it is worse, else 0."""
    change = figures["mrr@10"].difference
    return int(np.sign(change.mean)) if change.p < SIGNIFICANT else 0


def verdict_of(splits: Iterable[Comparisons]) -> Verdict:
    """ "worse" if one of the splits is worse beyond chance; else "better" if one is better; else "same"."""
    changes = [sure_change(figures) for figures in splits]
    return "worse" if min(changes) < 0 else "better" if max(changes) > 0 else "same"


def verdict_on(change: Difference) -> Verdict:
    """What one difference says by itself."""
    return "same" if change.p >= SIGNIFICANT else "better" if change.mean > 0 else "worse"


class Remembered:
    """An encoder that has met these questions before."""

    def __init__(self, encoder: Encoder, questions: Sequence[str], vectors: Vectors) -> None:
        self.name = encoder.name
        self.dim = encoder.dim
        self.encode_passages = encoder.encode_passages
        self._vectors = dict(zip(questions, vectors, strict=True))

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows."""
        return np.stack([self._vectors[text] for text in texts])


class RememberedTokens:
    """A tokenizer that has met these questions before, and is asked for nothing else."""

    def __init__(self, name: str, questions: Sequence[str], tokens: Sequence[list[str]]) -> None:
        self.name = name
        self._tokens = dict(zip(questions, tokens, strict=True))

    def __call__(self, texts: Sequence[str]) -> list[list[str]]:
        """The tokens of each text."""
        return [self._tokens[text] for text in texts]
