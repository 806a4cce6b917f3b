import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.evaluation.metrics import (
    auroc,
    average_rank,
    balanced_accuracy,
    calibration_error,
    character_f1,
    coverage_at_precision,
    exact_match,
    first_right,
    ndcg,
    normalize_answer,
    rank_or_end,
    reciprocal_rank,
    reliability,
    risk,
    threshold_at,
    top,
)

flags = st.lists(st.booleans(), max_size=15)
scores = st.lists(st.integers(-20, 20).map(lambda n: n / 4), min_size=1, max_size=25)


def test_first_right_counts_from_one() -> None:
    assert first_right([False, False, True, True]) == 3
    assert first_right([False]) is None
    assert first_right([]) is None


def test_top_k_includes_rank_k() -> None:
    assert [top(rank, 3) for rank in (1, 3, 4, None)] == [1.0, 1.0, 0.0, 0.0]


def test_mean_reciprocal_rank_of_the_wikipedia_example() -> None:
    # en.wikipedia.org/wiki/Mean_reciprocal_rank: cats at 3, tori at 2, viruses at 1; the mean is 11/18
    ranks = [3, 2, 1]
    assert sum(reciprocal_rank(rank) for rank in ranks) / 3 == pytest.approx((1 / 3 + 1 / 2 + 1 / 1) / 3)


def test_reciprocal_rank_stops_at_its_depth() -> None:
    assert reciprocal_rank(10) == 1 / 10
    assert reciprocal_rank(11) == 0.0
    assert reciprocal_rank(None) == 0.0


def test_ndcg_of_one_gold_is_its_discount() -> None:
    assert ndcg([True], 1) == 1.0
    assert ndcg([False, True], 1) == 1 / math.log2(2 + 1)
    assert ndcg([False] * 10 + [True], 1) == 0.0


def test_ndcg_of_several_golds_compares_with_all_of_them_first() -> None:
    ideal = 1 / math.log2(1 + 1) + 1 / math.log2(2 + 1) + 1 / math.log2(3 + 1)
    assert ndcg([True, False, True], 3) == pytest.approx((1 + 1 / math.log2(3 + 1)) / ideal)
    assert ndcg([True] * 10, 12) == pytest.approx(1.0)  # ten places hold no more than ten


@pytest.mark.parametrize(("right", "golds"), [([True, True], 1), ([], 0)])
def test_ndcg_refuses_more_right_hits_than_golds(right: list[bool], golds: int) -> None:
    with pytest.raises(ValueError, match="gold passages"):
        ndcg(right, golds)


@given(flags, st.integers(0, 5))
def test_ndcg_is_a_share_and_a_better_order_is_never_worse(right: list[bool], unseen: int) -> None:
    golds = max(1, sum(right) + unseen)
    value = ndcg(right, golds)
    assert 0.0 <= value <= 1.0 + 1e-12
    assert value <= ndcg(sorted(right, reverse=True), golds) + 1e-12


def test_average_rank_counts_a_miss_as_one_beyond_the_depth() -> None:
    assert average_rank([1, 4, None], depth=100) == ((1 + 4 + 101) / 3, 1)
    assert rank_or_end(None, 100) == 101.0
    with pytest.raises(ValueError, match="no ranks"):
        average_rank([], depth=100)


def test_auroc_of_the_scikit_learn_example() -> None:
    # sklearn.metrics.roc_auc_score: y_true [0, 0, 1, 1], y_scores [0.1, 0.4, 0.35, 0.8] gives 0.75
    assert auroc([0.35, 0.8], [0.1, 0.4]) == 0.75


def test_auroc_counts_ties_half() -> None:
    assert auroc([1, 2], [1, 0]) == (0.5 + 1 + 1 + 1) / 4
    assert auroc([3, 3], [3]) == 0.5


@given(scores, scores)
def test_auroc_is_the_share_of_pairs_in_order(above: list[float], below: list[float]) -> None:
    pairs = [(a > b) + (a == b) / 2 for a in above for b in below]
    assert auroc(above, below) == pytest.approx(sum(pairs) / len(pairs))


@given(scores, scores)
def test_auroc_depends_on_order_alone_and_turns_with_it(above: list[float], below: list[float]) -> None:
    value = auroc(above, below)
    assert auroc(np.exp(above), np.exp(below)) == pytest.approx(value)
    assert auroc(below, above) == pytest.approx(1 - value)


@pytest.mark.parametrize("bad", [[], [math.nan], [math.inf], [[1.0]]])
def test_scores_are_a_row_of_finite_numbers(bad: list[Any]) -> None:
    with pytest.raises(ValueError, match="finite scores"):
        auroc(bad, [1.0])


def test_balanced_accuracy_of_the_scikit_learn_example() -> None:
    # sklearn.metrics.balanced_accuracy_score: y_true [0, 1, 0, 0, 1, 0], y_pred [0, 1, 0, 0, 0, 1] gives 0.625
    assert balanced_accuracy([1, 0], [0, 0, 0, 1], threshold=1) == (1 / 2 + 3 / 4) / 2


def test_risk_is_the_wrong_share_of_what_is_answered() -> None:
    assert risk([3, 4, 5], [1, 4], threshold=4) == 1 / (2 + 1)
    assert risk([3], [1], threshold=9) == 0.0


def test_threshold_lies_midway_in_the_widest_gap_that_separates() -> None:
    assert threshold_at([5, 9], [1, 2]) == (2 + 5) / 2
    assert threshold_at([1, 5], [1, 2]) == (2 + 5) / 2


def test_threshold_of_scores_that_do_not_separate_answers_everything_or_nothing() -> None:
    everything = threshold_at([1, 1], [1])
    assert balanced_accuracy([1, 1], [1], everything) == 0.5
    assert everything == 1.0


def test_threshold_keeps_the_risk() -> None:
    # answering from 3 up: 3 of 3 and 1 of 4 wrong, J = 1 - 1/4, risk 1/4; from 5 up: J = 2/3, risk 0
    answerable, unanswerable = [3, 5, 6], [4, 1, 1, 1]
    assert threshold_at(answerable, unanswerable) == (1 + 3) / 2
    assert threshold_at(answerable, unanswerable, max_risk=0.1) == (4 + 5) / 2
    nothing = threshold_at([1, 2], [3, 4], max_risk=0.0)
    assert nothing > 4
    assert risk([1, 2], [3, 4], nothing) == 0.0


def test_threshold_between_neighbouring_floats_still_separates() -> None:
    low = 1.0
    high = float(np.nextafter(low, 2.0))
    assert balanced_accuracy([high], [low], threshold_at([high], [low])) == 1.0


@given(scores, scores)
def test_no_threshold_is_better_than_the_chosen_one(answerable: list[float], unanswerable: list[float]) -> None:
    best = balanced_accuracy(answerable, unanswerable, threshold_at(answerable, unanswerable))
    tried = {-6.0, *answerable, *unanswerable, 6.0}
    assert best >= max(balanced_accuracy(answerable, unanswerable, t) for t in tried) - 1e-12


def test_coverage_at_precision_takes_the_longest_start_that_is_right_enough() -> None:
    right = [True, True, False, True, False]
    assert coverage_at_precision([5, 4, 3, 2, 1], right, precision=0.75) == 4 / 5  # 3 of 4 right
    assert coverage_at_precision([5, 4, 3, 2, 1], right, precision=1.0) == 2 / 5
    assert coverage_at_precision([1, 2], [True, False], precision=0.95) == 0.0


def test_coverage_cannot_split_a_tie() -> None:
    assert coverage_at_precision([2, 1, 1], [True, True, False], precision=1.0) == 1 / 3


def test_coverage_reaches_a_precision_exactly() -> None:
    assert coverage_at_precision(list(range(20, 0, -1)), [True] * 19 + [False], precision=0.95) == 1.0
    with pytest.raises(ValueError, match="2 scores, but 1"):
        coverage_at_precision([1, 2], [True])


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=30), st.floats(0.1, 1.0))
def test_coverage_is_a_share_that_falls_with_the_precision(pairs: list[tuple[int, bool]], precision: float) -> None:
    values, right = zip(*pairs, strict=True)
    coverage = coverage_at_precision(values, right, precision)
    assert 0.0 <= coverage <= 1.0
    assert coverage >= coverage_at_precision(values, right, 1.0)


def test_reliability_by_hand() -> None:
    bins = reliability([0.1, 0.3, 0.8, 0.6], [False, True, True, True], bins=2)
    shares: list[object] = [tuple(one) for one in bins]
    assert shares == [
        (pytest.approx((0.1 + 0.3) / 2), (0 + 1) / 2, 2),
        (pytest.approx((0.6 + 0.8) / 2), (1 + 1) / 2, 2),
    ]
    assert calibration_error(bins) == pytest.approx((2 * abs(0.2 - 0.5) + 2 * abs(0.7 - 1.0)) / 4)


def test_equal_probabilities_share_a_bin_in_whatever_order_they_come() -> None:
    assert reliability([0.5] * 6, [True] * 3 + [False] * 3) == ((0.5, 0.5, 6),)
    [low, high] = reliability([0.9, 0.2, 0.9, 0.2], [True, False, False, False], bins=10)
    assert (low, high) == ((0.2, 0.0, 2), (0.9, 0.5, 2))


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=60), st.integers(1, 12))
def test_the_bins_hold_every_question_in_rising_order(pairs: list[tuple[int, bool]], bins: int) -> None:
    values, right = [n / 20 for n, _ in pairs], [is_right for _, is_right in pairs]
    found = reliability(values, right, bins)
    assert 1 <= len(found) <= bins
    assert sum(b.n for b in found) == len(pairs)
    assert sum(b.n * b.right for b in found) == pytest.approx(sum(right))
    assert sum(b.n * b.predicted for b in found) == pytest.approx(sum(values))
    assert [b.predicted for b in found] == sorted(b.predicted for b in found)
    assert 0.0 <= calibration_error(found) <= 1.0
    turned = reliability(values[::-1], right[::-1], bins)
    assert [b.n for b in turned] == [b.n for b in found]


def test_distinct_probabilities_fill_the_bins_evenly() -> None:
    assert [b.n for b in reliability([n / 100 for n in range(100)], [True] * 100)] == [10] * 10
    with pytest.raises(ValueError, match="2 probabilities, but 1"):
        reliability([0.1, 0.2], [True])


def test_answers_are_normalised_as_korquad_does() -> None:
    assert normalize_answer(" 《무진기행》의\n'작가', KIM(金) ") == "무진기행 의 작가 kim 金"
    assert normalize_answer("3.14%") == "314"


def test_exact_match_ignores_punctuation_but_not_spaces() -> None:
    assert exact_match("〈대한민국〉.", "대한민국") == 1.0
    assert exact_match("대한 민국", "대한민국") == 0.0


def test_character_f1_by_hand() -> None:
    # '서울시' says 서 울 시, the answer 서 울 특 별 시: 3 shared, precision 3/3, recall 3/5
    precision, recall = 3 / 3, 3 / 5
    assert character_f1("서울시", "서울특별시") == pytest.approx(2 * precision * recall / (precision + recall))
    assert character_f1("아아", "아") == pytest.approx(2 * (1 / 2) * (1 / 1) / (1 / 2 + 1 / 1))
    assert character_f1("부산", "서울") == 0.0
    assert character_f1("", "서울") == 0.0


@given(st.text(max_size=20), st.text(max_size=20))
def test_character_f1_is_a_share_the_same_both_ways(one: str, other: str) -> None:
    value = character_f1(one, other)
    assert 0.0 <= value <= 1.0
    assert value == character_f1(other, one)
    if exact_match(one, other) and normalize_answer(one):
        assert value == 1.0
