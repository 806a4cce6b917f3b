"""Two runs on the same questions: better, worse, or too close to tell."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

import numpy as np

from mundap.errors import MundapError
from mundap.evaluation.bootstrap import RESAMPLES, two_sample_intervals
from mundap.evaluation.estimates import Difference, Differences, paired_difference
from mundap.evaluation.metrics import Floats, auroc, reciprocal_rank, top
from mundap.korean.normalize import squash

_SWAPS = 2000

Key = tuple[str, tuple[str, ...]]  # a question and its gold: what two runs join on
Measures = Mapping[Key, Mapping[str, float]]


def auroc_difference(before: tuple[Floats, Floats], after: tuple[Floats, Floats], seed: int = 0) -> Difference:
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
    return Difference(mean, float(low), float(high), len(ranks), (reached + 1) / (_SWAPS + 1))


def _midranks(values: Floats) -> Floats:
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(sizes) - (sizes - 1) / 2)[group], np.float64)


def gold_group(question: str, gold: Sequence[str]) -> tuple[str, ...]:
    """What questions on the same gold share; an unanswerable one is by itself."""
    return tuple(sorted({squash(text) for text in gold})) or (question,)


def earlier_measures(path: Path) -> Measures:
    """The measures of each question of an earlier run on answers, abstention or keywords.

    `path` is its report.json or the folder that holds it. Raises MundapError for what is no report of such a run.
    """
    try:
        return {key: dict(one["measures"]) for key, one in _earlier(path)}
    except _BROKEN as error:
        raise _no_run(path, error) from error


def earlier_legs(path: Path) -> dict[str, Measures]:
    """The same of an earlier run on retrieval: by leg, for each leg that every question was asked of."""
    try:
        asked = [
            (key, {leg: _leg_measures(found) for leg, found in one["legs"].items()}) for key, one in _earlier(path)
        ]
        legs = list(dict.fromkeys(leg for _, measured in asked for leg in measured))
        shared = [leg for leg in legs if all(leg in measured for _, measured in asked)]
        return {leg: {key: measured[leg] for key, measured in asked} for leg in shared}
    except _BROKEN as error:
        raise _no_run(path, error) from error


_BROKEN = (OSError, ValueError, KeyError, TypeError, AttributeError)


_Leg = TypedDict("_Leg", {"rank": int | None, "ndcg@10": float})


class _Kept(TypedDict):
    """What is read of a question in a report.json."""

    question: str
    gold: list[str]
    measures: dict[str, float]
    legs: dict[str, _Leg]


def _earlier(path: Path) -> list[tuple[Key, _Kept]]:
    asked: list[_Kept] = json.loads((path / "report.json" if path.is_dir() else path).read_text("utf-8"))[
        "per_question"
    ]
    return [((one["question"], tuple(one["gold"])), one) for one in asked]


def _leg_measures(leg: _Leg) -> dict[str, float]:
    tops = {f"top{k}": top(leg["rank"], k) for k in (1, 3, 10)}
    return {**tops, "mrr@10": reciprocal_rank(leg["rank"]), "ndcg@10": float(leg["ndcg@10"])}


def _no_run(path: Path, error: Exception) -> MundapError:
    return MundapError(f"{path}: 같은 종류의 평가 보고서(report.json)가 아닙니다({error}).")


def differences(
    before: Measures,
    after: Sequence[tuple[Key, Mapping[str, float]]],
    metrics: Sequence[str],
    groups: Sequence[Hashable] | None = None,
) -> Differences:
    """The difference in each of `metrics`, over the questions of both runs that have that figure in both.

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
            found[metric] = paired_difference(old, new, groups=[groups[n] for n in both] if groups else None)
    return found
