"""Late interaction: each word of the question looks for its best match among the words of the passage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mundap.encode.layout import window_of
from mundap.encode.onnx import OnnxModel
from mundap.encode.tokenized import Encoding, Tokenized
from mundap.errors import ConfigError
from mundap.files import digest
from mundap.index.near import Halves
from mundap.protocols import Vectors
from mundap.recent import Recent
from mundap.retrieve.rerank import TellCut, by_text
from mundap.types import Hit

_HEAD = "colbert_vecs"  # of an export of bge-m3: of all tokens but the first
CACHED_BYTES = 256 * 2**20  # about 1,100 passages of 300 tokens in 384 dimensions


def maxsim(question: Vectors, passage: Vectors) -> float:
    """Late-interaction score, higher is better (Khattab & Zaharia, SIGIR 2020).

    `question` is (q, dim) and `passage` is (p, dim), both with unit rows; the result is in [-q, q].
    Raises ValueError if either has no rows.
    """
    if not len(question) or not len(passage):
        raise ValueError(f"{len(question)} rows of a question and {len(passage)} of a passage: neither may be none")
    return float((question @ passage.T).max(axis=1).sum())


class LateReranker:
    """MaxSim over the token vectors of an encoder in `folder`: model.onnx (or onnx/model.onnx) and tokenizer.json.

    The encoder gives last_hidden_state, (batch, tokens, dim). Special tokens do not count. Any encoder will do,
    one trained for it does better; ColBERT's marker and mask tokens are not added. Token vectors of the passages
    used last are kept in memory as halves, `cached_bytes` at most. A passage without a token has the lowest score.
    """

    def __init__(self, folder: Path, cached_bytes: int = CACHED_BYTES) -> None:
        self._begin(f"late:{folder.name}", cached_bytes)
        self._model = OnnxModel(folder, (_HEAD, "last_hidden_state"), max_tokens=window_of(folder))

    def _begin(self, name: str, cached_bytes: int) -> None:
        self.name = name
        self._tell = TellCut(name)
        self._recent: Recent[Halves] = Recent(cached_bytes, lambda vectors: vectors.nbytes)

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The same passages by falling MaxSim. Raises ConfigError if the model gives no vector for each token."""
        return by_text(question, hits, self._score)

    def _score(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        asked = self._asked(question)
        if not len(asked):
            return [0.0] * len(texts)
        return [maxsim(asked, v.astype(np.float32)) if len(v) else -len(asked) for v in self._passages(texts)]

    def _asked(self, question: str) -> Vectors:
        """(tokens, dim) of a question, unit rows."""
        return self._embed([question])[0]

    def _passages(self, texts: Sequence[str]) -> list[Halves]:
        keys = [digest(text, size=16) for text in texts]
        return self._recent.of(
            keys, lambda places: [v.astype(np.float16) for v in self._embed([texts[n] for n in places])]
        )

    def _joined(self, model: Tokenized, texts: Sequence[str]) -> list[Encoding]:
        """Each text as the model reads it; what is longer is cut, and told."""
        spelled = model.tokens(texts)
        if any(len(tokens) > model.room() for tokens in spelled):
            self._tell(model.max_tokens)
        return [model.joined(tokens) for tokens in spelled]

    def _embed(self, texts: Sequence[str]) -> list[Vectors]:
        """(tokens, dim) for each text, unit rows."""
        encodings = self._joined(self._model, texts)
        embedded: list[Vectors] = []
        for outputs in self._model.run(encodings):
            if outputs.ndim != 3:
                raise ConfigError(
                    f"'{self.name}'은(는) 토큰별 벡터를 출력하는 모델이 아닙니다(출력 형상 {outputs.shape}). "
                    "last_hidden_state를 출력하도록 내보낸 모델이 필요합니다."
                )
            for states in outputs:
                encoding = encodings[len(embedded)]
                words = np.flatnonzero(np.asarray(encoding.special_tokens_mask) == 0)
                rows = states[: len(encoding) - 1] if self._model.output == _HEAD else states[words]
                embedded.append(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))
        return embedded
