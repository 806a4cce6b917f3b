"""Figures with how far they could be off: estimates, and what changed from one run to another on the same questions."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from mundap.evaluation.bootstrap import (
    PERMUTATIONS,
    RESAMPLES,
    Interval,
    mean_interval,
    mean_intervals,
    permutation_p,
    ratio_interval,
)
from mundap.evaluation.markup import notebook_table
from mundap.extras import Untyped, data_frame
from mundap.types import Json

Figure = TypeVar("Figure")

SIGNIFICANT = 0.05  # of the paired permutation test
BETTER, WORSE, ALIKE = "better", "worse", "difference not significant"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over `n` questions (or a ratio over n things), and its 95 % interval from `low` to `high`."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def ci95(self) -> Interval:
        """Both ends."""
        return self.low, self.high

    def to_json(self) -> dict[str, Json]:
        """`{"mean", "ci95": [low, high]}`."""
        return {"mean": self.mean, "ci95": [self.low, self.high]}

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"

    def _repr_html_(self) -> str:
        return notebook_table(["n", "", "95%"], [[str(self.n), f"{self.mean:.3f}", _ends(self.ci95)]])


@dataclass(frozen=True, slots=True)
class Difference:
    """After minus before, higher being better: its mean over `n` questions, 95 % interval, and p-value in (0, 1]."""

    mean: float
    low: float
    high: float
    n: int
    p: float

    @property
    def ci95(self) -> Interval:
        """Both ends."""
        return self.low, self.high

    @property
    def verdict(self) -> str:
        """BETTER or WORSE where p is below SIGNIFICANT, else ALIKE."""
        return ALIKE if self.p >= SIGNIFICANT else BETTER if self.mean > 0 else WORSE

    def to_json(self) -> dict[str, Json]:
        """`{"n", "mean", "ci95": [low, high], "p", "verdict"}`."""
        told: dict[str, Json] = {"n": self.n, "mean": self.mean, "ci95": [self.low, self.high]}
        return told | {"p": self.p, "verdict": self.verdict}

    def __str__(self) -> str:
        return f"{self.mean:+.3f} [{self.low:+.3f}, {self.high:+.3f}] p {self.p:.4f} ({self.verdict})"

    def _repr_html_(self) -> str:
        return notebook_table(_CHANGED, [_changed("", self)])


Differences: TypeAlias = Mapping[str, Difference]  # by metric


@dataclass(frozen=True, slots=True)
class Comparison:
    """One metric of two runs on the same questions."""

    before: Estimate
    after: Estimate
    difference: Difference

    def _repr_html_(self) -> str:
        return notebook_table(["", *_COMPARED], [_compared("", self)])


class _ByMetric(Mapping[str, Figure]):
    """A mapping over its `metrics`."""

    __slots__ = ()
    metrics: Mapping[str, Figure]

    def __getitem__(self, metric: str) -> Figure:
        return self.metrics[metric]

    def __iter__(self) -> Iterator[str]:
        return iter(self.metrics)

    def __len__(self) -> int:
        return len(self.metrics)


@dataclass(frozen=True, slots=True)
class Estimates(_ByMetric[Estimate]):
    """The estimate of each metric over `n` questions; no metric if there are no questions."""

    n: int
    metrics: Mapping[str, Estimate]

    @property
    def means(self) -> dict[str, float]:
        """Without the intervals."""
        return {metric: one.mean for metric, one in self.metrics.items()}

    def to_json(self) -> dict[str, Json]:
        """`{"n", metric: mean, …, "ci95": {metric: [low, high], …}}`."""
        ends: dict[str, Json] = {metric: [one.low, one.high] for metric, one in self.metrics.items()}
        return {"n": self.n, **self.means, "ci95": ends}

    def to_pandas(self) -> Untyped:
        """A row for each metric: metric, mean, low, high, n. Raises MissingExtra without pandas."""
        return data_frame([{"metric": metric, **asdict(one)} for metric, one in self.metrics.items()])

    def _repr_html_(self) -> str:
        rows = [[metric, f"{one.mean:.3f}", _ends(one.ci95)] for metric, one in self.metrics.items()]
        return notebook_table([f"n = {self.n}", "", "95%"], rows)


@dataclass(frozen=True, slots=True)
class Comparisons(_ByMetric[Comparison]):
    """Metrics of two runs on the same questions."""

    metrics: Mapping[str, Comparison]

    @property
    def differences(self) -> dict[str, Difference]:
        """What changed, without the figures themselves."""
        return {metric: one.difference for metric, one in self.metrics.items()}

    def to_json(self) -> dict[str, Json]:
        """`{"before"|"after": {metric: {"mean", "ci95"}}, "difference": {metric: {"mean", "ci95", "p"}}}`."""
        changed: dict[str, Json] = {
            metric: {"mean": d.mean, "ci95": [d.low, d.high], "p": d.p} for metric, d in self.differences.items()
        }
        return {
            "before": {metric: one.before.to_json() for metric, one in self.metrics.items()},
            "after": {metric: one.after.to_json() for metric, one in self.metrics.items()},
            "difference": changed,
        }

    def to_pandas(self) -> Untyped:
        """A row for each metric: metric, before, after, difference, low, high, p, n. Raises MissingExtra without pandas."""
        return data_frame(self.to_rows())

    def to_rows(self) -> list[dict[str, object]]:
        """Those of the data frame."""
        return [{"metric": metric, **_row(one)} for metric, one in self.metrics.items()]

    def _repr_html_(self) -> str:
        return notebook_table(["", *_COMPARED], [_compared(metric, one) for metric, one in self.metrics.items()])


def _row(one: Comparison) -> dict[str, object]:
    d = one.difference
    return {
        "before": one.before.mean,
        "after": one.after.mean,
        "difference": d.mean,
        "low": d.low,
        "high": d.high,
        "p": d.p,
        "n": d.n,
    }


def differences_json(found: Differences) -> dict[str, Json]:
    """`{metric: Difference.to_json(), …}`."""
    return {metric: one.to_json() for metric, one in found.items()}


def estimate(
    values: npt.ArrayLike, *, groups: Sequence[Hashable] | None = None, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """The mean of (n,) `values`; `mean_intervals` says how its interval is drawn. Raises ValueError for no values."""
    column = np.asarray(values, np.float64)
    low, high = mean_interval(column, groups=groups, resamples=resamples, seed=seed)
    return Estimate(float(column.mean()), low, high, len(column))


def estimate_each(
    metrics: Sequence[str],
    values: Sequence[Sequence[float]],
    *,
    groups: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimates:
    """The mean of each of the m `metrics`, the columns of (n, m) `values`, with its interval; see `mean_intervals`."""
    if not len(values):
        return Estimates(0, {})
    table = np.asarray(values, np.float64)
    ends = mean_intervals(table, groups=groups, resamples=resamples, seed=seed)
    rows = zip(metrics, table.mean(axis=0).tolist(), ends.tolist(), strict=True)
    return Estimates(len(table), {metric: Estimate(mean, low, high, len(table)) for metric, mean, (low, high) in rows})


def estimate_ratio(
    numerators: Sequence[float],
    denominators: Sequence[float],
    *,
    groups: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """sum(numerators) / sum(denominators), `n` being the latter; see `ratio_interval`, also for what it raises."""
    low, high = ratio_interval(numerators, denominators, groups=groups, resamples=resamples, seed=seed)
    below = sum(denominators)
    return Estimate(sum(numerators) / below, low, high, int(below))


def paired_difference(
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    *,
    groups: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Difference:
    """Two runs on the same questions, (n,) figures each, in the same order: mean of after - before.

    The interval is a paired bootstrap (Sakai, SIGIR 2006), the p-value a permutation test.
    Raises ValueError if the lengths differ or there are no questions.
    """
    old, new = np.asarray(before, np.float64), np.asarray(after, np.float64)
    if old.shape != new.shape:
        raise ValueError(f"the runs have {old.shape} and {new.shape} figures; they must be on the same questions")
    found = estimate(new - old, groups=groups, resamples=resamples, seed=seed)
    p = permutation_p(new - old, groups=groups, permutations=permutations, seed=seed)
    return Difference(found.mean, found.low, found.high, found.n, p)


def compare(
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    *,
    groups: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Comparison:
    """Both runs and their `paired_difference`."""
    runs = [estimate(run, groups=groups, resamples=resamples, seed=seed) for run in (before, after)]
    found = paired_difference(before, after, groups=groups, resamples=resamples, permutations=permutations, seed=seed)
    return Comparison(runs[0], runs[1], found)


def compare_each(
    metrics: Iterable[str],
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    *,
    groups: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparisons:
    """Each of the m `metrics`, the columns of `before` and `after`, (n, m) each; see `compare`."""
    columns = zip(metrics, np.asarray(before, np.float64).T, np.asarray(after, np.float64).T, strict=True)
    return Comparisons({m: compare(old, new, groups=groups, resamples=resamples, seed=seed) for m, old, new in columns})


_COMPARED = ["before", "after", "difference", "95%", "p", ""]
_CHANGED = ["", "difference", "95%", "p", ""]


def _compared(name: str, one: Comparison) -> list[str]:
    return [name, f"{one.before.mean:.3f}", f"{one.after.mean:.3f}", *_changed("", one.difference)[1:]]


def _changed(name: str, change: Difference) -> list[str]:
    return [name, f"{change.mean:+.3f}", _ends(change.ci95, "+"), f"{change.p:.4f}", change.verdict]


def _ends(ends: Interval, sign: str = "") -> str:
    return f"[{ends[0]:{sign}.3f}, {ends[1]:{sign}.3f}]"
