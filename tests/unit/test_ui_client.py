"""What the page makes of what the API says, and of what goes wrong on the way."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from mundap.ui.api_values import Answer, Message
from mundap.ui.client import Api, ApiError

QUESTION = (Message(role="user", text="연차는?"),)
HIT = {"rank": 1, "score": 1.5, "passage_id": "p", "document_id": "d", "source": "s", "text": "t", "origins": {}}


def api(answer: Callable[[httpx.Request], httpx.Response], key: str = "") -> Api:
    return Api("http://api", key, httpx.MockTransport(answer))


def events(*said: object) -> httpx.Response:
    lines = [": 살아 있습니다"] + [f"data: {one if isinstance(one, str) else json.dumps(one)}" for one in said]
    return httpx.Response(200, text="\n\n".join(lines) + "\n\n")


def test_a_stream_gives_its_pieces_and_then_the_answer() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        assert body["messages"] == [{"role": "user", "content": "연차는?"}]
        assert (body["stream"], body["top_k"], body["filters"]) == (True, 3, {"document_id": ["d"]})
        return events(
            {"choices": [{"delta": {"role": "assistant", "content": ""}}]},
            {"choices": [{"delta": {"content": "15일"}}]},
            {"choices": [{"delta": {"content": "입니다."}}]},
            {
                "choices": [{"delta": {}, "finish_reason": "stop"}],
                "mundap": {"request_id": "r", "citations": [], "hits": [HIT], "abstained": False},
            },
            "[DONE]",
        )

    *pieces, last = api(answer).stream(QUESTION, 3, ["d"])
    assert [piece for piece in pieces if piece] == ["15일", "입니다."]
    assert isinstance(last, Answer)
    assert (last.text, last.request_id, last.hits[0].passage_id) == ("15일입니다.", "r", "p")


def test_an_error_within_a_stream_is_told() -> None:
    said = events({"choices": [{"delta": {"content": "가"}}]}, {"error": {"message": "모델이 멈췄습니다."}})
    with pytest.raises(ApiError, match="모델이 멈췄습니다") as told:
        list(api(lambda request: said).stream(QUESTION, 3))
    assert told.value.kind == "broken"


@pytest.mark.parametrize(
    ("status", "body", "kind", "detail"),
    [
        (401, {"detail": "열쇠가 없습니다"}, "unauthorized", "열쇠가 없습니다"),
        (404, {"detail": "없음"}, "missing", "없음"),
        (413, {"detail": "큽니다"}, "too_large", "큽니다"),
        (422, {"detail": [{"loc": ["body"]}]}, "refused", ""),
        (429, {"error": {"message": "잠시"}}, "too_many", "잠시"),
        (503, {"detail": "mundap index"}, "unavailable", "mundap index"),
        (500, "무너졌습니다", "broken", ""),
    ],
)
def test_a_refusal_has_a_kind_that_says_what_to_do(status: int, body: object, kind: str, detail: str) -> None:
    for call in (lambda one: one.search("가", 3), lambda one: list(one.stream(QUESTION, 3))):
        with pytest.raises(ApiError) as told:
            call(api(lambda request: httpx.Response(status, json=body)))
        assert (told.value.kind, told.value.detail) == (kind, detail)


def test_an_api_that_is_not_there_or_is_slow_is_told() -> None:
    def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    def slow(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow")

    for answer, kind in ((gone, "down"), (slow, "slow")):
        with pytest.raises(ApiError) as told:
            api(answer).settings()
        assert told.value.kind == kind


def test_a_vote_sends_what_was_written_and_the_key() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json={"id": 1, "request_id": "r"})

    api(answer, "secret").vote("r", False, comment=" ", answer="15일", passage_id="")
    [request] = seen
    assert json.loads(request.content) == {"request_id": "r", "verdict": "down", "answer": "15일"}
    assert request.headers["Authorization"] == "Bearer secret"
