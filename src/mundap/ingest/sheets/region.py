"""Rows of a sheet that hang together, and the merged cells over them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from mundap.ingest.blocks import Cell
from mundap.ingest.header import FEW, Owner
from mundap.ingest.sheets.sheet import Merged, Row

SAMPLE = 60  # rows that tell how a table is laid out
_LONG = 60  # characters of a merged cell's text that is not repeated
_SHORT = 15  # those of one that is repeated in many columns, as an hour of a timetable is
_MANY = 8


@dataclass
class Region:
    """Rows without a blank row or column through them; their cells count from `left`."""

    left: int
    rows: list[Row]
    merged: list[Merged]


def most_filled(rows: Sequence[Row]) -> int:
    """How many cells are filled in the row with the most."""
    return max((sum(map(bool, cells)) for _, cells in rows[:SAMPLE]), default=0)


def longest(rows: Sequence[Row]) -> int:
    """How many cells the longest row has, empty ones included."""
    return max((len(cells) for _, cells in rows), default=0)


def shifted(merged: Sequence[Merged], left: int, right: int) -> list[Merged]:
    """The merged cells within some columns, counted from the first of those."""
    return [
        Merged(one.top, one.bottom, max(one.left, left) - left, min(one.right, right) - left)
        for one in merged
        if one.left <= right and one.right >= left
    ]


def without_blank_columns(region: Region) -> Region:
    """A region without empty columns on its left, and without those on its right."""
    left = min((next((x for x, cell in enumerate(cells) if cell), 0) for _, cells in region.rows), default=0)
    return from_column(region, left)


def from_column(region: Region, left: int) -> Region:
    """A region without its columns before that one."""
    if not left:
        return region
    rows = [(number, cells[left:]) for number, cells in region.rows]
    return Region(region.left + left, rows, shifted(region.merged, left, 1 << 20))


def padded(rows: Sequence[Row], width: int) -> list[Row]:
    """Rows that are all `width` long."""
    return [(number, [*cells, *[""] * (width - len(cells))]) for number, cells in rows]


def places(rows: Sequence[Row], region: Region) -> tuple[list[list[Owner | None]], list[tuple[str, ...]]]:
    """The cell that covers each place of some rows, and the text of each place."""
    owners: list[list[Owner | None]] = [
        [(y, x, Cell(text)) for x, text in enumerate(cells)] for y, (_, cells) in enumerate(rows)
    ]
    numbers = [number for number, _ in rows]
    width = len(rows[0][1]) if rows else 0
    for one in region.merged:
        top, bottom = bisect_left(numbers, one.top), bisect_right(numbers, one.bottom)
        right = min(one.right + 1, width)
        if top < bottom and one.left < right:
            text = rows[top][1][one.left]
            owner = (top, one.left, Cell(text, bottom - top, right - one.left))
            for y in range(top, bottom):
                owners[y][one.left : right] = [owner] * (right - one.left)
    return owners, [tuple(one[2].text if one else "" for one in row) for row in owners]


def fill_merged(region: Region, width: int) -> frozenset[int]:
    """Put the text of merged cells into each place that they cover, but once where they are wide; the numbers of the rows
    that one cell covers as a whole."""
    if not region.merged:
        return frozenset()
    numbers = [number for number, _ in region.rows]
    whole = set()
    for one in region.merged:
        top, bottom = bisect_left(numbers, one.top), bisect_right(numbers, one.bottom)
        if top >= bottom:
            continue
        cells = region.rows[top][1]
        text = cells[one.left] if one.left < len(cells) and numbers[top] == one.top else ""
        if not text:
            continue
        if one.left == 0 and one.right + 1 >= width > 1 and one.top == one.bottom:
            whole.add(one.top)
            continue
        few = FEW if one.left == 0 or len(text) > _SHORT else _MANY
        once = one.right - one.left >= few or len(text) > _LONG
        across = range(one.left, min(one.right + 1, width)) if not once else range(one.left, one.left + 1)
        for y in range(top, bottom):
            row = region.rows[y][1]
            row += [""] * (across.stop - len(row))
            for x in across:
                row[x] = row[x] or text
    return frozenset(whole)
