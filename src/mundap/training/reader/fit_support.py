"""Calibrate on the user's own questions when an answer is supported and when it is withheld.

An answerable question is unanswerable without its passage, unless another passage bears its recorded answer out, and in
its passages without the sentences that do, so a sheet of questions gives both kinds; questions that the file leaves
without a passage are unanswerable too. What people ask near a topic is still another thing. Where a file has too few of
it, weights that ship for the encoder stay as they are to each other: it says how sure they may be and where the threshold
lies (docs/experiments/2026-11-30-what-training-gains-together.md). Else, and for an encoder that none know, they are a
strong prior of the fit. Only questions of the file as they are asked count for a promise (train.conformal).
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mundap.errors import MundapError
from mundap.evaluation.estimates import Comparison, Difference, compare, paired_difference
from mundap.evaluation.metrics import auroc, calibration_error, reliability
from mundap.evaluation.questions import Question
from mundap.generate.evidence import Line, ReaderModel, default_model, knows
from mundap.generate.extractive import pick
from mundap.generate.reading import Evidence, passage_spans
from mundap.generate.support import FEATURES, question_features
from mundap.korean.normalize import squash
from mundap.korean.wanted import wanted
from mundap.protocols import Progress, quiet
from mundap.training.common.folds import by_group
from mundap.training.common.logistic import fit
from mundap.training.common.registry import Verdict
from mundap.training.reader.bearing import bearing
from mundap.training.reader.config import SupportConfig
from mundap.training.reader.conformal import Promise, promise
from mundap.types import Hit, Json
from mundap.workspace.answering import WIDE

FOLDS = 5
FEWEST = 30  # of either kind
MOST = 2000  # questions that are read; each costs the sentences of a few passages
PRIOR = 300.0  # questions of either kind that the weights in use are worth
# Share of a sheet's questions that the proposed threshold lets through. Of labelled questions, whose passages do answer
# them, 92 % pass then (docs/experiments/2026-11-30-what-training-gains-together.md).
PASSES = 0.9

Floats = npt.NDArray[np.float64]
Find = Callable[[str, int], list[Hit]]
Read = Callable[[str, Sequence[Hit]], Evidence]


@dataclass(frozen=True)
class SupportExample:
    """A question as its passages were read, whether they can answer it, and a name of its gold passages.

    `real`: it is a question of the file with what is found for it, not one whose passages were taken away; `golds` are
    its gold passages, white space aside. `counted`: what was read says something of support, as it does not where the
    gold passage was not found.
    """

    question: str
    evidence: Evidence
    answerable: bool
    group: str
    golds: frozenset[str] = frozenset()
    real: bool = True
    counted: bool = True

    def wrong(self, model: ReaderModel | None) -> bool:
        """Whether an answer cites no gold passage."""
        picked = pick(self.evidence, model)
        return picked is None or not any(squash(s.hit.passage.text) in self.golds for s in picked.all)


@dataclass(frozen=True)
class Sample:
    """What reading found for questions: (n, len(FEATURES)), and whether they are answerable.

    `before` is the support that they have now, and `groups` names the passage of each. `real` are questions of the file
    as they are asked, and `wrong` those whose answer would be wrong; `counted` are fitted and measured. `fixed`: the weights
    in use know the encoder, and there is too little to fit others to.
    """

    found: Floats
    answerable: npt.NDArray[np.bool_]
    before: Floats
    groups: tuple[str, ...]
    real: npt.NDArray[np.bool_]
    wrong: npt.NDArray[np.bool_]
    counted: npt.NDArray[np.bool_]
    fixed: bool = False


@dataclass(frozen=True)
class Quality:
    """What supports are worth: `auroc` of answerable questions over others, and `calibration_error`, the expected one."""

    auroc: float
    calibration_error: float


@dataclass(frozen=True)
class SupportReport:
    """What cross-validation says of a calibration.

    At `threshold` the share `answered` of the answerable questions is answered, and `refused` of the others is not.
    `promise` is what was wanted of wrong answers, if anything was. `truth` compares 1 less the squared error of the chances
    (Brier, Monthly Weather Review 1950), higher being better.
    """

    answerable: int
    unanswerable: int
    before: Quality
    after: Quality
    answered: float
    refused: float
    threshold: float
    truth: Comparison
    promise: Promise | None = None

    @property
    def verdict(self) -> Verdict:
        """ "better" if a wanted promise holds, or, if none was wanted, if the chances are truer and none are mixed up."""
        if self.promise:
            return "better" if self.promise.threshold is not None else "same"
        truer = self.after.calibration_error < self.before.calibration_error
        return "better" if truer and self.after.auroc >= self.before.auroc - 0.01 else "same"

    def to_json(self) -> dict[str, Json]:
        """The fields by name, the shares at the threshold with what is said of the figures after."""
        return {
            "answerable": self.answerable,
            "unanswerable": self.unanswerable,
            "before": asdict(self.before),
            "after": asdict(self.after) | {"answered": self.answered, "refused": self.refused},
            "threshold": self.threshold,
            "promise": self.promise.to_json() if self.promise else None,
        }


@dataclass(frozen=True)
class Calibrated:
    """The fitted line, and what cross-validation says of it and the threshold that goes with it."""

    line: Line
    report: SupportReport


def drawn(questions: Sequence[Question], most: int = MOST, seed: int = 0) -> list[Question]:
    """At most `most` of the questions, in their order."""
    return [questions[n] for n in sorted(random.Random(seed).sample(range(len(questions)), min(most, len(questions))))]


def read_all(
    questions: Sequence[Question], k: int, find: Find, read: Read, progress: Progress = quiet
) -> Iterator[tuple[SupportExample, ...]]:
    """Each question read as it is answered from `k` hits, and one with a passage also as if nothing answered it.

    That is without its passage, unless another bears the recorded answer out, and with all passages but without the
    sentences that do, as a question near a topic finds them.
    """
    for done, question in enumerate(questions, 1):
        golds = frozenset(squash(gold) for gold in question.gold)
        group = min(golds, default=question.question)
        depth = max(k, WIDE) if wanted(question.question).exact else k
        hits = find(question.question, depth + len(golds))
        evidence = read(question.question, hits[:depth])
        found = not golds or any(squash(hit.passage.text) in golds for hit in evidence.hits)
        asked = [SupportExample(question.question, evidence, bool(golds), group, golds, counted=found)]
        if golds:
            others = [hit for hit in hits if squash(hit.passage.text) not in golds][:depth]
            readings = [read(question.question, others)]
            if question.answer and _emptied(readings[0].hits, question) != readings[0].hits:
                readings = []
            if question.answer and found and (left := _emptied(hits[:depth], question)) != hits[:depth]:
                readings.append(read(question.question, left))
            asked += [SupportExample(question.question, one, False, group, real=False) for one in readings]
        yield tuple(asked)
        progress(done, len(questions))


def _emptied(hits: Sequence[Hit], question: Question) -> list[Hit]:
    """The hits without the sentences that bear the recorded answer out, and without those that have no others."""
    kept = []
    for hit in hits:
        passage = hit.passage
        texts = [passage.text[start:end] for start, end in passage_spans(passage)]
        bears = bearing(texts, question.question, question.answer)
        if not bears.any():
            kept.append(hit)
        elif not bears.all():
            left = "\n".join(text for text, one in zip(texts, bears, strict=True) if not one)
            kept.append(replace(hit, passage=replace(passage, id=f"{passage.id} -", text=left)))
    return kept


def sample(asked: Sequence[SupportExample], now: Line | None = None, model: ReaderModel | None = None) -> Sample:
    """What the calibration in use, `now`, and the fit see of questions under the `model` that chooses sentences.

    Raises MundapError for too few.
    """
    rows = [row for row in asked if row.evidence.sentences]
    answerable = np.array([row.answerable for row in rows], np.bool_)
    counted = np.array([row.counted for row in rows], np.bool_)
    have, lack = int((counted & answerable).sum()), int((counted & ~answerable).sum())
    if min(have, lack) < FEWEST:
        raise MundapError(
            f"보정 데이터가 부족합니다: 답이 있는 질문 {have}개, 없는 질문 {lack}개"
            f"(최소 {FEWEST}개씩 필요). 제시문이 있는 질문을 추가하세요."
        )
    found = np.array([question_features(row.evidence, model) for row in rows])
    return Sample(
        found,
        answerable,
        chances(now or prior_of(rows, model), found),
        tuple(row.group for row in rows),
        np.array([row.real for row in rows], np.bool_),
        np.array([row.real and row.wrong(model) for row in rows], np.bool_),
        counted,
        knows(rows[0].evidence.encoder) and sum(row.real and not row.answerable for row in rows) < FEWEST,
    )


def prior_of(asked: Sequence[SupportExample], model: ReaderModel | None) -> Line:
    """The line that is in use for these readings without a calibration of one's own."""
    return (model or default_model(asked[0].evidence.encoder)).support


def calibrate(
    found: Sample,
    prior: Line,
    config: SupportConfig = SupportConfig(),
    *,
    strength: float = PRIOR,
    progress: Progress = quiet,
) -> Calibrated:
    """Fit on everything; the report is of folds by passage, each judged by a fit of the others.

    `prior` counts as much as `strength` questions of either kind. With `config.wrong` the threshold is the loosest at which
    no more than that share of answers is wrong, with `config.confidence`; where there is none it is the one that lets
    PASSES of the answerable questions through.
    """
    fold = by_group(found.groups, FOLDS, config.seed)
    after = np.zeros(len(fold))
    for number in range(FOLDS):
        held = fold == number
        line = _line(found, found.answerable, prior, ~held & found.counted, strength)
        after[held] = chances(line, found.found[held])
        progress(number + 1, FOLDS)
    kept = None
    if config.wrong is not None:
        kept = promise(after[found.real], found.wrong[found.real], config.wrong, config.confidence)
    return reported(found, after, _line(found, found.answerable, prior, found.counted, strength), kept)


def reported(found: Sample, after: Floats, line: Line, kept: Promise | None = None) -> Calibrated:
    """The line with its threshold, and what is said of it. `after` are the chances by fits without the question."""
    counted = found.counted
    answerable, before, after = found.answerable[counted], found.before[counted], after[counted]
    threshold = kept.threshold if kept and kept.threshold is not None else passing(after, answerable)
    report = SupportReport(
        int(answerable.sum()),
        int((~answerable).sum()),
        _quality(before, answerable),
        _quality(after, answerable),
        float((after[answerable] >= threshold).mean()),
        float((after[~answerable] < threshold).mean()),
        threshold,
        compare(_truth(before, answerable), _truth(after, answerable), groups=_groups(found)),
        kept,
    )
    return Calibrated(line, report)


def learned_from_nonsense(found: Sample, prior: Line, config: SupportConfig = SupportConfig()) -> Difference:
    """What of `truth` a calibration gains that learned from labels dealt at random; it is measured on the right ones."""
    dealt = np.random.default_rng(config.seed).permutation(found.answerable)
    fold = by_group(found.groups, FOLDS, config.seed)
    after = np.zeros(len(fold))
    for number in range(FOLDS):
        held = fold == number
        after[held] = chances(_line(found, dealt, prior, ~held & found.counted), found.found[held])
    answerable, counted = found.answerable[found.counted], found.counted
    runs = (_truth(found.before[counted], answerable), _truth(after[counted], answerable))
    return paired_difference(*runs, groups=_groups(found))


def _truth(scores: Floats, answerable: npt.NDArray[np.bool_]) -> Floats:
    return 1 - (scores - answerable) ** 2


def _groups(found: Sample) -> list[str]:
    return [group for group, counts in zip(found.groups, found.counted, strict=True) if counts]


def passing(scores: Floats, answerable: npt.NDArray[np.bool_]) -> float:
    """The threshold, in thousandths, that lets PASSES of the answerable questions through."""
    return float(np.floor(np.quantile(scores[answerable], 1 - PASSES) * 1000) / 1000)


def fitted(
    found: Floats,
    answerable: npt.NDArray[np.bool_],
    prior: Line,
    some: npt.NDArray[np.bool_],
    strength: float = PRIOR,
    names: Sequence[str] = FEATURES,
) -> Line:
    """The line of `some` of these questions, in which both kinds weigh the same."""
    right = answerable[some]
    weights = np.where(right, 0.5 / max(1, right.sum()), 0.5 / max(1, (~right).sum()))
    ridge = strength / max(1, min(right.sum(), (~right).sum()))
    return fit(found[some], right, names, names, ridge, weights, prior)


def _line(
    found: Sample, answerable: npt.NDArray[np.bool_], prior: Line, some: npt.NDArray[np.bool_], strength: float = PRIOR
) -> Line:
    """The line of `some` of these questions; where it is `fixed` the prior, moved and stretched.

    Platt, Probabilistic Outputs for Support Vector Machines, 1999.
    """
    if not found.fixed:
        return fitted(found.found, answerable, prior, some, strength)
    odds = prior.logits(found.found, FEATURES)[:, None]
    scale = fitted(odds, answerable, Line({"odds": 1.0}, 0.0), some, strength, names=("odds",))
    stretch = scale.weights["odds"]
    return Line({name: stretch * weight for name, weight in prior.weights.items()}, stretch * prior.bias + scale.bias)


def chances(line: Line, found: Floats) -> Floats:
    """(n,) probabilities of the rows of `found`."""
    result: Floats = np.exp(-np.logaddexp(0, -line.logits(found, FEATURES)))
    return result


def save(calibrated: Calibrated, encoder: str, folder: Path) -> None:
    """Write support.json into `folder`."""
    shown = {"kind": "support", **calibrated.line.to_json(), "encoder": encoder}
    (folder / "support.json").write_text(json.dumps(shown), "utf-8")


def _quality(scores: Floats, answerable: npt.NDArray[np.bool_]) -> Quality:
    return Quality(
        auroc(scores[answerable], scores[~answerable]),
        calibration_error(reliability(scores, answerable.tolist())),
    )
