"""Rerankers: the table below says which one a spec means; scoring by text is what they share."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path

from mundap.encode.places import is_hub_id
from mundap.errors import ConfigError, MundapError
from mundap.extras import load
from mundap.korean.normalize import normalize
from mundap.protocols import Reranker
from mundap.remote import api_key
from mundap.retrieve.after import ranked
from mundap.types import Hit

SERVER = "rerank"
RERANKERS = {
    "cross": "mundap.retrieve.cross:CrossReranker",
    "late": "mundap.retrieve.colbert:open_late",
    "onnx": "mundap.retrieve.cross:OnnxReranker",
    SERVER: "mundap.retrieve.server:ServerReranker",
}
FORMS = {
    "cross": "cross:models/my-reranker",
    "late": "late:models/my-encoder-onnx",
    "onnx": "onnx:models/my-reranker-onnx",
    SERVER: "rerank:http://127.0.0.1:8080/v1#bge-reranker-v2-m3",
}

log = logging.getLogger(__name__)

Score = Callable[[str, Sequence[str]], Sequence[float]]


def make_reranker(spec: str, folder: Path = Path()) -> Reranker:
    """The reranker that `spec` means: one of FORMS. A relative path is looked for in `folder`.

    A folder that exists is read as it is, offline. `cross` and `late` also take the id of a model on a hub,
    "owner/name", unless the folder above that path exists: then it is a path, mistyped. Loads the model, but asks
    nothing of a server, whose API key comes from the first of the environment variables remote.KEYS that is set.
    Raises UnknownName, which lists the table, ConfigError for a spec or a folder that cannot be read, and
    MissingExtra.
    """
    kind, _, rest = spec.partition(":")
    made = load("reranker", kind, RERANKERS)
    if not rest:
        raise ConfigError(f"reranker 값 '{spec}'을(를) 읽을 수 없습니다. '{FORMS[kind]}' 형식으로 지정하세요.")
    path = folder / Path(rest).expanduser()
    reranker: Reranker
    if kind == SERVER:
        base_url, _, model = rest.partition("#")
        reranker = made(base_url, model, api_key())
    elif path.is_dir():
        reranker = made(path)
    elif kind in ("cross", "late") and is_hub_id(rest, path):
        reranker = made(rest)
    else:
        raise ConfigError(f"reranker 모델 폴더 '{path}'이(가) 없습니다. 모델 폴더의 경로를 확인하세요.")
    return reranker


class TellCut:
    """Says once, of the reranker `name`, that it reads less than a whole passage."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._done = False

    def __call__(self, tokens: int) -> None:
        """`tokens` are what it reads at once."""
        if not self._done:
            self._done = True
            log.warning(
                "리랭커 '%s'은(는) 한 번에 토큰 %d개를 읽습니다. 그보다 긴 문단은 앞부분만 읽고 순위를 매깁니다. 문단의 크기는 mundap.toml의"
                " ingest.parent_chars로 줄일 수 있습니다.",
                self._name,
                tokens,
            )


def by_text(question: str, hits: Sequence[Hit], score: Score) -> list[Hit]:
    """The hits ranked by what `score` gives to the normalised question and to each text, headings included.

    Each distinct text is scored once and in one order, however the hits are ordered, so that equal texts tie and
    the same hits get the same scores. Raises MundapError if a score is not a finite number.
    """
    texts = sorted({hit.passage.embedded for hit in hits}, key=lambda text: (len(text), text))
    if not texts:
        return []
    scores = dict(zip(texts, map(float, score(normalize(question), texts)), strict=True))
    if not all(map(isfinite, scores.values())):
        raise MundapError(
            "리랭커의 점수가 숫자가 아닙니다(NaN). 모델이 손상되었는지, 16비트로 변환한 모델인지 확인하세요."
        )
    return ranked([replace(hit, score=scores[hit.passage.embedded]) for hit in hits])
