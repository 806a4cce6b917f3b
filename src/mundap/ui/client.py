"""The API as the page sees it: one method an endpoint, values that are frozen, and errors by what is to be done."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypedDict, Unpack

import httpx

from mundap.ui.api_values import (
    Answer,
    Documents,
    Graph,
    Hit,
    Ingested,
    Message,
    Passage,
    Removed,
    Report,
    Reports,
    Settings,
)
from mundap.ui.patience import with_pauses

_CONNECT = 5.0  # seconds
_ANSWER = 300.0  # seconds without a sign of life; the API sends one every few seconds
_PAUSE = 0.5  # seconds of silence after which the reader of an answer is asked if it still listens
_UPLOAD = 1800.0  # reading and indexing large files takes as long as it takes


class _Connection(TypedDict):
    """What both of httpx's clients are made with."""

    base_url: str
    headers: dict[str, str]
    transport: httpx.MockTransport | None
    trust_env: bool


class _Request(TypedDict, total=False):
    """What a request has besides its method and path, as httpx calls it."""

    json: Mapping[str, object]
    params: Mapping[str, str | int]
    files: Sequence[tuple[str, tuple[str, bytes]]]
    timeout: float


class ApiError(Exception):
    """What the API did not do. `kind` says what can be done about it: a key of the page's texts."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(detail or kind)
        self.kind = kind
        self.detail = detail


_KINDS = {401: "unauthorized", 403: "forbidden", 404: "missing", 413: "too_large", 422: "refused", 429: "too_many"}


class Api:
    """The API at `url`. Safe to use from several threads. Every method raises ApiError."""

    def __init__(self, url: str, key: str = "", transport: httpx.MockTransport | None = None) -> None:
        """`transport` stands in for the network in tests."""
        self.url = url.rstrip("/")
        self._how: _Connection = {
            "base_url": self.url,
            "headers": {"Authorization": f"Bearer {key}"} if key else {},
            "transport": transport,
            "trust_env": False,  # the API is near; no proxy stands between
        }
        self._http = httpx.Client(**self._how, timeout=httpx.Timeout(60.0, connect=_CONNECT))

    def settings(self) -> Settings:
        """What the API offers: its languages, legs, notice and example questions."""
        return Settings.model_validate(self._json("GET", "/settings"))

    def stream(
        self, asked: Sequence[Message], top_k: int, documents: Sequence[str] = (), persona: str | None = None
    ) -> Generator[str | Answer]:
        """Pieces of the answer to the last of `asked`, empty ones where it is silent, then the Answer.

        Closing the iterator stops the writing.
        `documents` are the ids of those that may be used, all if there are none.
        """
        body: dict[str, object] = {
            "model": "mundap",
            "messages": [{"role": one.role, "content": one.text} for one in asked],
            "stream": True,
            "top_k": top_k,
        }
        if persona:
            body["persona"] = persona
        if documents:
            body["filters"] = {"document_id": list(documents)}
        with _named():
            yield from _pieces(with_pauses(self._lines(body), _PAUSE))

    def search(self, question: str, top_k: int, leg: str = "hybrid") -> list[Hit]:
        """Passages, best first."""
        said = self._json("POST", "/search", json={"query": question, "top_k": top_k, "leg": leg})
        return [Hit.model_validate(hit) for hit in said["hits"]]

    def keywords(self, question: str) -> list[str]:
        """The keywords of a question, in order."""
        said = self._json("POST", "/keywords", json={"prompt": question})
        return [word.strip() for word in said["result"].split(",") if word.strip()]

    def graph(self, word: str) -> Graph:
        """What stands around a word, or around the keywords of a sentence."""
        return Graph.model_validate(self._json("GET", "/graph", params={"word": word}))

    def passage(self, passage_id: str) -> Passage:
        """A passage with what stands before and after it in its document."""
        return Passage.model_validate(self._json("GET", f"/passages/{passage_id}"))

    def vote(self, request_id: str, up: bool, **more: str) -> None:
        """Keep a judgement of an answer. `more` may hold comment, answer and passage_id; what is empty is left out."""
        body = {"request_id": request_id, "verdict": "up" if up else "down"}
        self._json("POST", "/feedback", json=body | {name: text for name, text in more.items() if text.strip()})

    def documents(self, limit: int, offset: int = 0, about: str = "") -> Documents:
        """Some of the documents, those whose name holds `about`, and what could not be read."""
        params = {"limit": limit, "offset": offset} | ({"q": about} if about else {})
        return Documents.model_validate(self._json("GET", "/documents", params=params))

    def upload(self, files: Mapping[str, bytes]) -> Ingested:
        """Add files by name, and wait until they are searchable."""
        sent = [("files", (name, content)) for name, content in files.items()]
        return Ingested.model_validate(self._json("POST", "/documents", files=sent, timeout=_UPLOAD))

    def remove(self, document_id: str) -> Removed:
        """Take a document out of every search."""
        return Removed.model_validate(self._json("DELETE", f"/documents/{document_id}"))

    def reports(self) -> tuple[Report, ...]:
        """The evaluations, newest first."""
        return Reports.model_validate(self._json("GET", "/reports")).reports

    def report(self, report_id: str, kind: str = "") -> str:
        """A report as HTML, or with `kind` ".json" as JSON."""
        return self._send("GET", f"/reports/{report_id}{kind}").text

    async def _lines(self, body: dict[str, object]) -> AsyncGenerator[str]:
        timeout = httpx.Timeout(_ANSWER, connect=_CONNECT)
        async with (
            httpx.AsyncClient(**self._how, timeout=timeout) as http,
            http.stream("POST", "/v1/chat/completions", json=body) as response,
        ):
            if response.is_error:
                await response.aread()
                raise _told(response)
            async for line in response.aiter_lines():
                yield line

    def _json(self, method: str, path: str, **request: Unpack[_Request]) -> Any:
        return self._send(method, path, **request).json()

    def _send(self, method: str, path: str, **request: Unpack[_Request]) -> httpx.Response:
        with _named():
            response = self._http.request(method, path, **request)
            if response.is_error:
                raise _told(response)
            return response


@contextmanager
def _named() -> Iterator[None]:
    """Tells what the network did as an ApiError."""
    try:
        yield
    except httpx.ReadTimeout as error:
        raise ApiError("slow") from error
    except httpx.TransportError as error:
        raise ApiError("down") from error


def _told(response: httpx.Response) -> ApiError:
    kind = _KINDS.get(response.status_code, "unavailable" if response.status_code == 503 else "broken")
    try:
        said = response.json()
    except ValueError:
        return ApiError(kind)
    detail = said.get("detail") or (said.get("error") or {}).get("message") if isinstance(said, dict) else ""
    return ApiError(kind, detail if isinstance(detail, str) else "")


def _pieces(lines: Iterator[str]) -> Iterator[str | Answer]:
    """What the lines of the stream say; those that only show that the API lives say nothing."""
    written, answer = "", None
    for line in lines:
        if not line.startswith("data:"):
            yield ""
            continue
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            break
        chunk = json.loads(data)
        if problem := chunk.get("error"):
            raise ApiError("broken", str(problem.get("message", "")))
        for choice in chunk.get("choices", ()):
            if piece := choice.get("delta", {}).get("content"):
                written += piece
                yield piece
        if about := chunk.get("mundap"):
            answer = Answer.model_validate({"text": written, **about})
    if answer is not None:
        yield answer
