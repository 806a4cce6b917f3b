"""What an encoder learns from: questions, passages or pieces of them, which answers which, and what is held out."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log

import numpy as np

from mundap.protocols import Vectors
from mundap.training.common.folds import Numbers, by_group
from mundap.training.common.heldout import HeldoutEvaluator
from mundap.training.common.pairs import Pairs
from mundap.training.common.untyped import Tokenizer

DEV = 8  # one passage in so many of those that are not tested chooses the epoch
KNOWN = 5  # one question in so many of the others is a new one on a known passage: half of them choose, half are tested
PARTS = ("train", "dev", "dev_known", "by_passage", "by_question")
ASIDE = 0.95  # a mined passage that scores more than this share of the right one may answer, too (arXiv:2407.15831)
DEEP = 50


@dataclass(frozen=True)
class Split:
    """The places of the pairs of each part. No passage of `by_passage` or `dev` has a question in another part.

    `dev` and `dev_known`, on passages of training, choose; `by_passage` and `by_question` are looked at once, at the end.
    """

    train: Numbers
    dev: Numbers
    dev_known: Numbers
    by_passage: Numbers
    by_question: Numbers

    @classmethod
    def of(cls, made: Pairs, seed: int) -> Split:
        """A fifth of the passages to test, then one in DEV of the others, then one question in KNOWN of what is left."""
        return cls.around(made, np.flatnonzero(made.folds("by_passage", seed) == 0), seed)

    @classmethod
    def around(cls, made: Pairs, tested: Numbers, seed: int, known: int = KNOWN) -> Split:
        """The parts of what is not `tested`, whose passages must have no other questions."""
        left = np.setdiff1d(np.arange(len(made)), tested)
        dev = by_group(made.groups[left].tolist(), DEV, seed + 1) == 0
        others = left[~dev]
        asked = by_group([made.questions[n] for n in others], known, seed + 2) == 0
        held = others[asked]
        half = by_group([made.questions[n] for n in held], 2, seed + 3) == 0
        return cls(others[~asked], left[dev], held[~half], tested, held[half])

    def names(self, pairs: int) -> list[str]:
        """The part of each pair."""
        part = [""] * pairs
        for name in PARTS:
            for n in getattr(self, name):
                part[n] = name
        return part


@dataclass(frozen=True)
class Examples:
    """Question n is answered by `passages[right[n]]`, a part of the parent passage that `groups[n]` numbers.

    `owner` has the parent of each passage, in ascending order; `wrong` is (questions, hard) passages that do not answer.
    `kin` numbers parents as `kin_of` does.
    """

    questions: tuple[str, ...]
    passages: tuple[str, ...]
    right: Numbers
    groups: Numbers
    owner: Numbers
    wrong: Numbers
    kin: Numbers
    train: Numbers
    dev: Numbers
    dev_known: Numbers

    @classmethod
    def of(cls, made: Pairs, texts: dict[int, Sequence[str]], split: Split) -> Examples:
        """`texts` has the parts of parents by row, of those that a question has at least: the one nearest to it answers."""
        rows = sorted(texts)
        passages = [text for row in rows for text in texts[row]]
        owner = np.array([row for row in rows for _ in texts[row]], np.int64)
        nearest = _Nearest(passages)
        right = np.array(
            [nearest.of(q, np.flatnonzero(owner == row)) for q, row in zip(made.questions, made.rows, strict=True)],
            np.int64,
        )
        none = np.zeros((len(made), 0), np.int64)
        return cls(
            made.questions,
            tuple(passages),
            right,
            made.rows,
            owner,
            none,
            made.kin,
            split.train,
            split.dev,
            split.dev_known,
        )

    def watched(self, most: int) -> Numbers:
        """The parts of the parent passages that validation looks among: its own, and others up to `most`."""
        own = np.flatnonzero(np.isin(self.owner, self.groups[self.dev]))
        others = np.flatnonzero(np.isin(self.owner, self.groups[self.train]))
        return np.sort(np.concatenate([own, np.setdiff1d(others, own)[: max(most - len(own), 0)]]))

    def with_wrong(self, rows: Numbers) -> Examples:
        """With wrong answers: (questions, hard) parents that were mined, of each the part nearest to the question."""
        nearest = _Nearest(self.passages)
        places = {int(row): np.flatnonzero(self.owner == row) for row in np.unique(rows)}
        wrong = [
            [nearest.of(q, places[int(row)]) for row in some] for q, some in zip(self.questions, rows, strict=True)
        ]
        return replace(self, wrong=np.array(wrong, np.int64))


class _Nearest:
    """Of a few passages, the one that shares most letter pairs with a question, rare ones counting more."""

    def __init__(self, passages: Sequence[str]) -> None:
        self._pairs = [_pairs(text) for text in passages]
        seen: dict[str, int] = {}
        for pairs in self._pairs:
            for pair in pairs:
                seen[pair] = seen.get(pair, 0) + 1
        self._rarity = {pair: log(1 + len(passages) / count) for pair, count in seen.items()}

    def of(self, question: str, some: Numbers) -> int:
        """One of the places `some`; the first of equals."""
        if len(some) == 1:
            return int(some[0])
        asked = sorted(_pairs(question))
        shares = [sum(self._rarity[pair] for pair in asked if pair in self._pairs[place]) for place in some]
        return int(some[int(np.argmax(shares))])


def _pairs(text: str) -> set[str]:
    words = text.split()
    return {word[at : at + 2] for word in words for at in range(len(word) - 1)}


def pieces(words: Tokenizer, text: str, size: int) -> list[str]:
    """Consecutive pieces of at most `size` tokens of the `tokenizers.Tokenizer`; together they are the text."""
    offsets = words.encode(text, add_special_tokens=False).offsets
    cuts = [0, *(offsets[at][0] for at in range(size, len(offsets), size)), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(cuts)]


def mined(
    evaluator: HeldoutEvaluator, known: Numbers, hard: int, vectors: tuple[Vectors, Vectors] | None = None
) -> Numbers:
    """(questions, hard) rows that rank high for each question without answering it, of the rows `known` only: what
    nobody asked about, or is held out, may answer.

    By BM25, or by `vectors` of all passages and all questions: then not those that score nearly as much as the right one.
    """
    made = evaluator.pairs
    found = np.zeros((len(made), hard), np.int64)
    allowed = np.zeros(len(evaluator.starts) - 1, bool)
    allowed[known] = True
    for n, (question, row) in enumerate(zip(made.questions, made.rows, strict=True)):
        right = np.flatnonzero(made.kin == made.kin[row])
        if vectors is None:
            order = evaluator.lexical.find(question, DEEP, allowed)[0]
        else:
            scores = vectors[0][evaluator.starts[:-1]] @ vectors[1][n]
            order = np.argsort(-scores, kind="stable")
            order = order[allowed[order] & (scores[order] < ASIDE * scores[row])]
        order = np.concatenate([some[~np.isin(some, right)] for some in (order, known)])
        found[n] = list(dict.fromkeys(order.tolist()))[:hard]
    return found


def texts_of(
    evaluator: HeldoutEvaluator, passages: Sequence[str], everything: bool = False
) -> dict[int, Sequence[str]]:
    """The text of every parent passage that a question has, or of all, by row. `passages` are all texts."""
    rows = range(len(evaluator.starts) - 1) if everything else np.unique(evaluator.pairs.rows)
    return {int(row): [passages[evaluator.starts[row]]] for row in rows}
