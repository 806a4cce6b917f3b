"""A reranker behind a server, POST …/rerank: Jina's and Cohere's shape (vLLM, llama-server), or TEI's."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Any

from mundap.errors import ServerError
from mundap.remote import JsonServer, Refused
from mundap.retrieve.rerank import by_text
from mundap.types import Hit

log = logging.getLogger(__name__)

TIMEOUT = 30.0  # seconds for a request: someone waits for the answer
AT_ONCE = 32  # texts in a request: what TEI takes, unless it is told otherwise
_LEAST = 100  # characters; where so short a text is refused, lengths are not what is wrong
_JINA, _TEI = "documents", "texts"  # what each shape calls them


class ServerReranker:
    """Scores of the server at `base_url`, below which its /rerank is, and its model `model`, "" for the only one.

    A text is cut by the server to what its model reads; where it refuses long texts instead, as vLLM does, they are cut in
    half until it takes them, which is told once. Requests of fewer texts follow where it does not take so many. The shape
    that the server refuses is not tried again.
    """

    def __init__(self, base_url: str, model: str, key: str | None = None) -> None:
        self._model = model
        self._server = JsonServer(base_url, "리랭커", key, timeout=TIMEOUT, retries=1)
        self.name = f"rerank:{model or self._server.shown}"
        self._shapes: tuple[str, ...] = (_JINA, _TEI)
        self._at_once = AT_ONCE
        self._told = False
        self._refused = sys.maxsize  # characters of the shortest text that was too long

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The same passages by falling score. Raises ServerError."""
        return by_text(question, hits, self._score)

    def _score(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        scores: list[float] = []
        while len(scores) < len(texts):
            some = texts[len(scores) : len(scores) + self._at_once]
            scores += self._asked(question or " ", [self._cut(text) or " " for text in some])
        return scores

    def _cut(self, text: str) -> str:
        while len(text) >= self._refused and len(text) > _LEAST:
            text = text[: len(text) // 2]
        return text

    def _asked(self, question: str, texts: Sequence[str]) -> list[float]:
        """The scores of texts that may be too many or too long for one request. Raises ServerError."""
        try:
            return self._sent(question, texts)
        except Refused as refused:
            if len(texts) == 1:
                [text] = texts
                if len(text) <= _LEAST:
                    raise
                if not self._told:
                    self._told = True
                    log.warning("%s: 서버가 긴 문단을 받지 않아 앞부분만으로 순위를 정합니다. (%s)", self.name, refused)
                scores = self._asked(question, [text[: len(text) // 2]])
                self._refused = min(self._refused, len(text))
                return scores
            self._sent(question, [min(texts, key=len)[:_LEAST]])  # raises if neither lengths nor many texts are wrong
            half = len(texts) // 2
            if not refused.too_long:
                self._at_once = min(self._at_once, max(half, 1))
            return [*self._asked(question, texts[:half]), *self._asked(question, texts[half:])]

    def _sent(self, question: str, texts: Sequence[str]) -> list[float]:
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
