"""Vectors that the segments of an index hold, by the key of their text: what was computed once is not computed again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mundap.index.near import Halves
from mundap.index.segment import Segment, stored, text_keys, with_vectors

_AT_ONCE = 4096


class KeptVectors:
    """The vectors in the segments below `root`, whatever generation lists them; if `checked`, those of files whose checksum is
    right."""

    def __init__(self, root: Path, checked: bool = False) -> None:
        self._held: list[tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32], Halves]] = []
        for one in with_vectors(root, checked):
            with suppress(FileNotFoundError):  # it was merged, or given its name, meanwhile
                self._held.append((*text_keys(one.folder), stored(one.folder)))

    def find(self, keys: Sequence[bytes]) -> dict[bytes, Halves]:
        """The vector of each key that is held."""
        found: dict[bytes, Halves] = {}
        for held, places, vectors in self._held:
            left = [key for key in keys if key not in found]
            if not left:
                break
            wanted = np.frombuffer(b"".join(left), np.uint64).reshape(-1, 2)
            at = np.minimum(np.searchsorted(held[:, 0], wanted[:, 0]), len(held) - 1)
            there = np.flatnonzero((held[at] == wanted).all(axis=1))
            found |= {left[n]: vector for n, vector in zip(there.tolist(), vectors[places[at[there]]], strict=True)}
        return found


def vectors_of(segments: Sequence[Segment]) -> Iterator[tuple[list[bytes], Halves]]:
    """(keys of texts, their vectors) of these segments, a batch at a time."""
    for segment in segments:
        held, places = text_keys(segment.folder)
        for first in range(0, len(held), _AT_ONCE):
            some = held[first : first + _AT_ONCE]
            yield [key.tobytes() for key in some], segment.dense.vectors[places[first : first + _AT_ONCE]]
