"""Requests as clients of many kinds send them: with pictures, halves of emojis, nulls, and without a Content-Type."""

from __future__ import annotations

import json
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


@pytest.mark.parametrize("text", ["\udc4d 병가는 며칠인가요?", "병가\ud83d", "\udead\udead"])
def test_half_a_character_is_answered_like_any_other(client: httpx.Client, text: str) -> None:
    for path, body in (
        (CHAT, chat(("user", "안녕\ud800"), ("assistant", "네\udfff"), ("user", text))),
        ("/query", {"query": text, "session": "손님\udc00"}),
        ("/search", {"query": text}),
        ("/kullm", {"prompt": text}),
        ("/keywords", {"prompt": text}),
        ("/v1/embeddings", {"input": [text, "연차"]}),
    ):
        assert send(client, path, body).status_code == 200, path
    streaming = json.dumps(chat(("user", text), stream=True))
    with client.stream("POST", CHAT, content=streaming, headers={"Content-Type": "application/json"}) as response:
        lines = [line for line in response.iter_lines() if line.startswith("data: ")]
    assert lines[-1] == "data: [DONE]"
    assert not any('"error"' in line for line in lines)


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


def test_probes_may_ask_for_the_head_alone(client: httpx.Client) -> None:
    for path in ("/healthz", "/readyz"):
        head = client.head(path)
        assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", None])
def test_a_body_that_is_not_called_json_is_told_how_to_be(client: httpx.Client, kind: str | None) -> None:
    for path, status in (("/query", 422), (CHAT, 400)):
        request = client.build_request("POST", path, content=b'{"query": "x"}')
        if kind:
            request.headers["Content-Type"] = kind
        refused = client.send(request)
        assert refused.status_code == status
        assert "Content-Type: application/json" in refused.text


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
