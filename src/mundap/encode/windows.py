"""Texts that are longer than what a model reads at once: cut at blanks, read piece by piece, averaged, and told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np

from mundap.protocols import Vectors

log = logging.getLogger(__name__)

Told = Callable[[str], None]


class Tell:
    """Says once, of the encoder `name`, that a text was longer than its window."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._done = False

    def __call__(self, window: str) -> None:
        """`window` is what the model reads at once, in its unit."""
        if not self._done:
            self._done = True
            log.warning(
                "임베딩 '%s'의 컨텍스트(%s)보다 긴 텍스트는 나누어 읽고 평균 벡터를 사용합니다. 청크의 크기는 mundap.toml의"
                " ingest.chunk_chars로 줄일 수 있습니다.",
                self._name,
                window,
            )


def average(rows: Sequence[int], vectors: Vectors, weights: Sequence[float], count: int) -> Vectors:
    """(count, dim), unit rows: of each text the mean of its windows' `vectors`, (windows, dim), by their `weights`.

    `rows` says whose each window is. A text whose windows cancel out, or have no length, gets the first unit vector.
    """
    summed = np.zeros((count, vectors.shape[1]), np.float32)
    np.add.at(summed, np.asarray(rows, np.int64), unit(vectors) * np.asarray(weights, np.float32)[:, None])
    return unit(summed)


def unit(vectors: Vectors) -> Vectors:
    """Each row of length one; one without a length becomes the first unit vector."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    first = np.eye(1, vectors.shape[1], dtype=np.float32)
    made: Vectors = np.where(lengths > 0, vectors / np.maximum(lengths, 1e-12), first).astype(np.float32)
    return made


def cut(text: str, places: Sequence[int]) -> list[str]:
    """`text` cut at `places`, rising, each moved back to the blank before it if there is one in the second half."""
    pieces, start = [], 0
    for place in places:
        blank = max(text.rfind(mark, start + (place - start) // 2, place) for mark in (" ", "\n"))
        end = blank + 1 if blank > 0 else place
        pieces.append(text[start:end])
        start = end
    return [piece for piece in (*pieces, text[start:]) if piece.strip()]


def halves(text: str) -> list[str]:
    """`text` in two, at a blank near its middle if there is one."""
    return cut(text, [-(-len(text) // 2)])
