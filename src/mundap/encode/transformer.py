"""A transformer that `mundap train embedding` or `dpr` made: one model for both sides, or one for each. No torch."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from mundap.encode import MODEL_FILE, ModelFile
from mundap.encode.onnx import OnnxModel
from mundap.encode.pooling import pooled
from mundap.encode.settings import EncoderSettings
from mundap.encode.windows import Tell
from mundap.errors import ConfigError
from mundap.protocols import Encoder, Vectors

BOTH, QUESTION, PASSAGE = "both", "question", "passage"  # the folders of models


class TransformerEncoder:
    """The mean of a text's token vectors, or its first, of length one. Needs the extra `encoders`.

    A text of more than a window is read in windows, whose vectors are averaged by their lengths.
    """

    def __init__(self, name: str, question: OnnxModel, passage: OnnxModel, reading: EncoderSettings, dim: int) -> None:
        self.name = name
        self.dim = dim
        self._question = question
        self._passage = passage
        self._reading = reading
        self._tell = Tell(name)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows."""
        return self._encode(self._question, self._reading.query, texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows."""
        return self._encode(self._passage, self._reading.passage, texts)

    def _encode(self, model: OnnxModel, prompt: str, texts: Sequence[str]) -> Vectors:
        windows = [
            (row, window)
            for row, tokens in enumerate(model.tokens([prompt + text.replace("\0", " ") for text in texts]))
            for window in model.windows(tokens, self._reading.window)
        ]
        if len(windows) > len(texts):
            self._tell(f"토큰 {self._reading.window}개")
        windows.sort(key=lambda one: len(one[1]))  # so that little is filled up
        rows = np.zeros((len(texts), self.dim), np.float32)
        place = 0
        for states in model.run([window for _, window in windows]):
            for own in states:
                row, window = windows[place]
                place += 1
                vector = pooled(own[: len(window)], [self._reading.pooling])
                rows[row] += len(window) * vector[: self.dim]
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        unit: Vectors = np.where(lengths > 0, rows / np.maximum(lengths, 1e-12), np.eye(1, self.dim, dtype=np.float32))
        return unit


def save(folder: Path, kind: str, base: str, digest: str, reading: EncoderSettings, dim: int) -> None:
    """Write what `open_transformer` reads beside the folders of models. `base` is the encoder it is measured against."""
    kept = {"kind": kind, "base": base, "digest": digest, "dim": dim, **reading.to_json()}
    (folder / MODEL_FILE).write_text(json.dumps(kept, ensure_ascii=False, indent=1), "utf-8")


def open_transformer(folder: Path, kept: ModelFile, make: Callable[[str], Encoder]) -> TransformerEncoder:
    """The encoder in `folder`. Raises ConfigError if it is not whole, and MissingExtra."""
    try:
        reading = EncoderSettings(kept["pooling"], kept["query"], kept["passage"], kept["window"])
        name, dim = f"{kept['kind']}-{kept['digest']}", int(kept["dim"])
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{folder}: 학습한 임베딩을 읽을 수 없습니다({error!r}). 다시 학습하려면: mundap train {kept['kind']} --out {folder.name}"
        ) from error
    sides = (BOTH,) if (folder / BOTH).is_dir() else (QUESTION, PASSAGE)
    models = [OnnxModel(folder / side, "states", extra="encoders") for side in sides]
    return TransformerEncoder(name, models[0], models[-1], reading, dim)
