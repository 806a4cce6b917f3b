"""Sets of passage ids as arrays: what a filter allows, without a Python object for each of a million ids."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Any

import numpy as np
import numpy.typing as npt

WIDTH = 16  # hexadecimal digits
BETWEEN = "\n"


class IdSet(Set[str]):
    """An immutable set of ids of WIDTH characters; `array` has them in order, as bytes."""

    __slots__ = ("array",)

    def __init__(self, array: npt.NDArray[np.bytes_]) -> None:
        self.array = array

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[str]:
        return (id.decode() for id in self.array.tolist())

    def __contains__(self, id: object) -> bool:
        if not isinstance(id, str) or len(id) != WIDTH or not id.isascii():
            return False
        place = int(np.searchsorted(self.array, np.bytes_(id)))
        return place < len(self.array) and bool(self.array[place] == id.encode())

    def __and__(self, other: Set[Any]) -> Set[str]:
        if isinstance(other, IdSet):
            return IdSet(np.intersect1d(self.array, other.array, assume_unique=True))
        return frozenset(self) & frozenset(other)

    @classmethod
    def _from_iterable(cls, ids: Any) -> frozenset[str]:  # type: ignore[override]
        return frozenset(ids)


def joined(ids: str) -> Set[str]:
    """The distinct ids of a text in which BETWEEN stands between two; a plain set if one of them has another width."""
    if not ids:
        return frozenset()
    if not ids.isascii() or (len(ids) + 1) % (WIDTH + 1):
        return frozenset(ids.split(BETWEEN))
    cells = np.frombuffer(f"{ids}{BETWEEN}".encode(), np.uint8).reshape(-1, WIDTH + 1)
    if (cells[:, WIDTH] != ord(BETWEEN)).any() or (cells[:, :WIDTH] == ord(BETWEEN)).any():
        return frozenset(ids.split(BETWEEN))
    array = np.sort(np.ascontiguousarray(cells[:, :WIDTH]).view(f"S{WIDTH}").ravel())
    return IdSet(array)
