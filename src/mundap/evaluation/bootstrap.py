"""How far a figure could be off: bootstrap intervals, and the permutation test of two runs on the same questions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Interval = tuple[float, float]

RESAMPLES = 2000  # Efron & Tibshirani 1993, section 13: 1000 and more for percentile intervals
PERMUTATIONS = 10_000
_BLOCK = 4_000_000  # numbers drawn at once


def mean_intervals(
    values: npt.ArrayLike,
    *,
    groups: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = 0.95,
) -> Floats:
    """(m, 2): the lower and upper end of the percentile interval of the mean of each column of (n, m) `values`.

    Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13. With `groups`, one for
    each row, whole groups are drawn (Field & Welsh, JRSS B 2007): questions on the same passage
    succeed and fail together, and drawing them one by one gives intervals that are too narrow.
    The columns share their draws. The same seed gives the same interval. A single row or group has
    nothing to vary: both ends are its mean. Raises ValueError for no rows or wrong lengths.
    """
    return _ends(resampled_means(values, groups=groups, resamples=resamples, seed=seed), level)


def mean_interval(
    values: npt.ArrayLike,
    *,
    groups: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """The interval of the mean of (n,) `values`; see `mean_intervals`."""
    column = np.asarray(values, np.float64).reshape(-1, 1)
    low, high = mean_intervals(column, groups=groups, resamples=resamples, seed=seed, level=level)[0]
    return float(low), float(high)


def ratio_interval(
    numerators: npt.ArrayLike,
    denominators: npt.ArrayLike,
    *,
    groups: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """The interval of sum(numerators) / sum(denominators), rows or groups drawn together; see `mean_intervals`.

    Draws whose denominators are all 0 say nothing and are left out. Raises ValueError if that is so of the rows.
    """
    rows = np.stack([np.asarray(numerators, np.float64), np.asarray(denominators, np.float64)], axis=1)
    if not rows[:, 1].any():
        raise ValueError("the denominators are all 0")
    above, below = resampled_means(rows, groups=groups, resamples=resamples, seed=seed).T
    low, high = _ends((above[below != 0] / below[below != 0])[:, None], level)[0]
    return float(low), float(high)


def resampled_means(
    values: npt.ArrayLike, *, groups: Sequence[Hashable] | None = None, resamples: int = RESAMPLES, seed: int = 0
) -> Floats:
    """(resamples, m): the mean of each column of (n, m) `values` in each resample of rows or groups."""
    sums, sizes = _grouped(values, groups)
    rng = np.random.default_rng(seed)
    means = []
    for count in _blocks(resamples, len(sizes)):
        drawn = rng.integers(len(sizes), size=(count, len(sizes)))
        numbered = drawn + len(sizes) * np.arange(count)[:, None]
        times = np.bincount(numbered.ravel(), minlength=numbered.size).reshape(numbered.shape)
        means.append(times @ sums / (times @ sizes)[:, None])
    return np.concatenate(means)


def two_sample_intervals(
    statistics: Callable[[Floats, Floats], Sequence[float]],
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = 0.95,
) -> Floats:
    """(m, 2): percentile intervals of the m `statistics` of two samples, each resampled on its own.

    Efron & Tibshirani 1993, section 8.3. Raises ValueError if a sample is empty.
    """
    one, other = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if not len(one) or not len(other):
        raise ValueError("a sample is empty")
    rng = np.random.default_rng(seed)
    found = [
        statistics(one[rng.integers(len(one), size=len(one))], other[rng.integers(len(other), size=len(other))])
        for _ in range(resamples)
    ]
    return _ends(np.asarray(found, np.float64), level)


def permutation_p(
    differences: npt.ArrayLike,
    *,
    groups: Sequence[Hashable] | None = None,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> float:
    """The two-sided p-value, in (0, 1], of a mean difference at least this far from 0 if runs were alike.

    Fisher's test: the signs of the (n,) `differences`, or of whole groups, are flipped at random
    (Smucker, Allan & Carterette, CIKM 2007). Exact where all flips are no more than `permutations`,
    else (b + 1) / (m + 1) (Phipson & Smyth, SAGMB 2010).
    """
    sums = _grouped(np.asarray(differences, np.float64).reshape(-1, 1), groups)[0][:, 0]
    sums = sums[sums != 0]  # flipping a zero changes nothing
    if not len(sums):
        return 1.0
    bar = abs(sums.sum()) - 1e-9 * np.abs(sums).sum()  # equal sums in another order are still equal
    reached = sum(int(np.sum(np.abs(signs @ sums) >= bar)) for signs in _signs(len(sums), permutations, seed))
    ways = 1 << len(sums)
    if ways <= permutations:
        return reached / ways
    return (reached + 1) / (permutations + 1)


def _signs(n: int, permutations: int, seed: int) -> Iterator[npt.NDArray[np.int64]]:
    """Blocks of rows of n signs: every row there is, if they are no more than `permutations`, else random ones."""
    if 2**n <= permutations:
        start = 0
        for count in _blocks(2**n, n):
            yield 2 * (np.arange(start, start + count)[:, None] >> np.arange(n) & 1) - 1
            start += count
        return
    rng = np.random.default_rng(seed)
    for count in _blocks(permutations, n):
        yield 2 * rng.integers(2, size=(count, n)) - 1


def _grouped(values: npt.ArrayLike, groups: Sequence[Hashable] | None) -> tuple[Floats, Floats]:
    """The sum of each column of (n, m) `values` in each group, (g, m), and the sizes of the groups, (g,)."""
    rows = np.asarray(values, np.float64)
    if rows.ndim != 2 or not len(rows):
        raise ValueError(f"expected one or more rows of figures, found shape {rows.shape}")
    if groups is None:
        return rows, np.ones(len(rows))
    if len(groups) != len(rows):
        raise ValueError(f"{len(rows)} rows, but {len(groups)} groups; each row needs one")
    numbers: dict[Hashable, int] = {}
    group = [numbers.setdefault(name, len(numbers)) for name in groups]
    sums = np.zeros((len(numbers), rows.shape[1]))
    np.add.at(sums, group, rows)
    return sums, np.bincount(group).astype(np.float64)


def _blocks(rows: int, width: int) -> Iterator[int]:
    step = max(1, _BLOCK // width)
    for start in range(0, rows, step):
        yield min(step, rows - start)


def _ends(resampled: Floats, level: float) -> Floats:
    return np.asarray(np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2], axis=0).T, np.float64)
