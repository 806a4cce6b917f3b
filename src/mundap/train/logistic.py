"""Logistic regression over named features, with a ridge: few weights, fitted exactly by Newton's method."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mundap.generate.evidence import Floats, Line

_STEPS = 100
_ENOUGH = 1e-8


def fit(
    rows: Floats,
    right: npt.NDArray[np.bool_],
    names: Sequence[str],
    used: Sequence[str],
    ridge: float,
    weights: Floats | None = None,
) -> Line:
    """The line that tells the `right` rows; `rows` is (n, len(names)), of which the columns `used` count.

    `ridge` pulls the standardised weights to 0, against a mean loss of 1 in all; `weights` (n,) say how much each row
    counts. A column that does not vary gets weight 0.
    """
    columns = [names.index(name) for name in used]
    found = rows[:, columns]
    share = np.full(len(found), 1 / len(found)) if weights is None else weights / weights.sum()
    mean, spread = found.mean(axis=0), found.std(axis=0)
    varies = spread > 1e-9
    scaled = np.where(varies, (found - mean) / np.where(varies, spread, 1.0), 0.0)
    design = np.column_stack([scaled, np.ones(len(scaled))])
    penalty = np.diag([*[ridge] * len(columns), 1e-9])
    line = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chances = 1 / (1 + np.exp(-design @ line))
        slope = design.T @ (share * (right - chances)) - penalty @ line
        curve = (design * (share * chances * (1 - chances))[:, None]).T @ design + penalty
        step = np.linalg.solve(curve + 1e-12 * np.eye(len(line)), slope)
        line = line + step
        if float(np.abs(step).max()) < _ENOUGH:
            break
    raw = np.where(varies, line[:-1] / np.where(varies, spread, 1.0), 0.0)
    return Line(
        {name: round(float(weight), 5) for name, weight in zip(used, raw, strict=True)},
        round(float(line[-1] - raw @ mean), 5),
    )
