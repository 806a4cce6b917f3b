"""An encoder behind a server of OpenAI's shape, POST …/v1/embeddings: vLLM, TEI, Ollama, llama-server, OpenAI."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np

from mundap.encode.options import Options
from mundap.encode.prompts import NONE, Prompts, chosen
from mundap.encode.windows import Tell, average, halves
from mundap.errors import ConfigError
from mundap.files import digest
from mundap.protocols import Vectors
from mundap.remote import JsonServer, Refused, api_key

AT_ONCE = 32  # texts in a request: what TEI takes, unless it is told otherwise
TIMEOUT = 120.0  # seconds for a request
_SHORT = 384  # bytes that every model reads whole: 128 Korean letters
_LEAST = 64  # bytes of a text that is not taken apart, even if it is refused
_SAME = 1 - 2e-5  # cosine of texts that a server has cut to the same beginning, in half precision
_OTHER = "제주 바다 zebra 유리병 quartz 북극 violin 라면 "  # words that change any text's vector


class ServerEncoder:
    """Vectors from the server at `base_url`, which ends with /v1, and its model `model`.

    A text that the server refuses for its length, or cuts in silence, is sent in halves, whose vectors are averaged by
    their lengths. Cutting in silence (Ollama, TEI) shows when the end of a text makes no difference to its vector; this
    is asked of every text that is longer than the longest that was seen to be read whole.
    """

    def __init__(self, base_url: str, model: str, prompts: Prompts, key: str | None = None) -> None:
        self.model = model
        self.prompts = prompts
        self._server = JsonServer(base_url, "임베딩", key, timeout=TIMEOUT)
        self.name = (
            f"openai-{model.rpartition('/')[2]}-{digest(self._server.shown, model, prompts.query, prompts.passage)}"
        )
        self._tell = Tell(f"openai:{model}")
        self._dim = 0
        self._whole = _SHORT  # bytes of the longest text that was read whole
        self._lock = Lock()

    @property
    def dim(self) -> int:
        """Of a vector, which the server's first one tells. Raises ServerError."""
        if not self._dim:
            self._asked(["문답"])
        return self._dim

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows. Raises ServerError."""
        return self._encode(texts, self.prompts.query)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows. Raises ServerError."""
        return self._encode(texts, self.prompts.passage)

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        rows = np.zeros((len(texts), self.dim), np.float32)
        order = sorted(range(len(texts)), key=lambda n: -len(texts[n]))  # the longest shows what is read whole
        for start in range(0, len(order), AT_ONCE):
            some = order[start : start + AT_ONCE]
            rows[some] = self._read([_sendable(texts[n]) for n in some], prompt)
        return rows

    def _read(self, texts: Sequence[str], prompt: str) -> Vectors:
        """The vectors of at most AT_ONCE texts, the longest first."""
        longest = prompt + texts[0]
        check = _size(longest) > self._whole
        try:
            found = self._asked([*(prompt + text for text in texts), *([_other_end(longest)] if check else [])])
        except Refused:
            return self._apart(texts, prompt)
        if not check:
            return found
        if found[0] @ found[-1] > _SAME:
            return self._apart(texts, prompt)
        with self._lock:
            self._whole = max(self._whole, _size(longest))
        return found[:-1]

    def _apart(self, texts: Sequence[str], prompt: str) -> Vectors:
        """Each text by itself, the shortest first: if it is refused too, lengths are not what is wrong."""
        if len(texts) > 1:
            last = self._read(texts[-1:], prompt)
            return np.concatenate([*(self._read([text], prompt) for text in texts[:-1]), last])
        (text,) = texts
        pieces = halves(text)
        if _size(text) <= _LEAST or len(pieces) < 2:
            return self._asked([prompt + text])
        self._tell("서버의 설정")
        vectors = np.concatenate([self._read([piece], prompt) for piece in pieces])
        return average([0] * len(pieces), vectors, [_size(piece) for piece in pieces], 1)

    def _asked(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows, of one request. Raises Refused and ServerError."""
        body = {"model": self.model, "input": list(texts), "encoding_format": "float"}
        answer = self._server.post("/embeddings", body)
        try:
            given = sorted(answer["data"], key=lambda one: int(one["index"]))
            vectors = np.asarray([one["embedding"] for one in given], np.float32)
        except (KeyError, TypeError, ValueError) as error:
            raise self._server.unreadable(answer) from error
        if vectors.shape[:1] != (len(texts),) or vectors.ndim != 2 or not np.isfinite(vectors).all():
            raise self._server.unreadable(f"벡터 {len(texts)}개가 아니라 {vectors.shape}")
        if self._dim and vectors.shape[1] != self._dim:
            raise self._server.unreadable(f"차원이 {self._dim}에서 {vectors.shape[1]}(으)로 바뀜")
        self._dim = vectors.shape[1]
        return average(range(len(texts)), vectors, [1.0] * len(texts), len(texts))


def _size(text: str) -> int:
    return len(text.encode())


def _sendable(text: str) -> str:
    """Without NUL, which ends a text for some servers, and halves of pairs, which are no text; never empty."""
    return text.encode("utf-8", "replace").decode().replace("\0", " ") or " "


def _other_end(text: str) -> str:
    """`text` with other words for its last twentieth, so that who reads to the end sees another text."""
    changed = max(len(text) // 20, 24)
    return text[:-changed] + (_OTHER * (changed // len(_OTHER) + 1))[:changed]


def open_server(place: str, folder: Path, options: Options) -> ServerEncoder:
    """The encoder of "URL#model"; nothing is asked of the server yet. Raises ConfigError."""
    base_url, _, model = place.rpartition("#")
    if not base_url or not model:
        raise ConfigError(
            f"'openai:{place}'을(를) 읽을 수 없습니다. 'openai:http://127.0.0.1:8080/v1#bge-m3' 형식으로 지정하세요."
        )
    return ServerEncoder(base_url, model, chosen(options, NONE, model), api_key())
