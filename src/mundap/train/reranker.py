"""Train the light ranker on questions and the passages that answer them, and measure it before it is kept.

The ranker may know a passage by its questions or not at all, and in use it meets both: questions on documents that
people have asked about, and on new ones. So it learns from questions whose passage's questions are all hidden, and
from questions where only the question itself is; and the measurement has both splits, by passage and by question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mundap.errors import MundapError
from mundap.evaluate.questions import Question
from mundap.index.bm25 import LexicalLeg
from mundap.index.dense import DenseLeg
from mundap.protocols import Progress, Vectors, quiet
from mundap.retrieve.hybrid import Candidates, Hybrid
from mundap.retrieve.light import DEPTH, FEATURES, Asked, Features, Hidden, LightModel, fit, seen, tokenizer_name
from mundap.retrieve.translate import Translations, Translator, learn
from mundap.train.folds import Numbers, by_group
from mundap.train.measure import Remembered, RememberedTokens, compared, sure_change
from mundap.train.pairs import FOLDS, SPLITS, check_enough, rows_of

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Examples:
    """Questions in order, the row of the passage that answers each, and the candidates of each."""

    questions: tuple[str, ...]
    rows: Numbers
    vectors: Vectors
    candidates: tuple[Candidates, ...]
    tokens: tuple[list[str], ...]
    passages: dict[int, list[str]]  # the tokens of each answering passage, by row

    def places(self, some: Numbers) -> Numbers:
        """For each of these questions, where its passage stands among its candidates; -1 where it does not."""
        found = [np.flatnonzero(self.candidates[n].rows == self.rows[n]) for n in some]
        return np.fromiter((at[0] if len(at) else -1 for at in found), np.int64, len(found))


@dataclass(frozen=True)
class Trained:
    """A model, and what cross-validation says of it: `report` is plain JSON."""

    model: LightModel
    report: dict[str, Any]


def examples(
    questions: Sequence[Question], lexical: LexicalLeg, dense: DenseLeg, vectors: Vectors, progress: Progress = quiet
) -> Examples:
    """What the legs find for each question whose gold passage is in the index. `vectors` are those of the questions.

    Raises MundapError if too few are left to learn from.
    """
    table = lexical.table
    passages = table.store.passages(table.ids)
    kept = [(n, row) for n, row in enumerate(rows_of(questions, table)) if row is not None]
    answering = sorted({row for _, row in kept})
    check_enough(len(kept), len(answering))
    texts = [questions[n].question for n, _ in kept]
    known = vectors[[n for n, _ in kept]]
    hybrid = Hybrid(lexical, DenseLeg(dense.vectors, table, Remembered(dense.encoder, texts, known)))
    found = []
    for done, text in enumerate(texts, 1):
        found.append(hybrid.candidates(text, DEPTH, table.mask(None)).first(DEPTH))
        progress(done, len(texts))
    tokens = lexical.tokenize([passages[table.ids[row]].worded for row in answering])
    return Examples(
        tuple(texts),
        np.array([row for _, row in kept], np.int64),
        known,
        tuple(found),
        tuple(lexical.tokenize(texts)),
        dict(zip(answering, tokens, strict=True)),
    )


class Trainer:
    """Trains on parts of the examples. `names` are the features that may be used, of FEATURES."""

    def __init__(
        self, made: Examples, lexical: LexicalLeg, dense: DenseLeg, names: Sequence[str] = FEATURES, seed: int = 0
    ) -> None:
        self.made = made
        tokenize = RememberedTokens(tokenizer_name(lexical), made.questions, made.tokens)
        self.lexical = LexicalLeg(lexical.postings, lexical.table, tokenize)
        self.dense = DenseLeg(dense.vectors, dense.table, Remembered(dense.encoder, made.questions, made.vectors))
        self.names = tuple(name for name in FEATURES if name in names)
        self.seed = seed

    def train(self, some: Numbers) -> LightModel:
        """A model of these questions."""
        weights = fit(*self._crossed(some))
        return LightModel(
            dict(zip(self.names, weights.tolist(), strict=True)),
            self.dense.encoder.name,
            tokenizer_name(self.lexical),
            frozenset(seen(self.made.questions[n]) for n in some),
            self._translations(some),
            self._asked(some),
        )

    def ranks(self, model: LightModel, some: Numbers) -> list[int | None]:
        """The rank that the model gives to the right passage of each of these questions."""
        features = self._features(model.translations, model.asked)
        weights = np.array([model.weights[name] for name in self.names])
        found: list[int | None] = []
        for n, place in zip(some, self.made.places(some), strict=True):
            if place < 0:
                found.append(None)
                continue
            candidates = self.made.candidates[n]
            scores = features.of(self.made.questions[n], candidates, self.names) @ weights
            ahead = (scores > scores[place]) | ((scores == scores[place]) & (candidates.rows < candidates.rows[place]))
            found.append(int(ahead.sum()) + 1)
        return found

    def _crossed(self, some: Numbers) -> tuple[Matrix, Numbers, Matrix]:
        """The features of questions, from what was learned without them; the right places; and what each counts.

        In each of FOLDS rounds a fifth of the passages is new, as if nobody had asked about them. Questions on these
        count as much, in all, as such passages stand among the candidates: whether a passage was asked about says
        nothing by itself. Otherwise the ranker would learn to guess by elimination, and a split by passage, where only
        new passages are right, would praise it.
        """
        rows, right, on_new, unasked = [], [], [], []
        asked = self._asked(some)
        digests = np.array([seen(self.made.questions[n]) for n in some])
        passage = by_group(self.made.rows[some].tolist(), FOLDS, self.seed)
        question = by_group(digests.tolist(), FOLDS, self.seed)
        places = self.made.places(some)
        width = max(len(self.made.candidates[n].rows) for n in some)
        for number in range(FOLDS):
            new, held = passage == number, (passage == number) | (question == number)
            features = self._features(self._translations(some[~held]), asked)
            for at in np.flatnonzero(held):
                candidates = self.made.candidates[some[at]]
                if places[at] < 0 or len(candidates.rows) < width:
                    continue
                hidden = Hidden(new | (digests == digests[at]))
                rows.append(features.of(self.made.questions[some[at]], candidates, self.names, hidden))
                right.append(places[at])
                on_new.append(new[at])
                unasked.append(1 - np.isin(candidates.rows, self.made.rows[some[~new]]).mean())
        if not rows:
            raise MundapError(
                f"학습할 수 없습니다: 어느 질문도 제시문이 검색 결과 {DEPTH}위 안에 없습니다."
                " 질문과 제시문이 맞는지 확인해 주세요."
            )
        wanted, there = float(np.mean(unasked)), float(np.mean(on_new))
        counts = np.where(on_new, wanted / max(there, 1e-9), (1 - wanted) / max(1 - there, 1e-9))
        return np.stack(rows), np.asarray(right, np.int64), counts

    def _features(self, translations: Translations, asked: Asked) -> Features:
        return Features(self.lexical, self.dense, Translator(translations, self.lexical.postings), asked)

    def _translations(self, some: Numbers) -> Translations:
        if "translation" not in self.names:
            return learn([])
        asked: dict[int, list[list[str]]] = {}
        for n in some:
            asked.setdefault(int(self.made.rows[n]), []).append(self.made.tokens[n])
        return learn([(asked[row], self.made.passages[row]) for row in sorted(asked)])

    def _asked(self, some: Numbers) -> Asked:
        ids = self.lexical.table.ids
        return Asked(self.made.vectors[some].astype(np.float16), tuple(ids[row] for row in self.made.rows[some]))


def train_reranker(trainer: Trainer, progress: Progress = quiet) -> Trained:
    """Cross-validate by passage and by question, then train on everything.

    By passage, all questions of a fifth of the passages are held out: new documents. By question, a fifth of the
    questions: documents that people have asked about before.
    """
    made = trainer.made
    everything = np.arange(len(made.questions))
    groups = made.rows.tolist()
    before = [None if place < 0 else int(place) + 1 for place in made.places(everything)]
    steps = 2 * FOLDS + 1
    done = 0
    report: dict[str, Any] = {"questions": len(everything), "passages": len(made.passages), "folds": FOLDS}
    for split, units in (("by_passage", groups), ("by_question", list(map(seen, made.questions)))):
        fold = by_group(units, FOLDS, trainer.seed + 1)
        after: list[int | None] = [None] * len(everything)
        for number in range(FOLDS):
            tested = np.flatnonzero(fold == number)
            model = trainer.train(np.flatnonzero(fold != number))
            for n, rank in zip(tested, trainer.ranks(model, tested), strict=True):
                after[n] = rank
            done += 1
            progress(done, steps)
        report[split] = compared(before, after, groups)
    model = trainer.train(everything)
    progress(steps, steps)
    return Trained(model, report)


def worth_it(report: dict[str, Any]) -> bool:
    """Whether it is better on one split at least, and worse on none, beyond chance."""
    changes = [sure_change(report[split]) for split in SPLITS]
    return max(changes) > 0 <= min(changes)
