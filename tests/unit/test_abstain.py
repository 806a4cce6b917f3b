import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mundap.errors import MundapError
from mundap.evaluate.abstain import FIGURES, evaluate_abstain

scores = st.lists(st.integers(0, 10).map(float), min_size=1, max_size=12)


def test_figures_by_hand():
    # answered from 0.5 up: 3 of 4 answerable, and 1 of 2 unanswerable questions
    report = evaluate_abstain([0.9, 0.8, 0.7, 0.2], [0.6, 0.1], 0.5)
    assert report.auroc == (2 + 2 + 2 + 1) / (4 * 2)
    assert report.answered == 3 / 4
    assert report.refused == 1 / 2
    assert report.balanced_accuracy == (3 / 4 + 1 / 2) / 2
    assert report.risk == 1 / (3 + 1)
    assert report.coverage == 3 / 6  # the next question down is unanswerable
    assert (report.answerable, report.unanswerable) == (4, 2)


def test_a_score_at_the_threshold_is_answered():
    report = evaluate_abstain([0.5], [0.5], 0.5)
    assert (report.answered, report.refused) == (1.0, 0.0)


def test_coverage_is_at_the_precision_asked_for():
    scores = [0.9, 0.8, 0.7, 0.2], [0.6, 0.1]
    assert evaluate_abstain(*scores, 0.5, precision=0.8).coverage == 5 / 6  # 4 of 5 answerable


def test_scores_that_separate_leave_no_doubt():
    report = evaluate_abstain([0.8, 0.9, 1.0], [0.1, 0.2], 0.5)
    assert report.auroc == report.answered == report.refused == report.balanced_accuracy == 1.0
    assert report.ci95["auroc"] == (1.0, 1.0)


def test_json_holds_every_figure_with_its_interval():
    shown = json.loads(json.dumps(evaluate_abstain([0.9, 0.4], [0.6, 0.1], 0.5, resamples=50).as_json()))
    assert shown["n"] == 4
    assert shown["threshold"] == 0.5
    assert set(shown["ci95"]) == set(FIGURES) <= set(shown)
    assert all(len(ends) == 2 for ends in shown["ci95"].values())


@settings(max_examples=25, deadline=None)
@given(scores, scores, st.floats(-1, 11))
def test_figures_are_shares_and_balanced_accuracy_their_mean(answerable, unanswerable, threshold):
    report = evaluate_abstain(answerable, unanswerable, threshold, resamples=20)
    assert all(0.0 <= getattr(report, name) <= 1.0 for name in FIGURES)
    assert all(0.0 <= low <= high <= 1.0 for low, high in report.ci95.values())
    assert report.balanced_accuracy == pytest.approx((report.answered + report.refused) / 2)


@pytest.mark.parametrize(("answerable", "unanswerable"), [([], [0.1]), ([0.1], []), ([], [])])
def test_both_kinds_of_question_are_needed(answerable, unanswerable):
    with pytest.raises(MundapError, match=rf"\({len(answerable)}개\).*\({len(unanswerable)}개\).*제시문"):
        evaluate_abstain(answerable, unanswerable, 0.5)


def test_scores_are_finite():
    with pytest.raises(ValueError, match="finite"):
        evaluate_abstain([float("nan")], [0.1], 0.5)
