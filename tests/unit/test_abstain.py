import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.shown import shown

from mundap.errors import MundapError
from mundap.evaluation.abstain import FIGURES, Supported, abstain_differences, evaluate_abstain
from mundap.evaluation.questions import Question

scores = st.lists(st.integers(0, 10).map(float), min_size=1, max_size=12)


def test_figures_by_hand() -> None:
    # answered from 0.5 up: 3 of 4 answerable, and 1 of 2 unanswerable questions
    report = evaluate_abstain([0.9, 0.8, 0.7, 0.2], [0.6, 0.1], 0.5)
    assert report.figures["auroc"].mean == (2 + 2 + 2 + 1) / (4 * 2)
    assert report.figures["answered"].mean == 3 / 4
    assert report.figures["refused"].mean == 1 / 2
    assert report.figures["balanced_accuracy"].mean == (3 / 4 + 1 / 2) / 2
    assert report.figures["risk"].mean == 1 / (3 + 1)
    assert report.figures["coverage"].mean == 3 / 6  # the next question down is unanswerable
    assert (report.answerable, report.unanswerable) == (4, 2)


def test_a_score_at_the_threshold_is_answered() -> None:
    report = evaluate_abstain([0.5], [0.5], 0.5)
    assert (report.figures["answered"].mean, report.figures["refused"].mean) == (1.0, 0.0)


def test_coverage_is_at_the_precision_asked_for() -> None:
    scores = [0.9, 0.8, 0.7, 0.2], [0.6, 0.1]
    assert evaluate_abstain(*scores, 0.5, precision=0.8).figures["coverage"].mean == 5 / 6  # 4 of 5 answerable


def test_scores_that_separate_leave_no_doubt() -> None:
    report = evaluate_abstain([0.8, 0.9, 1.0], [0.1, 0.2], 0.5)
    assert (
        report.figures["auroc"].mean
        == report.figures["answered"].mean
        == report.figures["refused"].mean
        == report.figures["balanced_accuracy"].mean
        == 1.0
    )
    assert report.figures["auroc"].ci95 == (1.0, 1.0)


def test_json_holds_every_figure_with_its_interval() -> None:
    seen = shown(evaluate_abstain([0.9, 0.4], [0.6, 0.1], 0.5, resamples=50))
    assert seen["n"] == 4
    assert seen["threshold"] == 0.5
    assert set(seen["ci95"]) == set(FIGURES) <= set(seen)
    assert all(len(ends) == 2 for ends in seen["ci95"].values())


@given(scores, scores, st.floats(-1, 11))
def test_figures_are_shares_and_balanced_accuracy_their_mean(
    answerable: list[float], unanswerable: list[float], threshold: float
) -> None:
    report = evaluate_abstain(answerable, unanswerable, threshold, resamples=20)
    assert tuple(report.figures) == FIGURES
    assert all(0.0 <= one.mean <= 1.0 and 0.0 <= one.low <= one.high <= 1.0 for one in report.figures.values())
    assert report.figures["balanced_accuracy"].mean == pytest.approx(
        (report.figures["answered"].mean + report.figures["refused"].mean) / 2
    )


@pytest.mark.parametrize(("answerable", "unanswerable"), [([], [0.1]), ([0.1], []), ([], [])])
def test_both_kinds_of_question_are_needed(answerable: list[float], unanswerable: list[float]) -> None:
    with pytest.raises(MundapError, match=rf"\({len(answerable)}개\).*\({len(unanswerable)}개\).*제시문"):
        evaluate_abstain(answerable, unanswerable, 0.5)


def test_scores_are_finite() -> None:
    with pytest.raises(ValueError, match="finite"):
        evaluate_abstain([float("nan")], [0.1], 0.5)


def test_the_probabilities_are_checked_against_what_was_answerable() -> None:
    report = evaluate_abstain([0.9] * 10, [0.1] * 10, 0.5, resamples=20)
    shares: list[object] = [tuple(one) for one in report.reliability]
    assert shares == [(pytest.approx(0.1), 0.0, 10), (pytest.approx(0.9), 1.0, 10)]
    assert report.calibration_error == pytest.approx((10 * 0.1 + 10 * 0.1) / 20)
    seen = shown(report)
    assert seen["reliability"][1] == {"predicted": pytest.approx(0.9), "answerable": 1.0, "n": 10}


def test_what_became_of_a_question() -> None:
    wanted, unwanted = Supported(Question("가", ("글",), row=2), 0.4), Supported(Question("나"), 0.4)
    assert wanted.measures(0.3) == {"support": 0.4, "right": 1.0, "answered": 1.0}
    assert unwanted.measures(0.3) == {"support": 0.4, "right": 0.0, "refused": 0.0}
    assert unwanted.measures(0.5)["refused"] == 1.0
    assert (wanted.to_json(0.3)["row"], wanted.to_json(0.3)["gold"]) == (2, ["글"])


def test_two_runs_are_compared_in_what_they_answered_and_refused() -> None:
    asked = [Question(f"{n}", ("글",) if n < 8 else ()) for n in range(16)]
    blind = [Supported(question, 0.5) for question in asked]
    seeing = [Supported(question, 0.9 if question.gold else 0.1) for question in asked]
    before = {a.key: a.measures(0.4) for a in blind}
    after = [(a.key, a.measures(0.4)) for a in seeing]
    found = abstain_differences(before, after)
    assert (found["auroc"].mean, found["auroc"].verdict) == (1.0 - 0.5, "better")
    assert (found["refused"].mean, found["refused"].n, found["refused"].verdict) == (1.0, 8, "better")
    assert (found["answered"].mean, found["answered"].verdict) == (0.0, "difference not significant")
    assert found["right"].mean == 8 / 16
    assert "auroc" not in abstain_differences(before, after[:8])
