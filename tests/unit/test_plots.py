import re

import pytest

from mundap.evaluation.metrics import Bin
from mundap.evaluation.plots import Bar, bars, histogram, rank_curves, reliability_plot


def numbers(drawn: str, element: str, name: str, style: str = "") -> list[float]:
    found = re.findall(rf"<{element} [^>]*>", drawn)
    matches = [re.search(rf' {name}="([-0-9.]+)"', e) for e in found if f'class="{style}' in e]
    assert None not in matches
    return [float(match[1]) for match in matches if match]


def test_bars_are_as_long_as_their_values_and_whiskers_as_their_intervals() -> None:
    drawn = bars("top-1", [Bar("bm25", 0.5, (0.25, 0.75)), Bar("dense", 1.0, (1.0, 1.0), 1)], str)
    [whole, _] = numbers(drawn, "rect", "width", "track")
    assert numbers(drawn, "rect", "width", "mark s0") == [whole / 2]
    assert numbers(drawn, "rect", "width", "mark s1") == [whole]
    left, right = numbers(drawn, "line", "x1", "whisker")[0], numbers(drawn, "line", "x2", "whisker")[0]
    assert right - left == pytest.approx(whole / 2)
    assert 'aria-label="top-1"' in drawn


def test_a_bar_beyond_the_scale_ends_with_it() -> None:
    drawn = bars("평균 순위", [Bar("bm25", 120.0, (90.0, 150.0))], str, high=100.0)
    assert numbers(drawn, "rect", "width", "mark") == numbers(drawn, "rect", "width", "track")


def test_the_rank_curve_rises_to_the_share_that_was_found() -> None:
    drawn = rank_curves("곡선", [("bm25", [1, 2, 10, None]), ("hybrid", [1, 1, 1, 1])], 10, "hybrid")
    first, second = (
        [tuple(map(float, point.split(","))) for point in points.split()]
        for points in re.findall(r'<polyline points="([^"]+)"', drawn)
    )
    assert len(first) == 10
    assert [y for _, y in first] == sorted((y for _, y in first), reverse=True)  # y grows downwards
    top = second[0][1]
    foot = max(numbers(drawn, "line", "y1", "grid"))  # the scale begins at the lowest share, here .2
    assert (foot - first[0][1]) / (foot - top) == pytest.approx((1 / 4 - 0.2) / (1 - 0.2), abs=0.01)
    assert (foot - first[-1][1]) / (foot - top) == pytest.approx((3 / 4 - 0.2) / (1 - 0.2), abs=0.01)
    assert drawn.count("bold") == 2  # the curve and its key


def test_legs_that_find_nothing_or_everything_are_drawn_too() -> None:
    for ranks in ([None, None], [1, 1]):
        assert "<polyline" in rank_curves("곡선", [("bm25", ranks)], 10, "bm25")


def test_a_bin_that_can_be_believed_lies_on_the_diagonal() -> None:
    drawn = reliability_plot("신뢰도", [Bin(0.25, 0.25, 4), Bin(0.75, 0.75, 4)], 0.5)
    x, y = numbers(drawn, "circle", "cx"), numbers(drawn, "circle", "cy")
    assert (x[0] - 40) / 310 == (320 - y[0]) / 310 == 0.25
    assert "질문 4개" in drawn


def test_a_histogram_shows_shares_of_each_kind_on_its_side() -> None:
    drawn = histogram("분포", [0.9, 0.9, 0.1, 1.0], [0.0, 0.0], ("있음", "없음"), 0.3)
    above, below = numbers(drawn, "rect", "height", "mark s0"), numbers(drawn, "rect", "height", "mark s1")
    assert sorted(above[:-1]) == [140 * 1 / 4, 140 * 1 / 4, 140 * 2 / 4]  # the last is the key
    assert below[0] == 140
