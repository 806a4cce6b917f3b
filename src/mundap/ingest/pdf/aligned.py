"""Tables without lines: rows whose parts stand under each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import mean

from mundap.ingest.blocks import Cell, Table
from mundap.ingest.pdf.page_layout import Piece, merged
from mundap.ingest.pdf.ruled import LINE

_ROWS = 3  # that make a table
_LONGEST = 40  # letters of a cell on average; longer ones are prose
_FILLED = 0.6  # of the places, in rows that are not continued lines
_FURTHEST = 3.5  # heights between rows of one table
_NEXT = 1.9  # heights between the lines of one cell
_LEADERS = re.compile(r"[.·…‥]{4}|(?:[.·] ){4}")  # contents: 제1장 총칙 ········ 3
_MARKER = re.compile(
    r"(?:\(?\d{1,3}[.)]|\d{1,2}(?:[.-]\d{1,2}){1,3}\.?|[가-하][.)]|\([가-하]\)|[A-Za-z][.)]|[ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ]+[.)]?"
    r"|[①-⑳㉠-㉻⑴-⒇•●○◎◦▪■□◇◆▶▷►※☞·‣∙*\-–—]|제\s?\d{1,4}\s?[편장절관조](?:의\s?\d+)?)$"
)

Span = tuple[float, float]


def aligned(found: Sequence[list[Piece]], number: int) -> list[list[Piece]]:
    """Rows of a column of page `number`, those that make a table as one piece that is the table."""
    lines = [_with_marker(row) for row in found]
    result: list[list[Piece]] = []
    at = 0
    while at < len(lines):
        if end := _end(lines, at):
            result.append([_table(lines[at:end], number)])
            at = end
        else:
            result.append(lines[at])
            at += 1
    return result


def _with_marker(row: list[Piece]) -> list[Piece]:
    """A row whose first piece is only the marker of a list is read on."""
    if len(row) > 1 and not row[0].table and _MARKER.match(row[0].text) and row[1].x0 - row[0].x1 < 4 * row[1].size:
        return [merged(row[:2]), *row[2:]]
    return row


def _end(lines: Sequence[list[Piece]], start: int) -> int:
    """Where the table that begins with row `start` ends, or 0."""
    if len(lines[start]) < 2:
        return 0
    last, end, spans = start, 0, [(p.x0, p.x1) for p in lines[start]]
    for n in range(start + 1, len(lines)):
        row = lines[n]
        height = max(p.size for p in row)
        gap = row[0].y0 - lines[n - 1][0].y1
        if any(p.table or _LEADERS.search(p.text) for p in row) or gap > _FURTHEST * height:
            break
        united = _united([*spans, *((p.x0, p.x1) for p in row)])
        if len(united) < 2 or len(united) < len(spans):
            break
        if len(row) == 1 and not _continues(row[0], lines[n - 1], spans, height):
            break
        spans = united
        if len(row) > 1:
            last = n
            if _is_table(lines[start : last + 1], spans):
                end = last + 1
    while (
        0 < end < len(lines)
        and len(lines[end]) == 1
        and _continues(lines[end][0], lines[end - 1], spans, lines[end][0].size)
    ):
        end += 1
    return end


def _continues(one: Piece, above: Sequence[Piece], spans: Sequence[Span], height: float) -> bool:
    """Whether a lone piece is the next line of a cell that is not the first."""
    column = _column(one, spans)
    return (
        not one.table
        and column > 0
        and spans[column][0] - height <= one.x0
        and one.x1 <= spans[column][1] + height
        and one.y0 - above[0].y0 <= _NEXT * height
    )


def _is_table(lines: Sequence[list[Piece]], spans: Sequence[Span]) -> bool:
    whole = [row for row in lines if len(row) > 1]
    if len(whole) < _ROWS or any(_LEADERS.search(p.text) for p in whole[0]):
        return False
    filled = mean(len({_column(p, spans) for p in row}) for row in whole) / len(spans)
    return filled >= _FILLED and mean(len(p.text) for row in whole for p in row) <= _LONGEST


def _united(spans: Sequence[Span]) -> list[Span]:
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result


def _column(one: Piece, spans: Sequence[Span]) -> int:
    middle = (one.x0 + one.x1) / 2
    return min(range(len(spans)), key=lambda n: max(spans[n][0] - middle, middle - spans[n][1]))


def _table(lines: Sequence[list[Piece]], number: int) -> Piece:
    spans = _united([(p.x0, p.x1) for row in lines for p in row])
    texts: list[list[str]] = []
    for row in lines:
        if len(row) == 1 and texts:
            column = _column(row[0], spans)
            texts[-1][column] = (texts[-1][column] + LINE + row[0].text).strip()
            continue
        cells = [""] * len(spans)
        for one in row:
            column = _column(one, spans)
            cells[column] = f"{cells[column]} {one.text}".strip()
        texts.append(cells)
    parts = [one for row in lines for one in row]
    table = Table(tuple(tuple(Cell(text) for text in row) for row in texts), number)
    return Piece(
        min(p.x0 for p in parts),
        min(p.y0 for p in parts),
        max(p.x1 for p in parts),
        max(p.y1 for p in parts),
        table=table,
    )
