"""The HTTP API as it is run: a real server on a free port."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cli.conftest import MakeBot, Run, Serve
from tests.waiting import until

from mundap.workspace import Mundap

pytest.importorskip("fastapi", reason="the extra serve is not installed")


SECONDS = 60  # for new settings on a busy machine


@pytest.fixture(scope="module")
def api(serving: Serve, office: Path) -> Iterator[tuple[httpx.Client, Path]]:
    """A client of the API over a small workspace, and the workspace. Tests only read it."""
    with serving(office) as server:
        yield server.client, office


def test_keywords_and_hits_are_those_of_the_command(api: tuple[httpx.Client, Path], mundap: Run) -> None:
    client, root = api
    asked = {"prompt": "이사화물 통관예약을 하면 뭐가 좋나요?"}
    keywords = mundap("keywords", asked["prompt"], "--json", workspace=root).row["keywords"]
    old = {**asked, "result": ", ".join(keywords)}
    assert client.post("/keywords", json=asked).json() == {**old, "keywords": keywords}
    assert client.post("/keyword_extract", json=asked).json() == old
    for leg in ("bm25", "dense", "graph", "hybrid"):
        hits = client.post("/search", json={"query": "연차 소멸", "top_k": 2, "leg": leg}).json()["hits"]
        assert hits == mundap("search", "연차 소멸", "-k", "2", "--leg", leg, "--json", workspace=root).rows
    source = hits[0]["source"]
    only = client.post("/search", json={"query": "연차", "filters": {"source": [source]}}).json()["hits"]
    assert {hit["source"] for hit in only} == {source}
    assert client.post("/search", json={"query": "연차", "filters": {"source": []}}).json() == {"hits": []}


def test_an_answer_is_that_of_the_command(api: tuple[httpx.Client, Path], mundap: Run) -> None:
    client, root = api
    question = "연차는 언제 소멸되나요?"
    asked = mundap("ask", question, "--json", workspace=root).row
    said = client.post("/query", json={"query": question}).json()
    assert set(said) >= {"response", "citations", "hits", "abstained", "request_id"}
    assert (said["sentences"], said["model"], said["generation"]) == (
        asked["sentences"],
        asked["model"],
        asked["generation"],
    )
    assert said["response"] == asked["answer"]
    assert (said["citations"], said["hits"]) == (asked["citations"], asked["hits"])
    assert said["citations"]
    assert not said["abstained"]
    assert client.post("/query", json={"query": question}).json()["request_id"] != said["request_id"]
    bodies: tuple[dict[str, Any], ...] = ({"prompt": question}, {"prompt": question, "top_k": 1})
    for body in bodies:
        old = client.post("/kullm", json=body).json()
        texts = [hit["text"] for hit in asked["hits"]]
        assert old["doc_lst"] == texts[: body.get("top_k")]
        assert old["input_prompt"] == question
        assert set(old) == {"input_prompt", "doc_lst", "answer"}


def test_an_answer_is_written_from_what_meets_the_filters(api: tuple[httpx.Client, Path]) -> None:
    client, _ = api
    question = "연차는 언제 소멸되나요?"
    [best, *_] = client.post("/query", json={"query": question}).json()["hits"]
    only = client.post("/query", json={"query": question, "filters": {"source": [best["source"]]}}).json()["hits"]
    assert {hit["source"] for hit in only} == {best["source"]}
    none = client.post("/query", json={"query": question, "filters": {"source": []}}).json()
    assert none["abstained"]
    assert not none["hits"]


def test_a_question_may_lean_on_the_one_before_in_its_session(api: tuple[httpx.Client, Path]) -> None:
    client, _ = api
    client.post("/query", json={"query": "연차는 언제 소멸되나요?", "session": "가"})
    follow = "그럼 며칠 받나요?"
    leaning = client.post("/query", json={"query": follow, "session": "가"}).json()
    assert leaning["hits"] != client.post("/query", json={"query": follow, "session": "나"}).json()["hits"]
    assert "연차" in leaning["hits"][0]["text"]


def test_greetings_thanks_and_several_questions_are_answered_as_what_they_are(api: tuple[httpx.Client, Path]) -> None:
    client, _ = api

    def said(question: str) -> dict[str, Any]:
        made: dict[str, Any] = client.post("/query", json={"query": question, "session": "다"}).json()
        return made

    def chatted(*turns: str, stream: bool = False) -> httpx.Response:
        messages = [{"role": "user", "content": turn} for turn in turns]
        return client.post("/v1/chat/completions", json={"messages": messages, "stream": stream})

    hello = said("안녕하세요")
    assert (hello["citations"], hello["hits"], hello["abstained"]) == ([], [], False)
    assert 0 < len(hello["response"]) < 200
    alone = said("연차는 언제 소멸되나요?")
    assert said("고마워요!")["hits"] == []
    assert "연차" in said("그럼 며칠 받나요?")["hits"][0]["text"]
    assert said("안녕하세요, 연차는 언제 소멸되나요?")["citations"] == alone["citations"]
    both = "연차는 언제 소멸되나요? 그리고 병가는 며칠까지 쓸 수 있나요?"
    parts = said(both)["response"].split("\n\nQ2. ")
    assert parts[0].startswith("Q1. 연차는 언제 소멸되나요?\n")
    assert parts[1].startswith("병가는 며칠까지 쓸 수 있나요?\n")
    whole = chatted(both).json()["choices"][0]["message"]
    assert whole["content"].split("\n\nQ2. ") == parts
    assert whole["mundap"]["citations"]
    assert "Q2. 병가는" in chatted(both, stream=True).text.replace("\\n", "\n")
    assert chatted("연차는 언제 소멸되나요?", "고마워요").json()["choices"][0]["message"]["mundap"]["hits"] == []


def test_a_request_keeps_its_name(api: tuple[httpx.Client, Path]) -> None:
    client, _ = api
    named = client.post("/query", json={"query": "연차"}, headers={"X-Request-ID": "from-the-caller.1"})
    assert named.json()["request_id"] == named.headers["x-request-id"] == "from-the-caller.1"
    for bad in ("a b", "x" * 65, "<script>"):
        made = client.post("/query", json={}, headers={"X-Request-ID": bad})
        assert made.status_code == 422
        assert made.json()["request_id"] == made.headers["x-request-id"] != bad
        assert "query" in made.json()["detail"]
    missing = client.get("/nowhere")
    assert (missing.status_code, missing.json()["request_id"]) == (404, missing.headers["x-request-id"])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/keywords", {}),
        ("/keywords", {"prompt": ""}),
        ("/keywords", {"prompt": "가" * 2001}),
        ("/keywords", {"prompt": "가", "temperature": 1}),
        ("/search", {"query": "가", "top_k": 0}),
        ("/query", {"query": "가", "top_k": 0}),
        ("/query", {"query": "가", "session": ""}),
        ("/kullm", {"query": "가"}),
        ("/search", {"query": "가", "leg": "other"}),
    ],
)
def test_a_wrong_request_is_refused(api: tuple[httpx.Client, Path], path: str, body: dict[str, Any]) -> None:
    client, _ = api
    assert client.post(path, json=body).status_code == 422


def test_it_is_ready_when_an_index_matches_and_sees_a_new_one(serving: Serve, indexed: MakeBot) -> None:
    root = indexed().root
    with serving(root) as server:
        _is_ready_and_sees_a_new_one(server.client, root)


def _is_ready_and_sees_a_new_one(client: httpx.Client, root: Path) -> None:
    assert client.get("/healthz").json()["status"] == "ok"
    assert client.get("/readyz").json() == {"status": "ok", "detail": ""}
    (root / "docs" / "새글.txt").write_text("주차권은 안내소에서 팝니다.", "utf-8")
    bot = Mundap.open(root)
    bot.ingest()
    bot.index()
    hits = client.post("/search", json={"query": "주차권", "leg": "bm25"}).json()["hits"]
    assert hits[0]["text"] == "주차권은 안내소에서 팝니다."
    (root / ".mundap" / "index" / "CURRENT").unlink()
    unready = client.get("/readyz")
    assert unready.status_code == 503
    assert "mundap index" in unready.json()["detail"]
    assert client.post("/search", json={"query": "주차권"}).status_code == 503


def test_a_wrong_method_is_told_all_that_are_right(api: tuple[httpx.Client, Path]) -> None:
    client, _ = api
    refused = client.delete("/documents")
    assert refused.status_code == 405
    assert refused.headers["allow"] == "GET, POST"


def test_a_persona_that_is_broken_or_unknown_is_told(serving: Serve, indexed: MakeBot) -> None:
    root = indexed().root
    (root / "personas").mkdir()
    (root / "personas" / "깨진.toml").write_text("tone = ", "utf-8")
    with serving(root) as server:
        broken = server.client.post("/query", json={"query": "연차", "persona": "깨진"})
        assert broken.status_code == 503
        assert "깨진.toml" in broken.json()["detail"]
        unknown = server.client.post("/query", json={"query": "연차", "persona": "없는"})
        assert unknown.status_code == 404
        assert "깨진" in unknown.json()["detail"]


def test_settings_that_change_are_used_without_a_new_start(serving: Serve, indexed: MakeBot) -> None:
    root = indexed().root
    settings = root / "mundap.toml"
    asked = {"query": "연차는 언제 소멸되나요?"}

    with serving(root) as server:
        client = server.client
        assert len(client.post("/query", json=asked).json()["hits"]) > 1
        settings.write_text(f"{settings.read_text('utf-8')}\n[retrieve]\nk = 1\n", "utf-8")
        until(lambda: len(client.post("/query", json=asked).json()["hits"]) == 1, SECONDS)
        # What has no index yet: the settings before go on answering until there is one.
        settings.write_text('[index]\nencoder = "hashed"\nbigrams = false\n[retrieve]\nk = 2\n', "utf-8")
        until(
            lambda: (
                len(client.post("/query", json=asked).json()["hits"]) == 1
                and "mundap index" in server.errors.read_text("utf-8")
            ),
            SECONDS,
        )
        Mundap.open(root).index()
        until(lambda: len(client.post("/query", json=asked).json()["hits"]) == 2, SECONDS)


def test_its_description_names_every_path(api: tuple[httpx.Client, Path]) -> None:
    client, _ = api
    paths = client.get("/openapi.json").json()["paths"]
    answering = {"/query", "/kullm", "/v1/chat/completions"}
    finding = {"/search", "/keywords", "/keyword_extract", "/v1/embeddings", "/v1/models"}
    assert answering | finding | {"/healthz", "/readyz"} <= set(paths)


def test_it_says_when_a_port_is_taken(api: tuple[httpx.Client, Path], mundap: Run) -> None:
    client, root = api
    taken = mundap("serve", "--port", client.base_url.port, workspace=root)
    assert taken.code == 1
    assert "--port 0" in taken.err
