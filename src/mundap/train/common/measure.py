"""What training changed: ranks before and after on questions that were held out, with intervals and a paired test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mundap.evaluate.bootstrap import mean_interval, paired_difference
from mundap.evaluate.metrics import reciprocal_rank, top
from mundap.protocols import Encoder, Vectors

METRICS = ("top1", "top3", "top10", "mrr@10")
SURE = 0.05  # p under which a difference is no chance

Ranks = Sequence[int | None]


def compared(before: Ranks, after: Ranks, groups: Sequence[int]) -> dict[str, Any]:
    """`{"before"|"after": {metric: {"mean", "ci95"}}, "difference": {metric: {"mean", "ci95", "p"}}}`.

    `groups` has the passage of each question: questions on one passage succeed and fail together.
    """
    shown: dict[str, Any] = {"before": {}, "after": {}, "difference": {}}
    for metric in METRICS:
        values = [[value(metric, rank) for rank in ranks] for ranks in (before, after)]
        for name, figures in zip(("before", "after"), values, strict=True):
            low, high = mean_interval(figures, groups=groups)
            shown[name][metric] = {"mean": float(np.mean(figures)), "ci95": [low, high]}
        difference = paired_difference(*values, groups=groups)
        shown["difference"][metric] = {
            "mean": difference.mean,
            "ci95": list(difference.ci95),
            "p": difference.p_value,
        }
    return shown


def value(metric: str, rank: int | None) -> float:
    """The figure of one question for one of METRICS."""
    return reciprocal_rank(rank) if metric == "mrr@10" else top(rank, int(metric.removeprefix("top")))


def sure_change(figures: Mapping[str, Any]) -> int:
    """1 if MRR@10 is better beyond chance in what `compared` gave, -1 if it is worse, else 0."""
    change = figures["difference"]["mrr@10"]
    return int(np.sign(change["mean"])) if change["p"] < SURE else 0


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
