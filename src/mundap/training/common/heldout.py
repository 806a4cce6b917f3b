"""Held-out ranks of a retriever in training: the dense leg alone and the hybrid, by passage and by question."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from mundap.evaluation.estimates import Comparisons
from mundap.index.bm25 import LexicalLeg
from mundap.index.dense import DenseLeg
from mundap.index.vectors import VectorIndex, VectorPart
from mundap.protocols import Progress, Vectors, quiet
from mundap.retrieve.coverage import untrained
from mundap.retrieve.hybrid import Hybrid
from mundap.training.common.folds import Numbers
from mundap.training.common.measure import HeldOut, Remembered, RememberedTokens, sure_change
from mundap.training.common.pairs import FOLDS, SPLITS, Pairs
from mundap.training.common.registry import Verdict
from mundap.types import Json

DEPTH = 10  # no figure looks further
LEGS = ("dense", "hybrid")

# From the numbers of the pairs to learn from and to be asked, the vectors of all passages and of the questions asked.
Learn = Callable[[Numbers, Numbers], tuple[Vectors, Vectors]]


class HeldoutEvaluator:
    """Ranks passages by other vectors than those of the index, as a search without a trained ranker. `fusion`, `weights` and `pool` are those of the hybrid in use."""

    def __init__(
        self,
        made: Pairs,
        lexical: LexicalLeg,
        dense: DenseLeg,
        fusion: str = "evidence",
        weights: Mapping[str, float] | None = None,
        pool: int = 100,
    ) -> None:
        self.pairs = made
        self.table = dense.table
        self.starts: Numbers = np.asarray(dense.vectors.starts)
        tokens = lexical.tokenize(made.questions)
        tokenize = RememberedTokens(getattr(lexical.tokenize, "name", ""), made.questions, tokens)
        self.lexical = LexicalLeg(lexical.postings, lexical.table, tokenize, lexical.widening)
        self._dense = dense
        self._fusion, self._pool = fusion, pool
        self._weights = {leg: weight for leg, weight in (weights or {}).items() if leg in (lexical.name, dense.name)}

    def ranks(self, passages: Vectors, asked: Vectors, some: Numbers) -> dict[str, list[int | None]]:
        """For each of LEGS the rank of the first passage that answers the question of each of these pairs; None beyond DEPTH.

        `passages` are the vectors of all passages of the index, `asked` those of the questions of `some`.
        """
        texts = [self.pairs.questions[n] for n in some]
        leg, hybrid = self._legs(passages, texts, asked)
        mask = self.table.mask(None)
        found: dict[str, list[int | None]] = {name: [] for name in LEGS}
        for text, right in zip(texts, [self.pairs.right[n] for n in some], strict=True):
            found["dense"].append(_place(leg.find(text, DEPTH, mask)[0], right))
            rows, _ = hybrid.ordered(text, hybrid.candidates(text, DEPTH, mask))
            found["hybrid"].append(_place(rows[:DEPTH], right))
        return found

    def candidates(self, passages: Vectors, asked: Vectors, some: Numbers, depth: int) -> list[Numbers]:
        """For each of these pairs the best `depth` rows of the hybrid, best first."""
        texts = [self.pairs.questions[n] for n in some]
        _, hybrid = self._legs(passages, texts, asked)
        mask = self.table.mask(None)
        return [np.asarray(hybrid.candidates(text, depth, mask).rows[:depth], np.int64) for text in texts]

    def _legs(self, passages: Vectors, texts: Sequence[str], asked: Vectors) -> tuple[DenseLeg, Hybrid]:
        """The dense leg and the hybrid over these vectors, which have met these questions."""
        old = self._dense.vectors
        index = VectorIndex([VectorPart(passages.astype(np.float16), old.starts)])
        leg = DenseLeg(index, self.table, Remembered(self._dense.encoder, texts, asked))
        return leg, untrained(
            self.lexical, leg, lexical=self.lexical, method=self._fusion, weights=self._weights, pool=self._pool
        )


def _place(rows: Numbers, right: frozenset[int]) -> int | None:
    return next((rank for rank, row in enumerate(rows.tolist(), 1) if row in right), None)


@dataclass(frozen=True)
class EncodedData:
    """What an encoder is trained and measured on: an evaluator, and what it has without training.

    `texts` are those of all passages of the index, parents and chunks, `passages` their vectors, and `questions` those of
    the questions of the pairs.
    """

    evaluator: HeldoutEvaluator
    texts: Sequence[str]
    passages: Vectors
    questions: Vectors


Splits = Mapping[str, Mapping[str, Comparisons]]  # of each split, then of each leg


@dataclass(frozen=True)
class CrossValidated:
    """What cross-validation of an encoder in `folds` folds says: of each of SPLITS, of each of LEGS.

    `ranks` has what became of each question in the hybrid.
    """

    questions: int
    passages: int
    repeated: int
    missing: int
    folds: int
    seed: int
    splits: Splits
    ranks: Mapping[str, HeldOut]

    @property
    def verdict(self) -> Verdict:
        """See `verdict`."""
        return verdict(self.splits)

    def to_json(self) -> dict[str, Json]:
        """The fields by name, those of `splits` among them, and the verdict."""
        figures: dict[str, Json] = {one.name: getattr(self, one.name) for one in fields(self)}
        del figures["splits"], figures["ranks"]
        return figures | splits_json(self.splits) | {"verdict": self.verdict}


def splits_json(splits: Splits) -> dict[str, Json]:
    """`{"by_passage": {"dense": …, "hybrid": …}, "by_question": …}`, each as `Comparisons.to_json` gives it."""
    return {name: {leg: figures.to_json() for leg, figures in legs.items()} for name, legs in splits.items()}


def validate(
    evaluator: HeldoutEvaluator,
    before: tuple[Vectors, Vectors],
    learn: Learn,
    seed: int = 0,
    progress: Progress = quiet,
) -> CrossValidated:
    """Cross-validate by passage and by question.

    `before` holds the vectors of all passages and of all questions without training.
    """
    made = evaluator.pairs
    was = evaluator.ranks(*before, np.arange(len(made)))
    steps = len(SPLITS) * FOLDS + 1
    held = {
        split: held_out(evaluator, was, learn, split, seed, part_of(progress, number * FOLDS, steps))
        for number, split in enumerate(SPLITS)
    }
    return CrossValidated(
        len(made),
        len(set(made.rows.tolist())),
        made.repeated,
        made.missing,
        FOLDS,
        seed,
        {split: {leg: ranks.comparisons() for leg, ranks in legs.items()} for split, legs in held.items()},
        {split: legs["hybrid"] for split, legs in held.items()},
    )


def held_out(
    evaluator: HeldoutEvaluator,
    was: Mapping[str, Sequence[int | None]],
    learn: Learn,
    split: str,
    seed: int = 0,
    progress: Progress = quiet,
) -> dict[str, HeldOut]:
    """Of each of LEGS, what became of every question in the fold that held it out; `was` has the ranks before."""
    made = evaluator.pairs
    fold = made.folds(split, seed)
    now: dict[str, list[int | None]] = {leg: [None] * len(made) for leg in LEGS}
    for number in range(FOLDS):
        tested = np.flatnonzero(fold == number)
        ranks = evaluator.ranks(*learn(np.flatnonzero(fold != number), tested), tested)
        for leg in LEGS:
            for n, rank in zip(tested, ranks[leg], strict=True):
                now[leg][n] = rank
        progress(number + 1, FOLDS)
    rows = tuple(made.rows.tolist())
    return {leg: HeldOut(made.questions, rows, tuple(was[leg]), tuple(now[leg])) for leg in LEGS}


def part_of(progress: Progress, before: int, steps: int) -> Progress:
    """The progress of a part of a longer work: so many of its `steps` were done `before`."""
    return lambda done, total: progress(before + done, steps)


def verdict(splits: Splits) -> Verdict:
    """ "worse" if MRR@10 is worse beyond chance on a split, in the dense leg or the hybrid; else "better" if the hybrid
    is better on one; else "same".
    """
    changes = {leg: [sure_change(splits[split][leg]) for split in SPLITS] for leg in LEGS}
    if min(change for each in changes.values() for change in each) < 0:
        return "worse"
    return "better" if max(changes["hybrid"]) > 0 else "same"


def first_ranks(scores: Vectors, right: Sequence[int] | Numbers) -> Numbers:
    """For each row of (n, rows) scores the rank of the right column, from 1, ties in its favour."""
    own = scores[np.arange(len(scores)), right]
    ranks: Numbers = (scores > own[:, None]).sum(axis=1) + 1
    return ranks
