"""Rows as Milvus numbers them: the 64 bits of a passage's id, so that nothing has to be kept to tell one from the other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from mundap.id_set import IdSet
from mundap.index.arrays import among
from mundap.index.ids import ID, Ids, as_array
from mundap.index.rank import Ties
from mundap.protocols import Mask, Rows

_DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)


@dataclass(frozen=True)
class Allowed:
    """What may be found: the rows of `rows`, which ascend, or all `but` those."""

    rows: Rows
    but: bool = False

    def holds(self, rows: Rows) -> Mask:
        """Which of these may be found."""
        return among(rows, self.rows) ^ self.but

    def __and__(self, other: Allowed) -> Allowed:
        if self.but and other.but:
            return Allowed(np.union1d(self.rows, other.rows), but=True)
        if self.but:
            return other & self
        return Allowed(self.rows[other.holds(self.rows)])

    @property
    def mask(self) -> Mask:
        """As a table hands it to its legs, which alone look into it: a mask over all rows would be as long as the index."""
        return cast(Mask, self)

    @staticmethod
    def of(mask: Mask | None) -> Allowed | None:
        """What a table has handed out as `mask`."""
        return cast("Allowed | None", mask)


class NumberedIds:
    """The ids of an index of `count` rows, all of which `every` gives."""

    def __init__(self, count: int, every: Callable[[], Iterator[Rows]]) -> None:
        self._count = count
        self._every = every

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, row: int) -> str:
        return self.at(np.asarray([row]))[0]

    def __iter__(self) -> Iterator[str]:
        for rows in self._every():
            yield from self.at(rows)

    def at(self, rows: Rows) -> list[str]:
        """The ids of these rows."""
        return [id.decode() for id in _ids(rows).tolist()]

    def rows(self, ids: Sequence[str]) -> Rows:
        """The row of each id, whether it is there or not; -1 for what is no id."""
        return numbers(ids)

    def mask(self, ids: Collection[str]) -> Mask:
        """Which rows have one of these ids."""
        rows = _numbers(ids.array) if isinstance(ids, IdSet) else numbers([*ids])
        return Allowed(np.unique(rows[rows != -1])).mask

    @property
    def ties(self) -> Ties:
        """Rows by their ids."""
        return _ids


def numbers(ids: Sequence[str]) -> Rows:
    """The row of each id; -1 for what is no id."""
    return _numbers(as_array(ids))


def _numbers(ids: Ids) -> Rows:
    letters = np.ascontiguousarray(ids).view(np.uint8).reshape(-1, ID.itemsize)
    digits = (letters & 15) + 9 * (letters >> 6)
    rows = (digits[:, ::2] << 4 | digits[:, 1::2]).view(">i8").ravel().astype(np.intp)
    return np.where(_ids(rows) == ids, rows, -1)


def _ids(rows: Rows) -> npt.NDArray[Any]:
    raw = rows.astype(">i8").view(np.uint8).reshape(-1, 8)
    letters = np.empty((len(rows), ID.itemsize), np.uint8)
    letters[:, ::2], letters[:, 1::2] = _DIGITS[raw >> 4], _DIGITS[raw & 15]
    return letters.view(ID).ravel()
