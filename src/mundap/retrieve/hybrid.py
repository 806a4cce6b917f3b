"""Hybrid search: each leg proposes candidates, every leg scores them all, a fusion or a ranker orders them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from mundap.index.rank import in_order
from mundap.index.table import Table, ranks
from mundap.protocols import Leg, Mask, Rows, Scores
from mundap.retrieve.fuse import fusion
from mundap.tracing import span
from mundap.types import Hit, Passage

POOL = 100  # candidates each leg proposes


@dataclass(frozen=True)
class Candidates:
    """Rows by falling fused score, ties by id. `legs` has each leg's score of every row; `found` each leg's own rows; `read`
    the passages of as many of the first rows as were read."""

    rows: Rows
    fused: Scores
    legs: Mapping[str, Scores]
    found: Mapping[str, Rows]
    read: Mapping[int, Passage] = field(default_factory=dict)

    def first(self, count: int) -> Candidates:
        """The best `count` of them."""
        legs = {leg: scores[:count] for leg, scores in self.legs.items()}
        return Candidates(self.rows[:count], self.fused[:count], legs, self.found, self.read)


class Ranker(Protocol):
    """Scores the first `depth` candidates anew: a trained model over what is known of them, or of what the first `reads` say."""

    depth: int
    reads: int

    def score(self, question: str, candidates: Candidates) -> Scores:
        """One score for each candidate, higher is better."""
        ...


class Hybrid:
    """Legs over the same rows. `weights` by leg name; None takes those of the fusion. A `ranker` orders the best anew."""

    name = "hybrid"

    def __init__(
        self,
        *legs: Leg,
        method: str = "evidence",
        weights: Mapping[str, float] | None = None,
        pool: int = POOL,
        ranker: Ranker | None = None,
    ) -> None:
        """Raises ValueError unless there are legs and all are over the same passages."""
        if not legs or any(not _same_rows(leg.table, legs[0].table) for leg in legs[1:]):
            raise ValueError("a hybrid needs legs, all built over the same passages")
        self.legs = legs
        self.table: Table = legs[0].table
        self.fusion = fusion(method, [leg.name for leg in legs], weights)
        self.pool = pool
        self.ranker = ranker

    def search(self, question: str, k: int = 10, where: Collection[str] | None = None) -> list[Hit]:
        """The best `k` of the candidates that the legs propose."""
        candidates = self.candidates(question, k, self.table.mask(where))
        if self.ranker and self.ranker.reads:
            first = candidates.rows[: max(k, self.ranker.reads)]  # what is read again if it is among the hits
            candidates = replace(candidates, read=self.table.read(first))
        rows, scores = self.ordered(question, candidates)
        origins = {leg: ranks(found) for leg, found in candidates.found.items()}
        return self.table.hits(rows[:k], scores[:k], origins, candidates.read)

    def candidates(self, question: str, k: int, mask: Mask | None = None) -> Candidates:
        """What the legs propose, at least `k` each, in the order of the fusion."""
        proposed = {leg.name: _found(leg, question, max(k, self.pool), mask) for leg in self.legs}
        found = {leg: rows for leg, (rows, _) in proposed.items()}
        rows = _distinct(np.concatenate(list(found.values())))
        if not len(rows):
            return Candidates(
                rows, np.empty(0, np.float32), {leg.name: np.empty(0, np.float32) for leg in self.legs}, found
            )
        with span("fuse", candidates=len(rows)):
            legs = {leg.name: _scored(leg, question, rows, *proposed[leg.name]) for leg in self.legs}
            fused = self.fusion.fuse(legs, self.fusion.weights)
            order = in_order(np.arange(len(rows)), fused, lambda places: self.table.ids.ties(rows[places]))
        return Candidates(rows[order], fused[order], {leg: scores[order] for leg, scores in legs.items()}, found)

    def ordered(self, question: str, candidates: Candidates) -> tuple[Rows, Scores]:
        """All candidates as they are found, with their scores: the best in the ranker's order, if there is one, and the
        rest behind them in that of the fusion."""
        ranker = self.ranker
        if ranker is None or not len(candidates.rows):
            return candidates.rows, candidates.fused
        first = candidates.first(ranker.depth)
        with span("rerank", candidates=len(first.rows)):
            scores = ranker.score(question, first)
        order = in_order(np.arange(len(scores)), scores, lambda places: self.table.ids.ties(first.rows[places]))
        rest = candidates.fused[ranker.depth :]
        behind = rest - rest.max(initial=-np.inf) + scores.min() - 1 if len(rest) else rest
        return (
            np.concatenate([first.rows[order], candidates.rows[ranker.depth :]]),
            np.concatenate([scores[order], behind]).astype(np.float32),
        )


def _found(leg: Leg, question: str, k: int, mask: Mask | None) -> tuple[Rows, Scores]:
    with span("leg", leg=leg.name, k=k) as told:
        rows, scores = leg.find(question, k, mask)
        told.set_attribute("found", len(rows))
    return rows, scores


def _scored(leg: Leg, question: str, rows: Rows, found: Rows, known: Scores) -> Scores:
    """The leg's score of each of these rows, ascending, of which those that it has found are known."""
    scores, others = np.empty(len(rows), np.float32), np.ones(len(rows), np.bool_)
    places = np.searchsorted(rows, found)
    scores[places], others[places] = known, False
    left = np.flatnonzero(others)
    scores[left] = leg.score(question, rows[left])
    return scores


def _distinct(rows: Rows) -> Rows:
    """These rows, each once, ascending."""
    ordered = np.sort(rows)
    first = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


def _same_rows(one: Table, other: Table) -> bool:
    return one is other or one.ids is other.ids or list(one.ids) == list(other.ids)
