"""The best rows of a question, told without what frequent terms add to the others: those of a sort of all scores."""

from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.index import adder, sums, term_shares
from mundap.index.known_terms import KnownTerms
from mundap.index.postings import Postings, PostingsPart
from mundap.index.rank import BLOCK, positive_rows
from mundap.index.sums import PartSums
from mundap.protocols import Rows, Scores

WORDS = [f"w{n}" for n in range(40)]
SHARES = 0.7 / np.arange(1, len(WORDS) + 1)  # of the rows that hold each: a few words are in many
KINDS = [False, True] if find_spec("numba") else [False]


@pytest.fixture(params=KINDS, ids=lambda compiled: "compiled" if compiled else "numpy", scope="module", autouse=True)
def compiled(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Lines of frequent terms in the smallest of parts, with compiled code and without."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(term_shares, "LEAST", 1)
        patch.setattr(adder, "COMPILED_ABOVE", 0 if request.param else 1 << 40)
        yield request.param


def texts(rng: np.random.Generator, rows: int) -> list[list[str]]:
    held = rng.random((rows, len(WORDS))) < SHARES
    times = rng.integers(1, 4, held.shape) * held
    return [[word for word, n in zip(WORDS, row, strict=True) for _ in range(n)] for row in times.tolist()]


def index(rng: np.random.Generator, sizes: list[int], lost: float) -> tuple[Postings, np.ndarray]:
    """(postings in parts, which of their rows count)."""
    gone = [np.flatnonzero(rng.random(size) < lost).astype(np.int32) for size in sizes]
    alive = np.ones(sum(sizes), np.bool_)
    for first, some in zip(np.cumsum([0, *sizes]), gone, strict=False):
        alive[first + some] = False
    return Postings([PostingsPart.build(texts(rng, size)) for size in sizes], 0.9, 0.6, gone), alive


def questions(rng: np.random.Generator, count: int) -> Iterator[list[str]]:
    """Questions of frequent and of rare words."""
    for _ in range(count):
        yield [*rng.choice(WORDS[:12], rng.integers(0, 4)), *rng.choice([*WORDS[12:], "없는말"], rng.integers(0, 4))]


@given(
    st.integers(0, 2**32),
    st.lists(st.sampled_from([1, 100, 5 * BLOCK, 12 * BLOCK - 1]), min_size=1, max_size=3),
    st.sampled_from([8, 16, 32]),
    st.sampled_from([0.0, 0.1, 0.9]),
    st.sampled_from([None, 0.02, 0.5, 0.95]),
)
def test_the_best_rows_are_those_of_a_sort_of_all_scores_to_the_bit(
    seed: int, sizes: list[int], share: int, lost: float, shown: float | None
) -> None:
    rng = np.random.default_rng(seed)
    postings, alive = index(rng, sizes, lost)
    mask = alive if lost else None
    if shown is not None:
        mask = (rng.random(len(postings)) < shown) & alive
    order = rng.permutation(len(postings))  # as ids, which are in another order than rows
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(term_shares, "SHARE", share)
        for query in questions(rng, 5):
            scores, found = postings.scores(query), postings.sums(query)
            for depth in (0, 1, 3, 10, 100):
                expected, worth = positive_rows(scores, depth, mask, lambda rows: order[rows])
                rows, best = found.best(depth, mask, lambda rows: order[rows])
                assert rows.tolist() == expected.tolist()
                np.testing.assert_array_equal(best, worth)
            some = rng.integers(0, len(postings), 20)
            np.testing.assert_array_equal(found.at(some), scores[some])


@pytest.mark.parametrize("lost", [0.0, 0.1])
def test_what_frequent_words_add_is_looked_up_for_few_rows(
    lost: float, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    at = PartSums.at

    def counted(self: PartSums, rows: Rows) -> Scores:
        looked.append(len(rows))
        return at(self, rows)

    monkeypatch.setattr(PartSums, "at", counted)
    monkeypatch.setattr(PartSums, "every", lambda self: pytest.fail("all rows were added to"))
    postings, alive = index(np.random.default_rng(0), [100 * BLOCK], lost)
    rows, scores = postings.sums(["w0", "w1", *WORDS[25:]]).best(10, alive if lost else None)
    assert len(rows) == len(scores) == 10
    assert compiled or 0 < sum(looked) < len(postings) / 10


def test_a_question_of_frequent_words_alone_adds_them_to_all() -> None:
    postings, _ = index(np.random.default_rng(0), [100 * BLOCK], 0.0)
    rows, best = postings.sums(["w0", "w1"]).best(10, None)
    expected, worth = positive_rows(postings.scores(["w0", "w1"]), 10, None)
    assert rows.tolist() == expected.tolist()
    np.testing.assert_array_equal(best, worth)


def test_bounds_leave_room_for_what_sums_of_many_numbers_are_off() -> None:
    rng = np.random.default_rng(0)
    count, rows = 4000, 2 * BLOCK
    table, weights = rng.random((count, rows), np.float32), rng.random(count, np.float32)
    first = PartSums(np.zeros(rows, np.float32), table, np.arange(count), weights, 0.0).every()
    exact = (table.astype(np.float64) * weights.astype(np.float64)[:, None]).sum(axis=0)
    assert np.abs(first / exact - 1).max() < sums._SLACK / 4


def test_tokens_are_looked_up_once_and_however_many_they_are() -> None:
    postings = Postings([PostingsPart.build([[f"t{n}"] for n in range(1000)])] * 2, 0.9, 0.6)
    asked: list[str] = []

    def look_up(tokens: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        asked.extend(tokens)
        return postings._look_up(tokens)

    known = KnownTerms(2)
    for first in (0, 500, 0, 900):
        tokens = [f"t{n}" for n in range(first, first + 200)]
        numbers = known.numbers([*tokens, *tokens], look_up)
        terms, holders, rarities, spans = postings._look_up(tokens)
        np.testing.assert_array_equal(known.terms[numbers[:200]], terms)
        np.testing.assert_array_equal(known.holders[numbers[200:]], holders)
        np.testing.assert_array_equal(known.rarities[numbers[:200]], rarities)
        np.testing.assert_array_equal(known.spans[:, :, numbers[:200]], spans)
    assert len(asked) == len(set(asked)) == len(known) == 600
