"""Figures as values: what they say of themselves, in JSON and in a notebook."""

import json

import pytest

from mundap.evaluation.estimates import (
    ALIKE,
    BETTER,
    WORSE,
    Difference,
    Estimate,
    Estimates,
    compare,
    compare_each,
    estimate,
    estimate_each,
    estimate_ratio,
    paired_difference,
)

BEFORE, AFTER = [0.0] * 6, [1.0] * 6


def test_an_estimate_is_a_mean_with_its_interval() -> None:
    found = estimate([0.0, 1.0] * 8)
    assert (found.mean, found.n, found.ci95) == (8 / 16, 16, (found.low, found.high))
    assert 0 < found.low < 0.5 < found.high < 1
    assert found.to_json() == {"mean": 0.5, "ci95": [found.low, found.high]}
    assert str(Estimate(0.5, 0.25, 0.75, 4)) == "0.500 [0.250, 0.750]"
    with pytest.raises(ValueError, match="one or more rows"):
        estimate([])


def test_a_ratio_counts_what_it_is_of() -> None:
    assert estimate_ratio([1, 2], [2, 4], groups=["가", "가"]) == Estimate(3 / 6, 0.5, 0.5, 6)


def test_estimates_are_read_like_a_mapping_and_no_questions_have_none() -> None:
    found = estimate_each(["f1", "exact"], [[1.0, 0.0], [0.5, 0.0]], groups=["가", "가"])
    assert list(found) == ["f1", "exact"]
    assert found["f1"] == Estimate(0.75, 0.75, 0.75, 2)
    assert found.to_json() == {"n": 2, "f1": 0.75, "exact": 0.0, "ci95": {"f1": [0.75, 0.75], "exact": [0.0, 0.0]}}
    assert "f1" not in Estimates(0, {})
    assert estimate_each(["f1"], []).to_json() == {"n": 0, "ci95": {}}


def test_a_difference_is_better_or_worse_only_beyond_chance() -> None:
    better, worse = paired_difference(BEFORE, AFTER), paired_difference(AFTER, BEFORE)
    assert (better.mean, better.p, better.verdict) == (1.0, 2 / 2**6, BETTER)
    assert (worse.mean, worse.verdict) == (-1.0, WORSE)
    assert paired_difference(BEFORE[:5], AFTER[:5]).verdict == ALIKE
    assert better.to_json() == {"n": 6, "mean": 1.0, "ci95": [1.0, 1.0], "p": 2 / 2**6, "verdict": BETTER}


def test_a_comparison_has_both_runs_and_reports_lay_it_out_by_run() -> None:
    found = compare(BEFORE, AFTER)
    assert (found.before.mean, found.after.mean, found.difference.mean) == (0.0, 1.0, 1.0)
    each = compare_each(["top1", "top3"], [[0.0, 0.5]] * 6, [[1.0, 0.5]] * 6)
    shown = json.loads(json.dumps(each.to_json()))
    assert shown["before"]["top1"] == {"mean": 0.0, "ci95": [0.0, 0.0]}
    assert shown["difference"]["top1"] == {"mean": 1.0, "ci95": [1.0, 1.0], "p": 2 / 2**6}
    assert each.differences["top3"].mean == 0.0


def test_notebooks_show_tables_in_which_names_are_escaped() -> None:
    values = (
        Estimate(0.5, 0.25, 0.75, 4),
        Difference(0.5, 0.25, 0.75, 4, 0.01),
        compare(BEFORE, AFTER),
        estimate_each(["<b>"], [[1.0]]),
        compare_each(["<b>"], [[1.0]], [[0.5]]),
    )
    for shown in (one._repr_html_() for one in values):
        assert shown.startswith("<table>")
        assert "<b>" not in shown
