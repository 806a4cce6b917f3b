"""Passages without a part in the answer are dropped, the first one never, and none where nothing is calibrated."""

from mundap.generate.relevance import LINES, relevant
from mundap.types import Hit, Passage

E5 = next(iter(LINES))
HITS = [Hit(Passage(f"p{n}", "d", "글", 0, 1), 1 / n, n) for n in (1, 2, 3)]


def test_a_passage_far_behind_the_best_is_dropped_and_a_near_one_stays() -> None:
    kept = relevant(HITS, [0.90, 0.89, 0.84], [0.6, 0.6, 0.1], E5)
    assert [hit.rank for hit in kept] == [1, 2]


def test_the_first_passage_stays_however_weak_it_is() -> None:
    assert relevant(HITS, [0.80, 0.90, 0.80], [0.0, 0.9, 0.0], E5)[0] is HITS[0]


def test_a_probability_follows_from_its_line() -> None:
    line = LINES[E5]
    odds = line.near * 0.9 + line.near_behind * (0.9 - 0.9) + line.shared * 0.5 + line.shared_behind * 0 + line.bias
    assert line.probability(0.9, 0.9, 0.5, 0.5) == 1 / (1 + 2.718281828459045**-odds)


def test_an_encoder_without_a_line_drops_nothing() -> None:
    assert relevant(HITS, [1.0, 0.0, 0.0], [1.0, 0.0, 0.0], "hashed-256-1") == HITS


def test_no_hits_are_no_hits() -> None:
    assert relevant([], [], [], E5) == []
