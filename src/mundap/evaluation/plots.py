"""Plots as inline SVG, drawn by hand: bars with intervals, curves, reliability, mirrored histograms.

Colours are classes s0…s7 of the style sheet, so that one drawing serves light and dark.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log, sqrt

import numpy as np

from mundap.evaluation.bootstrap import Interval
from mundap.evaluation.markup import Markup, join, tag
from mundap.evaluation.metrics import Bin

SERIES = 8  # colours there are; more series share them
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_RANKS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)

Shown = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Bar:
    """A named figure with its interval; `series` picks its colour."""

    label: str
    value: float
    ci95: Interval
    series: int = 0


def bars(title: str, rows: Sequence[Bar], shown: Shown, high: float = 1.0) -> Markup:
    """Horizontal bars over [0, high], each with its name, its value and the whisker of its interval."""
    width, row, left, right = 340.0, 38.0, 4.0, 336.0

    def x(value: float) -> float:
        return left + (right - left) * min(max(value / high, 0.0), 1.0)

    foot = row * len(rows) + 4
    parts = []
    for place in _TICKS:
        at = x(place * high)
        parts += [
            tag("line", x1=at, x2=at, y1=0.0, y2=foot, class_="grid"),
            tag("text", f"{place * high:g}", x=at, y=foot + 14, class_=_anchor(place)),
        ]
    for n, bar in enumerate(rows):
        top, middle = row * n, row * n + 25
        ends = [x(end) for end in bar.ci95]
        parts += [
            tag("text", bar.label, x=left, y=top + 14, class_="name"),
            tag("text", shown(bar.value), x=right, y=top + 14, class_="value"),
            tag("rect", x=left, y=top + 19, width=right - left, height=12.0, rx=2.0, class_="track"),
            tag("rect", x=left, y=top + 19, width=x(bar.value) - left, height=12.0, rx=2.0, class_=_mark(bar.series)),
            tag("line", x1=ends[0], x2=ends[1], y1=middle, y2=middle, class_="whisker"),
            *(tag("line", x1=end, x2=end, y1=middle - 4, y2=middle + 4, class_="whisker") for end in ends),
        ]
    return _figure(title, width, foot + 20, parts)


def rank_curves(title: str, legs: Sequence[tuple[str, Sequence[int | None]]], depth: int, main: str) -> Markup:
    """For each leg the share of questions whose gold is among the first k, for k from 1 to `depth`, k in logs.

    The leg named `main` is drawn boldly.
    """
    left, right, top, foot = 40.0, 426.0, 10.0, 250.0
    curves = [(name, _reached(ranks, depth)) for name, ranks in legs]
    lowest = max(0.0, floor(min(shares[0] for _, shares in curves) * 10) / 10)
    lowest = min(lowest, 0.9)

    def x(k: int) -> float:
        return left + (right - left) * log(k) / log(depth)

    def y(share: float) -> float:
        return foot - (foot - top) * (share - lowest) / (1 - lowest)

    parts = []
    steps = round((1 - lowest) * 10)
    for n in range(0, steps + 1, ceil(steps / 5)):
        at = y(lowest + n / 10)
        parts += [
            tag("line", x1=left, x2=right, y1=at, y2=at, class_="grid"),
            tag("text", f"{lowest * 100 + n * 10:.0f}%", x=left - 6, y=at + 4, class_="end"),
        ]
    for k in [k for k in _RANKS if k <= depth]:
        parts += [
            tag("line", x1=x(k), x2=x(k), y1=top, y2=foot, class_="grid"),
            tag("text", str(k), x=x(k), y=foot + 16, class_="mid"),
        ]
    styles = [f"path s{n % SERIES}{' bold' * (name == main)}" for n, (name, _) in enumerate(curves)]
    for style, (_, shares) in zip(styles, curves, strict=True):
        points = " ".join(f"{x(k):.1f},{y(share):.1f}" for k, share in enumerate(shares, 1))
        parts.append(tag("polyline", points=points, class_=style))
    parts.append(tag("text", "상위 문단 수 (k)", x=(left + right) / 2, y=foot + 36, class_="mid"))
    return join(_figure(title, 440.0, foot + 42, parts), legend([name for name, _ in legs], styles))


def reliability_plot(title: str, bins: Sequence[Bin], threshold: float) -> Markup:
    """Each bin's mean probability against the share that was answerable; the diagonal is where both agree."""
    left, right, top, foot = 40.0, 350.0, 10.0, 320.0

    def x(value: float) -> float:
        return left + (right - left) * value

    def y(value: float) -> float:
        return foot - (foot - top) * value

    parts = _grid(left, right, top, foot)
    parts += [
        tag("line", x1=x(0), y1=y(0), x2=x(1), y2=y(1), class_="even-line"),
        tag("line", x1=x(threshold), x2=x(threshold), y1=top, y2=foot, class_="cut"),
        tag("polyline", points=" ".join(f"{x(b.predicted):.1f},{y(b.right):.1f}" for b in bins), class_="path s0"),
    ]
    most = max(b.n for b in bins)
    for b in bins:
        name = tag("title", f"예측 {b.predicted:.3f}, 실제 {b.right:.3f}, 질문 {b.n}개")
        radius = 2.5 + 3 * sqrt(b.n / most)
        parts.append(tag("circle", name, cx=x(b.predicted), cy=y(b.right), r=radius, class_=_mark(0)))
    parts += [
        tag("text", "예측한 확률 (구간 평균)", x=(left + right) / 2, y=foot + 34, class_="mid"),
        tag("text", "실제로 답이 있는 비율", x=left + 6, y=top + 12),
    ]
    return _figure(title, 360.0, foot + 42, parts)


def histogram(title: str, above: Sequence[float], below: Sequence[float], names: tuple[str, str], cut: float) -> Markup:
    """Two samples in [0, 1] in twenty bins, shares of each, one upwards and the other downwards; a line at `cut`."""
    left, right, middle, reach, bins = 40.0, 350.0, 155.0, 140.0, 20
    shares = [[sum(min(int(v * bins), bins - 1) == n for v in side) / len(side) for n in range(bins)]
              for side in (above, below)]  # fmt: skip
    most = max(max(side) for side in shares)
    step = (right - left) / bins
    parts = []
    for n in range(bins):
        for side, (values, share) in enumerate(zip((above, below), (shares[0][n], shares[1][n]), strict=True)):
            height = reach * share / most
            if share:
                name = tag("title", f"{n / bins:.2f}–{(n + 1) / bins:.2f}: {share * len(values):.0f}개 ({share:.1%})")
                y = middle - height if side == 0 else middle
                parts.append(
                    tag("rect", name, x=left + step * n + 1, y=y, width=step - 2, height=height, class_=_mark(side))
                )
    at = left + (right - left) * cut
    parts += [
        tag("line", x1=left, x2=right, y1=middle, y2=middle, class_="axis"),
        tag("line", x1=at, x2=at, y1=middle - reach, y2=middle + reach, class_="cut"),
    ]
    for sign in (-1, 1):
        parts.append(tag("text", f"{most:.0%}", x=left - 6, y=middle + sign * reach + 4, class_="end"))
    for place in _TICKS:
        at = left + (right - left) * place
        parts.append(tag("text", f"{place:g}", x=at, y=middle + reach + 20, class_="mid"))
    parts.append(tag("text", "근거 점수", x=(left + right) / 2, y=middle + reach + 38, class_="mid"))
    return join(_figure(title, 360.0, middle + reach + 46, parts), legend(names))


def legend(names: Sequence[str], lines: Sequence[str] = ()) -> Markup:
    """The names of the series beside their colours: the `lines` of these classes, or filled boxes."""
    items = []
    for n, name in enumerate(names):
        drawn = (
            tag("line", x1=0.0, x2=26.0, y1=5.0, y2=5.0, class_=lines[n])
            if lines
            else tag("rect", x=0.0, y=0.0, width=26.0, height=10.0, rx=2.0, class_=_mark(n))
        )
        items.append(tag("li", tag("svg", drawn, viewBox="0 0 26 10", aria_hidden="true"), name))
    return tag("ul", *items, class_="legend")


def _reached(ranks: Sequence[int | None], depth: int) -> list[float]:
    found = np.sort([rank for rank in ranks if rank is not None])
    return [float(np.searchsorted(found, k, side="right")) / len(ranks) for k in range(1, depth + 1)]


def _grid(left: float, right: float, top: float, foot: float) -> list[Markup]:
    parts = []
    for place in _TICKS:
        x, y = left + (right - left) * place, foot - (foot - top) * place
        parts += [
            tag("line", x1=x, x2=x, y1=top, y2=foot, class_="grid"),
            tag("line", x1=left, x2=right, y1=y, y2=y, class_="grid"),
            tag("text", f"{place:g}", x=x, y=foot + 16, class_="mid"),
            tag("text", f"{place:g}", x=left - 6, y=y + 4, class_="end"),
        ]
    return parts


def _anchor(place: float) -> str:
    return "end" if place == 1 else "mid" if place else "start"


def _mark(series: int) -> str:
    return f"mark s{series % SERIES}"


def _figure(title: str, width: float, height: float, parts: Sequence[Markup]) -> Markup:
    name = tag("title", title)
    return tag("svg", name, *parts, viewBox=f"0 0 {width:.0f} {height:.0f}", role="img", aria_label=title)
