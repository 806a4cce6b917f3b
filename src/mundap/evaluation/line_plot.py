"""Lines over values that were tried, as inline SVG, with the interval of each point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

from mundap.evaluation.bootstrap import Interval
from mundap.evaluation.markup import Markup, join, tag
from mundap.evaluation.plots import SERIES, legend

_LEFT, _RIGHT, _TOP, _FOOT = 44.0, 426.0, 12.0, 230.0
_APART = 5.0  # between the whiskers of two lines at one value


@dataclass(frozen=True, slots=True)
class Point:
    """A figure at one tried value; `marked` is the value in force, or the one that was chosen."""

    label: str
    value: float
    ci95: Interval
    marked: bool = False


def line_plot(title: str, lines: Sequence[tuple[str, Sequence[Point]]]) -> Markup:
    """Lines over labels that stand as far apart as they are many; every line has a point for each of its labels.

    The scale is that of the intervals. A marked point is larger. The names of the lines are shown if there are several.
    """
    labels = list(dict.fromkeys(point.label for _, points in lines for point in points))
    ends = [end for _, points in lines for point in points for end in point.ci95]
    low, high = floor(min(ends) * 20) / 20, ceil(max(ends) * 20) / 20
    high = high if high > low else low + 0.05

    def x(label: str, n: int) -> float:
        step = (_RIGHT - _LEFT) / len(labels)
        return _LEFT + step * (labels.index(label) + 0.5) + _APART * (n - (len(lines) - 1) / 2)

    def y(value: float) -> float:
        return _FOOT - (_FOOT - _TOP) * (value - low) / (high - low)

    parts = []
    steps = round((high - low) * 20)
    for n in range(0, steps + 1, ceil(steps / 5)):
        at = y(low + n / 20)
        parts += [
            tag("line", x1=_LEFT, x2=_RIGHT, y1=at, y2=at, class_="grid"),
            tag("text", f"{low + n / 20:.2f}", x=_LEFT - 6, y=at + 4, class_="end"),
        ]
    middle = (len(lines) - 1) / 2
    for label in labels:
        parts.append(tag("text", label, x=x(label, 0) + _APART * middle, y=_FOOT + 18, class_="mid"))
    styles = [f"path s{n % SERIES}" for n in range(len(lines))]
    for n, (name, points) in enumerate(lines):
        drawn = " ".join(f"{x(p.label, n):.1f},{y(p.value):.1f}" for p in points)
        parts.append(tag("polyline", points=drawn, class_=styles[n]))
        for p in points:
            at = x(p.label, n)
            said = f"{name} {p.label}: {p.value:.3f} [{p.ci95[0]:.3f}, {p.ci95[1]:.3f}]".strip()
            radius = 5.5 if p.marked else 2.6
            parts += [
                tag("line", x1=at, x2=at, y1=y(p.ci95[0]), y2=y(p.ci95[1]), class_="whisker", stroke_opacity=0.35),
                tag("circle", tag("title", said), cx=at, cy=y(p.value), r=radius, class_=f"mark s{n % SERIES}"),
            ]
    shown = tag(
        "svg",
        tag("title", title),
        *parts,
        viewBox=f"0 0 440 {_FOOT + 26:.0f}",
        role="img",
        aria_label=title,
    )
    return join(shown, legend([name for name, _ in lines], styles)) if len(lines) > 1 else shown
