"""A threshold with a promise: worked bounds, and that the promise is kept over many draws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.training.reader.conformal import at_most, fewest, promise, upper_bound


def test_binomial_tails_and_bounds_by_hand() -> None:
    assert at_most(0, 3, 0.1) == pytest.approx(0.9**3)
    assert at_most(1, 3, 0.1) == pytest.approx(0.9**3 + 3 * 0.1 * 0.9**2)
    assert at_most(3, 3, 0.1) == 1
    assert upper_bound(0, 10, 0.9) == pytest.approx(1 - 0.1 ** (1 / 10))
    assert upper_bound(3, 3, 0.9) == 1
    # 0.95**45 = 0.0994…, 0.95**44 = 0.1047…
    assert fewest(0, 0.05, 0.9) == 45


@given(st.integers(0, 40), st.integers(1, 60), st.floats(0.5, 0.99))
def test_a_bound_is_where_so_few_become_unlikely(k: int, more: int, confidence: float) -> None:
    n = k + more
    bound = upper_bound(k, n, confidence)
    assert k / n <= bound <= 1
    assert at_most(k, n, bound) == pytest.approx(1 - confidence, abs=1e-6)


def drawn(n: int, seed: int, noise: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Questions whose answers are the oftener wrong the lower their score."""
    chance = np.random.default_rng(seed)
    scores = chance.uniform(0, 1, n)
    return scores, chance.uniform(0, 1, n) < np.maximum(0.6 * (1 - scores) ** 2, noise)


def risk(threshold: float) -> float:
    """Of all questions that `drawn` could draw and that are answered, the share that is wrong."""
    grid = np.linspace(threshold, 1, 10_001)
    return float((0.6 * (1 - grid) ** 2).mean())


def test_the_promise_is_kept_in_as_many_draws_as_it_says() -> None:
    kept = []
    for seed in range(200):
        made = promise(*drawn(400, seed), 0.05, 0.9)
        if made.threshold is not None:
            kept.append(risk(made.threshold) <= 0.05)
    assert len(kept) > 150
    assert np.mean(kept) >= 0.9 - 2 * (0.09 / len(kept)) ** 0.5


def test_what_is_promised_can_be_counted() -> None:
    scores, wrong = drawn(1000, 1)
    made = promise(scores, wrong, 0.05, 0.9)
    assert made.threshold is not None
    answered = scores >= made.threshold
    assert (made.n, made.answered, made.missed) == (1000, answered.sum(), wrong[answered].sum())
    assert made.missed / made.answered < made.bound <= 0.05
    assert f"임계값 {made.threshold}" in made.sentence
    assert "5%" in made.sentence
    assert "90%" in made.sentence


def test_more_questions_and_less_confidence_answer_more() -> None:
    few, many = (promise(*drawn(n, 2), 0.05, 0.9).threshold for n in (1000, 5000))
    assert few is not None
    assert many is not None
    assert many < few
    scores, wrong = drawn(1000, 2)
    bold = promise(scores, wrong, 0.05, 0.6).threshold
    assert bold is not None
    assert bold <= few


def test_what_cannot_be_promised_says_what_can() -> None:
    scores, wrong = drawn(500, 3, noise=0.12)  # even the best answers are wrong as often as that
    made = promise(scores, wrong, 0.05, 0.9)
    assert made.threshold is None
    assert made.reachable is not None
    share, threshold = made.reachable
    assert share > 0.1
    assert promise(scores, wrong, share, 0.9).threshold == threshold
    assert f"--wrong {share}" in made.sentence


def test_too_few_questions_say_how_many_it_takes() -> None:
    made = promise(np.full(20, 0.9), np.zeros(20, np.bool_), 0.05, 0.9)
    assert made.threshold is None
    assert "최소 45개" in made.sentence
    assert promise(np.full(45, 0.9), np.zeros(45, np.bool_), 0.05, 0.9).threshold is not None


def test_questions_that_are_all_wrong_or_none_at_all() -> None:
    made = promise(np.linspace(0, 1, 200), np.ones(200, np.bool_))
    assert (made.threshold, made.reachable) == (None, None)
    assert promise([], np.zeros(0, np.bool_)).threshold is None


@pytest.mark.parametrize(("most", "confidence"), [(0, 0.9), (1, 0.9), (0.05, 1), (0.05, 0)])
def test_shares_lie_between_none_and_all(most: float, confidence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        promise([0.5], np.zeros(1, np.bool_), most, confidence)
