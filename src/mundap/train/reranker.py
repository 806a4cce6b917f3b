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
from mundap.evaluate.bootstrap import mean_interval, paired_difference
from mundap.evaluate.metrics import reciprocal_rank, top
from mundap.evaluate.questions import Question
from mundap.index.bm25 import LexicalLeg
from mundap.index.dense import DenseLeg
from mundap.korean.normalize import squash
from mundap.protocols import Encoder, Progress, Vectors, quiet
from mundap.retrieve.hybrid import Candidates, Hybrid
from mundap.retrieve.light import DEPTH, FEATURES, Asked, Features, Hidden, LightModel, fit, seen, tokenizer_name
from mundap.retrieve.translate import Translations, Translator, learn
from mundap.train.folds import Numbers, by_group

FOLDS = 5
FEWEST_QUESTIONS, FEWEST_PASSAGES = 50, 10  # under these a cross-validation says nothing
METRICS = ("top1", "top3", "top10", "mrr@10")

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


def examples(
    questions: Sequence[Question], lexical: LexicalLeg, dense: DenseLeg, vectors: Vectors, progress: Progress = quiet
) -> Examples:
    """What the legs find for each question whose gold passage is in the index. `vectors` are those of the questions.

    Raises MundapError if too few are left to learn from.
    """
    table = lexical.table
    passages = table.store.passages(table.ids)
    row_of = {squash(passages[id].text): row for row, id in enumerate(table.ids) if id in passages}
    kept = [(n, row) for n, q in enumerate(questions) if (row := _row(q, row_of)) is not None]
    answering = sorted({row for _, row in kept})
    if len(kept) < FEWEST_QUESTIONS or len(answering) < FEWEST_PASSAGES:
        raise MundapError(
            f"학습하기에 모자랍니다: 색인에 제시문이 있는 질문 {len(kept)}개, 제시문 {len(answering)}개"
            f"(적어도 {FEWEST_QUESTIONS}개와 {FEWEST_PASSAGES}개). 질문 파일과 색인을 확인해 주세요."
        )
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


def _row(question: Question, row_of: dict[str, int]) -> int | None:
    return next((row_of[squash(gold)] for gold in question.gold if squash(gold) in row_of), None)


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
        report[split] = _compared(before, after, groups)
    model = trainer.train(everything)
    progress(steps, steps)
    return Trained(model, report)


def worth_it(report: dict[str, Any]) -> bool:
    """Whether it is better on one split at least, and worse on none, beyond chance."""
    differences = [report[split]["difference"]["mrr@10"] for split in ("by_passage", "by_question")]
    sure = [d["mean"] for d in differences if d["p"] < 0.05]
    return any(mean > 0 for mean in sure) and not any(mean < 0 for mean in sure)


def _compared(before: list[int | None], after: list[int | None], groups: list[int]) -> dict[str, Any]:
    shown: dict[str, Any] = {"before": {}, "after": {}, "difference": {}}
    for metric in METRICS:
        values = [[_value(metric, rank) for rank in ranks] for ranks in (before, after)]
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


def _value(metric: str, rank: int | None) -> float:
    return reciprocal_rank(rank) if metric == "mrr@10" else top(rank, int(metric.removeprefix("top")))
