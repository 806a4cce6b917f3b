"""The vectors of an index on Milvus: what any server must do for them, also one that knows no sparse vectors.

MUNDAP_TEST_MILVUS=http://… names a server, which is not ended; MUNDAP_TEST_MILVUS_SERVER=PROGRAM a standalone one, which is
started, ended and killed (see tests.milvus). Otherwise it is Milvus Lite on this machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from tests import milvus
from tests.contracts.test_index import DERIVING, ENCODER, QUESTIONS, RECIPE, TEXTS, Texts, found, passages, vectors

from mundap.errors import ConfigError, IndexUnavailable
from mundap.index.dense import Dense, NearestLeg
from mundap.index.milvus import collections as kept
from mundap.index.milvus.building import vector_entities
from mundap.index.milvus.collections import Collections, Manifest, Part, among
from mundap.index.milvus.engine import MilvusEngine
from mundap.index.milvus.rows import Allowed, NumberedIds, numbers
from mundap.index.milvus.server import TOKEN, MilvusServer
from mundap.index.milvus.vectors import MilvusVectors
from mundap.index.table import InMemory, Table
from mundap.types import Passage

pytestmark = pytest.mark.slow

Own = milvus.LiteServer | milvus.StandaloneServer
Family = list[Passage]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own | None]:
    """The server, if it is the tests' to end."""
    if milvus.real():
        yield None
        return
    folder, program = tmp_path_factory.mktemp("milvus") / "data", os.environ.get(milvus.PROGRAM, "")
    if program:
        pytest.importorskip("pymilvus")
    else:
        milvus.needed()
    server: Own = milvus.StandaloneServer(program, folder) if program else milvus.LiteServer(folder)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def mine(own: Own | None) -> Own:
    """The server. Skips where it is somebody else's."""
    if own is None:
        pytest.skip(f"the server of {milvus.URI} is not ours to end; {milvus.PROGRAM} names one that is")
    return own


@pytest.fixture
def uri(own: Own | None) -> str:
    return own.uri if own else milvus.real()


@dataclass
class Index:
    """The vectors of an index, written as a build writes them."""

    uri: str
    name: str
    near: bool

    def __post_init__(self) -> None:
        self.collections = Collections(MilvusServer(self.uri, os.environ.get(TOKEN, "")), self.name)
        self.part: Part = self.collections.part("aaaaaaaa", "vectors")
        self.held: dict[str, Family] = {}
        self.batch = 0

    def make(self) -> None:
        """Make the collection, without the index of its rows, which an old server has not."""
        _, fields, (nearest, _) = next(one for one in kept._PARTS if one[0] == "vectors")
        index = nearest if self.near else kept._EVERY
        self.collections.server.ask(
            lambda client: self.collections._create(client, self.part.name, fields, [index], ENCODER.dim)
        )

    def write(self, texts: Sequence[str], size: int = 20) -> None:
        """Have these rows in it, with chunks of that size; what it has of them is replaced."""
        self.batch += 1
        every = passages(texts, size)
        rows = [one for one in every if one.parent_id == one.id]
        families = [[row, *(one for one in every if one.parent_id == row.id != one.id)] for row in rows]
        encoded = vectors([one.embedded for family in families for one in family])
        self.part.write(vector_entities(families, encoded, self.batch))
        written = among("row", numbers([row.id for row in rows]).tolist())
        self.part.delete(f"{written} and batch < {self.batch}")
        self.held |= {family[0].id: family for family in families}

    def delete(self, ids: Sequence[str]) -> None:
        """Have these rows in it no more."""
        self.part.delete(among("row", numbers(ids).tolist()))
        self.held = {id: family for id, family in self.held.items() if id not in ids}

    @property
    def passages(self) -> list[Passage]:
        return [one for family in self.held.values() for one in family]

    def leg(self) -> NearestLeg:
        """As another process opens it."""
        vectors = sum(map(len, self.held.values()))
        manifest = Manifest("n", "aaaaaaaa", RECIPE, "", len(self.held), vectors, 0, 1.0, exact=not self.near)
        table = Table(NumberedIds(len(self.held), lambda: iter([numbers([*self.held])])), InMemory(self.passages))
        return NearestLeg(MilvusVectors(self.part, manifest, ENCODER.dim), table, ENCODER)

    def rows(self) -> list[int]:
        """The row of each vector that a scan gives."""
        return sorted(int(one["row"]) for some in self.part.scan(["row"]) for one in some)

    def assert_same(self) -> None:
        """It finds what is found in memory, and holds each vector once."""
        leg, right = self.leg(), Dense(self.passages, ENCODER)
        for question in QUESTIONS:
            for k in (1, 5, 100):
                assert found(leg, question, k) == found(right, question, k), (question, k)
        assert self.rows() == sorted(
            row for row, family in zip(numbers([*self.held]).tolist(), self.held.values(), strict=True) for _ in family
        )


@pytest.fixture(params=[False, True], ids=["exact", "near"])
def index(uri: str, request: pytest.FixtureRequest) -> Iterator[Index]:
    made = Index(uri, f"t{uuid4().hex[:12]}", request.param)
    made.make()
    yield made
    made.collections.forget()


def test_what_was_written_is_found_with_the_scores_of_any_other_index(index: Index) -> None:
    index.write(TEXTS[:24])
    index.assert_same()
    leg, right = index.leg(), Dense(index.passages, ENCODER)
    rows, scores = leg.find(QUESTIONS[0], 6)
    np.testing.assert_allclose(leg.score(QUESTIONS[0], rows[::-1]), scores[::-1], rtol=1e-6)
    hits = right.search(QUESTIONS[0], 6)
    np.testing.assert_allclose(leg.vectors_of(hits), right.vectors_of(hits), atol=1e-6)


def test_a_filter_is_met_whether_it_allows_few_or_many_and_an_empty_one_allows_nothing(index: Index) -> None:
    index.write(TEXTS[:24])
    leg, right, ids = index.leg(), Dense(index.passages, ENCODER), sorted(index.held)
    for where in (ids[:1], ids[::3], ids[1:], frozenset(ids[5:9])):
        assert found(leg, QUESTIONS[1], 5, where) == found(right, QUESTIONS[1], 5, where)
    assert leg.search(QUESTIONS[1], 5, []) == []
    gone = numbers(ids[:4])
    leg.table.restrict(Allowed(np.sort(gone), but=True).mask)
    assert {hit.passage.id for hit in leg.search(QUESTIONS[1], 100)} == set(ids[4:])


def test_a_delete_is_seen_at_once_by_everybody(index: Index) -> None:
    index.write(TEXTS[:24])
    other = index.leg()
    for id in sorted(index.held)[:12]:
        gone = numbers([id])
        index.delete([id])
        assert gone[0] not in index.rows()
        assert not list(index.part.where("row", gone.tolist(), ["id"]))
        assert gone[0] not in index.leg().find(QUESTIONS[0], 100)[0]
        assert gone[0] not in {hit for hit, _ in _proposed(index, other)}
    index.assert_same()


def _proposed(index: Index, leg: NearestLeg) -> list[tuple[int, float]]:
    """What the server's own search gives, before vectors are read."""
    query = leg.embed(QUESTIONS[0]).tolist()
    params = {"ef": 128} if index.near else {}
    return [(int(one["row"]), score) for one, score in index.part.search(query, "dense", 100, "", ["row"], params)]


def test_what_is_written_again_is_there_once_with_its_new_chunks(index: Index) -> None:
    index.write(TEXTS[:24])
    index.write(TEXTS[4:16], 12)
    index.write(TEXTS[10:30], 20)
    index.assert_same()


def test_who_ends_it_and_starts_it_again_finds_everything(index: Index, mine: Own) -> None:
    index.write(TEXTS[:20])
    index.delete(sorted(index.held)[:5])
    index.assert_same()
    mine.stop()
    mine.start()
    index.assert_same()
    index.write(TEXTS[20:26])
    index.assert_same()


def test_what_was_acknowledged_is_there_after_a_kill_and_what_was_deleted_is_not(index: Index, mine: Own) -> None:
    for n in range(3):
        index.write(TEXTS[8 * n : 8 * n + 8])
        index.delete(sorted(index.held)[:2])
        mine.kill()
        mine.start()
        index.assert_same()


def test_while_it_is_away_there_is_one_sentence_and_never_an_empty_result(
    index: Index, mine: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.write(TEXTS[:12])
    leg = index.leg()
    mine.kill()
    with monkeypatch.context() as patched:
        patched.setattr("mundap.index.milvus.server._WAITS", (0.05, 0.1))
        with pytest.raises(IndexUnavailable, match=r"에 연결할 수 없습니다") as told:
            leg.search(QUESTIONS[0], 5)
        assert "\n" not in str(told.value)
    mine.start()
    index.assert_same()


def test_a_server_that_is_too_old_for_words_is_one_sentence(uri: str, tmp_path: Path) -> None:
    engine = MilvusEngine(uri, f"t{uuid4().hex[:12]}", os.environ.get(TOKEN, ""))
    version = engine.collections.server.version()
    known = kept._NUMBERED.match(version)
    if known is None or tuple(map(int, known.groups())) >= kept._LEAST:
        pytest.skip(f"{version} has all that is asked of it")
    with pytest.raises(ConfigError, match=rf"Milvus {version}.*Milvus 2\.5 이상"):
        engine.build(Texts(TEXTS[:8]), RECIPE, DERIVING, anew=False, compact=False, merging=True)
    engine.collections.forget()
    assert engine.collections._every() == []
