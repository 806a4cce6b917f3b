"""The rows of one index: which passage each stands for, and which of them may be found."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from mundap.id_set import IdSet
from mundap.index.ids import RowIds, SortedIds
from mundap.protocols import Mask, Rows, Scores, Store
from mundap.types import Hit, Passage

_FILTERS = 16  # whose masks are kept at hand


class InMemory:
    """Passages in a dictionary: the Store of an index that is built by hand."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = {passage.id: passage for passage in passages}

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Those of `ids` that exist."""
        return {id: self._passages[id] for id in ids if id in self._passages}


class Table:
    """Row n of every leg is `ids[n]`; plain ids ascend. `alive` is False where a passage was removed."""

    def __init__(self, ids: RowIds | Sequence[str], store: Store, alive: Mask | None = None) -> None:
        self.ids: RowIds = SortedIds(ids) if isinstance(ids, Sequence) else ids
        self.store = store
        self.restrict(alive)

    def __len__(self) -> int:
        return len(self.ids)

    def restrict(self, alive: Mask | None) -> None:
        """From now on only rows where `alive` is True can be found; None lifts the restriction."""
        self.alive = alive
        self._masks: dict[int, tuple[Collection[str], Mask]] = {}

    def mask(self, where: Collection[str] | None) -> Mask | None:
        """True where a row may be found; None if all may. An empty `where` allows no row."""
        if where is None:
            return self.alive
        masks = self._masks  # one read: another thread may replace it
        held = masks.get(id(where))
        if held is not None and held[0] is where:
            return held[1]
        mask = self._masked(where)
        if isinstance(where, (frozenset, IdSet)):  # what cannot change can be recognised the next time
            if len(masks) >= _FILTERS:
                masks = self._masks = {}
            masks[id(where)] = (where, mask)
        return mask

    def read(self, rows: Rows) -> dict[int, Passage]:
        """The passages of these rows, without those of rows that are no longer in the store."""
        ids = self.ids.at(rows)
        found = self.store.passages(ids)
        return {row: found[id] for row, id in zip(rows.tolist(), ids, strict=True) if id in found}

    def hits(
        self,
        rows: Rows,
        scores: Scores,
        origins: Mapping[str, Mapping[int, int]],
        known: Mapping[int, Passage] = MappingProxyType({}),
    ) -> list[Hit]:
        """Rows in their given order as hits with ranks from 1. `origins[leg][row]` is a row's rank in a leg; `known` has the
        passages of rows as far as this search has read them."""
        found = known if known.keys() >= set(rows.tolist()) else self.read(rows)
        present = [
            (found[row], row, score) for row, score in zip(rows.tolist(), scores.tolist(), strict=True) if row in found
        ]
        return [
            Hit(passage, score, rank, {leg: places[row] for leg, places in origins.items() if row in places})
            for rank, (passage, row, score) in enumerate(present, 1)
        ]

    def _masked(self, where: Collection[str]) -> Mask:
        mask, alive = self.ids.mask(where), self.alive  # one read: another thread may lift the restriction
        return mask if alive is None else mask & alive


def ranks(rows: Rows) -> dict[int, int]:
    """Each row's rank, counted from 1."""
    return dict(zip(rows.tolist(), range(1, len(rows) + 1), strict=True))
