"""The API as the page sees it: one method an endpoint, values that are frozen, and errors by what is to be done."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypedDict, Unpack
from urllib.parse import quote

import httpx

from mundap.ui.api_values import (
    Activity,
    Answer,
    Config,
    Documents,
    Effects,
    Entries,
    Entry,
    Erased,
    Graph,
    Hit,
    Ingested,
    Me,
    Message,
    Model,
    Models,
    Passage,
    Passages,
    Removed,
    Report,
    Reports,
    Setting,
    Settings,
    Source,
    Sources,
    StaffAnswer,
    StaffAnswers,
    Synced,
    Synonym,
    Synonyms,
    Worklist,
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
    data: Mapping[str, str]
    timeout: float


class ApiError(Exception):
    """What the API did not do. `kind` says what can be done about it: a key of the page's texts."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(detail or kind)
        self.kind = kind
        self.detail = detail


_KINDS = {
    400: "wrong",
    401: "unauthorized",
    403: "forbidden",
    404: "missing",
    413: "too_large",
    422: "refused",
    429: "too_many",
}


class Api:
    """The API at `url`. Safe to use from several threads. Every method raises ApiError."""

    def __init__(
        self, url: str, key: str = "", transport: httpx.MockTransport | None = None, session: str = ""
    ) -> None:
        """`session` is the cookie of someone who has logged in at the API; `transport` stands in for the network in tests."""
        self.url = url.rstrip("/")
        self._how: _Connection = {
            "base_url": self.url,
            "headers": {"Authorization": f"Bearer {key}"} if key else {"Cookie": session} if session else {},
            "transport": transport,
            "trust_env": False,  # the API is near; no proxy stands between
        }
        self._http = httpx.Client(**self._how, timeout=httpx.Timeout(60.0, connect=_CONNECT))

    def settings(self) -> Settings:
        """What the API offers: its languages, legs, notice and example questions."""
        return Settings.model_validate(self._json("GET", "/settings"))

    def me(self) -> Me:
        """Who asks, and what they may do."""
        return Me.model_validate(self._json("GET", "/me"))

    def has_login(self) -> bool:
        """Whether people can log in at the API itself, without a key."""
        with _named():
            return self._http.get("/login").is_redirect

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

    def upload(self, files: Mapping[str, bytes], access: str = "") -> Ingested:
        """Add files by name, and wait until they are searchable, by those who have one of the tags `access`, parted by
        commas; "" leaves the tags that a file of that name had."""
        sent = [("files", (name, content)) for name, content in files.items()]
        tags = {"access": access} if access.strip() else {}
        return Ingested.model_validate(self._json("POST", "/documents", files=sent, data=tags, timeout=_UPLOAD))

    def passages(self, document_id: str, limit: int, offset: int = 0) -> Passages:
        """Some of the passages of a document, as they are indexed."""
        params = {"limit": limit, "offset": offset}
        return Passages.model_validate(self._json("GET", f"/documents/{document_id}/passages", params=params))

    def sources(self) -> tuple[Source, ...]:
        """What documents are kept in step with."""
        return Sources.model_validate(self._json("GET", "/sources")).sources

    def sync(self, name: str) -> Synced:
        """Bring a source in step, and wait until what changed is searchable."""
        return Synced.model_validate(self._json("POST", f"/sources/{quote(name, safe='')}/sync", timeout=_UPLOAD))

    def open_questions(self, limit: int, offset: int = 0) -> Worklist:
        """Questions that were not answered or found bad, the worst first."""
        params = {"limit": limit, "offset": offset}
        return Worklist.model_validate(self._json("GET", "/questions/open", params=params))

    def close(self, question_id: str) -> None:
        """Take a question from that list."""
        self._json("POST", f"/questions/open/{question_id}/close")

    def staff_answers(self) -> tuple[StaffAnswer, ...]:
        """The answers that the staff gave."""
        return StaffAnswers.model_validate(self._json("GET", "/questions/answered")).questions

    def answer(self, question: str, answer: str, source: str = "", access: str = "", closes: str = "") -> StaffAnswer:
        """Have a question be known with this answer, and take `closes` from the list."""
        tags = [tag.strip() for tag in access.split(",") if tag.strip()]
        body: dict[str, object] = {"question": question, "answer": answer, "source": source, "access": tags}
        return StaffAnswer.model_validate(
            self._json("POST", "/questions", json=body | {"closes": closes}, timeout=_UPLOAD)
        )

    def withdraw(self, answer_id: str) -> None:
        """Take an answer of the staff back."""
        self._json("DELETE", f"/questions/answered/{answer_id}", timeout=_UPLOAD)

    def synonyms(self) -> Synonyms:
        """The table of synonyms."""
        return Synonyms.model_validate(self._json("GET", "/synonyms"))

    def synonyms_effect(self, rows: Sequence[Synonym]) -> Effects:
        """What search would find with these rows."""
        body = {"rows": [row.model_dump() for row in rows]}
        return Effects.model_validate(self._json("POST", "/synonyms/effect", json=body, timeout=_ANSWER))

    def save_synonyms(self, rows: Sequence[Synonym], version: str) -> Synonyms:
        """Put these rows in place of the table of that version."""
        body = {"rows": [row.model_dump() for row in rows], "version": version}
        return Synonyms.model_validate(self._json("PUT", "/synonyms", json=body, timeout=_UPLOAD))

    def config(self, language: str) -> tuple[Setting, ...]:
        """The settings that can be changed, with help in that language."""
        return Config.model_validate(self._json("GET", "/config", params={"language": language})).settings

    def change(self, values: Mapping[str, bool | int | float | str]) -> None:
        """Change settings."""
        self._json("PATCH", "/config", json={"values": dict(values)})

    def activity(self) -> Activity:
        """What the server does just now."""
        return Activity.model_validate(self._json("GET", "/activity"))

    def models(self) -> tuple[Model, ...]:
        """The trained models."""
        return Models.model_validate(self._json("GET", "/models")).models

    def erase(self, name: str, file: bool = False) -> Erased:
        """Erase a document, a conversation or an answer from every file; with `file`, that of a document too."""
        body = {"name": name, "file": file}
        return Erased.model_validate(self._json("POST", "/erase", json=body, timeout=_UPLOAD))

    def erase_older(self, age: str) -> Erased:
        """Erase what is older than an age such as "90d"."""
        return Erased.model_validate(self._json("POST", "/erase/older", json={"age": age}, timeout=_UPLOAD))

    def audit(self, limit: int) -> tuple[Entry, ...]:
        """Who changed what, newest first."""
        return Entries.model_validate(self._json("GET", "/audit", params={"limit": limit})).entries

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
