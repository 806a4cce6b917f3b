"""Static word vectors in model2vec's folders, or sentence-transformers' StaticEmbedding: the mean of a text's tokens.

No model runs: a look-up in NumPy (Tulkens & van Dongen, 2024, https://github.com/MinishLab/model2vec).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt

from mundap.encode.options import Options
from mundap.encode.places import fingerprint, model_folder
from mundap.encode.prompts import NONE, Prompts, chosen
from mundap.encode.safetensors import read_tensors
from mundap.encode.tokenized import Tokenizer, read_tokenizer
from mundap.encode.windows import unit
from mundap.errors import ConfigError
from mundap.files import digest
from mundap.protocols import Vectors

_FILES = ("*.json", "model.safetensors", "0_StaticEmbedding/*")
_NAMES = ("embeddings", "embedding.weight")  # of the vectors: model2vec's, and sentence-transformers'


@dataclass(frozen=True)
class _Table:
    """(rows, dim) vectors; of a token the row `mapping` says, else its own, times its weight if there are any.

    `unknown` is a token that is left out, as model2vec does.
    """

    tokenizer: Tokenizer
    vectors: npt.NDArray[np.generic]
    weights: npt.NDArray[np.generic] | None
    mapping: npt.NDArray[np.int64] | None
    unknown: int | None

    def ids(self, texts: Sequence[str]) -> list[npt.NDArray[np.int64]]:
        spelled = self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [np.asarray([n for n in one.ids if n != self.unknown], np.int64) for one in spelled]

    def mean(self, ids: npt.NDArray[np.int64]) -> Vectors:
        rows = np.asarray(self.vectors[ids if self.mapping is None else self.mapping[ids]], np.float32)
        if self.weights is not None:
            rows = rows * np.asarray(self.weights[ids], np.float32)[:, None]
        mean: Vectors = rows.mean(axis=0) if len(rows) else np.zeros(self.vectors.shape[1], np.float32)
        return mean


class Model2Vec:
    """The vectors in `folder`, read at the first text. A text of any length is one mean: nothing is cut."""

    def __init__(self, name: str, folder: Path, prompts: Prompts) -> None:
        self.name = name
        self.prompts = prompts
        self._folder = folder
        self._lock = Lock()

    @property
    def dim(self) -> int:
        """Of a vector. Raises ConfigError for a folder that cannot be read, and MissingExtra."""
        return int(self._table.vectors.shape[1])

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows; a text without a known token gets the first unit vector."""
        return self._encode(texts, self.prompts.query)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows; a text without a known token gets the first unit vector."""
        return self._encode(texts, self.prompts.passage)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """How many known tokens each text is."""
        return [len(ids) for ids in self._table.ids(texts)]

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        rows = np.zeros((len(texts), self.dim), np.float32)
        for row, ids in zip(rows, self._table.ids([prompt + text for text in texts]), strict=True):
            row[:] = self._table.mean(ids)
        return unit(rows)

    @property
    def _table(self) -> _Table:
        with self._lock:
            return self._read

    @cached_property
    def _read(self) -> _Table:
        nested = self._folder / "0_StaticEmbedding"
        at = nested if (nested / "model.safetensors").is_file() else self._folder
        try:
            tensors = read_tensors(at / "model.safetensors")
            name = next(name for name in _NAMES if name in tensors)
        except (OSError, ValueError, StopIteration) as error:
            raise ConfigError(
                f"'{at}'의 model.safetensors에서 단어 벡터를 읽을 수 없습니다. model2vec 폴더인지 확인하세요. ({error!r})"
            ) from error
        tokenizer = read_tokenizer(at / "tokenizer.json", "encoders")
        tokenizer.no_truncation()
        tokenizer.no_padding()
        unknown = _unknown(tokenizer) if name == _NAMES[0] else None
        made = _Table(tokenizer, tensors[name], tensors.get("weights"), tensors.get("mapping"), unknown)
        rows = len(made.vectors) if made.mapping is None else len(made.mapping)
        if rows < tokenizer.get_vocab_size():
            raise ConfigError(
                f"'{at}'의 단어 벡터({rows})가 tokenizer.json의 토큰({tokenizer.get_vocab_size()})보다 적습니다."
                " 같은 모델의 파일인지 확인하세요."
            )
        return made


def _unknown(tokenizer: Tokenizer) -> int | None:
    """The number of the token for what the vocabulary lacks."""
    if hasattr(tokenizer.model, "unk_token"):
        return tokenizer.token_to_id(tokenizer.model.unk_token) if tokenizer.model.unk_token else None
    number: int | None = json.loads(tokenizer.to_str())["model"].get("unk_id")  # of Unigram
    return number


def open_static(place: str, folder: Path, options: Options) -> Model2Vec:
    """The encoder of a folder, or of a hub's model. Raises ConfigError and MissingExtra."""
    found = model_folder(place, folder, _FILES)
    prompts = chosen(options, NONE, "")
    how = digest(fingerprint(found, _FILES), prompts.query, prompts.passage)
    return Model2Vec(f"static-{place.rstrip('/').rpartition('/')[2]}-{how}", found, prompts)
