"""Train the light ranker on questions and the passages that answer them, and measure it before it is kept.

The ranker may know a passage by its questions or not at all, and in use it meets both: questions on documents that
people have asked about, and on new ones. So it learns from questions whose passage's questions are all hidden, and
from questions where only the question itself is; and the measurement has both splits, by passage and by question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import overload

import numpy as np
import numpy.typing as npt

from mundap.errors import MundapError
from mundap.evaluation.estimates import Comparisons
from mundap.evaluation.questions import Question, linked
from mundap.index.bm25 import LexicalLeg
from mundap.index.dense import DenseLeg
from mundap.index.vectors import VectorIndex, VectorPart
from mundap.protocols import Mask, Progress, Vectors, quiet
from mundap.retrieve.coverage import untrained
from mundap.retrieve.hybrid import Candidates, Hybrid
from mundap.retrieve.light import (
    DEPTH,
    FEATURES,
    Features,
    Hidden,
    KnownQuestions,
    LightModel,
    fit,
    seen,
    tokenizer_name,
)
from mundap.retrieve.neighbours import vectors_without_maps
from mundap.retrieve.translate import Translations, Translator, learn
from mundap.training.common.folds import Numbers, by_group
from mundap.training.common.heldout import part_of
from mundap.training.common.measure import HeldOut, Remembered, RememberedTokens, verdict_of
from mundap.training.common.pairs import FOLDS, SPLITS, check_enough, enough, kin_of, right_rows, twins_in
from mundap.training.common.registry import Verdict
from mundap.types import Json

RELEARNED = 2  # of FOLDS rounds, where the encoder learns anew in each, to save time

Matrix = npt.NDArray[np.float64]


class Found(Sequence[Candidates]):
    """What the legs find for each of these questions, searched when it is first looked at."""

    def __init__(self, lexical: LexicalLeg, dense: DenseLeg, questions: Sequence[str]) -> None:
        self._hybrid = Hybrid(lexical, dense)
        self._questions = questions
        self._known: dict[int, Candidates] = {}

    def __len__(self) -> int:
        return len(self._questions)

    @overload
    def __getitem__(self, at: int) -> Candidates: ...

    @overload
    def __getitem__(self, at: slice) -> list[Candidates]: ...

    def __getitem__(self, at: int | slice) -> Candidates | list[Candidates]:
        if isinstance(at, slice):
            return [self[n] for n in range(*at.indices(len(self)))]
        if at not in self._known:
            mask = self._hybrid.table.mask(None)
            self._known[at] = self._hybrid.candidates(self._questions[at], DEPTH, mask).first(DEPTH)
        return self._known[at]


@dataclass(frozen=True)
class Examples:
    """Questions in order, the row of the first passage that answers each, and the candidates of each.

    `right` has the rows of all that answer it, and `groups` the number of its passage, the same for passages that answer
    one question. `kin` numbers rows as `kin_of` does. `vectors` are those of the questions, by the encoder that found the
    candidates.
    """

    questions: tuple[str, ...]
    rows: Numbers
    vectors: Vectors
    candidates: Sequence[Candidates]
    tokens: tuple[list[str], ...]
    passages: dict[int, list[str]]  # the tokens of each answering passage, by row
    right: tuple[tuple[int, ...], ...]
    groups: Numbers
    kin: Numbers

    def places(self, some: Numbers) -> Numbers:
        """For each of these questions, where the first that answers stands among its candidates; -1 where none does."""
        found = [self.all_places(n) for n in some]
        return np.fromiter((at[0] if len(at) else -1 for at in found), np.int64, len(found))

    def all_places(self, n: int) -> Numbers:
        """Where all that answer a question stand among its candidates, in order."""
        return np.flatnonzero(np.isin(self.candidates[n].rows, self.right[n]))


@dataclass(frozen=True)
class Trained:
    """A model, and what cross-validation says of it."""

    model: LightModel
    report: RankerReport


@dataclass(frozen=True)
class RankerReport:
    """What cross-validation in `folds` folds says of a ranker, of each of SPLITS.

    The encoder has learned from `learned_by_encoder` of the questions, which are not counted. `ranks` has what became of
    each question.
    """

    questions: int
    passages: int
    folds: int
    learned_by_encoder: int
    splits: Mapping[str, Comparisons]
    ranks: Mapping[str, HeldOut]

    @property
    def verdict(self) -> Verdict:
        """See `verdict_of`."""
        return verdict_of(self.splits.values())

    def to_json(self) -> dict[str, Json]:
        """The fields by name, those of `splits` among them."""
        figures: dict[str, Json] = {one.name: getattr(self, one.name) for one in fields(self)}
        del figures["splits"], figures["ranks"]
        return figures | {name: one.to_json() for name, one in self.splits.items()}


def examples(
    questions: Sequence[Question], lexical: LexicalLeg, dense: DenseLeg, vectors: Vectors, progress: Progress = quiet
) -> Examples:
    """What the legs find for each question whose gold passage is in the index. `vectors` are those of the questions.

    Raises MundapError if too few are left to learn from.
    """
    table = lexical.table
    passages = table.store.passages([*table.ids])
    kept = [(n, rows) for n, rows in enumerate(right_rows(questions, table)) if rows]
    answering = sorted({rows[0] for _, rows in kept})
    check_enough(len(kept), len(answering))
    texts = [questions[n].question for n, _ in kept]
    known = vectors[[n for n, _ in kept]]
    found = Found(lexical, DenseLeg(dense.vectors, table, Remembered(dense.encoder, texts, known)), texts)
    for done in range(len(texts)):
        found[done]
        progress(done + 1, len(texts))
    tokens = lexical.tokenize([passages[table.ids[row]].worded for row in answering])
    return Examples(
        tuple(texts),
        np.array([rows[0] for _, rows in kept], np.int64),
        known,
        found,
        tuple(lexical.tokenize(texts)),
        dict(zip(answering, tokens, strict=True)),
        tuple(tuple(rows) for _, rows in kept),
        np.array(linked([rows for _, rows in kept]), np.int64),
        kin_of([rows for _, rows in kept], twins_in(table)),
    )


Relearn = Callable[[Numbers], Examples]


def found_by(made: Examples, lexical: LexicalLeg, dense: DenseLeg, passages: Vectors, asked: Vectors) -> Examples:
    """The examples, by an encoder that gives these vectors to all passages of the index and to the questions."""
    tokenize = RememberedTokens(tokenizer_name(lexical), made.questions, made.tokens)
    index = VectorIndex([VectorPart(passages.astype(np.float16), dense.vectors.starts)])
    leg = DenseLeg(index, dense.table, Remembered(dense.encoder, made.questions, asked))
    found = Found(LexicalLeg(lexical.postings, lexical.table, tokenize, lexical.widening), leg, made.questions)
    return replace(made, vectors=asked, candidates=found)


class Trainer:
    """Trains on parts of the examples. `names` are the features that may be used, of FEATURES.

    An encoder that has learned from a question knows its passage too well, so that weights and figures come from
    questions that it has not learned from: either from those where `unlearned` is True, if it is given, or from examples
    as `relearn` gives them, by an encoder that has learned from some of the questions only.
    """

    def __init__(
        self,
        made: Examples,
        lexical: LexicalLeg,
        dense: DenseLeg,
        names: Sequence[str] = FEATURES,
        seed: int = 0,
        unlearned: npt.NDArray[np.bool_] | None = None,
        relearn: Relearn | None = None,
    ) -> None:
        self.made = made
        tokenize = RememberedTokens(tokenizer_name(lexical), made.questions, made.tokens)
        self.lexical = LexicalLeg(lexical.postings, lexical.table, tokenize, lexical.widening)
        self.dense = dense
        self._vectors_of = vectors_without_maps(dense)
        self.names = tuple(name for name in FEATURES if name in names)
        self.seed = seed
        self.unlearned = np.ones(len(made.questions), np.bool_) if unlearned is None else unlearned
        self._relearn = relearn

    def found_without(self, some: Numbers) -> Examples:
        """The examples, by an encoder that has learned from none but these questions, if it has learned from any."""
        return self._relearn(some) if self._relearn else self.made

    def train(self, some: Numbers, made: Examples | None = None) -> LightModel:
        """A model of these questions over the encoder of `made`, which is the one in use if it is not given."""
        weights = fit(*self._crossed(some))
        return LightModel(
            dict(zip(self.names, weights.tolist(), strict=True)),
            self.dense.encoder.name,
            tokenizer_name(self.lexical),
            frozenset(seen(self.made.questions[n]) for n in some),
            self._translations(some),
            self._asked(some, made or self.made),
        )

    def ranks(self, model: LightModel, some: Numbers, made: Examples | None = None) -> list[int | None]:
        """The rank that the model gives to the first passage that answers each of these questions."""
        made = made or self.made
        ordered = self.ordered(model, some, made)
        return [rank_of(rows, made.right[n]) for n, (rows, _) in zip(some, ordered, strict=True)]

    def ordered(self, model: LightModel, some: Numbers, made: Examples) -> Iterator[tuple[Numbers, Matrix]]:
        """For each of these questions the rows of its candidates, the best by the model first, and their scores."""
        features = self._features(made, model.translations, model.asked)
        weights = np.array([model.weights[name] for name in self.names])
        for n in some:
            candidates = made.candidates[n]
            if not len(candidates.rows):
                yield candidates.rows, np.empty(0)
                continue
            scores = features.of(made.questions[n], candidates, self.names) @ weights
            order = np.lexsort((candidates.rows, -scores))
            yield candidates.rows[order], scores[order]

    def ranks_before(self, some: Numbers, made: Examples) -> list[int | None]:
        """The rank of the first passage that answers each of these questions, in the search without a trained ranker."""
        plain = untrained(self.lexical, self.dense, lexical=self.lexical)
        ordered = [plain.ordered(made.questions[n], made.candidates[n])[0] for n in some]
        return [rank_of(rows, made.right[n]) for n, rows in zip(some, ordered, strict=True)]

    def _crossed(self, some: Numbers) -> tuple[Matrix, Numbers, Matrix, Mask]:
        """The features of questions, from what was learned without them; the right places; what each counts; and which
        other candidates are no wrong answers.

        In each of FOLDS rounds a fifth of the passages is new, as if nobody had asked about them. Questions on these
        count as much, in all, as such passages stand among the candidates: whether a passage was asked about says
        nothing by itself. Otherwise the ranker would learn to guess by elimination, and a split by passage, where only
        new passages are right, would praise it.
        """
        rows, right, on_new, unasked, aside = [], [], [], [], []
        digests = np.array([seen(self.made.questions[n]) for n in some])
        passage = by_group(self.made.groups[some].tolist(), FOLDS, self.seed)
        question = by_group(digests.tolist(), FOLDS, self.seed)
        width = max(len(self.made.candidates[n].rows) for n in some)
        for number in range(RELEARNED if self._relearn else FOLDS):
            new, held = passage == number, (passage == number) | (question == number)
            made = self.found_without(some[~held])
            features = self._features(made, self._translations(some[~held]), self._asked(some, made))
            tested = np.flatnonzero(held & self.unlearned[some])
            for at, place in zip(tested, made.places(some[tested]), strict=True):
                candidates = made.candidates[some[at]]
                if place < 0 or len(candidates.rows) < width:
                    continue
                hidden = Hidden(new | (digests == digests[at]))
                rows.append(features.of(made.questions[some[at]], candidates, self.names, hidden))
                right.append(place)
                on_new.append(new[at])
                unasked.append(1 - np.isin(candidates.rows, made.rows[some[~new]]).mean())
                kin = np.isin(candidates.rows, np.flatnonzero(made.kin == made.kin[made.rows[some[at]]]))
                kin[place] = False
                aside.append(kin)
        if not rows:
            raise MundapError(
                f"학습할 수 없습니다: 어느 질문도 제시문이 검색 결과 {DEPTH}위 안에 없습니다."
                " 질문과 제시문이 맞는지 확인하세요."
            )
        wanted, there = float(np.mean(unasked)), float(np.mean(on_new))
        counts = np.where(on_new, wanted / max(there, 1e-9), (1 - wanted) / max(1 - there, 1e-9))
        return np.stack(rows), np.asarray(right, np.int64), counts, np.stack(aside)

    def _features(self, made: Examples, translations: Translations, asked: KnownQuestions) -> Features:
        dense = DenseLeg(
            self.dense.vectors, self.dense.table, Remembered(self.dense.encoder, made.questions, made.vectors)
        )
        translator = Translator(translations, self.lexical.postings)
        return Features(self.lexical, dense, translator, asked, self._vectors_of)

    def _translations(self, some: Numbers) -> Translations:
        if "translation" not in self.names:
            return learn([])
        asked: dict[int, list[list[str]]] = {}
        for n in some:
            asked.setdefault(int(self.made.rows[n]), []).append(self.made.tokens[n])
        return learn([(asked[row], self.made.passages[row]) for row in sorted(asked)])

    def _asked(self, some: Numbers, made: Examples) -> KnownQuestions:
        ids = self.lexical.table.ids
        return KnownQuestions(made.vectors[some].astype(np.float16), tuple(ids[row] for row in made.rows[some]))


def rank_of(rows: Numbers, right: Sequence[int]) -> int | None:
    """The rank of the first of `rows` that is among `right`; None if none is."""
    at = np.flatnonzero(np.isin(rows, right))
    return int(at[0]) + 1 if len(at) else None


def train_reranker(trainer: Trainer, progress: Progress = quiet) -> Trained:
    """Cross-validate by passage and by question, then train on everything.

    By passage, all questions of a fifth of the passages are held out: new documents. By question, a fifth of the
    questions: documents that people have asked about before. Only questions that the encoder has not learned from are
    counted.
    """
    made = trainer.made
    everything = np.arange(len(made.questions))
    fresh = trainer.unlearned
    if not fresh.all():
        new = _counted(trainer, "by_passage")
        questions, passages = len(new), len(set(made.rows[new].tolist()))
        if not enough(questions, passages):
            raise MundapError(
                f"임베딩 학습에 쓰이지 않은 제시문이 {passages}개(질문 {questions}개)뿐이라 리랭커를 공정하게 평가할 수 없습니다."
                " 새 질문을 지정하거나(--data), adapter나 embedding으로 학습한 임베딩을 사용하세요."
            )
    steps = len(SPLITS) * FOLDS + 1
    ranks = {
        split: held_out(trainer, split, part_of(progress, number * FOLDS, steps)) for number, split in enumerate(SPLITS)
    }
    model = trainer.train(everything)
    progress(steps, steps)
    splits = {split: one.comparisons() for split, one in ranks.items()}
    report = RankerReport(len(everything), len(made.passages), FOLDS, int((~fresh).sum()), splits, ranks)
    return Trained(model, report)


def held_out(trainer: Trainer, split: str, progress: Progress = quiet) -> HeldOut:
    """What became of every question that counts in the fold of `split` that held it out; before is the search without a
    trained ranker."""
    made = trainer.made
    groups = made.groups.tolist() if split == "by_passage" else list(map(seen, made.questions))
    fold = by_group(groups, FOLDS, trainer.seed + 1)
    counted = _counted(trainer, split)
    before: dict[int, int | None] = {}
    after: dict[int, int | None] = {}
    for number in range(FOLDS):
        tested = counted[fold[counted] == number]
        others = np.flatnonzero(fold != number)
        found = trainer.found_without(others)
        model = trainer.train(others, found)
        before |= dict(zip(tested.tolist(), trainer.ranks_before(tested, found), strict=True))
        after |= dict(zip(tested.tolist(), trainer.ranks(model, tested, found), strict=True))
        progress(number + 1, FOLDS)
    some = counted.tolist()
    questions, rows = tuple(made.questions[n] for n in some), tuple(made.rows[counted].tolist())
    return HeldOut(questions, rows, tuple(before[n] for n in some), tuple(after[n] for n in some))


def _counted(trainer: Trainer, split: str) -> Numbers:
    """The questions that count: a passage is new if the encoder has learned from none of its questions."""
    made, fresh = trainer.made, trainer.unlearned
    return np.flatnonzero(~np.isin(made.rows, made.rows[~fresh]) if split == "by_passage" else fresh)
