"""Late interaction by bge-m3: its token vectors through colbert_linear.pt (Chen et al., 2024, arXiv:2402.03216)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mundap.encode.layout import read_layout
from mundap.encode.options import Options
from mundap.encode.pickled import read_pickled
from mundap.encode.torch_model import TorchModel
from mundap.errors import ConfigError
from mundap.protocols import Vectors
from mundap.retrieve.late import CACHED_BYTES, LateReranker

LINEAR = "colbert_linear.pt"


class M3Reranker(LateReranker):
    """MaxSim over the vectors of bge-m3, or of a model trained from it, in `folder`, by PyTorch, on a GPU if there is one.

    All tokens count but the first, which is the one whose state is the dense vector. A passage is cut at the model's
    window. Raises ConfigError if a file cannot be read, and MissingExtra.
    """

    def __init__(self, folder: Path, cached_bytes: int = CACHED_BYTES) -> None:
        self._begin(f"late:{folder.name}", cached_bytes)
        layout = read_layout(folder, folder.name, Options())
        held = read_pickled(folder / LINEAR)
        if held.keys() != {"weight", "bias"}:
            raise ConfigError(f"'{folder / LINEAR}'은(는) 토큰 벡터를 만드는 레이어가 아닙니다: {', '.join(held)}")
        self._weight, self._bias = held["weight"], held["bias"]
        self._m3 = TorchModel(layout.transformer, layout.window)

    def _embed(self, texts: Sequence[str]) -> list[Vectors]:
        model = self._m3
        encodings = self._joined(model, [text.replace("\0", " ") for text in texts])
        order = sorted(range(len(encodings)), key=lambda n: len(encodings[n]))  # so that little is filled up
        embedded: list[Vectors] = [np.empty((0, 0), np.float32)] * len(texts)
        place = iter(order)
        for outputs in model.run([encodings[n] for n in order]):
            for states in outputs:
                n = next(place)
                rows = states[1 : len(encodings[n])] @ self._weight.T + self._bias
                embedded[n] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        return embedded
