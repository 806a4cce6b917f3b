"""Requests as clients of many kinds send them: with pictures, halves of emojis, nulls, and under any Content-Type."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cli.conftest import Run, Serve

pytest.importorskip("fastapi", reason="the extra serve is not installed")

QUESTION = "병가는 해마다 며칠까지 쓸 수 있나요?"
CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def client(serving: Serve, office: Path) -> Iterator[httpx.Client]:
    """A client of the API over a small workspace, which is only read."""
    with serving(office) as server:
        yield server.client


def chat(*messages: tuple[str, Any], **about: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content} for role, content in messages], **about}


def send(client: httpx.Client, path: str, body: object) -> httpx.Response:
    """As JSON in ASCII, in which half an emoji can be written."""
    return client.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        {"type": "file", "file": {"file_id": "f"}},
    ],
)
def test_what_is_no_text_in_a_message_is_passed_over(client: httpx.Client, part: dict[str, Any]) -> None:
    alone = send(client, CHAT, chat(("user", QUESTION))).json()["choices"][0]["message"]["content"]
    before = ("user", [part, {"type": "text", "text": "이건 무엇인가요?"}])
    for messages in (
        [before, ("assistant", "사진입니다."), ("user", QUESTION)],
        [("user", [{"type": "text", "text": QUESTION}, part])],
    ):
        said = send(client, CHAT, chat(*messages))
        assert said.status_code == 200
        assert said.json()["choices"][0]["message"]["content"] == alone
    refused = send(client, CHAT, chat(("user", [part])))
    assert refused.status_code == 400
    assert "질문" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_text", "text": QUESTION},
        {"type": "output_text", "text": QUESTION, "annotations": []},
        {"text": QUESTION},
        {"type": "text", "text": {"value": QUESTION, "annotations": []}},
        QUESTION,
    ],
)
def test_a_part_of_any_type_is_read_for_its_text(client: httpx.Client, part: Any) -> None:
    alone = send(client, CHAT, chat(("user", QUESTION))).json()["choices"][0]["message"]
    strange = {"type": "hologram", "hologram": {"depth": 3}}
    said = send(client, CHAT, chat(("user", [part, strange]))).json()["choices"][0]["message"]
    assert said["content"] == alone["content"]
    assert "hologram" in said["mundap"]["note"]
    assert alone["mundap"]["note"] == ""


@pytest.mark.parametrize("text", ["\udc4d 병가는 며칠인가요?", "병가\ud83d", "\udead\udead", "병가\0는?"])
def test_text_that_is_none_is_refused_with_its_place(client: httpx.Client, text: str) -> None:
    for path, body, place in (
        (CHAT, chat(("user", "안녕"), ("assistant", text), ("user", QUESTION)), "messages[1].content"),
        (CHAT, chat(("user", [{"type": "text", "text": text}]), stream=True), "messages[0].content[0].text"),
        (CHAT, chat(("user", QUESTION), anything={"deep": [text]}), "anything.deep[0]"),
        ("/query", {"query": text}, "query"),
        ("/query", {"query": QUESTION, "session": text}, "session"),
        ("/query", {"query": QUESTION, "filters": {text: ["가"]}}, "filters"),
        ("/search", {"query": QUESTION, "filters": {"source": [text]}}, "filters.source[0]"),
        ("/kullm", {"prompt": text}, "prompt"),
        ("/keywords", {"prompt": text}, "prompt"),
        ("/v1/embeddings", {"input": ["연차", text]}, "input[1]"),
        ("/feedback", {"request_id": "x", "verdict": "up", "comment": text}, "comment"),
    ):
        refused = send(client, path, body)
        assert refused.status_code == 400, (path, refused.text)
        said = refused.json()
        assert place in (said["error"]["message"] if path.startswith("/v1") else said["detail"])
    assert send(client, "/query", {"query": QUESTION + " 👍🏽"}).status_code == 200


def test_addresses_and_bodies_that_are_no_utf8_are_refused(client: httpx.Client) -> None:
    for address in ("/documents?q=%00", "/documents?q=%ED%A0%80", "/documents?q=%ff", "/passages/%00"):
        refused = client.get(address)
        assert refused.status_code == 400, address
        assert refused.json()["detail"]
    for body in ('{"query": "병가"}'.encode("cp949"), b'{"query": "\xff"}'):
        refused = client.post("/query", content=body)
        assert (refused.status_code, "UTF-8" in refused.text) == (400, True)


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/query", b"", "JSON"),
        ("/query", b"{", "JSON"),
        ("/query", b"[]", "객체"),
        ("/query", b'"text"', "객체"),
        ("/query", b'{"query": NaN}', "숫자"),
        ("/query", b'{"query": ' + b"9" * 5000 + b"}", "숫자"),
        ("/query", b"[" * 50_000, "중첩"),
        ("/query", b'{"query": ' + b"[" * 40 + b"]" * 40 + b"}", "중첩"),
        ("/query", b'{"qeury": "x"}', "qeury"),
        ("/query", b'{"query": 3}', "query"),
        ("/query", b'{"query": "x", "top_k": "3"}', "top_k"),
        ("/query", b'{"query": "x", "top_k": 1000}', "top_k"),
        ("/query", b'{"query": "x", "filters": {"source": "x"}}', "filters.source"),
        ("/search", b'{"query": "x", "leg": "other"}', "bm25"),
        (CHAT, b'{"messages": {}}', "messages"),
        (CHAT, b'{"messages": [{"role": "robot", "content": "x"}]}', "role"),
        (CHAT, b'{"messages": [{"role": "user", "content": 3}]}', "content"),
        (CHAT, b'{"messages": [{"role": "user", "content": "x"}], "stream": "yes"}', "stream"),
        ("/v1/embeddings", b'{"input": 3}', "input"),
        ("/feedback", b'{"request_id": "x", "verdict": "meh"}', "verdict"),
    ],
)
def test_what_is_wrong_is_said_in_korean_with_its_place(
    client: httpx.Client, path: str, body: bytes, named: str
) -> None:
    refused = client.post(path, content=body)
    assert refused.status_code in (400, 422)
    said = refused.json()["error"]["message"] if path.startswith("/v1") else refused.json()["detail"]
    assert named in said
    assert re.search("[가-힣]", said)
    assert not re.search(r"Input|[Ff]ield|[Vv]alid|[Ss]hould|required|JSON decode", said), said


def test_what_is_nowhere_is_told_in_korean(client: httpx.Client) -> None:
    for method, path in (("GET", "/nowhere"), ("PUT", "/query"), ("GET", "/v1/nowhere"), ("POST", "/documents")):
        said = client.request(method, path, content=b"x", headers={"Content-Type": "multipart/form-data"})
        assert said.status_code in (400, 404, 405, 422)
        assert re.search("[가-힣]", said.text), said.text


def test_filters_may_be_only_so_large_and_are_read_however_they_are_encoded(client: httpx.Client) -> None:
    asked = {"query": "주차장"}
    for filters in (
        {f"열{n}": ["x"] for n in range(21)},
        {"source": ["x"] * 1001},
        {"source": ["x" * 1001]},
        {"x" * 201: ["x"]},
    ):
        refused = send(client, "/search", {**asked, "filters": filters})
        assert refused.status_code == 422
        assert "filters" in refused.json()["detail"]
    apart = unicodedata.normalize("NFD", "시설 안내")
    assert send(client, "/search", {**asked, "filters": {"source": [apart]}}).json()["hits"]


def test_every_turn_may_be_only_so_long(client: httpx.Client) -> None:
    for messages, place in (
        ([("user", "가" * 2001), ("assistant", "네"), ("user", QUESTION)], "messages[0]"),
        ([("user", "가"), ("assistant", "네" * 20_001), ("user", QUESTION)], "messages[1]"),
    ):
        refused = send(client, CHAT, chat(*messages))
        assert refused.status_code == 400
        assert place in refused.json()["error"]["message"]
    assert send(client, CHAT, chat(("system", "네" * 20_001), ("user", QUESTION))).status_code == 200


def test_token_ids_are_refused_with_what_to_do(client: httpx.Client) -> None:
    for wrong in ([5, 17], [[5, 17], [9]], ["연차", 3]):
        refused = send(client, "/v1/embeddings", {"model": "any", "input": wrong})
        assert refused.status_code == 400
        error = refused.json()["error"]
        assert "check_embedding_ctx_length=False" in error["message"]
        assert "Value error" not in error["message"]
        assert error["param"] == "input"


def test_a_filter_on_what_is_not_there_says_what_is(client: httpx.Client) -> None:
    for path, body in (
        ("/query", {"query": QUESTION}),
        ("/search", {"query": QUESTION}),
        (CHAT, chat(("user", QUESTION))),
    ):
        column = send(client, path, {**body, "filters": {"부서": ["총무과"]}})
        assert column.status_code == 404
        assert all(known in column.text for known in ("부서", "source", "title", "suffix"))
        value = send(client, path, {**body, "filters": {"source": ["시설"]}})
        assert value.status_code == 404
        assert "'시설'" in value.text
        assert "'시설 안내'" in value.text
        assert send(client, path, {**body, "filters": {"source": ["시설", "시설 안내"]}}).status_code == 200
        assert send(client, path, {**body, "filters": {"source": []}}).status_code == 200


def test_the_command_says_so_too(mundap: Run, office: Path) -> None:
    done = mundap("search", QUESTION, "--where", "부서=총무과", workspace=office)
    assert done.code == 1
    assert done.err.startswith("mundap: '부서'")
    assert mundap("search", QUESTION, "--where", "source=시설", workspace=office).err.count("시설 안내") == 1


def test_a_model_can_be_asked_for_by_its_name(client: httpx.Client) -> None:
    listed = client.get("/v1/models").json()["data"]
    assert listed == [client.get(f"/v1/models/{one['id']}").json() for one in listed]
    unknown = client.get("/v1/models/gpt-4o")
    assert unknown.status_code == 404
    assert "mundap" in unknown.json()["error"]["message"]


def test_the_head_alone_may_be_asked_for(client: httpx.Client) -> None:
    for path in ("/", "/healthz", "/readyz", "/docs", "/documents", "/v1/models", "/v1/models/mundap", "/metrics"):
        head, whole = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (200, b""), path
        assert head.headers["content-type"] == whole.headers["content-type"]
    assert client.head("/nowhere").status_code == 404


def test_the_root_shows_where_to_go(client: httpx.Client) -> None:
    said = client.get("/").json()
    for place in ("docs", "openapi", "health"):
        assert client.get(said[place]).status_code == 200
    assert "/query" in said["detail"]


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "text/json; charset=utf-8", None])
def test_json_is_read_whatever_it_is_called(client: httpx.Client, kind: str | None) -> None:
    for path, body in (
        ("/query", {"query": QUESTION}),
        ("/kullm", {"prompt": QUESTION}),
        (CHAT, chat(("user", QUESTION))),
    ):
        request = client.build_request("POST", path, content=json.dumps(body).encode())
        if kind:
            request.headers["Content-Type"] = kind
        assert client.send(request).status_code == 200
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            request.headers.update(headers)
            assert client.send(request).status_code == 403, headers


def test_null_is_as_if_absent(client: httpx.Client) -> None:
    named = ("model", "stream", "stream_options", "mundap", "top_k", "filters", "session", "persona", "temperature")
    plain = send(client, CHAT, chat(("user", QUESTION))).json()
    nulls = send(client, CHAT, chat(("user", QUESTION), **dict.fromkeys(named))).json()
    inner = send(
        client, CHAT, chat(("user", QUESTION), mundap=dict.fromkeys(("top_k", "filters", "session", "persona")))
    )
    for said in (nulls, inner.json()):
        assert said["choices"][0]["message"]["content"] == plain["choices"][0]["message"]["content"]
        assert said["model"] == "mundap"
    assert send(client, "/query", {"query": QUESTION, "filters": None, "top_k": None}).status_code == 200
    assert send(client, "/search", {"query": QUESTION, "leg": None, "top_k": None}).status_code == 200
    asked = {"input": "연차", "model": None, "encoding_format": None, "dimensions": None, "input_type": None}
    assert send(client, "/v1/embeddings", asked).status_code == 200
    assert send(client, "/query", {"query": None}).status_code == 422


def test_a_body_that_nobody_asked_for_may_not_be_endless(client: httpx.Client) -> None:
    passage = client.post("/search", json={"query": QUESTION}).json()["hits"][0]["passage_id"]
    pieces = (b"0" * 65_536 for _ in range(64))  # without a Content-Length
    refused = client.request("GET", f"/passages/{passage}/picture", content=pieces)
    assert refused.status_code in (404, 413)
    assert refused.json()["detail"]
