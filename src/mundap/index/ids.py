"""The ids of an index: by row, and the row of an id."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol, overload

import numpy as np
import numpy.typing as npt

from mundap.files import load_array
from mundap.id_set import WIDTH, IdSet
from mundap.index.arrays import among
from mundap.index.rank import Ties
from mundap.protocols import Mask, Rows

ID = np.dtype(f"S{WIDTH}")  # hexadecimal, of 64 bits
_FEW = 256  # ids, above which they are sought as numbers
Ids = npt.NDArray[np.bytes_]


class RowIds(Protocol):
    """The id of each row, in a way that can be searched."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int, /) -> str: ...

    def __iter__(self) -> Iterator[str]: ...

    def at(self, rows: Rows) -> list[str]:
        """The ids of these rows."""
        ...

    def rows(self, ids: Sequence[str]) -> Rows:
        """The row of each id, -1 where there is none."""
        ...

    def mask(self, ids: Collection[str]) -> Mask:
        """Which rows have one of these ids."""
        ...

    @property
    def ties(self) -> Ties:
        """What orders rows as their ids would."""
        ...


class SortedIds(Sequence[str]):
    """Ids in ascending order, each a row."""

    def __init__(self, ids: Sequence[str]) -> None:
        self._ids = ids

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, row: int) -> str: ...

    @overload
    def __getitem__(self, row: slice) -> Sequence[str]: ...

    def __getitem__(self, row: int | slice) -> str | Sequence[str]:
        return self._ids[row]

    def at(self, rows: Rows) -> list[str]:
        """The ids of these rows."""
        return [self._ids[row] for row in rows.tolist()]

    def rows(self, ids: Sequence[str]) -> Rows:
        """The row of each id, -1 where there is none."""
        places = [bisect_left(self._ids, id) for id in ids]
        held = (
            place if place < len(self._ids) and self._ids[place] == id else -1
            for id, place in zip(ids, places, strict=True)
        )
        return np.fromiter(held, np.intp, len(places))

    def mask(self, ids: Collection[str]) -> Mask:
        """Which rows have one of these ids."""
        return _mask(self.rows([*ids]), len(self))

    @property
    def ties(self) -> Ties:
        """Rows are in the order of their ids."""
        return lambda rows: rows


@dataclass(frozen=True)
class IdsPart:
    """The ids of one segment: of every vector, of which `starts` tells those that are rows; `order` sorts them."""

    ids: Ids
    order: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]

    @classmethod
    def open(cls, folder: Path) -> IdsPart:
        """Map what is in `folder`."""
        arrays = (load_array(folder / f"{name}.npy") for name in ("ids", "ids-order", "dense-starts"))
        return cls(*map(np.asarray, arrays))

    def every(self) -> list[str]:
        """The id of each vector, in order."""
        return [id.decode() for id in self.ids.tolist()]

    def places(self, wanted: Ids) -> npt.NDArray[np.int64]:
        """The vector of each id, -1 where there is none."""
        if not len(self.ids):
            return np.full(len(wanted), -1)
        if len(wanted) > _FEW and self._numbers is not None:
            at = np.searchsorted(self._numbers, _number(wanted))
        else:
            at = np.searchsorted(self.ids, wanted, sorter=self.order)
        found = np.minimum(at, len(self.ids) - 1)
        places = self.order[found].astype(np.int64)
        return np.where(self.ids[places] == wanted, places, -1)

    @cached_property
    def _numbers(self) -> npt.NDArray[np.uint64] | None:
        """What the ids are as numbers, in order, which are found far faster; None if they are none."""
        numbers = _number(self.ids[self.order])
        return numbers if bool((numbers[1:] > numbers[:-1]).all()) else None

    def row_ids(self, rows: Rows) -> Ids:
        """The ids of these rows."""
        ids: Ids = self.ids[self.starts[rows]]
        return ids

    def row_of(self, places: npt.NDArray[np.int64]) -> Rows:
        """The row to which each of these vectors belongs."""
        return np.searchsorted(self.starts, places, side="right") - 1


class SegmentIds:
    """The ids of `parts`, whose rows are numbered one part behind the other; `gone[n]` are rows of the n-th that do not
    count. An id may stand in several parts, but counts in one at most."""

    def __init__(self, parts: Sequence[IdsPart], gone: Sequence[npt.NDArray[np.int32]]) -> None:
        self.parts = tuple(parts)
        self.offsets = np.cumsum([0, *(len(part.starts) - 1 for part in self.parts)])
        self._gone = tuple(gone)

    def __len__(self) -> int:
        return int(self.offsets[-1])

    def __getitem__(self, row: int) -> str:
        return self.at(np.asarray([row]))[0]

    def __iter__(self) -> Iterator[str]:
        for part in self.parts:
            for id in part.row_ids(np.arange(len(part.starts) - 1)).tolist():
                yield id.decode()

    def at(self, rows: Rows) -> list[str]:
        """The ids of these rows."""
        return [id.decode() for id in self._of(rows).tolist()]

    def rows(self, ids: Sequence[str]) -> Rows:
        """The row of each id that counts, -1 where there is none."""
        return self._found(as_array(ids), rows_only=True)

    def mask(self, ids: Collection[str]) -> Mask:
        """Which rows that count have one of these ids."""
        wanted = ids.array if isinstance(ids, IdSet) else as_array([*ids])
        return _mask(self._found(wanted, rows_only=True), len(self))

    def held(self, ids: Sequence[str]) -> Mask:
        """Which of these ids, of rows or of chunks, belong to a row that counts."""
        return self._found(as_array(ids), rows_only=False) >= 0

    def owners(self, ids: Sequence[str]) -> list[str]:
        """The ids of the rows that count and to which any of these ids, of rows or of chunks, belong."""
        rows = self._found(as_array(ids), rows_only=False)
        return self.at(rows[rows >= 0])

    def vector_ids(self, row: int) -> list[str]:
        """The id of a row and those of its chunks."""
        n = int(np.searchsorted(self.offsets, row, side="right")) - 1
        part, local = self.parts[n], row - self.offsets[n]
        return [id.decode() for id in part.ids[part.starts[local] : part.starts[local + 1]].tolist()]

    def alive(self) -> Mask:
        """Which rows count."""
        mask = np.ones(len(self), np.bool_)
        for offset, gone in zip(self.offsets, self._gone, strict=False):
            mask[offset + gone] = False
        return mask

    @property
    def ties(self) -> Ties:
        """Rows by their ids."""
        return self._of

    def _of(self, rows: Rows) -> Ids:
        if len(self.parts) == 1:
            return self.parts[0].row_ids(rows)
        ids = np.empty(len(rows), ID)
        places = np.searchsorted(self.offsets, rows, side="right") - 1
        for n in np.flatnonzero(np.bincount(places)).tolist():
            ids[places == n] = self.parts[n].row_ids(rows[places == n] - self.offsets[n])
        return ids

    def _found(self, wanted: Ids, rows_only: bool) -> Rows:
        found = np.full(len(wanted), -1, np.intp)
        for part, offset, gone in zip(self.parts, self.offsets, self._gone, strict=False):
            places = part.places(wanted)
            rows = part.row_of(places)
            counts = (places >= 0) & ~among(rows, gone)
            if rows_only:
                counts &= part.starts[rows] == places
            found[counts] = rows[counts] + offset
        return found


def _mask(rows: Rows, length: int) -> Mask:
    mask = np.zeros(length, np.bool_)
    mask[rows[rows >= 0]] = True
    return mask


def _number(ids: Ids) -> npt.NDArray[np.uint64]:
    """What each id is in hexadecimal; anything for one that is none."""
    digits = np.ascontiguousarray(ids).view(np.uint8).reshape(-1, ID.itemsize)
    values = (digits & 15) + 9 * (digits >> 6)
    return (values[:, ::2] << 4 | values[:, 1::2]).view(">u8").ravel().astype(np.uint64)


def as_array(ids: Sequence[str]) -> Ids:
    """The ids as an array; what is no id of an index equals none."""
    return (
        np.array([id if len(id) <= ID.itemsize and id.isascii() else "" for id in ids], ID) if ids else np.empty(0, ID)
    )
