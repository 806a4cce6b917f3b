"""What of the index on Milvus needs no server: numbers of rows and of terms, filters, and when enough was proposed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.errors import ServerError, StaleIndex
from mundap.files import digest
from mundap.id_set import joined
from mundap.index.generation import Recipe
from mundap.index.milvus.best import Proposed, best_rows
from mundap.index.milvus.collections import IDS, MOST, Manifest, Pending
from mundap.index.milvus.rows import Allowed, NumberedIds, numbers
from mundap.index.milvus.server import TOKEN, MilvusServer
from mundap.index.milvus.terms import PLACEHOLDER, Hashes, number_new, signed, unsigned
from mundap.index.rank import by_row, in_order
from mundap.protocols import Rows, Scores

HEX = st.text("0123456789abcdef", min_size=16, max_size=16).filter(lambda made: made != "f" * 16)
ROWS = st.lists(st.integers(-40, 40), unique=True).map(lambda rows: np.asarray(sorted(rows), np.intp))


@given(st.lists(HEX, unique=True))
def test_an_id_and_its_row_tell_each_other_and_rows_tie_as_ids(ids: list[str]) -> None:
    table = NumberedIds(len(ids), lambda: iter([numbers(ids)]))
    rows = numbers(ids)
    assert len(set(rows.tolist())) == len(ids)
    assert table.at(rows) == ids == [*table]
    assert sorted(ids) == [ids[n] for n in np.argsort(table.ties(rows), kind="stable")]
    assert table.rows(ids).tolist() == rows.tolist()


@pytest.mark.parametrize("none", ["", "없음", "0123", "0123456789abcdeg", "0" * 17, "f" * 16])
def test_what_is_no_id_has_no_row(none: str) -> None:
    assert numbers([none, digest("a")]).tolist()[0] == -1


@given(ROWS, ROWS, st.booleans(), st.booleans(), ROWS)
def test_what_two_filters_allow_is_what_each_does(one: Rows, other: Rows, but: bool, too: bool, rows: Rows) -> None:
    first, second = Allowed(one, but), Allowed(other, too)
    assert ((first & second).holds(rows) == (first.holds(rows) & second.holds(rows))).all()


def test_a_filter_of_ids_is_the_same_however_it_comes() -> None:
    ids = [digest(str(n)) for n in range(9)]
    table = NumberedIds(9, lambda: iter(()))
    every = [Allowed.of(table.mask(some)) for some in (ids, frozenset(ids), joined("\n".join(ids)))]
    assert all(one is not None and (one.rows == np.sort(numbers(ids))).all() for one in every)


@given(st.lists(st.integers(0, (1 << 64) - 1), unique=True), st.sets(st.integers(0, 40)))
def test_no_two_terms_have_one_number_whatever_their_hashes_are(terms: list[int], taken: set[int]) -> None:
    terms = [*terms, *(term ^ (1 << 63) for term in terms if term ^ (1 << 63) not in terms)]  # pairs of one low half
    numbered = number_new(terms, taken.__and__)
    given_numbers = [term.number for term in numbered.values()]
    assert numbered.keys() == set(terms)
    assert len(set(given_numbers)) == len(terms)
    assert not {PLACEHOLDER, *taken} & set(given_numbers)
    assert all(0 < number < 1 << 31 for number in given_numbers)
    assert [unsigned(signed(term)) for term in terms] == terms


def test_a_row_has_its_counts_and_no_bigrams_among_its_words() -> None:
    row = Hashes().row(["관세", "관세", "신고"])
    assert (sorted(row.counts.values()), row.length, row.words) == ([1, 2], 3, 3)


def test_a_manifest_is_read_as_it_was_written_and_that_of_another_version_is_not() -> None:
    recipe = Recipe("e", "t", "n", 0.9, 0.6)
    manifest = Manifest("a", "b", recipe, "s", 3, 4, 60, 19.5, True, 2, "c", Pending((1, -2), (-2,), True))
    assert Manifest.read(manifest.to_json()) == manifest
    assert manifest.mean_length == 60 / 3
    for text in ('{"format": 0}', "{", "[]", '{"format": 1}'):
        with pytest.raises(StaleIndex, match="mundap index --rebuild"):
            Manifest.read(text)


class Server:
    """Rows by number, each with a bound of its score, and the conditions and sizes that were asked for."""

    def __init__(self, scores: Scores, bounds: Scores) -> None:
        self.scores, self.bounds = scores, bounds
        self.asked: list[tuple[int, str]] = []

    def propose(self, wanted: int, condition: str) -> Proposed:
        self.asked.append((wanted, condition))
        rows = np.arange(len(self.bounds))
        if condition:
            said = {int(row) for row in condition.partition("[")[2].partition("]")[0].split(",")}
            rows = np.asarray([row for row in rows if (row in said) != condition.startswith("not")], np.intp)
        order = in_order(rows, self.bounds[rows])[:wanted]
        return Proposed(order, float(self.bounds[order[-1]]) if len(order) == wanted else None)

    def score(self, rows: Rows) -> Scores:
        return self.scores[rows]


@given(st.integers(1, 60), st.integers(0, 2**32 - 1), st.sampled_from(["all", "few", "but"]))
def test_the_best_are_found_however_loose_the_bounds_are(depth: int, seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 50, 700).astype(np.float32)  # many ties
    server = Server(scores, scores + rng.random(700).astype(np.float32) * 30)
    some = np.sort(rng.choice(700, 90, replace=False))
    allowed = {"all": None, "few": Allowed(some), "but": Allowed(some, but=True)}[kind]
    rows, found = best_rows(server.propose, server.score, depth, allowed, by_row, above=0)
    every = np.arange(700) if allowed is None else np.arange(700)[allowed.holds(np.arange(700))]
    every = every[scores[every] > 0]
    assert rows.tolist() == in_order(every, scores[every])[:depth].tolist()
    assert found.tolist() == scores[rows].tolist()


def test_a_large_filter_is_tried_here_before_it_is_sent_in_pieces() -> None:
    scores = np.arange(2 * IDS + 10, dtype=np.float32)
    server = Server(scores, scores)
    top = Allowed(np.arange(IDS, 2 * IDS + 10))
    assert best_rows(server.propose, server.score, 3, top, by_row)[0].tolist() == [20009, 20008, 20007]
    assert [condition for _, condition in server.asked] == [""]
    bottom = Server(np.arange(MOST + 2 * IDS, dtype=np.float32), np.arange(MOST + 2 * IDS, dtype=np.float32))
    low = Allowed(np.arange(IDS + 5))
    assert best_rows(bottom.propose, bottom.score, 3, low, by_row)[0].tolist() == [10004, 10003, 10002]
    assert [len(condition) > 0 for _, condition in bottom.asked][-2:] == [True, True]


def test_nothing_is_asked_where_nothing_is_allowed_or_wanted() -> None:
    server = Server(np.ones(3, np.float32), np.ones(3, np.float32))
    for depth, allowed in ((5, Allowed(np.empty(0, np.intp))), (0, None)):
        rows, scores = best_rows(server.propose, server.score, depth, allowed, by_row)
        assert (len(rows), len(scores), server.asked) == (0, 0, [])


def test_a_token_that_is_refused_is_told_once_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    exceptions = pytest.importorskip("pymilvus", reason="needs pymilvus: pip install 'mundap[milvus]'").exceptions
    asked = []

    def refuse(*arguments: object) -> None:
        asked.append(arguments)
        raise exceptions.MilvusException(code=1800, message="auth check failure for user:hidden-word, please check")

    server = MilvusServer("http://127.0.0.1:9", "user:hidden-word")
    monkeypatch.setattr(server, "_asked", refuse)
    with pytest.raises(ServerError, match=rf"인증을 거부.*{TOKEN}") as told:
        server.version()
    assert len(asked) == 1
    assert "hidden-word" not in str(told.value)
    assert "\n" not in str(told.value)
