"""Every Engine: what is built of the same passages is found alike, with the same scores, whatever happened before.

With MUNDAP_TEST_MILVUS=http://… the Milvus of that address is tested, and Milvus Lite on this machine otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from tests import milvus

import mundap as md
from mundap.encode.hashed import HashedEncoder
from mundap.errors import StaleIndex
from mundap.files import digest
from mundap.id_set import joined
from mundap.index.bm25 import BM25
from mundap.index.dense import Dense
from mundap.index.engine import Engine, check_recipe
from mundap.index.generation import Recipe
from mundap.index.local import LocalEngine
from mundap.index.near import Halves
from mundap.index.segment import Deriving
from mundap.index.table import InMemory
from mundap.index.widen import Widening
from mundap.ingest.chunk import Sentences
from mundap.ingest.split import chunks, parents
from mundap.korean.everyday import Everyday, EverydayWords, shipped
from mundap.korean.tokens import SearchTokenizer
from mundap.protocols import Leg
from mundap.retrieve.coverage import untrained
from mundap.types import Passage

ENCODER = HashedEncoder(32)
RECIPE = Recipe(ENCODER.name, "words", "nfc-1", 0.9, 0.6)
SUBJECTS = "관세청은 세관에서 여행자는 신고서를 환급은 면세점에서 운송장에 검역소는 보험료를 영수증을".split()
VERBS = "걷는다 신고한다 돌려준다 확인한다 적는다 머문다 보관한다 낸다".split()
TEXTS = [
    " ".join(f"{SUBJECTS[(n * k) % 10]} {SUBJECTS[(n + k) % 10]} {VERBS[(n + k) % 8]}." for k in range(1, 2 + n % 5))
    for n in range(40)
]
QUESTIONS = ["관세청은 환급은", "세관에서 신고한다.", "여행자는 여행자는 면세점에서 낸다.", "없는말", ""]


class Texts:
    """A corpus in memory that knows what came and went since each state."""

    def __init__(self, texts: Sequence[str] = ()) -> None:
        self.held: dict[str, Passage] = {}
        self._name = uuid4().hex[:8]
        self._log: list[str] = []
        self.hold(texts)

    def hold(self, texts: Sequence[str], size: int = 20) -> None:
        """From now on, these are held, in chunks of that size."""
        now = {passage.id: passage for passage in passages(texts, size)}
        self._log += now.keys() ^ self.held.keys()
        self.held = now

    def state(self) -> str:
        return f"{self._name} {len(self._log)}"

    mark = state

    def changed(self, since: str) -> list[str] | None:
        name, _, number = since.partition(" ")
        return self._log[int(number) :] if name == self._name else None

    def forget_changes(self, states: Sequence[str]) -> None:
        pass

    def ids(self) -> list[str]:
        return [*self.held]

    def present(self, ids: Sequence[str]) -> dict[str, str]:
        return {id: self.held[id].parent_id for id in ids if id in self.held}

    def families(self, ids: Sequence[str] | None = None) -> Iterator[list[Passage]]:
        found = [
            [passage, *(p for p in self.held.values() if p.parent_id == passage.id != p.id)]
            for passage in self.held.values()
            if passage.parent_id == passage.id and (ids is None or passage.id in ids)
        ]
        yield [passage for family in found for passage in family]


def passages(texts: Sequence[str], size: int = 20) -> list[Passage]:
    rows = [Passage(digest(text), "d", text, 0, len(text), source="규정") for text in texts]
    return [*rows, *(c for one in rows for c in chunks(one, Sentences(size)) if c.id != one.id)]


def tokenize(texts: Sequence[str]) -> list[list[str]]:
    return [text.split() for text in texts]


def vectors(texts: list[str]) -> Halves:
    return ENCODER.encode_passages(texts).astype(np.float16)


DERIVING = Deriving(tokenize, vectors, RECIPE.encoder)


def everyday(question: str) -> list[Everyday]:
    """Documents say "환급은" for "거스름돈", and "신고서를 확인한다." or "운송장에" for "세관에서"."""
    known = {"거스름돈": (("환급은", 1.0),), "세관에서": (("신고서를 확인한다.", 0.9), ("운송장에", 0.5))}
    return [Everyday(word, said) for word, said in known.items() if word in question]


@dataclass
class Indexed:
    """An engine, the corpus that it indexes, and what it is asked with."""

    engine: Engine
    texts: Texts

    def build(self, recipe: Recipe = RECIPE, deriving: Deriving = DERIVING, **how: bool) -> str:
        return self.engine.build(
            self.texts, recipe, deriving, **{"anew": False, "compact": False, "merging": True, **how}
        )

    def legs(self) -> tuple[Leg, Leg]:
        index = self.engine.open()
        table = index.table(InMemory([*self.texts.held.values()]), self.texts, complete=True)
        return index.lexical(table, tokenize, everyday), index.dense(table, ENCODER)


def expected(texts: Texts) -> tuple[Leg, Leg]:
    """Both legs over the passages in memory."""
    held = [*texts.held.values()]
    lexical, dense = BM25(held, tokenize, RECIPE.k1, RECIPE.b), Dense(held, ENCODER)
    lexical.widening = Widening(lexical.postings, tokenize, everyday)
    return lexical, dense


def found(leg: Any, question: str, k: int, where: Any = None) -> list[tuple[str, Any]]:
    return [(hit.passage.id, pytest.approx(hit.score, rel=1e-4, abs=1e-4)) for hit in leg.search(question, k, where)]


def assert_same(indexed: Indexed, questions: Sequence[str] = QUESTIONS) -> None:
    """Both legs, and the hybrid of them, find what they do in memory."""
    legs, wanted = indexed.legs(), expected(indexed.texts)
    hybrids = [untrained(*some, lexical=some[0], pool=8) for some in (legs, wanted)]  # type: ignore[arg-type]
    pairs: list[tuple[Any, Any]] = [*zip(legs, wanted, strict=True), (hybrids[0], hybrids[1])]
    for mine, right in pairs:
        for question in questions:
            for k in (1, 5, 100):
                assert found(mine, question, k) == found(right, question, k), (mine.name, question, k)


Make = Callable[[], Engine]


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if uri := milvus.real():
        yield uri
        return
    milvus.needed()
    server = milvus.LiteServer(tmp_path_factory.mktemp("milvus") / "data")
    server.start()
    yield server.uri
    server.kill()


@pytest.fixture(params=["local", pytest.param("milvus", marks=pytest.mark.slow)])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Makes an engine over the same place each time: another process."""
    if request.param == "local":
        yield lambda: LocalEngine(tmp_path / "index")
        return
    from mundap.index.milvus.engine import MilvusEngine

    address, name = request.getfixturevalue("uri"), f"t{uuid4().hex[:12]}"
    yield lambda: MilvusEngine(address, name)
    MilvusEngine(address, name).erase(everything=True)


@pytest.fixture
def indexed(make: Make) -> Indexed:
    return Indexed(make(), Texts(TEXTS[:24]))


def test_what_was_built_is_found_with_the_scores_of_any_other_index(indexed: Indexed) -> None:
    name = indexed.build()
    assert indexed.engine.current == name == indexed.engine.open().name
    assert_same(indexed, [*QUESTIONS, "거스름돈", "세관에서 거스름돈 관세청은"])


def test_scores_of_any_rows_are_those_of_what_is_found(indexed: Indexed) -> None:
    indexed.build()
    for leg in indexed.legs():
        rows, scores = leg.find(QUESTIONS[0], 6)
        np.testing.assert_allclose(leg.score(QUESTIONS[0], rows[::-1]), scores[::-1], rtol=1e-6)
        again = leg.score(QUESTIONS[0], rows[[0, 0, 3]])
        np.testing.assert_allclose(again, scores[[0, 0, 3]], rtol=1e-6)
        assert not len(leg.score(QUESTIONS[0], rows[:0]))


def test_statistics_are_those_of_the_whole_index(indexed: Indexed) -> None:
    indexed.build()
    index = indexed.engine.open()
    known = index.lexical(index.table(InMemory([]), indexed.texts, True), tokenize, None).statistics
    lexical = BM25([*indexed.texts.held.values()], tokenize)
    asked = [*SUBJECTS, *VERBS, "걷는다.", "없는말"]
    assert known.holders(asked).tolist() == lexical.postings.holders(asked).tolist()
    assert known.rarity(asked) == pytest.approx(lexical.postings.rarity(asked))
    assert known.holders([]).tolist() == []


def test_after_any_changes_the_same_is_found_as_in_an_index_built_at_once(indexed: Indexed, make: Make) -> None:
    indexed.build()
    for texts, size in ((TEXTS[4:26], 20), (TEXTS[4:26], 12), (TEXTS[2:20], 12), ([*TEXTS[2:19], TEXTS[39]], 20)):
        indexed.texts.hold(texts, size)
        indexed.engine = make()  # another process writes
        indexed.build()
        assert_same(indexed)


def test_an_unchanged_corpus_is_not_built_again_and_a_rebuild_finds_the_same(indexed: Indexed) -> None:
    name = indexed.build()
    assert indexed.build() == name
    assert indexed.build(anew=True) != name
    assert_same(indexed)
    indexed.texts.hold(TEXTS[1:24])
    indexed.build(compact=True)
    assert_same(indexed)


def test_an_index_from_nothing_says_what_to_run(indexed: Indexed) -> None:
    assert indexed.engine.current is None
    assert indexed.engine.names == ()
    with pytest.raises(StaleIndex, match=r"아직 색인이 없습니다.*mundap index"):
        indexed.engine.open()


def test_passages_that_are_gone_are_not_found_at_once_and_new_ones_are_missed(indexed: Indexed) -> None:
    indexed.build()
    index = indexed.engine.open()
    table = index.table(InMemory([*indexed.texts.held.values()]), indexed.texts, True)
    legs = index.lexical(table, tokenize, None), index.dense(table, ENCODER)
    before = [leg.search(QUESTIONS[1], 30) for leg in legs]
    indexed.texts.hold([text for text in TEXTS[:24] if digest(text) != before[0][0].passage.id])
    index.restrict(table, indexed.texts)
    lost = before[0][0].passage.id
    for leg, hits in zip(legs, before, strict=True):
        assert [hit.passage.id for hit in leg.search(QUESTIONS[1], 30)] == [
            hit.passage.id for hit in hits if hit.passage.id != lost
        ]
    assert not index.lacks(indexed.texts)
    indexed.texts.hold(TEXTS[:26])
    assert index.lacks(indexed.texts)
    with pytest.raises(StaleIndex, match=r"아직 색인되지 않은 문단이 .*개 있습니다.*mundap index"):
        indexed.engine.open().table(InMemory([]), indexed.texts, complete=True)
    indexed.engine.open().table(InMemory([]), indexed.texts, complete=False)


def test_a_filter_is_met_whether_it_allows_few_or_many_and_an_empty_one_allows_nothing(indexed: Indexed) -> None:
    indexed.build()
    ids = sorted(passage.id for passage in indexed.texts.held.values() if passage.parent_id == passage.id)
    for mine, right in zip(indexed.legs(), expected(indexed.texts), strict=True):
        for where in (ids[:1], ids[::3], ids[1:], frozenset(ids[5:9]), joined("\n".join(ids[::2])), [*ids, "none"]):
            assert found(mine, QUESTIONS[1], 5, where) == found(right, QUESTIONS[1], 5, where)
        nothing: tuple[Any, ...] = ([], frozenset(), ["no such id"])
        for empty in nothing:
            assert mine.search(QUESTIONS[1], 5, empty) == []


@pytest.mark.parametrize("changed", [{"encoder": "other"}, {"tokenizer": "other"}, {"k1": 1.2}, {"normalizer": "x"}])
def test_an_index_of_other_settings_is_refused_with_both_values_and_written_anew(
    indexed: Indexed, changed: dict[str, Any]
) -> None:
    indexed.build()
    [(name, value)] = changed.items()
    other = replace(RECIPE, **changed)
    with pytest.raises(
        StaleIndex, match=rf"{name} 설정이 바뀌었습니다\(색인: {getattr(RECIPE, name)}, 현재: {value}\).*mundap index"
    ):
        check_recipe(indexed.engine.open(), other)
    indexed.build(other, replace(DERIVING, encoder=other.encoder))
    check_recipe(indexed.engine.open(), other)


def test_an_index_of_nothing_finds_nothing(make: Make) -> None:
    indexed = Indexed(make(), Texts(TEXTS[:2]))
    indexed.build()
    indexed.texts.hold([])
    indexed.build()
    for leg in indexed.legs():
        assert leg.search(QUESTIONS[0], 5) == []
    indexed.texts.hold(TEXTS[:3])
    indexed.build()
    assert_same(indexed)


@pytest.mark.slow  # every chunk of 120 real passages, twice
def test_real_passages_and_questions_are_found_alike(make: Make, shared_data: Path) -> None:
    [sheet] = md.load(shared_data / "customs" / "customs_qa.xlsx")
    rows = parents(sheet)[:120]
    indexed = Indexed(make(), Texts())
    every = [*rows, *(chunk for row in rows for chunk in chunks(row) if chunk.id != row.id)]
    indexed.texts.held = {one.id: one for one in every}
    tokens, words = SearchTokenizer(), EverydayWords(shipped())
    indexed.build(deriving=Deriving(tokens, vectors, RECIPE.encoder))
    lexical, dense = BM25(every, tokens, RECIPE.k1, RECIPE.b), Dense(every, ENCODER)
    lexical.widening = Widening(lexical.postings, tokens, words)
    index = indexed.engine.open()
    table = index.table(InMemory(every), indexed.texts, complete=True)
    mine = index.lexical(table, tokens, words)
    here, there = untrained(mine, index.dense(table, ENCODER), lexical=mine), untrained(lexical, dense, lexical=lexical)
    ids = [row.id for row in rows]
    for question in [one.question for one in sheet.questions if one.start <= rows[-1].start][::97]:
        assert found(here, question, 10) == found(there, question, 10)
        scores = [leg.score(question, leg.table.ids.rows(ids)) for leg in (mine, lexical)]
        np.testing.assert_allclose(scores[0], scores[1], atol=1e-4)


def test_what_was_erased_leaves_nothing(indexed: Indexed) -> None:
    indexed.build()
    indexed.build(anew=True)
    indexed.engine.erase()
    assert_same(indexed)
    indexed.engine.erase(everything=True)
    assert indexed.engine.current is None
    indexed.engine.erase(everything=True)
