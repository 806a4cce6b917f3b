"""Calibrate on the user's own questions when an answer is supported and when it is withheld.

An answerable question whose passage is taken away is mostly unanswerable, so a sheet of questions gives both kinds;
questions that the file leaves without a passage count as unanswerable too.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mundap.errors import MundapError
from mundap.evaluate.metrics import auroc, calibration_error, reliability
from mundap.evaluate.questions import Question
from mundap.generate.reading import Reading
from mundap.generate.support import Calibration, nearest, support
from mundap.korean.normalize import squash
from mundap.protocols import Progress, quiet
from mundap.train.folds import by_group
from mundap.types import Hit

FOLDS = 5
FEWEST = 30  # of either kind
MOST = 400  # questions that are read; each costs the sentences of a few passages
_RIDGE = 1e-6
PASSES = 0.97  # share of the answerable questions that the proposed threshold lets through

Floats = npt.NDArray[np.float64]
Find = Callable[[str, int], list[Hit]]
Read = Callable[[str, Sequence[Hit]], Reading]


@dataclass(frozen=True)
class Sample:
    """What reading found for questions: (n, 2) nearest cosine and coverage, and whether they are answerable.

    `before` is the support that they have now, and `groups` names the passage of each.
    """

    found: Floats
    answerable: npt.NDArray[np.bool_]
    before: Floats
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Calibrated:
    """The fitted line, the threshold that goes with it, and what cross-validation says: `report` is plain JSON."""

    calibration: Calibration
    threshold: float
    report: dict[str, Any]


def sample(
    questions: Sequence[Question],
    k: int,
    find: Find,
    read: Read,
    now: Calibration | None,
    progress: Progress = quiet,
    seed: int = 0,
) -> Sample:
    """Read at most MOST of the questions, those with a passage twice: with it, and without.

    `find` gives the hits of a question, `k` of which an answer is read from. Raises MundapError for too few.
    """
    chosen = sorted(random.Random(seed).sample(range(len(questions)), min(MOST, len(questions))))
    rows: list[tuple[Reading, bool, str]] = []
    for done, question in enumerate((questions[n] for n in chosen), 1):
        golds = {squash(gold) for gold in question.gold}
        group = min(golds, default=question.question)
        hits = find(question.question, k + len(golds))
        if golds:
            rows.append((read(question.question, hits[:k]), True, group))
        others = [hit for hit in hits if squash(hit.passage.text) not in golds]
        rows.append((read(question.question, others[:k]), False, group))
        progress(done, len(chosen))
    rows = [row for row in rows if row[0].sentences]
    answerable = np.array([row[1] for row in rows], np.bool_)
    if answerable.sum() < FEWEST or (~answerable).sum() < FEWEST:
        raise MundapError(
            f"보정하기에 모자랍니다: 답이 있는 질문 {int(answerable.sum())}개, 없는 질문 {int((~answerable).sum())}개"
            f"(적어도 {FEWEST}개씩). 제시문이 있는 질문을 더 넣어 주세요."
        )
    return Sample(
        np.array([(nearest(row[0]), row[0].coverage) for row in rows]),
        answerable,
        np.array([support(row[0], now) for row in rows]),
        tuple(row[2] for row in rows),
    )


def calibrate(found: Sample, seed: int = 0) -> Calibrated:
    """Fit on everything; the report is of folds by passage, each judged by a fit of the others."""
    fold = by_group(found.groups, FOLDS, seed)
    after = np.zeros(len(fold))
    for number in range(FOLDS):
        held = fold == number
        after[held] = _chances(_fit(found.found[~held], found.answerable[~held]), found.found[held])
    line = _fit(found.found, found.answerable)
    threshold = float(np.floor(np.quantile(after[found.answerable], 1 - PASSES) * 100) / 100)
    report = {
        "answerable": int(found.answerable.sum()),
        "unanswerable": int((~found.answerable).sum()),
        "before": _figures(found.before, found.answerable),
        "after": _figures(after, found.answerable) | _at(after, found.answerable, threshold),
        "threshold": threshold,
    }
    return Calibrated(Calibration(*line.tolist()), threshold, report)


def save(calibrated: Calibrated, encoder: str, folder: Path) -> None:
    """Write support.json into `folder`."""
    line = calibrated.calibration
    shown = {"kind": "support", "near": line.near, "coverage": line.coverage, "bias": line.bias, "encoder": encoder}
    (folder / "support.json").write_text(json.dumps(shown), "utf-8")


def _figures(scores: Floats, answerable: npt.NDArray[np.bool_]) -> dict[str, float]:
    return {
        "auroc": auroc(scores[answerable], scores[~answerable]),
        "calibration_error": calibration_error(reliability(scores, answerable.tolist())),
    }


def _at(scores: Floats, answerable: npt.NDArray[np.bool_], threshold: float) -> dict[str, float]:
    return {
        "answered": float((scores[answerable] >= threshold).mean()),
        "refused": float((scores[~answerable] < threshold).mean()),
    }


def _fit(found: Floats, answerable: npt.NDArray[np.bool_]) -> Floats:
    """Near, coverage and bias of a logistic model in which both kinds weigh the same. Newton's method."""
    rows = np.column_stack([found, np.ones(len(found))])
    share = np.where(answerable, 0.5 / answerable.sum(), 0.5 / (~answerable).sum())
    line = np.zeros(3)
    for _ in range(100):
        chances = 1 / (1 + np.exp(-rows @ line))
        slope = rows.T @ (share * (answerable - chances)) - _RIDGE * line * (1, 1, 0)
        curve = (rows * (share * chances * (1 - chances))[:, None]).T @ rows + np.diag(_RIDGE * np.array([1, 1, 1e-3]))
        step = np.linalg.solve(curve, slope)
        line = line + step
        if float(np.abs(step).max()) < 1e-8:
            break
    return line


def _chances(line: Floats, found: Floats) -> Floats:
    chances: Floats = 1 / (1 + np.exp(-(found @ line[:2] + line[2])))
    return chances
