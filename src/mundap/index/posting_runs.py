"""Postings on disk with bounded memory: sorted in runs, and merged by blocks of terms."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from mundap.index.arrays import ArrayWriter
from mundap.index.known_terms import Terms
from mundap.index.postings import PostingsBuilder, PostingsPart
from mundap.protocols import Mask

RUN = 2_000_000  # tokens that are sorted at once
BLOCK = 2_000_000  # postings that are merged at once; one term may have more


_Row = TypeVar("_Row", contravariant=True)


class Builder(Protocol[_Row]):
    """Collects rows with `tokens` tokens in all, and sorts them."""

    tokens: int

    def add(self, row: _Row, /) -> None:
        """Add a row."""
        ...

    def part(self) -> PostingsPart:
        """The postings of the rows."""
        ...


class RunsWriter(Generic[_Row]):
    """Writes the postings of one segment into `folder`; rows have the order in which they come. `make` collects some."""

    def __init__(self, folder: Path, make: Callable[[], Builder[_Row]]) -> None:
        self._folder = folder
        self._make = make
        self._runs: list[Path] = []
        self._run = make()

    def add(self, rows: Iterable[_Row]) -> None:
        """Add these rows."""
        for row in rows:
            self._run.add(row)
            if self._run.tokens >= RUN:
                self._sort()

    def finish(self) -> None:
        """Write the arrays."""
        if not self._runs:
            self._run.part().save(self._folder)
            return
        self._sort()
        merge([PostingsPart.open(run) for run in self._runs], [None] * len(self._runs), self._folder)
        for run in self._runs:
            shutil.rmtree(run)

    def _sort(self) -> None:
        run = self._folder / f"run-{len(self._runs)}"
        run.mkdir()
        self._run.part().save(run)
        self._runs.append(run)
        self._run = self._make()


class PostingsWriter(RunsWriter[Sequence[str]]):
    """Writes the postings of rows of which the tokens are given."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, PostingsBuilder)


def merge(parts: Sequence[PostingsPart], kept: Sequence[Mask | None], folder: Path) -> None:
    """Write into `folder` the postings of `parts` one behind the other, without the rows that `kept` does not keep."""
    _lay_end_to_end(parts, kept, folder)
    writers = {
        name: ArrayWriter(folder / f"lexical-{name}.npy", dtype)
        for name, dtype in (("terms", "u8"), ("starts", "i8"), ("rows", "i4"), ("counts", "u2"))
    }
    writers["starts"].append(np.zeros(1, np.int64))
    moved = _moved(parts, kept)
    blocks = sum(len(part.rows) for part in parts) // BLOCK + 1
    bounds = np.array([n * (1 << 64) // blocks for n in range(blocks)], np.uint64)  # hashes are spread evenly
    edges = [[*np.searchsorted(part.terms, bounds).tolist(), len(part.terms)] for part in parts]
    for n in range(blocks):
        slices = [
            _Slice(part, keep, to, e[n], e[n + 1]) for part, keep, to, e in zip(parts, kept, moved, edges, strict=True)
        ]
        terms, sizes, rows, counts = _block(slices)
        writers["terms"].append(terms)
        writers["starts"].append(writers["rows"].length + np.cumsum(sizes))
        writers["rows"].append(rows)
        writers["counts"].append(counts)
    for writer in writers.values():
        writer.close()


def _lay_end_to_end(parts: Sequence[PostingsPart], kept: Sequence[Mask | None], folder: Path) -> None:
    for name in ("lengths", "words"):
        arrays = [getattr(part, name) for part in parts]
        left = [array if keep is None else array[keep] for array, keep in zip(arrays, kept, strict=True)]
        np.save(folder / f"lexical-{name}.npy", np.concatenate([np.empty(0, np.int32), *left]))


def _moved(parts: Sequence[PostingsPart], kept: Sequence[Mask | None]) -> list[npt.NDArray[np.int32]]:
    """For each part, what each of its kept rows becomes."""
    moved, base = [], 0
    for part, keep in zip(parts, kept, strict=True):
        total = len(part.lengths)
        to = np.arange(total) if keep is None else np.cumsum(keep) - 1
        moved.append((to + base).astype(np.int32))
        base += total if keep is None else int(keep.sum())
    return moved


class _Slice:
    """What one part has of a range of its terms: of term `terms[n]`, `sizes[n]` rows that are kept, renumbered."""

    def __init__(
        self, part: PostingsPart, keep: Mask | None, moved: npt.NDArray[np.int32], first: int, after: int
    ) -> None:
        self.terms: Terms = part.terms[first:after]
        starts = part.starts[first : after + 1]
        rows, self.counts = part.rows[starts[0] : starts[-1]], part.counts[starts[0] : starts[-1]]
        if keep is not None:
            there = keep[rows]
            ends = np.concatenate([[0], np.cumsum(there)])
            rows, self.counts, starts = rows[there], self.counts[there], ends[starts - starts[0]]
        self.sizes = np.diff(starts)
        self.rows = moved[rows]


def _block(
    slices: Sequence[_Slice],
) -> tuple[Terms, npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.uint16]]:
    """(terms, rows of each, all rows, all counts) of these slices together."""
    terms = np.unique(np.concatenate([piece.terms for piece in slices]))
    places = [np.searchsorted(terms, piece.terms) for piece in slices]
    sizes = np.zeros(len(terms), np.int64)
    for place, piece in zip(places, slices, strict=True):
        sizes[place] += piece.sizes
    rows = np.empty(int(sizes.sum()), np.int32)
    counts = np.empty(len(rows), np.uint16)
    next_free = np.cumsum(sizes) - sizes
    for place, piece in zip(places, slices, strict=True):
        begins = np.cumsum(piece.sizes) - piece.sizes
        to = np.repeat(next_free[place] - begins, piece.sizes) + np.arange(len(piece.rows))
        rows[to], counts[to] = piece.rows, piece.counts
        next_free[place] += piece.sizes
    return terms[sizes > 0], sizes[sizes > 0], rows, counts
