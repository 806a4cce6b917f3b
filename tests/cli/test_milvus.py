"""A workspace whose index is on Milvus, as people use it: the same answers, and one sentence where the server is away."""

from __future__ import annotations

import shutil
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


GRAPH = '[retrieve]\nlegs = ["bm25", "dense", "graph"]\n'
WORDS = {f"품목{n}.md": f"# 품목 {n}\n\n{one}.\n" for n, one in enumerate(
    ["주류는 두 병까지 면세입니다", "주류와 담배는 성인이 신고합니다", "담배는 열 갑까지 면세입니다", "향수는 면세 품목입니다",
     "세계관세기구(WCO)가 품목 번호를 정합니다", "관세 환급은 세관에서 신고합니다", "세관 신고서는 기내에서 나눠 줍니다"]
)}  # fmt: skip
ASKED = ("주류 면세", "WCO 품목 번호", "세관에 무엇을 신고하나요?", "없는말")


def linked(bot: Mundap, question: str, leg: str) -> list[Any]:
    hits = bot.search(question, 10, leg)
    return [(*one, hit.links) for one, hit in zip(found(bot, question, leg), hits, strict=True)]


def test_the_keyword_graph_finds_what_it_finds_on_one_machine(
    mundap: Run, lite: milvus.LiteServer, tmp_path: Path
) -> None:
    """It stands beside, in files made of the record: also where they were lost, and after any change."""
    roots = [make(tmp_path / "local", WORDS, f"{settings('').partition('engine')[0]}{GRAPH}"),
             make(tmp_path / "milvus", WORDS, settings(lite.uri, more=GRAPH))]  # fmt: skip
    local, mine = map(Mundap.open, roots)

    def same() -> None:
        for question in ASKED:
            for leg in ("graph", "hybrid"):
                assert linked(mine, question, leg) == linked(local, question, leg), (question, leg)

    for bot in (local, mine):
        bot.ingest()
        bot.index()
    same()
    assert linked(local, ASKED[0], "graph")[0][-1]
    for bot in (local, mine):
        bot.remove("docs/품목1.md")
    same()
    for bot in (local, mine):
        (bot.root / "docs" / "새.md").write_text("# 새 품목\n\n주류는 면세점에서 인도합니다.\n", "utf-8")
        bot.ingest()
    before = mine.newest
    for bot in (local, mine):
        bot.index()
        bot.reload()
    assert mine.newest != before
    same()
    for root in roots:
        assert mundap("graph", "mine", "--by", "괄호", workspace=root).code == 0
        assert mundap("index", workspace=root).code == 0
    local, mine = map(Mundap.open, roots)  # which know the synonyms
    same()
    assert [step.tail for step in mine.graph.graph.synonyms("wco")] == ["세계관세기구"]
    shutil.rmtree(roots[1] / ".mundap" / "graph")  # a replica that has just come
    mine = Mundap.open(roots[1])
    same()
    shown = [mundap("graph", "show", "주류", "--json", workspace=root, cwd=tmp_path).row["edges"] for root in roots]
    assert shown[0] == shown[1] != []
    for bot in (local, mine):
        bot.compact()
        bot.reload()
    same()
    assert mundap("erase", "docs/새.md", "--yes", workspace=roots[1]).code == 0
    assert "인도합니다".encode() not in b"".join(
        path.read_bytes() for path in (roots[1] / ".mundap" / "graph").rglob("*") if path.is_file()
    )


def test_each_replica_makes_the_graph_of_the_record_and_follows_its_changes(
    lite: milvus.LiteServer, database: str, tmp_path: Path
) -> None:
    config = settings(lite.uri, more=f'{GRAPH}[store]\nurl = "{database}"\n')
    first, second = (make(tmp_path / name, WORDS if name == "a" else {}, config) for name in "ab")
    one, other = Mundap.open(first), Mundap.open(second)
    one.ingest()
    one.index()
    assert linked(other, ASKED[0], "graph") == linked(one, ASKED[0], "graph") != []
    (first / "docs" / "새.md").write_text("# 새 품목\n\n주류는 면세점에서 인도합니다.\n", "utf-8")
    one.ingest()
    one.remove("docs/품목0.md")
    one.index()
    for bot in (one, other):
        bot.refresh()
    assert linked(other, ASKED[0], "graph") == linked(one, ASKED[0], "graph")
    assert any("인도" in hit.passage.text for hit in other.search(ASKED[0], 10, "graph"))


def test_a_damaged_graph_beside_milvus_is_named_and_made_again(
    mundap: Run, lite: milvus.LiteServer, tmp_path: Path
) -> None:
    root = make(tmp_path / "ws", WORDS, settings(lite.uri, more=GRAPH))
    bot = Mundap.open(root)
    bot.ingest()
    bot.index()
    right = linked(bot, ASKED[0], "graph")
    [file] = (root / ".mundap" / "graph" / "segments").glob("*/graph.sqlite")
    file.write_bytes(b"torn")
    doctor = mundap("doctor", "--verify", "--json", workspace=root)
    assert [Path(one).name for one in doctor.row["damaged"]] == ["graph.sqlite"]
    done = mundap("search", ASKED[0], workspace=root)
    assert (done.code, done.err.count("\n")) == (1, 1), done.err
    assert "mundap index" in done.err
    assert mundap("index", "--rebuild", workspace=root).code == 0
    assert linked(Mundap.open(root), ASKED[0], "graph") == right


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ('encoder = "hashed"', 'encoder = "e5-small"', ("encoder 설정이 바뀌었습니다(색인: hashed", "mundap index")),
        ("[index]", "[index]\nk1 = 1.5", ("k1 설정이 바뀌었습니다(색인: 0.9, 현재: 1.5)", "mundap index")),
        ("[index]", '[retrieve]\nlegs = ["bm25", "sparse"]\n[index]', ("sparse", "legs")),
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
