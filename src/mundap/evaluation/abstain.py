"""How well "the documents do not say" tells unanswerable questions from answerable ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mundap.errors import MundapError
from mundap.evaluation.bootstrap import RESAMPLES, two_sample_intervals
from mundap.evaluation.compare import Key, Measures, auroc_difference, differences
from mundap.evaluation.estimates import Differences, Estimate, Estimates, differences_json
from mundap.evaluation.metrics import (
    Bin,
    Floats,
    auroc,
    balanced_accuracy,
    calibration_error,
    coverage_at_precision,
    reliability,
    risk,
)
from mundap.evaluation.questions import Question
from mundap.extras import Untyped, data_frame
from mundap.types import Json

FIGURES = ("auroc", "answered", "refused", "balanced_accuracy", "risk", "coverage")


@dataclass(frozen=True, slots=True)
class Supported:
    """A question and the probability that the documents answer it, as the workspace sees it."""

    question: Question
    support: float

    def measures(self, threshold: float) -> dict[str, float]:
        """Of this question: its "support", whether it was treated "right", and so "answered" or "refused"."""
        right = float((self.support >= threshold) == bool(self.question.gold))
        return {"support": self.support, "right": right, "answered" if self.question.gold else "refused": right}

    @property
    def key(self) -> Key:
        """What two runs join on."""
        return self.question.question, self.question.gold

    def to_json(self, threshold: float) -> dict[str, Json]:
        """`{"question", "gold", "row", "measures"}`; no gold: the question is unanswerable."""
        return {
            "question": self.question.question,
            "gold": list(self.question.gold),
            "row": self.question.row,
            "measures": self.measures(threshold),
        }


@dataclass(frozen=True, slots=True)
class AbstainReport:
    """Shares are in [0, 1]. A question is answered when its score is `threshold` or more.

    `figures` holds FIGURES: "auroc", which needs no threshold; "answered" of the `answerable` questions, "refused" of the
    `unanswerable` ones, and "balanced_accuracy", their mean; "risk", the share of unanswerable
    questions among those answered; "coverage", the largest share of all questions that some
    threshold answers while `precision` of them are answerable, which cannot exceed the share of
    answerable questions divided by `precision`. `reliability` holds bins of questions by rising score, and `calibration_error` how far the scores are from the
    shares that were answerable; both mean something only for scores that are probabilities. Where a workspace was
    measured, `compared` says what changed since an earlier run (None without one), and `run` where all is kept.
    """

    answerable: int
    unanswerable: int
    threshold: float
    precision: float
    figures: Estimates
    reliability: tuple[Bin, ...]
    calibration_error: float
    resamples: int
    seed: int
    per_question: tuple[Supported, ...] = ()
    compared: Differences | None = None
    run: Path | None = None

    def to_json(self, per_question: bool = False) -> dict[str, Json]:
        """The fields by name; `ci95` is `{"auroc": [lo, hi], …}`, a bin `{"predicted", "answerable", "n"}`.

        `per_question` gives all that is kept of a run, each question too.
        """
        shown: dict[str, Json] = {
            "n": self.answerable + self.unanswerable,
            "answerable": self.answerable,
            "unanswerable": self.unanswerable,
            "threshold": self.threshold,
            "precision": self.precision,
            **self.figures.means,
            "ci95": {name: list(one.ci95) for name, one in self.figures.items()},
            "calibration_error": self.calibration_error,
            "reliability": [
                {"predicted": bin.predicted, "answerable": bin.right, "n": bin.n} for bin in self.reliability
            ],
            "resamples": self.resamples,
            "seed": self.seed,
        }
        if per_question:
            shown["per_question"] = [one.to_json(self.threshold) for one in self.per_question]
        elif self.run:
            shown["run"] = str(self.run)
        if per_question or self.compared is not None:
            shown["compared"] = differences_json(self.compared or {})
        return shown

    def to_pandas(self) -> Untyped:
        """A row for each question: its text, whether the documents answer it, and its figures. Raises MissingExtra."""
        return data_frame(
            [
                {
                    "question": one.question.question,
                    "row": one.question.row,
                    "answerable": bool(one.question.gold),
                    **one.measures(self.threshold),
                }
                for one in self.per_question
            ]
        )

    def _repr_html_(self) -> str:
        return self.figures._repr_html_()


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
    need_both(wanted.size, unwanted.size)

    everything = np.concatenate([wanted, unwanted])
    bins = reliability(everything, [True] * len(wanted) + [False] * len(unwanted))

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

    ends = two_sample_intervals(figures, wanted, unwanted, resamples=resamples, seed=seed)
    measured = zip(FIGURES, figures(wanted, unwanted), ends.tolist(), strict=True)
    n = len(everything)
    return AbstainReport(
        answerable=len(wanted),
        unanswerable=len(unwanted),
        threshold=threshold,
        precision=precision,
        figures=Estimates(n, {name: Estimate(mean, low, high, n) for name, mean, (low, high) in measured}),
        reliability=bins,
        calibration_error=calibration_error(bins),
        resamples=resamples,
        seed=seed,
    )


def need_both(answerable: int, unanswerable: int) -> None:
    """Raises MundapError, with what to do, unless there are questions of both kinds."""
    if not answerable or not unanswerable:
        raise MundapError(
            f"답이 있는 질문({answerable}개)과 답이 없는 질문({unanswerable}개)이 모두 있어야 합니다."
            " 질문 파일에 제시문이 있는 질문과 제시문을 비운 질문을 함께 넣으세요."
        )


def abstain_differences(before: Measures, after: Sequence[tuple[Key, Mapping[str, float]]]) -> Differences:
    """How the AUROC and the shares treated rightly changed since a run whose measures are `before`.

    AUROC is left out where the questions of both runs are all of one kind. Raises MundapError as `differences` does.
    """
    found = differences(before, after, ("right", "answered", "refused"))
    kinds = [[(k, m) for k, m in after if k in before and bool(k[1]) == answerable] for answerable in (True, False)]
    if not all(kinds):
        return found
    old = [np.array([before[key]["support"] for key, _ in kind]) for kind in kinds]
    new = [np.array([measured["support"] for _, measured in kind]) for kind in kinds]
    return {"auroc": auroc_difference((old[0], old[1]), (new[0], new[1])), **found}
