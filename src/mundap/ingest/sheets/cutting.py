"""Where a sheet is cut: at blank rows, and at blank columns between tables that stand side by side."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

from mundap.ingest.header import FEW, shape_of
from mundap.ingest.sheets.region import Region, longest, most_filled, shifted
from mundap.ingest.sheets.sheet import Merged, Row, Sheet
from mundap.ingest.sheets.titles import only_notes, titles
from mundap.korean.normalize import squash

_COUNT = re.compile(r"(\D{0,3})(\d{1,4})(\D{0,3})")
_SPACED = 3  # rows with blank ones between them that are a table
_YEARS = range(1900, 2100)


def blocks_of(sheet: Sheet) -> list[Region]:
    """The rows of a sheet parted at blank ones that no merged cell reaches over."""
    merged = [one for one in sheet.merged if one.top != one.bottom or one.left != one.right]
    gaps = _open(sheet.gaps, merged)
    blocks: list[Region] = []
    for row in sheet.rows:
        if not blocks or row[0] in gaps:
            blocks.append(Region(0, [], []))
        blocks[-1].rows.append(row)
    lasts = [block.rows[-1][0] for block in blocks]
    for one in merged:
        n = bisect_left(lasts, one.top)
        if n < len(blocks) and blocks[n].rows[0][0] <= one.bottom:
            blocks[n].merged.append(one)
    return blocks


def _open(gaps: frozenset[int], merged: Sequence[Merged]) -> frozenset[int]:
    """The gaps that no merged cell reaches over."""
    if not gaps or not merged:
        return gaps
    order = sorted(gaps)
    closed: set[int] = set()
    for one in merged:
        if one.bottom > one.top:
            closed.update(order[bisect_right(order, one.top) : bisect_right(order, one.bottom)])
    return gaps - closed


def stacked(blocks: Sequence[Region]) -> bool:
    """Whether blocks of one cell a row stand in different columns."""
    return len({next(x for x, cell in enumerate(cells) if cell) for block in blocks for _, cells in block.rows[:5]}) > 1


def joined(blocks: Sequence[Region]) -> Sequence[Region]:
    """The blocks; those of one row each, the first of them words alone, are one table with blank rows between its rows."""
    above = next((n for n, block in enumerate(blocks) if most_filled(block.rows) > 1), len(blocks))
    spaced = blocks[above:]
    if len(spaced) < _SPACED or any(
        len(one.rows) > 1 or len(one.rows[0][1]) > len(spaced[0].rows[0][1]) for one in spaced
    ):
        return blocks
    if not all(cell and "0" not in shape_of(cell) for cell in spaced[0].rows[0][1]):
        return blocks
    return [
        *blocks[:above],
        Region(0, [row for one in spaced for row in one.rows], [m for one in spaced for m in one.merged]),
    ]


def side_by_side(block: Region, ragged: bool) -> list[Region]:
    """The tables of a block, parted at blank columns where each has columns and a header of its own."""
    rows = block.rows
    lead = 0
    while lead + 1 < len(rows) and lead < FEW and sum(map(bool, rows[lead][1])) == 1:
        lead += 1
    over = {one.top: one.right - one.left for one in block.merged if one.right > one.left}
    spans = [range(one.left, one.right + 1) for one in block.merged if _within(one, rows[lead:])]
    bands = _bands(rows[lead:], spans)
    if ragged or len(bands) < 2:
        return [block]
    parts = [
        Region(block.left + left, kept, shifted(block.merged, left, right))
        for left, right in bands
        if (
            kept := [(number, cells[left : right + 1]) for number, cells in rows[lead:] if any(cells[left : right + 1])]
        )
    ]
    if len(parts) < 2 or not all(_own(part, parts) for part in parts[1:]):
        return [block]
    if any(longest(part.rows) == 1 and not only_notes(part) for part in parts):
        return [block]
    first = next(x for x, cell in enumerate(rows[0][1]) if cell) if lead else 0
    mine = (
        lead and first <= bands[0][1] and over.get(rows[lead - 1][0], 0) <= bands[0][1] and any(map(titles, parts[1:]))
    )
    above = [(number, [cell for cell in cells if cell]) for number, cells in rows[:lead]]
    return [
        Region(part.left, [*(above if not mine or n == 0 else above[:-1]), *part.rows], part.merged)
        for n, part in enumerate(parts)
    ]


def _within(one: Merged, rows: Sequence[Row]) -> bool:
    return bool(rows) and one.right > one.left and rows[0][0] <= one.top <= rows[-1][0]


def _bands(rows: Sequence[Row], spans: Sequence[range]) -> list[tuple[int, int]]:
    """(first, last) of the runs of columns that are not empty throughout."""
    filled: set[int] = set()
    for span in spans:
        filled.update(span)
    width = longest(rows)
    for _, cells in rows:
        if len(filled) == width:
            break
        filled.update(x for x, cell in enumerate(cells) if cell)
    bands: list[list[int]] = []
    for x in sorted(filled):
        if bands and x == bands[-1][1] + 1:
            bands[-1][1] = x
        else:
            bands.append([x, x])
    return [(first, last) for first, last in bands]


def _own(part: Region, parts: Sequence[Region]) -> bool:
    """Whether a part stands for itself, rather than being the other columns of the table on its left: it has a title of
    its own, other rows, a header that begins like another's, or names or numbers in order in its first column."""
    first = parts[0]
    if titles(part) or only_notes(part) or len(part.rows) != len(first.rows) or part.rows[0][0] != first.rows[0][0]:
        return True
    header = [cell for cell in part.rows[0][1] if cell]
    if {squash(cell) for cell in header} & {squash(cell) for cell in first.rows[0][1] if cell}:
        return True
    labels = [cells[0] for _, cells in part.rows[1:] if cells]
    if len(labels) < 2 or not all(labels) or len(set(labels)) < len(labels):
        return False
    return not any("0" in shape_of(label) for label in labels) or _counted(labels)


def _counted(labels: Sequence[str]) -> bool:
    """Whether labels count up or down by one: 2023, 2024; 1월, 2월, 3월; two that are no years can be a chance."""
    found = [match for label in labels if (match := _COUNT.fullmatch(label))]
    if len(found) < len(labels) or len({(one[1], one[3]) for one in found}) > 1:
        return False
    numbers = [int(one[2]) for one in found]
    steps = {after - before for before, after in pairwise(numbers)}
    return steps in ({1}, {-1}) and (len(numbers) > 2 or min(numbers) in _YEARS)
