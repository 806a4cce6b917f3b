"""Late interaction by a model that was trained for it: ColBERT as PyLate, Stanford or sentence-transformers keep it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np

from mundap.encode.tokenized import BATCH
from mundap.errors import ConfigError
from mundap.extras import need
from mundap.protocols import Vectors
from mundap.retrieve.late import CACHED_BYTES, LateReranker
from mundap.retrieve.m3 import LINEAR, M3Reranker

_MARKS = ('"ColBERT"', '"query_prefix"', '"MultiVectorEncoder"')


class ColbertReranker(LateReranker):
    """MaxSim over the token vectors of `model`, the Path of a folder, which is read offline, or the id of a model on a hub.

    Markers of questions and passages, mask tokens that widen a question, words that do not count and the projection are
    those of the model, by sentence-transformers; a passage is cut to the length that it was trained for.
    """

    def __init__(self, model: str | Path, cached_bytes: int = CACHED_BYTES) -> None:
        self._begin(f"late:{Path(model).name}", cached_bytes)
        package = need("sentence_transformers", extra="train")
        self._reading = Lock()  # transformers' tokenizers change their own settings while they work
        try:
            self._colbert = package.MultiVectorEncoder(str(model), local_files_only=isinstance(model, Path))
        except (OSError, ValueError, RuntimeError, KeyError, AttributeError, TypeError) as error:
            raise ConfigError(
                f"sentence-transformers가 '{model}'을(를) 불러오지 못했습니다. ColBERT 모델의 폴더인지, 허브 모델 이름이라면"
                f" 이름과 네트워크 연결을 확인하세요. ({error})"
            ) from error

    def _asked(self, question: str) -> Vectors:
        with self._reading:
            found = self._colbert.encode_query([question], show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(found[0], np.float32)

    def _embed(self, texts: Sequence[str]) -> list[Vectors]:
        if not texts:
            return []
        with self._reading:
            found = self._colbert.encode_document(
                list(texts), batch_size=BATCH, show_progress_bar=False, convert_to_numpy=True
            )
        return [np.asarray(vectors, np.float32) for vectors in found]


def open_late(model: str | Path) -> LateReranker:
    """The reranker over bge-m3, over a ColBERT, or over a folder's graph. Raises ConfigError and MissingExtra."""
    if isinstance(model, str) or _is_colbert(model):
        return ColbertReranker(model)
    return M3Reranker(model) if (model / LINEAR).is_file() else LateReranker(model)


def _is_colbert(folder: Path) -> bool:
    """Whether the folder is Stanford's, or its config is one that PyLate or MultiVectorEncoder wrote."""
    config = folder / "config_sentence_transformers.json"
    said = config.read_text("utf-8", "replace") if config.is_file() else ""
    return (folder / "artifact.metadata").is_file() or any(mark in said for mark in _MARKS)
