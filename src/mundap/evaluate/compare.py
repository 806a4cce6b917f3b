"""Two runs on the same questions: better, worse, or too close to tell; and what each added step brings."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

from mundap.errors import MundapError, UnknownName
from mundap.evaluate.bootstrap import RESAMPLES, paired_difference, two_sample_intervals
from mundap.evaluate.metrics import Floats, auroc
from mundap.evaluate.retrieval import RetrievalReport

SIGNIFICANT = 0.05  # of the paired permutation test
BETTER, WORSE, ALIKE = "better", "worse", "difference not significant"
SHOWN = ("top1", "top3", "top10", "mrr@10", "ndcg@10")  # the figures of retrieval that are compared
_SWAPS = 2000

Key = tuple[str, tuple[str, ...]]


class Change(TypedDict):
    """What changed over `n` questions: the mean of after - before, its interval, p-value, and one of the verdicts.

    The shape is that of report.json. The verdict is BETTER or WORSE where p is below SIGNIFICANT, else ALIKE.
    """

    n: int
    mean: float
    ci95: list[float]
    p: float
    verdict: str


def change(before: npt.ArrayLike, after: npt.ArrayLike, groups: Sequence[Hashable] | None = None) -> Change:
    """How (n,) figures, of which higher is better, changed; `paired_difference` says how that is told."""
    found = paired_difference(before, after, groups=groups)
    return _change(len(np.asarray(before)), found.mean, found.ci95, found.p_value)


def auroc_change(before: tuple[Floats, Floats], after: tuple[Floats, Floats], seed: int = 0) -> Change:
    """How the AUROC of (answerable, unanswerable) scores changed, question by question in the same order.

    The interval draws the questions of each kind, with both their scores. The p-value swaps the two
    runs' ranks of single questions (Bandos, Rockette & Gur, Statistics in Medicine 2005).
    """
    wanted, unwanted = (np.stack(pair, axis=1) for pair in zip(before, after, strict=True))

    def difference(above: Floats, below: Floats) -> list[float]:
        return [auroc(above[:, 1], below[:, 1]) - auroc(above[:, 0], below[:, 0])]

    [mean] = difference(wanted, unwanted)
    low, high = two_sample_intervals(difference, wanted, unwanted, resamples=RESAMPLES, seed=seed)[0]
    ranks = np.stack([_midranks(run) for run in np.concatenate([wanted, unwanted]).T], axis=1)
    rng = np.random.default_rng(seed)
    reached = 0
    for _ in range(_SWAPS):
        swapped = np.where(rng.integers(2, size=(len(ranks), 1)), ranks, ranks[:, ::-1])
        reached += abs(difference(swapped[: len(wanted)], swapped[len(wanted) :])[0]) >= abs(mean) - 1e-9
    return _change(len(ranks), mean, (float(low), float(high)), (reached + 1) / (_SWAPS + 1))


def _midranks(values: Floats) -> Floats:
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(sizes) - (sizes - 1) / 2)[group], np.float64)


def _change(n: int, mean: float, ci95: tuple[float, float], p: float) -> Change:
    verdict = ALIKE if p >= SIGNIFICANT else BETTER if mean > 0 else WORSE
    return Change(n=n, mean=mean, ci95=list(ci95), p=p, verdict=verdict)


def earlier(path: Path, field: str) -> dict[Key, Any]:
    """`field` of each question of an earlier run, by question and gold; `path` is its report.json or folder.

    Raises MundapError for what is no report with such a field.
    """
    path = path / "report.json" if path.is_dir() else path
    try:
        asked = json.loads(path.read_text("utf-8"))["per_question"]
        return {(a["question"], tuple(a["gold"])): a[field] for a in asked}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MundapError(f"{path}: 같은 종류의 평가 보고서(report.json)가 아닙니다({error}).") from error


def changes(
    before: Mapping[Key, Mapping[str, float]],
    after: Sequence[tuple[Key, Mapping[str, float]]],
    metrics: Sequence[str],
    groups: Sequence[Hashable] | None = None,
) -> dict[str, Change]:
    """The change in each of `metrics`, over the questions of both runs that have that figure in both.

    `groups` has one entry for each of `after`. A metric that no question has in both is left out.
    Raises MundapError if the runs have no question in common.
    """
    if not any(key in before for key, _ in after):
        raise MundapError("두 평가에 공통된 질문이 없어 비교할 수 없습니다. 같은 질문 파일로 실행한 평가를 지정하세요.")
    found = {}
    for metric in metrics:
        both = [n for n, (key, now) in enumerate(after) if metric in now and metric in before.get(key, {})]
        if both:
            old, new = ([before[after[n][0]][metric] for n in both], [after[n][1][metric] for n in both])
            found[metric] = change(old, new, [groups[n] for n in both] if groups else None)
    return found


@dataclass(frozen=True, slots=True)
class Step:
    """One row of an ablation: the figures of a variant, and how each changed from the step before it."""

    name: str
    means: Mapping[str, float]
    changes: Mapping[str, Change]

    def as_json(self) -> dict[str, Any]:
        """`{"name", "means": {metric: …}, "changes": {metric: change}}`; the first step has no changes."""
        return {"name": self.name, "means": dict(self.means), "changes": dict(self.changes)}


def ablation(report: RetrievalReport, steps: Sequence[str], metrics: Sequence[str] = SHOWN) -> tuple[Step, ...]:
    """What each of `steps`, legs of `report` in the order in which they were added, brings over the one before.

    Raises UnknownName for a step that is no leg of the report.
    """
    if unknown := next((name for name in steps if name not in report.legs), None):
        raise UnknownName("step", unknown, report.legs)
    groups = report.groups() if report.clustered else None
    rows = []
    for before, name in zip([None, *steps], steps, strict=False):
        changed = {m: change(report.values(before, m), report.values(name, m), groups) for m in metrics if before}
        rows.append(Step(name, {m: report.legs[name].means[m] for m in metrics}, changed))
    return tuple(rows)
