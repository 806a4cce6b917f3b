from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.evaluation.bootstrap import (
    mean_interval,
    mean_intervals,
    permutation_p,
    ratio_interval,
    resampled_means,
    two_sample_intervals,
)
from mundap.evaluation.estimates import Estimates, estimate_each, paired_difference

# Darwin's maize: crossed minus self-fertilised height, in eighths of an inch. Of the 2**15 ways to sign them,
# Fisher (The Design of Experiments, 1935, section 21) counts 863 with a sum of 314 or more.
DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]


def test_one_value_is_its_own_interval() -> None:
    assert mean_interval([0.25]) == (0.25, 0.25)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.arange(20.0)
    assert mean_interval(values, seed=3) == mean_interval(values, seed=3)
    assert mean_interval(values, seed=3) != mean_interval(values, seed=4)


def test_resampled_means_of_two_values_are_spread_as_they_must_be() -> None:
    # of four equally likely draws of two, one is (0, 0), two are mixed, one is (1, 1)
    means = resampled_means(np.array([[0.0], [1.0]]), resamples=8000, seed=1)[:, 0]
    shares = [float(np.mean(means == value)) for value in (0.0, 0.5, 1.0)]
    assert shares == pytest.approx([1 / 4, 2 / 4, 1 / 4], abs=0.02)


def test_the_interval_is_as_wide_as_theory_says() -> None:
    # the mean of 100 tosses, 50 of them heads: 0.5 ± 1.96 * sqrt(0.5 * 0.5 / 100)
    low, high = mean_interval([0.0, 1.0] * 50, resamples=4000)
    assert (low, high) == pytest.approx((0.5 - 1.96 * 0.05, 0.5 + 1.96 * 0.05), abs=0.015)


def test_columns_share_their_draws() -> None:
    values = np.arange(30.0)
    one, other = mean_intervals(np.column_stack([values, 2 * values + 1]))
    assert 2 * one + 1 == pytest.approx(other)


def test_groups_are_drawn_whole() -> None:
    # ten passages with ten questions each, all right or all wrong: as uncertain as ten questions
    values, groups = np.repeat([0.0, 1.0], 50), np.repeat(np.arange(10), 10).tolist()
    means = resampled_means(values[:, None], groups=groups, resamples=3000)[:, 0]
    assert set(np.round(means * 10, 9)) <= set(range(11))
    assert float(means.std()) == pytest.approx((0.5 * 0.5 / 10) ** 0.5, rel=0.05)
    assert resampled_means(values[:, None], resamples=3000).std() == pytest.approx((0.5 * 0.5 / 100) ** 0.5, rel=0.05)


def test_groups_of_different_sizes_weigh_as_much_as_they_hold() -> None:
    means = resampled_means(np.array([[1.0], [1.0], [0.0]]), groups=["a", "a", "b"], resamples=500)[:, 0]
    assert set(np.round(means, 9)) == {0.0, round(2 / 3, 9), 1.0}


def test_groups_of_one_each_are_no_groups() -> None:
    values = np.linspace(0, 1, 12)
    assert mean_interval(values, groups=list("abcdefghijkl")) == mean_interval(values)


def test_a_single_group_has_nothing_to_vary() -> None:
    assert mean_interval([0.0, 1.0], groups=["a", "a"]) == (0.5, 0.5)


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=20), st.integers(0, 5))
def test_the_interval_lies_within_the_values(values: list[float], seed: int) -> None:
    low, high = mean_interval(values, resamples=100, seed=seed)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9


@pytest.mark.parametrize("values", [[], [[]]])
def test_no_rows_are_refused(values: list[Any]) -> None:
    with pytest.raises(ValueError, match="rows of figures"):
        mean_interval(values)


def test_every_row_needs_its_group() -> None:
    with pytest.raises(ValueError, match="2 rows, but 1 groups"):
        mean_interval([1.0, 2.0], groups=["a"])


def test_two_samples_are_drawn_each_on_its_own() -> None:
    ends = two_sample_intervals(lambda a, b: [len(a), len(b), a.mean() - b.mean()], [1.0, 3.0], [5.0])
    assert ends.tolist() == [[2.0, 2.0], [1.0, 1.0], [1.0 - 5.0, 3.0 - 5.0]]
    with pytest.raises(ValueError, match="empty"):
        two_sample_intervals(lambda a, b: [0.0], [], [1.0])


def test_permutation_p_of_darwins_maize_is_fishers() -> None:
    assert permutation_p(DARWIN, permutations=2**15) == 2 * 863 / 2**15


def test_permutation_p_by_sampling_is_near_the_exact_one() -> None:
    assert permutation_p(DARWIN, permutations=20_000) == pytest.approx(2 * 863 / 2**15, abs=0.006)


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=7))
def test_permutation_p_is_the_share_of_signings_as_extreme(differences: list[int]) -> None:
    sums = [
        abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
        for signs in product((1, -1), repeat=len(differences))
    ]
    expected = sum(total >= abs(sum(differences)) for total in sums) / len(sums)
    assert permutation_p(differences) == pytest.approx(expected)


def test_permutation_p_flips_groups_whole() -> None:
    # three passages: 2 ** 3 signings, of which only all plus and all minus reach the sum
    assert permutation_p([1.0] * 6, groups=list("aabbcc")) == 2 / 2**3
    assert permutation_p([1.0] * 6) == 2 / 2**6


def test_permutation_p_is_never_zero() -> None:
    assert permutation_p([1.0] * 40, permutations=999) == (0 + 1) / (999 + 1)


def test_runs_that_agree_do_not_differ() -> None:
    same = paired_difference([0.0, 1.0, 1.0], [0.0, 1.0, 1.0])
    assert (same.mean, same.ci95, same.p) == (0.0, (0.0, 0.0), 1.0)


def test_a_better_second_run_is_above_the_first() -> None:
    before = np.array([0.0] * 30 + [1.0] * 30)
    after = np.array([1.0] * 20 + [0.0] * 10 + [1.0] * 30)
    better = paired_difference(before, after)
    worse = paired_difference(after, before)
    assert better.mean == (20 * 1) / 60
    assert 0 < better.ci95[0] < better.mean < better.ci95[1]
    assert better.p < 0.001
    assert worse.mean == -better.mean
    assert worse.p == better.p


def test_runs_on_different_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="same questions"):
        paired_difference([1.0], [1.0, 0.0])


def test_the_interval_of_a_ratio_with_equal_parts_is_that_of_the_mean() -> None:
    values = np.arange(10.0)
    assert ratio_interval(values, np.ones(10), seed=2) == mean_interval(values, seed=2)


def test_the_parts_of_a_ratio_are_drawn_together() -> None:
    assert ratio_interval([1, 2, 3], [2, 4, 6]) == (0.5, 0.5)
    assert ratio_interval([0, 3], [0, 4]) == (0.75, 0.75)  # a draw without any denominator says nothing
    with pytest.raises(ValueError, match="all 0"):
        ratio_interval([1, 2], [0, 0])


def test_figures_are_the_means_with_their_intervals() -> None:
    figures = estimate_each(["f1", "exact"], [[1.0, 0.0], [0.5, 0.0]], groups=["가", "가"])
    assert (figures.n, figures.means) == (2, {"f1": (1.0 + 0.5) / 2, "exact": 0.0})
    assert figures["f1"].ci95 == (0.75, 0.75)
    assert figures.to_json() == {"n": 2, "f1": 0.75, "exact": 0.0, "ci95": {"f1": [0.75, 0.75], "exact": [0.0, 0.0]}}
    assert estimate_each(["f1"], []) == Estimates(0, {})
