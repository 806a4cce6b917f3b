"""Ways to make one score of several legs' scores. Every leg scores every candidate, so nothing is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from math import sqrt

import numpy as np

from mundap.errors import UnknownName
from mundap.protocols import Scores

RRF_K = 60  # Cormack, Clarke & Büttcher, SIGIR 2009

Fuse = Callable[[Mapping[str, Scores], Mapping[str, float]], Scores]


def evidence(scores: Mapping[str, Scores], weights: Mapping[str, float]) -> Scores:
    """BM25 as it is, everything else standardised over the candidates.

    A BM25 score is a sum of log-odds: its size says how sure the words are, and standardising throws that
    away. A cosine's zero and unit depend on the encoder, so only its place among the candidates means anything.
    """
    return _sum({leg: s if leg == "bm25" else standard(s) for leg, s in scores.items()}, weights)


def zscore(scores: Mapping[str, Scores], weights: Mapping[str, float]) -> Scores:
    """Every leg standardised over the candidates."""
    return _sum({leg: standard(s) for leg, s in scores.items()}, weights)


def minmax(scores: Mapping[str, Scores], weights: Mapping[str, float]) -> Scores:
    """Every leg scaled to [0, 1] over the candidates."""
    return _sum({leg: _scaled(s) for leg, s in scores.items()}, weights)


def rrf(scores: Mapping[str, Scores], weights: Mapping[str, float]) -> Scores:
    """Weighted reciprocal rank fusion; equal scores share the better rank."""
    return _sum({leg: np.float32(1) / (RRF_K + _rank(s)) for leg, s in scores.items()}, weights)


@dataclass(frozen=True)
class Fusion:
    """A way to fuse, and the weights that go with it."""

    fuse: Fuse
    weights: Mapping[str, float]


# Default weights: docs/experiments/2026-11-21-fusion.md;
# that of the graph was measured with "evidence" alone, docs/experiments/2026-11-26-keyword-graph.md;
# that of the sparse leg is to the dense one's as in the paper of bge-m3 (Chen et al. 2024, section 4.2).
FUSIONS: dict[str, Fusion] = {
    "evidence": Fusion(evidence, {"bm25": 0.2, "dense": 1.0, "graph": 0.1, "sparse": 0.3}),
    "zscore": Fusion(zscore, {"bm25": 0.4, "dense": 0.6, "graph": 0.1, "sparse": 0.2}),
    "minmax": Fusion(minmax, {"bm25": 0.4, "dense": 0.6, "graph": 0.1, "sparse": 0.2}),
    "rrf": Fusion(rrf, {"bm25": 1.0, "dense": 1.0, "graph": 0.5, "sparse": 0.3}),
}


def fusion(name: str, legs: Sequence[str], weights: Mapping[str, float] | None = None) -> Fusion:
    """The fusion `name`, with its own weights or those given; a leg without a weight counts as 1.

    Raises UnknownName for a fusion, or a weight's leg, that there is not.
    """
    if name not in FUSIONS:
        raise UnknownName("fusion", name, FUSIONS)
    for leg in weights or {}:
        if leg not in legs:
            raise UnknownName("leg", leg, legs)
    chosen = {**FUSIONS[name].weights, **(weights or {})}
    return Fusion(FUSIONS[name].fuse, {leg: chosen.get(leg, 1.0) for leg in legs})


def standard(scores: Scores) -> Scores:
    """Scores with mean 0 and spread 1; all 0 where they do not differ."""
    centred = scores - np.add.reduce(scores) / len(scores)  # as NumPy's mean and std, which take as long again to begin
    spread = sqrt(np.add.reduce(centred * centred) / len(scores))
    return centred / spread if spread > 1e-9 else np.zeros_like(scores)


def _scaled(scores: Scores) -> Scores:
    low, high = float(scores.min()), float(scores.max())
    return (scores - low) / (high - low) if high - low > 1e-9 else np.zeros_like(scores)


def _rank(scores: Scores) -> Scores:
    ordered = np.sort(scores)
    return (len(scores) - np.searchsorted(ordered, scores, side="right") + 1).astype(np.float32)


def _sum(scores: Mapping[str, Scores], weights: Mapping[str, float]) -> Scores:
    total: Scores = reduce(np.add, [np.float32(weights[leg]) * s for leg, s in scores.items()])
    return total.astype(np.float32, copy=False)
