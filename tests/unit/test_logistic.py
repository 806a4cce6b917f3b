"""A logistic line over named features: worked numbers, and what a prior is worth."""

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.generate.evidence import Line
from mundap.training.common.logistic import fit

NAMES = ("near", "rank")
PRIOR = Line({"near": 3.0, "rank": -1.0}, 0.5)


def drawn(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose first column says much of which are right, and whose second says nothing."""
    chance = np.random.default_rng(seed)
    rows = chance.normal(0, 1, (n, 2))
    return rows, rows[:, 0] + chance.normal(0, 1, n) > 0


def test_two_groups_have_the_log_odds_of_their_shares() -> None:
    rows = np.array([[0.0]] * 4 + [[1.0]] * 4)
    right = np.array([True] + [False] * 3 + [True] * 3 + [False])
    line = fit(rows, right, ("near",), ("near",), 1e-9)
    assert line.bias == pytest.approx(log(1 / 3), abs=1e-4)
    assert line.weights["near"] == pytest.approx(log(3 / 1) - log(1 / 3), abs=1e-4)


def test_rows_that_weigh_nothing_are_not_there() -> None:
    rows, right = drawn(60, 0)
    kept = np.arange(60) < 40
    line = fit(rows[kept], right[kept], NAMES, NAMES, 1e-9)
    flipped = np.where(kept, right, ~right)
    again = fit(rows, flipped, NAMES, NAMES, 1e-9, kept.astype(float))
    assert again.weights == pytest.approx(line.weights, abs=1e-4)


def test_a_huge_ridge_is_the_prior() -> None:
    rows, right = drawn(50, 1)
    line = fit(rows, right, NAMES, NAMES, 1e9, prior=PRIOR)
    assert line.weights == pytest.approx(PRIOR.weights, abs=1e-4)
    assert line.bias == pytest.approx(PRIOR.bias, abs=1e-4)


def test_without_a_ridge_the_prior_is_forgotten() -> None:
    rows, right = drawn(400, 2)
    free, with_prior = (fit(rows, right, NAMES, NAMES, 1e-7, prior=prior) for prior in (None, PRIOR))
    assert with_prior.weights == pytest.approx(free.weights, abs=1e-3)
    assert with_prior.bias == pytest.approx(free.bias, abs=1e-3)


def test_more_ridge_is_nearer_to_the_prior() -> None:
    rows, right = drawn(100, 3)
    lines = [fit(rows, right, NAMES, NAMES, ridge, prior=PRIOR) for ridge in (0.001, 0.01, 0.1, 1, 10)]
    away = [abs(line.weights["near"] - PRIOR.weights["near"]) for line in lines]
    assert away == sorted(away, reverse=True)
    assert away[0] > away[-1]


@pytest.mark.parametrize("prior", [None, PRIOR, Line({"near": 400.0}, -3000.0)])
def test_rows_that_a_line_can_part_have_finite_weights(prior: Line | None) -> None:
    rows = np.array([[float(n), 1.0] for n in range(-20, 20)])
    line = fit(rows, rows[:, 0] >= 0, NAMES, NAMES, 1e-4, prior=prior)
    assert all(np.isfinite([*line.weights.values(), line.bias]))
    assert (line.logits(rows, NAMES)[[0, -1]] * (-1, 1) > 0).all()


def test_a_column_that_does_not_vary_keeps_the_weight_that_it_had() -> None:
    rows, right = drawn(80, 4)
    rows[:, 1] = 7.0
    assert fit(rows, right, NAMES, NAMES, 0.01).weights["rank"] == 0
    assert fit(rows, right, NAMES, NAMES, 0.01, prior=PRIOR).weights["rank"] == PRIOR.weights["rank"]


def test_a_column_that_is_not_used_counts_nothing() -> None:
    rows, right = drawn(80, 5)
    line = fit(rows, right, NAMES, ("rank",), 0.01, prior=PRIOR)
    assert set(line.weights) == {"rank"}


@given(st.floats(0.01, 100), st.floats(-5, 5))
def test_the_unit_of_a_column_does_not_matter(factor: float, shift: float) -> None:
    rows, right = drawn(40, 6)
    line = fit(rows, right, NAMES, NAMES, 0.05)
    moved = rows * (factor, 1) + (shift, 0)
    again = fit(moved, right, NAMES, NAMES, 0.05)
    assert again.logits(moved, NAMES) == pytest.approx(line.logits(rows, NAMES), abs=1e-2 * (1 + abs(shift) / factor))
