"""What the rows of a table look like: which belong to it, which name its columns anew, and which are items of a list."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mundap.ingest.header import column_shape, shape_of
from mundap.ingest.sheets.sheet import Row

_LABELLED = re.compile(r"[^:：]{1,20}[:：]\s*\S")
_LIST_MARKS = (
    _LABELLED,
    re.compile(r"\(?\d{1,3}[.)]\s*\S"),
    re.compile(r"\(?[가-하][.)]\s*\S"),
    re.compile(r"[①-⑳㉠-㉭]\s*\S"),
    *(re.compile(rf"{re.escape(mark)}\s*\S") for mark in "•·▪■□○●◦▶-*"),
)
_DITTO = frozenset(("〃", "″", '"', "''"))


def shapes_of(rows: Sequence[Row], width: int) -> list[str]:
    """What the numbers of each column look like; "" for one without."""
    return [column_shape([cells[x] for _, cells in rows if x < len(cells)]) for x in range(width)]


def alike(shapes: Sequence[str], row: Sequence[str]) -> bool:
    """Whether a row has numbers where the rows of a table have them."""
    return any(shape and x < len(row) and shape_of(row[x]) == shape for x, shape in enumerate(shapes))


def unlike(shapes: Sequence[str], row: Sequence[str]) -> bool:
    """Whether a row has words where the rows of a table have numbers."""
    return any(shape and x < len(row) and row[x] and "0" not in shape_of(row[x]) for x, shape in enumerate(shapes))


def names_again(shapes: Sequence[str], row: Sequence[str]) -> bool:
    """Whether a row that begins with the name of the first column names others than the header does: no cell of it looks
    like the numbers below its column."""
    numbered = [(shape, row[x]) for x, shape in enumerate(shapes) if shape and x < len(row)]
    return bool(numbered) and all(text and shape_of(text) != shape for shape, text in numbered)


def period(columns: Sequence[str]) -> int:
    """After how many columns a header begins again: 2 of 순위, 지역, 순위, 지역; 0 if it does not."""
    for step in range(2, len(columns) // 2 + 1):
        first = columns[:step]
        again = len(columns) % step == 0 and all(name == columns[x % step] for x, name in enumerate(columns))
        if again and all(first) and len({*first}) == step:
            return step
    return 0


def fill_ditto(cells: list[str], above: Sequence[str]) -> None:
    """Put what stands above in place of the marks for it."""
    if _DITTO.isdisjoint(cells):
        return
    for x, cell in enumerate(cells):
        if cell in _DITTO and x < len(above):
            cells[x] = above[x] or cell


def listed(first: str, second: str) -> bool:
    """Whether the first row of a sheet with one column is the first of a list rather than a header: 이름: 김하늘 above
    전화: 3102, and 1. 접수 above 2. 심사."""
    return any(mark.match(first) and mark.match(second) for mark in _LIST_MARKS)
