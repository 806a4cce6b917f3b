"""What only a server can do to an index: go away, come back, lose a writer, or hold somebody else's collections."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from tests import milvus
from tests.contracts.test_index import (
    DERIVING,
    QUESTIONS,
    RECIPE,
    TEXTS,
    Indexed,
    Texts,
    assert_same,
    expected,
    tokenize,
)

from mundap.errors import ConfigError, IndexUnavailable, StaleIndex
from mundap.index.milvus.collections import Collections
from mundap.index.milvus.engine import MilvusEngine
from mundap.index.milvus.server import TOKEN, MilvusServer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[milvus.LiteServer]:
    milvus.needed()
    server = milvus.LiteServer(tmp_path_factory.mktemp("milvus") / "data")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def indexed(lite: milvus.LiteServer) -> Iterator[Indexed]:
    name = f"t{uuid4().hex[:12]}"
    yield Indexed(MilvusEngine(lite.uri, name), Texts(TEXTS[:12]))
    MilvusEngine(lite.uri, name).erase(everything=True)


class Died(Exception):
    """The writer was killed."""


def test_a_writer_that_dies_anywhere_leaves_an_index_that_the_next_one_finishes(
    indexed: Indexed, lite: milvus.LiteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every request that writes is once the last one. Nothing is lost, and no word is counted twice or not at all."""
    indexed.build()
    name = indexed.engine.collections.name  # type: ignore[attr-defined]
    ask, left = MilvusServer.ask, [0]

    def dying(self: MilvusServer, what: Any, collection: str = "") -> Any:
        if "query" not in what.__qualname__ and "search" not in what.__qualname__:
            if left[0] == 0:
                raise Died
            left[0] -= 1
        return ask(self, what, collection)

    changes = [(TEXTS[2:14], 20), (TEXTS[2:14], 12), (TEXTS[:12], 20)]
    died = 0
    for last in range(30):
        texts, size = changes[last % len(changes)]
        indexed.texts.hold(texts, size)
        with monkeypatch.context() as patched:
            patched.setattr(MilvusServer, "ask", dying)
            left[0] = last
            try:
                MilvusEngine(lite.uri, name).build(
                    indexed.texts, RECIPE, DERIVING, anew=False, compact=False, merging=True
                )
            except Died:
                died += 1
        if died <= last:
            break
        indexed.texts.hold(
            texts[1:] if last % 2 else texts, size
        )  # and what it wrote may be gone when the next one comes
        indexed.engine = MilvusEngine(lite.uri, name)
        indexed.build()
        assert_same(indexed, QUESTIONS[:2])
        _assert_counted(indexed)
    assert died >= 10


def _assert_counted(indexed: Indexed) -> None:
    index = indexed.engine.open()
    lexical, _ = expected(indexed.texts)
    words = sorted({word for passage in indexed.texts.held.values() for word in passage.worded.split()})
    known, right = index.lexical(lexical.table, tokenize, None).statistics, lexical.statistics  # type: ignore[attr-defined]
    assert known.holders(words).tolist() == right.holders(words).tolist()


def test_a_server_that_was_killed_has_everything_when_it_is_back(indexed: Indexed, lite: milvus.LiteServer) -> None:
    indexed.build()
    legs = indexed.legs()
    before = [[(hit.passage.id, hit.score) for hit in leg.search(QUESTIONS[0], 5)] for leg in legs]
    lite.kill()
    lite.start()
    for leg, hits in zip(indexed.legs(), before, strict=True):
        assert [(hit.passage.id, hit.score) for hit in leg.search(QUESTIONS[0], 5)] == hits
    assert [(hit.passage.id, hit.score) for hit in legs[0].search(QUESTIONS[1], 5)]  # who was open is open again
    indexed.texts.hold(TEXTS[3:14])
    indexed.build()
    assert_same(indexed)


def test_a_lost_connection_is_one_sentence_and_never_an_empty_index(
    indexed: Indexed, lite: milvus.LiteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexed.build()
    lexical, dense = indexed.legs()
    lite.kill()
    sentence = r"색인 서버 http://127.0.0.1:\d+에 연결할 수 없습니다.*uri가 올바른지"
    with monkeypatch.context() as patched:
        patched.setattr("mundap.index.milvus.server._WAITS", (0.05, 0.1))
        for leg in (lexical, dense):
            with pytest.raises(IndexUnavailable, match=sentence) as told:
                leg.search("여행자는", 5)
            assert "\n" not in str(told.value)
        with pytest.raises(IndexUnavailable, match=sentence):
            indexed.engine.open()
        with pytest.raises(IndexUnavailable, match=sentence):
            indexed.build()
    lite.start()
    assert_same(indexed)


def test_what_a_short_outage_interrupts_is_asked_again(
    indexed: Indexed, lite: milvus.LiteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexed.build()
    waited: list[float] = []

    def back(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            lite.start()
        time.sleep(seconds)

    monkeypatch.setattr("mundap.index.milvus.server.pause", back)
    lite.kill()
    assert_same(indexed)
    assert waited[:2] == [0.5, 1.0]


def test_a_server_that_was_away_for_long_is_found_as_soon_as_it_is_back(
    indexed: Indexed, lite: milvus.LiteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By who has asked it all the time: gRPC alone would try ever more rarely, after half a minute every half minute."""
    indexed.build()
    server = indexed.engine.collections.server  # type: ignore[attr-defined]
    monkeypatch.setattr("mundap.index.milvus.server._WAITS", ())

    def answers() -> bool:
        try:
            server.version()
        except IndexUnavailable:
            return False
        return True

    lite.kill()
    until = time.monotonic() + 30
    while time.monotonic() < until:
        assert not answers()
        time.sleep(0.5)
    lite.start()
    until = time.monotonic() + 6
    while not answers():
        assert time.monotonic() < until
        time.sleep(0.2)
    assert_same(indexed, QUESTIONS[:1])


def test_who_has_an_index_open_searches_while_another_machine_changes_it(
    indexed: Indexed, lite: milvus.LiteServer
) -> None:
    """Rows of it go, and terms are counted of rows that it does not know: it misses and finds, and never fails."""
    indexed.texts.hold(TEXTS[:2])
    indexed.build()
    lexical, dense = indexed.legs()
    rows, _ = dense.find(QUESTIONS[0], 2)
    lexical, other = (
        indexed.legs()[0],
        Indexed(
            MilvusEngine(lite.uri, indexed.engine.collections.name),  # type: ignore[attr-defined]
            indexed.texts,
        ),
    )
    other.texts.hold([TEXTS[1], *(f"{TEXTS[1]} {n}번째 규정" for n in range(6))])  # in a batch that is counted
    other.build()
    for leg in (lexical, dense):
        assert np.isfinite(leg.score(TEXTS[1], rows)).all()
        leg.find(TEXTS[1], 5)
    late = indexed.legs()[1]
    assert late.score(TEXTS[1], rows).min() == 0  # of the row that went


def test_nothing_is_written_once_it_is_another_machines_turn(indexed: Indexed) -> None:
    indexed.build()
    before = indexed.engine.collections.manifest()  # type: ignore[attr-defined]

    def lost() -> None:
        raise IndexUnavailable("다른 서버의 차례입니다")

    indexed.texts.hold(TEXTS[2:16])
    for anew in (False, True):
        with pytest.raises(IndexUnavailable, match="차례"):
            Indexed(indexed.engine.held(lost), indexed.texts).build(anew=anew)
    assert indexed.engine.collections.manifest() == before  # type: ignore[attr-defined]
    indexed.build()
    assert_same(indexed)


def test_a_collection_of_another_workspace_is_neither_searched_nor_overwritten(
    indexed: Indexed, lite: milvus.LiteServer
) -> None:
    name = indexed.build()
    other = Indexed(MilvusEngine(lite.uri, indexed.engine.collections.name), Texts(TEXTS[20:30]))  # type: ignore[attr-defined]
    for ask in (other.build, other.legs):
        with pytest.raises(
            StaleIndex, match=r"이 작업 폴더에서 만든 색인이 아니거나.*collection에 다른 이름.*--rebuild"
        ):
            ask()
    assert indexed.engine.current == name
    other.build(anew=True)
    assert_same(other)


def test_an_index_of_another_version_is_refused_and_rebuilt(indexed: Indexed) -> None:
    indexed.build()
    collections: Collections = indexed.engine.collections  # type: ignore[attr-defined]
    collections.upsert(collections.name, [{"key": "index", "value": '{"format": 99}', "none": [0.0, 0.0]}])
    with pytest.raises(StaleIndex, match=r"형식 99이 이 버전.*--rebuild"):
        indexed.engine.open()
    indexed.build(anew=True)
    assert_same(indexed)


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        ("", "uri에 Milvus 서버 주소를 지정"),
        ("http://root:secret@127.0.0.1:19530", TOKEN),
    ],
)
def test_an_address_that_none_could_be_is_told_without_its_secret(uri: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as told:
        MilvusEngine(uri, "t")
    assert "secret" not in str(told.value)


def test_where_nothing_listens_the_sentence_names_the_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    milvus.needed()
    monkeypatch.setattr("mundap.index.milvus.server._WAITS", (0.05,))
    with pytest.raises(IndexUnavailable, match=r"\[index\] uri"):
        _ = MilvusEngine("http://127.0.0.1:9", "t").current
