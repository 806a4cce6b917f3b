"""Logistic regression over named features, with a ridge: few weights, fitted exactly by Newton's method."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from mundap.generate.evidence import Floats, Line

_STEPS = 100
_HALVINGS = 30
_ENOUGH = 1e-8


def fit(
    rows: Floats,
    right: npt.NDArray[np.bool_],
    names: Sequence[str],
    used: Sequence[str],
    ridge: float,
    weights: Floats | None = None,
    prior: Line | None = None,
) -> Line:
    """The line that tells the `right` rows; `rows` is (n, len(names)), of which the columns `used` count.

    `ridge` pulls the standardised weights to 0, or with a `prior` weights and bias to its, against a mean loss of 1 in
    all: a normal prior of that mean (MAP estimation), so that few rows move it little. `weights` (n,) say how much each
    row counts. A column that does not vary keeps the prior's weight, which is 0 without one.
    """
    columns = [names.index(name) for name in used]
    found = rows[:, columns]
    share = np.full(len(found), 1 / len(found)) if weights is None else weights / weights.sum()
    mean, spread = found.mean(axis=0), found.std(axis=0)
    varies = spread > 1e-9
    before = np.array([prior.weights.get(name, 0.0) if prior else 0.0 for name in used])
    centre = np.append(before * spread, prior.bias + before @ mean if prior else 0.0)
    scaled = np.where(varies, (found - mean) / np.where(varies, spread, 1.0), 0.0)
    design = np.column_stack([scaled, np.ones(len(scaled))])
    penalty = np.array([*[ridge] * len(columns), ridge if prior else 1e-9])

    def loss(line: Floats) -> float:
        odds = design @ line
        return float(share @ (np.logaddexp(0, odds) - right * odds) + penalty @ (line - centre) ** 2 / 2)

    line = centre
    for _ in range(_STEPS):
        chances = _chance(design @ line)
        gradient = design.T @ (share * (right - chances)) - penalty * (line - centre)
        curve = (design * (share * chances * (1 - chances))[:, None]).T @ design + np.diag(penalty + 1e-12)
        step = _falling(line, np.linalg.solve(curve, gradient), loss)
        line = line + step
        if float(np.abs(step).max()) < _ENOUGH:
            break
    raw = np.where(varies, line[:-1] / np.where(varies, spread, 1.0), before)
    return Line(
        {name: round(float(weight), 5) for name, weight in zip(used, raw, strict=True)},
        round(float(line[-1] - raw @ mean), 5),
    )


def _falling(line: Floats, step: Floats, loss: Callable[[Floats], float]) -> Floats:
    """The step, halved until the loss does not rise: far from the best line a whole one may lead away from it."""
    now = loss(line)
    for _ in range(_HALVINGS):
        if loss(line + step) <= now:
            return step
        step = step / 2
    return np.zeros_like(step)


def _chance(odds: Floats) -> Floats:
    chances: Floats = np.exp(-np.logaddexp(0, -odds))
    return chances
