"""How well "the documents do not say" tells unanswerable questions from answerable ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mundap.errors import MundapError
from mundap.evaluate.bootstrap import RESAMPLES, two_sample_intervals
from mundap.evaluate.metrics import Floats, auroc, balanced_accuracy, coverage_at_precision, risk

FIGURES = ("auroc", "answered", "refused", "balanced_accuracy", "risk", "coverage")


@dataclass(frozen=True, slots=True)
class AbstainReport:
    """Shares are in [0, 1]. A question is answered when its score is `threshold` or more.

    `auroc` needs no threshold. `answered` is of the `answerable` questions, `refused` of the
    `unanswerable` ones, and `balanced_accuracy` is their mean. `risk` is the share of unanswerable
    questions among those answered. `coverage` is the largest share of all questions that some
    threshold answers while `precision` of them are answerable; it cannot exceed the share of
    answerable questions divided by `precision`. `ci95` holds the interval of each.
    """

    answerable: int
    unanswerable: int
    threshold: float
    precision: float
    auroc: float
    answered: float
    refused: float
    balanced_accuracy: float
    risk: float
    coverage: float
    ci95: Mapping[str, tuple[float, float]]
    resamples: int
    seed: int

    def as_json(self) -> dict[str, Any]:
        """The fields by name; `ci95` is `{"auroc": [lo, hi], …}`."""
        return {
            "n": self.answerable + self.unanswerable,
            "answerable": self.answerable,
            "unanswerable": self.unanswerable,
            "threshold": self.threshold,
            "precision": self.precision,
            **{name: getattr(self, name) for name in FIGURES},
            "ci95": {name: list(ends) for name, ends in self.ci95.items()},
            "resamples": self.resamples,
            "seed": self.seed,
        }


def evaluate_abstain(
    answerable_scores: npt.ArrayLike,
    unanswerable_scores: npt.ArrayLike,
    threshold: float,
    *,
    precision: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> AbstainReport:
    """Judge support scores, higher meaning better supported, of questions with and without an answer.

    Intervals resample the questions of each kind on their own. Raises MundapError if there are no
    questions of one kind, ValueError for scores that are not finite.
    """
    wanted, unwanted = np.asarray(answerable_scores, np.float64), np.asarray(unanswerable_scores, np.float64)
    if not wanted.size or not unwanted.size:
        raise MundapError(
            f"답이 있는 질문({wanted.size}개)과 답이 없는 질문({unwanted.size}개)이 모두 있어야 합니다."
            " 질문 파일에 제시문이 있는 질문과 제시문을 비운 질문을 함께 넣어 주세요."
        )

    def figures(wanted: Floats, unwanted: Floats) -> list[float]:
        everything = np.concatenate([wanted, unwanted])
        right = [True] * len(wanted) + [False] * len(unwanted)
        return [
            auroc(wanted, unwanted),
            float(np.mean(wanted >= threshold)),
            float(np.mean(unwanted < threshold)),
            balanced_accuracy(wanted, unwanted, threshold),
            risk(wanted, unwanted, threshold),
            coverage_at_precision(everything, right, precision),
        ]

    measured = dict(zip(FIGURES, figures(wanted, unwanted), strict=True))
    ends = two_sample_intervals(figures, wanted, unwanted, resamples=resamples, seed=seed)
    return AbstainReport(
        answerable=len(wanted),
        unanswerable=len(unwanted),
        threshold=threshold,
        precision=precision,
        auroc=measured["auroc"],
        answered=measured["answered"],
        refused=measured["refused"],
        balanced_accuracy=measured["balanced_accuracy"],
        risk=measured["risk"],
        coverage=measured["coverage"],
        ci95={name: (float(low), float(high)) for name, (low, high) in zip(FIGURES, ends, strict=True)},
        resamples=resamples,
        seed=seed,
    )
