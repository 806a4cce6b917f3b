"""Tables drawn with lines in plain text, as programs and mails write them: ┌─┬─┐ │ 가 │ 나 │, +---+ | 가 |, | a | b |."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from mundap.ingest.blocks import Cell, Paragraph, Table

_WIDEST = 2000  # characters of a line that is drawn
_ONLY_LINES = re.compile(r"[┌┬┐├┼┤└┴┘┏┳┓┣╋┫┗┻┛╔╦╗╠╬╣╚╩╝╭╮╰╯┝┿┥┠╂┨┯┷+|│┃║:\-─━═=\s]+")
_JOINT = re.compile(r"[┌┬┐├┼┤└┴┘┏┳┓┣╋┫┗┻┛╔╦╗╠╬╣╚╩╝╭╮╰╯┝┿┥┠╂┨┯┷+|│┃║]")
_STROKE = re.compile(r"[─━═\-=]{2}")
_CONTENT = re.compile(r"\s*[│┃║|].*[│┃║|]\s*")
_BAR = re.compile(r"[│┃║]|(?<!\\)\|")


def drawn(text: str) -> list[str | Table]:
    """`text` in order: what is no table as it is, without the line breaks around tables, and the tables."""
    found: list[str | Table] = []
    for part, run in groupby(text.split("\n"), key=_is_line):
        lines = [*run]
        table = _table(lines) if part else None
        if table is not None:
            found.append(table)
        elif found and isinstance(found[-1], str):
            found[-1] = "\n".join((found[-1], *lines))
        else:
            found.append("\n".join(lines))
    return [each for each in found if isinstance(each, Table) or each.strip()]


def blocks_of(text: str) -> tuple[Paragraph | Table, ...]:
    """The same as blocks for a document."""
    return tuple(each if isinstance(each, Table) else Paragraph(each) for each in drawn(text))


def _is_line(line: str) -> bool:
    return bool(_is_border(line) or _CONTENT.fullmatch(line))


def _is_border(line: str) -> bool:
    return len(line) < _WIDEST and bool(_ONLY_LINES.fullmatch(line) and _JOINT.search(line) and _STROKE.search(line))


def _table(lines: Sequence[str]) -> Table | None:
    """The table, if a border and at least two rows of two columns are drawn."""
    groups = [[*run] for border, run in groupby(lines, key=_is_border) if not border]
    if not any(map(_is_border, lines)) or not groups:
        return None
    rows = [*_rows(groups)]
    width = max(map(len, rows))
    if width < 2 or len(rows) < 2:
        return None
    header = 1 if len(groups) > 1 else 0
    return Table(tuple(tuple(_filled(row, width)) for row in rows), header=header)


def _rows(groups: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """What stands between two borders is a row, unless the only border within the table is that below its header."""
    one_by_one = len(groups) < 3
    for n, group in enumerate(groups):
        cells = [[cell.strip() for cell in _BAR.split(line.strip())[1:-1]] for line in group]
        if not one_by_one or (n == 0 and len(groups) == 2):
            yield _joined(cells)
            continue
        row: list[list[str]] = []
        for line in cells:
            if row and not line[0]:  # it goes on with the row above
                row.append(line)
                continue
            if row:
                yield _joined(row)
            row = [line]
        if row:
            yield _joined(row)


def _joined(lines: Sequence[Sequence[str]]) -> list[str]:
    width = max(map(len, lines))
    return [
        " ".join(filter(None, (line[n] for line in lines if n < len(line)))).replace("\\|", "|") for n in range(width)
    ]


def _filled(row: Sequence[str], width: int) -> Iterator[Cell]:
    for n, text in enumerate(row):
        yield Cell(text, colspan=width - n if n == len(row) - 1 else 1)
