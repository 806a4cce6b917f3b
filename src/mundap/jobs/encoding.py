"""Texts into vectors by whoever works for an executor: batches of texts go out, rows of vectors come back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mundap.encode import make_encoder
from mundap.encode.options import Options
from mundap.errors import ConfigError, ExecutorError
from mundap.files import digest
from mundap.jobs.executor import Executor, Failed
from mundap.jobs.in_process import InProcess
from mundap.protocols import Encoder

Halves = npt.NDArray[np.float16]
_OF_ALL = {"ConfigError", "MissingExtra", "ServerError", "UnknownName"}  # what is wrong with one batch is with all
_OPTIONS = Options()
_ANY_CLASS = "langchain:"  # names any class: what a queue says must not have that made
_EXCERPT = 30  # characters of a text that names its batch


@dataclass(frozen=True)
class Model:
    """An encoder as `make_encoder` makes it, anywhere: paths in it are those of a folder that all see. `identity` is the name
    that its vectors are known by."""

    identity: str
    name: str
    models: str
    folder: str
    options: Options = _OPTIONS


@dataclass(frozen=True)
class Texts:
    """A batch of passages, and what reads them: an open encoder where nothing travels."""

    reader: Model | Encoder
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Rows:
    """The vectors of a batch in half precision, `dim` numbers a row."""

    raw: bytes
    dim: int


def encode(batch: Texts) -> Rows:
    """The vectors of the batch. Raises ConfigError where the encoder is not there, or is another one."""
    encoder = opened(batch.reader) if isinstance(batch.reader, Model) else batch.reader
    vectors = encoder.encode_passages(batch.texts).astype(np.float16)
    return Rows(vectors.tobytes(), vectors.shape[1])


@lru_cache(2)
def opened(model: Model) -> Encoder:
    """The encoder, which stays in memory for the next batch. Raises ConfigError."""
    if model.name.startswith(_ANY_CLASS):
        raise ConfigError(f"'{model.name}'은(는) worker에서 만들지 않습니다.")
    encoder = make_encoder(model.name, Path(model.models), folder=Path(model.folder), options=model.options)
    if encoder.name != model.identity:
        raise ConfigError(
            f"worker의 임베딩이 요청한 것과 다릅니다({encoder.name} ≠ {model.identity}). 같은 버전과 같은 모델 파일을 두세요."
        )
    return encoder


class SpreadEncoder:
    """`encoder`, whose passages are encoded in batches by whoever works for `executor`; `model` says how they make it.

    A single batch is encoded here, and so is what an encoder of LangChain encodes.
    """

    def __init__(self, encoder: Encoder, model: Model, executor: Executor) -> None:
        self._encoder = encoder
        self._model = model
        self._executor = executor
        self.name = encoder.name
        self.dim = encoder.dim
        self.encode_queries = encoder.encode_queries
        self.encode_passages = encoder.encode_passages

    def encode_batches(self, batches: Sequence[Sequence[str]]) -> Iterator[tuple[int, Halves]]:
        """(the number of a batch, its vectors), as they come. Those that fail are told after the others have come.

        Raises the encoder's own errors at once where nothing travels; ExecutorError for batches that others gave up, at once
        where their encoder is missing or another one.
        """
        alone = len(batches) == 1 or self._model.name.startswith(_ANY_CLASS)
        executor = InProcess() if alone else self._executor
        reader = self._encoder if executor.here else self._model
        numbers = {_key(texts): n for n, texts in enumerate(batches)}
        failed: list[Failed] = []
        asked = (Texts(reader, tuple(texts)) for texts in batches)
        for outcome in executor.map(encode, asked, lambda batch: _key(batch.texts)):
            if isinstance(outcome, Failed):
                if outcome.error is not None:
                    raise outcome.error
                failed.append(outcome)
                if outcome.kind in _OF_ALL:
                    break
                continue
            rows = np.frombuffer(outcome.value.raw, np.float16).reshape(-1, outcome.value.dim)
            yield numbers[outcome.key], rows
        if failed:
            raise ExecutorError(_sentence(failed, batches, numbers))


def _key(texts: Sequence[str]) -> str:
    return digest(*texts, size=16)


def _sentence(failed: Sequence[Failed], batches: Sequence[Sequence[str]], numbers: dict[str, int]) -> str:
    named = [f"'{' '.join(batches[numbers[one.key]][0].split())[:_EXCERPT]}…'" for one in failed[:3]]
    return (
        f"벡터를 계산하지 못한 묶음이 {len(failed)}개 있습니다({', '.join(named)}로 시작): {failed[0].reason} 계산한 벡터는"
        " 보관했습니다. 원인을 해결하고 다시 실행하면 남은 것만 계산합니다."
    )
