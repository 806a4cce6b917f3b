"""Beam search over small tables: each next token's chances depend on the last one only."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.korean.beams import beam_search

START, END = 0, 1


def table(rows: dict[int, dict[int, float]], words: int) -> Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float32]]:
    """`rows[last][next]` is the chance of `next` after `last`; the others share next to nothing."""
    logits = np.full((words, words), -30.0, np.float32)
    for last, following in rows.items():
        for word, chance in following.items():
            logits[last, word] = math.log(chance)
    return lambda sequences: logits[sequences[:, -1]]


GARDEN = table(
    {0: {2: 0.6, 3: 0.4}, 2: {4: 0.3, 5: 0.3, 6: 0.4}, 3: {4: 1.0}, 4: {1: 1.0}, 5: {1: 1.0}, 6: {1: 1.0}}, 7
)


def test_one_beam_takes_the_likeliest_word_each_time() -> None:
    assert beam_search(GARDEN, START, END, 1, 10) == [2, 6]


def test_more_beams_find_what_begins_worse_and_ends_better() -> None:
    # .4 * 1 * 1 against .6 * .4 * 1
    assert beam_search(GARDEN, START, END, 2, 10) == [3, 4]
    assert beam_search(GARDEN, START, END, 5, 10) == [3, 4]


def test_lengths_are_compared_by_the_chance_of_a_token() -> None:
    # one token and the end: (.5)^(1/2) = .71; three and the end: (.5 * .9 * .9 * .9)^(1/4) = .78
    chain = {3: {4: 0.9, 6: 0.1}, 4: {5: 0.9, 6: 0.1}, 5: {1: 0.9, 6: 0.1}, 6: {6: 1.0}}
    assert beam_search(table({0: {2: 0.5, 3: 0.5}, 2: {1: 1.0}, **chain}, 7), START, END, 2, 10) == [3, 4, 5]


def test_the_search_ends_with_as_many_sequences_as_beams() -> None:
    # (.5)^(1/2) = .71 and (.5 * .5)^(1/3) = .63 ended before (.5 * .5)^(1/6) = .79 could
    chain = {3: {1: 0.5, 4: 0.5}, 4: {5: 1.0}, 5: {6: 1.0}, 6: {1: 1.0}}
    assert beam_search(table({0: {2: 0.5, 3: 0.5}, 2: {1: 1.0}, **chain}, 7), START, END, 2, 10) == [2]


@pytest.mark.parametrize("beams", [1, 2])
def test_what_does_not_end_is_cut(beams: int) -> None:
    loops = table({0: {2: 0.6, 3: 0.4}, 2: {2: 1.0}, 3: {3: 1.0}}, 4)
    assert beam_search(loops, START, END, beams, 5) == [2, 2, 2, 2]


def test_the_end_may_come_at_once() -> None:
    assert beam_search(table({0: {1: 1.0}}, 8), START, END, 3, 5) == []


@given(
    st.lists(st.lists(st.floats(-4, 4, width=32), min_size=6, max_size=6), min_size=6, max_size=6), st.integers(1, 6)
)
def test_the_search_stays_within_its_bounds_and_one_beam_is_greedy(rows: list[list[float]], beams: int) -> None:
    logits = np.array(rows, np.float32)
    found = beam_search(lambda sequences: logits[sequences[:, -1]], START, END, beams, 8)
    assert END not in found
    assert len(found) <= 7
    greedy: list[int] = []
    last = START
    while len(greedy) < 7 and (last := int(logits[last].argmax())) != END:
        greedy.append(last)
    if np.all(np.sort(logits, axis=1)[:, -1] - np.sort(logits, axis=1)[:, -2] > 1e-4):  # no ties
        assert beam_search(lambda sequences: logits[sequences[:, -1]], START, END, 1, 8) == greedy
