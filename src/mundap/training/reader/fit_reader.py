"""Learn from the recorded answers of a sheet which sentence of a passage answers a question.

The weights that ship are the prior: a sheet moves them as far as it has evidence. What is measured is what people are
shown, the real extract, on questions that had no part in the fit: of new passages, and new ones on known passages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt

from mundap.errors import MundapError
from mundap.evaluation.estimates import BETTER, WORSE, Comparisons, compare_each
from mundap.evaluation.questions import Question
from mundap.generate.evidence import FEATURES, ReaderModel, default_model, features
from mundap.generate.extractive import pick, written
from mundap.generate.reading import CLOSELY, Evidence
from mundap.generate.support import question_features
from mundap.protocols import Progress, quiet
from mundap.training.common.folds import Numbers, by_group
from mundap.training.common.logistic import fit
from mundap.training.common.pairs import FOLDS, SPLITS, asked_as, check_enough
from mundap.training.common.registry import Verdict
from mundap.training.reader.bearing import answered, bearing, facts
from mundap.training.reader.config import ReaderConfig
from mundap.training.reader.fit_support import (
    Find,
    Floats,
    Read,
    SupportExample,
    SupportReport,
    chances,
    read_all,
    reported,
    sample,
)
from mundap.training.reader.fit_support import fitted as support_fitted
from mundap.types import Hit, Json, Passage

PRIOR = 10.0  # questions that the weights in use are worth (docs/experiments/2026-11-29-prior-for-small-sheets.md)
METRICS = ("facts", "key")

# -- data -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A question with a recorded answer.

    `shown` is it as it is answered, `learned` the same with its gold passage among the passages; `right` says which
    sentences of the latter bear the answer out, `seen` the passages and places of these. `asked` are it and, where nothing
    else answers it, it without its gold passage.
    """

    question: str
    answer: str
    shown: SupportExample
    asked: tuple[SupportExample, ...]
    learned: Evidence
    right: npt.NDArray[np.bool_]

    @property
    def seen(self) -> frozenset[tuple[str, int]]:
        """(passage id, start) of the sentences that bear the answer out."""
        found = self.learned.sentences
        return frozenset((found[n].hit.passage.id, found[n].start) for n in np.flatnonzero(self.right))


def rows(
    questions: Sequence[Question], golds: Sequence[Passage | None], k: int, find: Find, read: Read,
    progress: Progress = quiet,
) -> list[Row]:  # fmt: skip
    """The questions whose answer some sentence of their gold passage bears out.

    `golds` has the passage of each in the index. Raises MundapError if there are too few.
    """
    usable = [(q, gold) for q, gold in zip(questions, golds, strict=True) if gold is not None and q.answer]
    if not usable:
        raise MundapError(
            "학습할 수 없습니다: 답변이 있고 제시문이 색인에 있는 질문이 없습니다."
            " 질문·제시문·답변 열이 있는 파일을 지정하고(--data), 그 제시문이 색인되어 있는지 확인하세요."
        )
    readings = read_all([q for q, _ in usable], k, find, read, progress)
    found = []
    for (question, gold), asked in zip(usable, readings, strict=True):
        shown, evidence = asked[0], asked[0].evidence
        if gold.id not in {hit.passage.id for hit in evidence.hits}:
            evidence = read(question.question, _with(evidence.hits, gold))
        right = _right(evidence, gold, question)
        if right.any() and shown.evidence.sentences:
            found.append(Row(question.question, question.answer, shown, asked, evidence, right))
    check_enough(len(found), len({row.shown.group for row in found}))
    return found


def _with(hits: Sequence[Hit], gold: Passage) -> list[Hit]:
    """The hits with the gold passage as the last one that is read closely."""
    first = list(hits[: CLOSELY - 1])
    score = hits[min(len(hits), CLOSELY) - 1].score if hits else 0.0
    return [*first, Hit(gold, score, len(first) + 1)]


def _right(evidence: Evidence, gold: Passage, question: Question) -> npt.NDArray[np.bool_]:
    right = np.zeros(len(evidence.sentences), np.bool_)
    places = [n for n, sentence in enumerate(evidence.sentences) if sentence.hit.passage.id == gold.id]
    texts = [evidence.sentences[n].said for n in places]
    right[places] = bearing(texts, question.question, question.answer)
    return right


# -- fit --------------------------------------------------------------------------------------------------------------


def sentences_fitted(made: Sequence[Row], table: Sequence[Floats], some: Numbers, prior: ReaderModel) -> ReaderModel:
    """The prior with its sentences fitted to some of the rows, each of which counts the same.

    `table` has the features of the sentences of each row.
    """
    found = np.vstack([table[n] for n in some])
    right = np.concatenate([made[n].right for n in some])
    weights = np.concatenate([np.full(len(made[n].right), 1 / len(made[n].right)) for n in some])
    line = fit(found, right, FEATURES, FEATURES, PRIOR / len(some), weights, prior.sentences)
    return replace(prior, sentences=line)


# -- measure ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """The extract of a question: its text without marks, and whether its key sentence bears the answer out."""

    text: str
    key: bool


def shown(row: Row, model: ReaderModel) -> Shown:
    """What the model quotes for a question; nothing where only the contrary of what is asked was found."""
    picked = pick(row.shown.evidence, model)
    if picked is None:
        return Shown("", key=False)
    key = (picked.key.hit.passage.id, picked.key.start)
    return Shown(re.sub(r" \[\d+\]", "", written(picked, "ko")), key in row.seen)


def held(row: Row, extract: Shown, length: int) -> float:
    """The share of what the recorded answer says that stands in the first `length` characters of the extract."""
    wanted = answered(row.question, row.answer)
    return len(wanted & facts(extract.text[:length])) / max(1, len(wanted))


@dataclass(frozen=True)
class Extracts:
    """What two models show for the same questions: METRICS, and the median length of their extracts.

    "facts" is what the first `length` characters hold, the median length of the extracts before, so that more is not
    gained by saying more; "key" is whether the first sentence answers.
    """

    metrics: Comparisons
    characters_before: int
    characters_after: int

    @property
    def length(self) -> int:
        """Characters of an extract that count."""
        return self.characters_before

    def to_json(self) -> dict[str, Json]:
        """As `Comparisons.to_json`, with "characters" before and after, and the "length"."""
        before: dict[str, Json] = {metric: one.before.to_json() for metric, one in self.metrics.items()}
        after: dict[str, Json] = {metric: one.after.to_json() for metric, one in self.metrics.items()}
        return self.metrics.to_json() | {
            "before": before | {"characters": self.characters_before},
            "after": after | {"characters": self.characters_after},
            "length": self.length,
        }


def compared(made: Sequence[Row], before: Sequence[Shown], after: Sequence[Shown]) -> Extracts:
    """What changed; questions on one passage are drawn together."""
    lengths = [int(np.median([len(one.text) for one in some])) for some in (before, after)]
    runs = [
        [[held(row, one, lengths[0]), float(one.key)] for row, one in zip(made, some, strict=True)]
        for some in (before, after)
    ]
    return Extracts(compare_each(METRICS, *runs, groups=[row.shown.group for row in made]), *lengths)


@dataclass(frozen=True)
class ReaderReport:
    """What cross-validation says of a reader, on each of SPLITS, and of the support that goes with it.

    `right_sentences` is how many of a question's sentences bear its answer out, in the mean.
    """

    questions: int
    passages: int
    folds: int
    right_sentences: float
    splits: Mapping[str, Extracts]
    support: SupportReport

    @property
    def verdict(self) -> Verdict:
        """ "worse" if extracts are worse beyond chance in a metric of a split; else "better" if they are better in one."""
        changes = [one.verdict for split in self.splits.values() for one in split.metrics.differences.values()]
        return "worse" if WORSE in changes else "better" if BETTER in changes else "same"

    def to_json(self) -> dict[str, Json]:
        """The fields by name, those of `splits` among them."""
        return {
            "questions": self.questions,
            "passages": self.passages,
            "folds": self.folds,
            "right_sentences": self.right_sentences,
            **{name: one.to_json() for name, one in self.splits.items()},
            "support": self.support.to_json(),
        }


@dataclass(frozen=True)
class Trained:
    """A model, and what cross-validation says of it."""

    model: ReaderModel
    report: ReaderReport


def train_reader(
    made: Sequence[Row],
    unanswerable: Sequence[SupportExample] = (),
    prior: ReaderModel | None = None,
    config: ReaderConfig = ReaderConfig(),
    progress: Progress = quiet,
) -> Trained:
    """Cross-validate by passage and by question, then fit on everything.

    `unanswerable` are questions without a passage, from which only support learns. `prior` is the model in use, None the
    one that ships for the encoder of the readings. Where its support is `fixed`, only the threshold is the sheet's.
    """
    now = prior or default_model(made[0].shown.evidence.encoder)
    table = [features(row.learned) for row in made]
    before = [shown(row, now) for row in made]
    asked = [one for row in made for one in row.asked] + list(unanswerable)
    asked = [one for one in asked if one.evidence.sentences]
    support = sample(asked, None, now)
    judged = support.before.copy()
    groups = {"by_passage": [row.shown.group for row in made], "by_question": [asked_as(row.question) for row in made]}
    splits: dict[str, Extracts] = {}
    done, steps = 0, len(SPLITS) * FOLDS + 1
    for split in SPLITS:
        fold = by_group(groups[split], FOLDS, config.seed)
        after = list(before)
        for number in range(FOLDS):
            tested = np.flatnonzero(fold == number)
            model = sentences_fitted(made, table, np.flatnonzero(fold != number), now)
            for n in tested.tolist():
                after[n] = shown(made[n], model)
            if split == "by_passage" and not support.fixed:
                held_out = {groups[split][n] for n in tested.tolist()}
                held = np.array([_held(one, held_out, number) for one in asked], np.bool_)
                found = _found(asked, model)
                line = support_fitted(found, support.answerable, now.support, ~held & support.counted)
                judged[held] = chances(line, found[held])
            done += 1
            progress(done, steps)
        splits[split] = compared(made, before, after)
    model = sentences_fitted(made, table, np.arange(len(made)), now)
    if support.fixed:
        model = replace(model, best=now.best or now.sentences)
    else:
        line = support_fitted(_found(asked, model), support.answerable, now.support, support.counted)
        model = replace(model, support=line)
    calibrated = reported(support, judged, model.support)
    progress(steps, steps)
    right = float(np.mean([row.right.sum() for row in made]))
    passages = len(set(groups["by_passage"]))
    report = ReaderReport(len(made), passages, FOLDS, right, splits, calibrated.report)
    return Trained(model, report)


def learned_from_nonsense(
    made: Sequence[Row], prior: ReaderModel | None = None, config: ReaderConfig = ReaderConfig()
) -> Comparisons:
    """METRICS of a reader that learned from sentences marked as right at random, on new passages; measured on the right ones."""
    now = prior or default_model(made[0].shown.evidence.encoder)
    table = [features(row.learned) for row in made]
    rng = np.random.default_rng(config.seed)
    dealt = [replace(row, right=rng.permutation(row.right)) for row in made]
    before = [shown(row, now) for row in made]
    after = list(before)
    fold = by_group([row.shown.group for row in made], FOLDS, config.seed)
    for number in range(FOLDS):
        model = sentences_fitted(dealt, table, np.flatnonzero(fold != number), now)
        for n in np.flatnonzero(fold == number).tolist():
            after[n] = shown(made[n], model)
    return compared(made, before, after).metrics


def _found(asked: Sequence[SupportExample], model: ReaderModel) -> Floats:
    return np.array([question_features(one.evidence, model) for one in asked])


def _held(one: SupportExample, passages: set[str], number: int) -> bool:
    """Whether a question is held out: with its passage, or without one in a fold of its own."""
    return one.group in passages if one.golds or not one.real else crc32(one.group.encode()) % FOLDS == number


# -- save -------------------------------------------------------------------------------------------------------------


def save(model: ReaderModel, encoder: str, folder: Path) -> None:
    """Write reader.json into `folder`."""
    kept = {"kind": "reader", **model.to_json(), "encoder": encoder}
    (folder / "reader.json").write_text(json.dumps(kept, ensure_ascii=False, indent=1), "utf-8")
