"""The walk through a saved graph, compiled (extra `fast`): what usearch finds, with the vectors that come next under way.

Half of the time of a walk is waiting for vectors from all over the memory. usearch asks for one when it needs it; here all
neighbours of a vertex are asked for before the first of them is compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

# The file of usearch 2 (its index_dense.hpp and index.hpp): vectors, then a head that says what they are, then vertices.
_MAGIC, _MAJOR = b"usearch", 2
_KINDS = b"i\x17\x0e\x0f"  # inner product, of 8 bits a number, keys of 64 bits, vertices of 32
_HEAD, _NEXT, _FIRST = 64, 40, 14  # bytes: of the head; of what follows it; of a vertex up to its first neighbour

Bytes = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.int8]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Walk:
    """The graph in a mapped file. `starts` tells where each vertex begins in it, `room` how many neighbours one has at the
    bottom and above it, `entry` at which vertex and on which level a walk begins."""

    file: Bytes
    starts: Places
    room: tuple[int, int]
    entry: tuple[int, int]

    @classmethod
    def open(cls, path: Path) -> Walk | None:
        """The graph in a file; None if there is no compiler, or if the file is of another kind."""
        if find_spec("numba") is None:
            return None
        file = np.memmap(path, np.uint8, "r").view(np.ndarray)
        rows, dim = file[:8].view(np.uint32).tolist()
        at = 8 + rows * dim
        head = file[at : at + _HEAD].tobytes()
        if head[:7] != _MAGIC or int.from_bytes(head[7:9], "little") != _MAJOR or head[13:17] != _KINDS:
            return None
        at += _HEAD
        size, above, bottom, level, entry = np.frombuffer(file[at : at + _NEXT].tobytes(), np.uint64).tolist()
        at += _NEXT
        levels = np.frombuffer(file[at : at + 2 * size].tobytes(), np.int16).astype(np.int64)
        sizes = _FIRST + 4 * bottom + levels * (4 + 4 * above)
        starts = at + 2 * size + np.cumsum(np.concatenate([[0], sizes]))
        if not size or size != rows or int(starts[-1]) != len(file) or entry >= size or level > levels[entry]:
            return None
        return cls(file, starts[:-1], (bottom, above), (entry, level))

    def __len__(self) -> int:
        return len(self.starts)

    def find(self, query: Codes, count: int, width: int) -> Places:
        """The keys of `count` vectors, or a few less, whose products with the query are about the greatest, best first."""
        from mundap.index.walk_compiled import walk

        found: Places = walk(self.file, query, self.starts, self.room, self.entry, max(width, count))
        return found[:count]
