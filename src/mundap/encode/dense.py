"""A dense layer over pooled vectors, as sentence-transformers' module Dense keeps it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import erf, sqrt
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mundap.encode.pickled import read_pickled
from mundap.encode.safetensors import read_tensors
from mundap.errors import ConfigError
from mundap.protocols import Vectors


def _gelu(vector: Vectors) -> Vectors:
    return np.array([x * (1 + erf(x / sqrt(2))) / 2 for x in vector.tolist()], np.float32)


ACTIVATIONS: dict[str, Callable[[Vectors], Vectors]] = {
    "Identity": lambda x: x,
    "Tanh": np.tanh,
    "ReLU": lambda x: np.maximum(x, 0),
    "GELU": _gelu,
    "Sigmoid": lambda x: np.reciprocal(1 + np.exp(-x)),
    "SiLU": lambda x: x / (1 + np.exp(-x)),
}


@dataclass(frozen=True)
class Dense:
    """The layer in `folder`, which gives `out` numbers. Its weights are read at the first vector."""

    folder: Path
    out: int
    activation: str
    residual: bool

    def __call__(self, vector: Vectors) -> Vectors:
        """(out,), of a vector of as many numbers as the layer takes. Raises ConfigError for weights that do not fit."""
        weights = self._weights
        try:
            linear = weights["linear.weight"] @ vector + weights.get("linear.bias", np.float32(0))
            made = ACTIVATIONS[self.activation](linear)
            if self.residual:
                made = made + (weights["residual.weight"] @ vector if "residual.weight" in weights else vector)
        except (KeyError, ValueError) as error:
            raise ConfigError(
                f"'{self.folder}'의 가중치가 모델과 맞지 않습니다. 다시 다운로드하세요. ({error})"
            ) from error
        return np.asarray(made, np.float32)

    @cached_property
    def _weights(self) -> dict[str, npt.NDArray[np.float32]]:
        file = self.folder / "model.safetensors"
        try:
            found = read_tensors(file) if file.is_file() else read_pickled(self.folder / "pytorch_model.bin")
        except (OSError, ValueError, RuntimeError) as error:
            raise ConfigError(f"'{self.folder}'의 가중치를 읽을 수 없습니다. 다시 다운로드하세요. ({error})") from error
        return {name: np.asarray(tensor, np.float32) for name, tensor in found.items()}


def read_dense(folder: Path) -> Dense:
    """The layer that a folder's config.json describes. Raises ConfigError."""
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        name = str(config.get("activation_function", "Tanh")).rpartition(".")[2]
        wide = config.get("module_input_name", "sentence_embedding") == "sentence_embedding"
        made = Dense(folder, int(config["out_features"]), name, bool(config.get("use_residual", False)))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"'{folder}/config.json'을(를) 읽을 수 없습니다. 모델을 다시 다운로드하세요. ({error})"
        ) from error
    if name not in ACTIVATIONS or not wide:
        raise ConfigError(
            f"'{folder}': 활성화 함수 '{name}' 또는 토큰별 Dense 레이어를 지원하지 않습니다. 지원하는 함수: {', '.join(ACTIVATIONS)}"
        )
    return made
