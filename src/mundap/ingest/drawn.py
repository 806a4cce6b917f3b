"""Tables drawn with lines in plain text, as programs and mails write them: ┌─┬─┐ │ 가 │ 나 │, +---+ | 가 |, | a | b |."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from mundap.ingest.blocks import Cell, Table
from mundap.ingest.grid import grid, markdown_row, markdown_rule

_WIDEST = 2000  # characters of a line that is drawn
_ONLY_LINES = re.compile(r"[─-╿+|:\-=\s]+")
_JOINT = re.compile(r"[┌-╋╒-╬╭-╰+|│┃║]")
_STROKE = re.compile(r"[─━═\-=]{2}")
_LINED = re.compile(r"\s*(?:[─-╿]|\+[-=])")
_CONTENT = re.compile(r"\s*[│┃║|].*[│┃║|]\s*")
_BAR = re.compile(r"[│┃║]|(?<!\\)\|")
_FENCE = re.compile(r" {0,3}(```|~~~)")


def drawn(text: str, *, bars: bool = True) -> list[str | Table]:
    """`text` in order: what is no table as it is, without the line breaks around tables, and the tables. A frame around
    text is left out. Without `bars`, those of Markdown (| a | b |) are no tables."""
    found: list[str | Table] = []
    lines = text.split("\n")
    for part, run in groupby(zip(_parts(lines), lines, strict=True), key=lambda pair: pair[0]):
        rows = [line for _, line in run]
        read = _read(rows) if part and (bars or any(map(_LINED.match, rows))) else "\n".join(rows)
        if found and isinstance(read, str) and isinstance(found[-1], str):
            found[-1] = f"{found[-1]}\n{read}"
        else:
            found.append(read)
    return [each for each in found if isinstance(each, Table) or each.strip()]


def as_markdown(text: str) -> str:
    """`text` with its drawn tables as those of Markdown."""
    parts = drawn(text, bars=False)
    return text if parts == [text] or not parts else "\n\n".join(map(_markdown, parts))


def _markdown(part: str | Table) -> str:
    if isinstance(part, str):
        return part
    found = grid(part)
    width = len(found.columns)
    return "\n".join([markdown_row(found.columns), markdown_rule(width), *map(markdown_row, found.rows)])


def _parts(lines: Sequence[str]) -> list[int]:
    """For each line the number of the drawing that it is part of, from 1, or 0. Blank lines may be within one, but part
    a border from another."""
    numbers = [0] * len(lines)
    last, count, fence = -1, 0, ""
    for n, line in enumerate(lines):
        if mark := _FENCE.match(line):
            fence = "" if fence == mark.group(1) else fence or mark.group(1)
        if fence or not (_is_border(line) or _CONTENT.fullmatch(line)):
            if line.strip():
                last = -1
            continue
        borders = last >= 0 and _is_border(lines[last]) and _is_border(line)
        if last < 0 or (last < n - 1 and borders):
            count += 1
        else:
            numbers[last + 1 : n] = [count] * (n - last - 1)
        numbers[n] = count
        last = n
    return numbers


def _is_border(line: str) -> bool:
    return len(line) < _WIDEST and bool(_ONLY_LINES.fullmatch(line) and _JOINT.search(line) and _STROKE.search(line))


def _read(lines: Sequence[str]) -> str | Table:
    """The table, or the text in a frame; the lines themselves if there is no border or but one row."""
    groups = [
        [line for line in run if line.strip()]
        for border, run in groupby((line for line in lines if line.strip()), key=_is_border)
        if not border
    ]
    if not groups or not any(map(_is_border, lines)):
        return "\n".join(lines)
    if all(len(_cells(line)) == 1 for group in groups for line in group) and _is_border(lines[0]):
        return "\n".join(cell for group in groups for line in group if (cell := _cells(line)[0]))
    rows = [row for row in _rows(groups) if any(row)]
    width = max(map(len, rows), default=0)
    if width < 2 or len(rows) < 2:
        return "\n".join(lines)
    return Table(tuple(tuple(_filled(row, width)) for row in rows), header=1 if len(groups) > 1 else 0)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in _BAR.split(line.strip())[1:-1]]


def _rows(groups: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """What stands between two borders is a row, unless the only border within the table is that below its header."""
    for n, group in enumerate(groups):
        cells = [*map(_cells, group)]
        if len(groups) > 2 or (n == 0 and len(groups) == 2):
            yield _joined(cells)
            continue
        row: list[list[str]] = []
        for line in cells:
            if row and line[0]:  # else it goes on with the row above
                yield _joined(row)
                row = []
            row.append(line)
        yield _joined(row)


def _joined(lines: Sequence[Sequence[str]]) -> list[str]:
    width = max(map(len, lines))
    return [" ".join(line[n] for line in lines if n < len(line) and line[n]).replace("\\|", "|") for n in range(width)]


def _filled(row: Sequence[str], width: int) -> Iterator[Cell]:
    for n, text in enumerate(row):
        yield Cell(text, colspan=width - n if n == len(row) - 1 else 1)
