"""A workspace whose index is on Milvus, as people use it: the same answers, and one sentence where the server is away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests import milvus
from tests.cli.conftest import LEAVE, MakeBot, Run, Serve, make

from mundap.errors import ConfigError, StaleIndex
from mundap.workspace import Mundap

LEGS = ("bm25", "dense", "hybrid")
QUESTIONS = ("연차는 언제 소멸하나요?", "출장 보고서 제출 기한", "주차장은 몇 시에 닫나요?")


@pytest.fixture(scope="module")
def lite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[milvus.LiteServer]:
    milvus.needed()
    server = milvus.LiteServer(tmp_path_factory.mktemp("milvus") / "data")
    server.start()
    yield server
    server.kill()


def settings(uri: str, encoder: str = "hashed", more: str = "", name: str = "") -> str:
    collection = name or f"t{uuid4().hex[:12]}"
    return f'[index]\nencoder = "{encoder}"\nengine = "milvus"\nuri = "{uri}"\ncollection = "{collection}"\n{more}'


@pytest.fixture
def served(lite: milvus.LiteServer, tmp_path: Path) -> Path:
    """A workspace on Milvus that was ingested, and not indexed yet."""
    root = make(tmp_path / "milvus", LEAVE, settings(lite.uri))
    Mundap.open(root).ingest()
    return root


def test_every_verb_does_what_it_does_on_one_machine(mundap: Run, served: Path, indexed: MakeBot) -> None:
    before = mundap("search", QUESTIONS[0], workspace=served)
    assert (before.code, before.err) == (1, "mundap: 아직 색인이 없습니다. 실행하세요: mundap index\n")
    done = mundap("index", "--json", workspace=served)
    assert (done.code, done.row["documents"], done.row["passages"]) == (0, 3, 5)
    local, mine = indexed(), Mundap.open(served)
    assert mine.newest == done.row["generation"] == mine.index()
    for question in QUESTIONS:
        for leg in LEGS:
            assert found(mine, question, leg) == found(local, question, leg)
    rows = mundap("search", QUESTIONS[0], "--json", workspace=served).rows
    assert [(row["passage_id"], row["origins"]) for row in rows] == [
        found[:2] for found in found(local, QUESTIONS[0], "hybrid")
    ]
    answer = mundap("ask", QUESTIONS[0], "--json", workspace=served).row
    right = local.ask(QUESTIONS[0])
    assert (answer["answer"], answer["abstained"]) == (right.text, False)
    assert [one["quote"] for one in answer["citations"]] == [one.quote for one in right.citations]
    doctor = mundap("doctor", "--verify", "--json", workspace=served)
    assert (doctor.code, doctor.row["segments"], doctor.row["damaged"]) == (0, [], [])
    assert doctor.row["index"].startswith("ok: http://127.0.0.1:")


def found(bot: Mundap, question: str, leg: str) -> list[tuple[str, dict[str, int], Any]]:
    hits = bot.search(question, 10, leg)
    return [(hit.passage.id, dict(hit.origins), pytest.approx(hit.score, abs=1e-4)) for hit in hits]


def test_what_is_removed_is_gone_at_once_and_what_comes_is_found_after_index(mundap: Run, served: Path) -> None:
    bot = Mundap.open(served)
    bot.index()
    assert "휴가 규정" in sources(bot, "hybrid")
    assert mundap("remove", "docs/휴가.md", workspace=served).code == 0
    for leg in LEGS:
        assert "휴가 규정" not in sources(bot, leg)
    (served / "docs" / "새.txt").write_text("연차는 이듬해 말에 사라집니다.", "utf-8")
    bot.ingest()
    with pytest.raises(StaleIndex, match="아직 색인되지 않은 문단이 1개"):
        Mundap.open(served).search("연차")
    for rebuild in (False, True):
        bot.index(rebuild=rebuild)
        bot.reload()
        assert bot.search("연차는 사라집니다", 1)[0].source == "새"
    bot.compact()
    assert mundap("erase", "docs/새.txt", "--yes", workspace=served).code == 0
    assert "새" not in sources(Mundap.open(served), "hybrid")


def sources(bot: Mundap, leg: str) -> set[str]:
    return {hit.source for hit in bot.search("연차 소멸", 100, leg)}


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ('encoder = "hashed"', 'encoder = "e5-small"', ("encoder 설정이 바뀌었습니다(색인: hashed", "mundap index")),
        ("[index]", "[index]\nk1 = 1.5", ("k1 설정이 바뀌었습니다(색인: 0.9, 현재: 1.5)", "mundap index")),
        ("[index]", '[retrieve]\nlegs = ["bm25", "graph"]\n[index]', ("graph", "legs")),
    ],
)
def test_settings_that_do_not_go_with_the_index_are_one_sentence(
    served: Path, old: str, new: str, parts: tuple[str, ...]
) -> None:
    Mundap.open(served).index()
    config = served / "mundap.toml"
    config.write_text(config.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises((StaleIndex, ConfigError)) as told:
        Mundap.open(served).search("연차")
    assert "\n" not in str(told.value)
    assert all(part in str(told.value) for part in parts), told.value


@pytest.mark.parametrize(
    ("uri", "part"),
    [
        ("http://127.0.0.1:9", "[index] uri가 올바른지"),
        ("http://me:secret@127.0.0.1:9", "MUNDAP_MILVUS_TOKEN"),
        ("", "uri에 Milvus 서버 주소를 지정"),
        ("ftp://127.0.0.1", "127.0.0.1"),
    ],
)
def test_a_wrong_address_is_one_sentence_that_names_the_setting(
    mundap: Run, tmp_path: Path, uri: str, part: str
) -> None:
    milvus.needed()
    root = make(tmp_path / "ws", LEAVE, settings(uri))
    Mundap.open(root).ingest()
    done = mundap("index", workspace=root)
    assert (done.code, done.out, done.err.strip().count("\n")) == (1, "", 0), done.err
    assert part in done.err
    assert "secret" not in done.err


def test_a_server_answers_503_while_milvus_is_away_and_answers_again(
    serving: Serve, served: Path, lite: milvus.LiteServer
) -> None:
    pytest.importorskip("fastapi", reason="the extra serve is not installed")
    Mundap.open(served).index()
    with serving(served) as server:
        asked = {"query": QUESTIONS[0]}
        hits = server.client.post("/search", json=asked).json()["hits"]
        assert hits
        lite.kill()
        try:
            away = server.client.post("/search", json=asked)
            assert away.status_code == 503, away.text
            assert "Traceback" not in server.errors.read_text("utf-8")
        finally:
            lite.start()
        end = time.monotonic() + 60
        while (back := server.client.post("/search", json=asked)).status_code != 200:
            assert time.monotonic() < end, back.text
        assert back.json()["hits"] == hits
        uploaded = server.client.post(
            "/documents", files={"files": ("당직.txt", "당직은 밤 열 시까지 섭니다.".encode())}
        )
        assert uploaded.status_code in (200, 201), uploaded.text
        assert server.client.post("/search", json={"query": "당직은 몇 시까지"}).json()["hits"][0]["source"] == "당직"
