"""A reranker behind a server, POST …/rerank: Jina's and Cohere's shape (vLLM, llama-server), or TEI's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mundap.errors import ServerError
from mundap.remote import JsonServer, Refused
from mundap.retrieve.rerank import by_text
from mundap.types import Hit

TIMEOUT = 30.0  # seconds for a request: someone waits for the answer
AT_ONCE = 32  # texts in a request: what TEI takes, unless it is told otherwise
_JINA, _TEI = "documents", "texts"  # what each shape calls them


class ServerReranker:
    """Scores of the server at `base_url`, below which its /rerank is, and its model `model`, "" for the only one.

    A text is cut by the server to what its model reads. The shape that the server refuses is not tried again.
    """

    def __init__(self, base_url: str, model: str, key: str | None = None) -> None:
        self._model = model
        self._server = JsonServer(base_url, "리랭커", key, timeout=TIMEOUT, retries=1)
        self.name = f"rerank:{model or self._server.shown}"
        self._shapes: tuple[str, ...] = (_JINA, _TEI)

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The same passages by falling score. Raises ServerError."""
        return by_text(question, hits, self._score)

    def _score(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        return [
            score
            for start in range(0, len(texts), AT_ONCE)
            for score in self._asked(question or " ", [text or " " for text in texts[start : start + AT_ONCE]])
        ]

    def _asked(self, question: str, texts: Sequence[str]) -> list[float]:
        refused: ServerError | None = None
        for shape in self._shapes:
            try:
                answer = self._server.post("/rerank", self._body(shape, question, texts))
            except Refused as error:
                refused = refused or error  # the first shape is the one that most servers have
                continue
            self._shapes = (shape,)
            return self._scores(answer, len(texts))
        assert refused is not None
        raise refused

    def _body(self, shape: str, question: str, texts: Sequence[str]) -> dict[str, object]:
        body: dict[str, object] = {"query": _sendable(question), shape: [_sendable(text) for text in texts]}
        if shape == _TEI:
            return body | {"truncate": True}
        return body | ({"model": self._model} if self._model else {}) | {"top_n": len(texts)}

    def _scores(self, answer: object, count: int) -> list[float]:
        found: Any = answer
        if isinstance(answer, dict):
            found = answer.get("results", answer.get("data"))
        try:
            scores = {
                int(one["index"]): float(one["relevance_score"] if "relevance_score" in one else one["score"])
                for one in found
            }
        except (KeyError, TypeError, ValueError) as error:
            raise self._server.unreadable(answer) from error
        if sorted(scores) != list(range(count)):
            raise self._server.unreadable(f"점수 {len(scores)}개, 텍스트 {count}개")
        return [scores[n] for n in range(count)]


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", " ")
