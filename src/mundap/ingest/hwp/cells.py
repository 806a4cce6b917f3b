"""Cells with the places that HWP gives them into tables; a table that only frames text is taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mundap.ingest.blocks import Cell, Table
from mundap.ingest.hwp.flow import Line, Piece, Story, text_of

MAX_PLACES = 200_000  # of one table; the sizes in a broken file can be 65535 by 65535
_LABEL = 40  # characters
_BOXES = 3  # beside each other that read as one line


@dataclass(frozen=True)
class Placed:
    """What stands in a cell, the place of its upper left corner, counted from 0, and how far it reaches."""

    row: int
    column: int
    down: int
    across: int
    pieces: tuple[Piece, ...]
    header: bool = False


def tabled(cells: Sequence[Placed], size: tuple[int, int], caption: str, story: Story) -> list[Piece]:
    """The pieces that a table of `size` rows and columns makes: itself, and after it the tables in its cells.

    A cell that reaches beyond the size ends there; one that begins beyond it makes the table larger.
    A table with at most one filled cell in each row frames text: its cells follow each other as if it were not there.
    """
    cells = sorted((_clipped(cell, *size) for cell in cells), key=lambda cell: (cell.row, cell.column))
    filled = [cell.row for cell in cells if cell.pieces]
    if len(filled) == len(set(filled)):
        inside = [piece for cell in cells for piece in cell.pieces]
        return [*inside, *([Line(caption)] if caption else [])]
    if len(set(filled)) == 1 and (title := _in_a_row(cells)):
        return [title, *([Line(caption)] if caption else [])]
    rows = max(cell.row + cell.down for cell in cells)
    columns = max(cell.column + cell.across for cell in cells)
    if rows * columns > MAX_PLACES:
        story.lost["너무 큰 표(본문으로 변환)"] += 1
        return [Line(text) for cell in cells if (text := text_of(cell.pieces))]
    outer = Table(_rows(cells, rows, columns), header=_headers(cells, rows), caption=caption)
    labels = {cell.row: text_of(cell.pieces).replace("\n", " ") for cell in reversed(cells) if cell.pieces}
    inner = [
        replace(piece, caption=piece.caption or labels[cell.row][:_LABEL])
        for cell in cells
        for piece in cell.pieces
        if isinstance(piece, Table) and _stands_alone(piece)
    ]
    return [outer, *inner]


def _in_a_row(cells: Sequence[Placed]) -> Line | None:
    """The one line that short cells beside each other make, such as a number and a title in boxes of their own."""
    lines = [piece for cell in cells for piece in cell.pieces]
    if not all(isinstance(line, Line) and "\n" not in line.text for line in lines) or len(lines) > _BOXES:
        return None
    text = " ".join(line.text for line in lines if isinstance(line, Line))
    if len(text) > _LABEL:
        return None
    size = max(line.size for line in lines if isinstance(line, Line))
    return Line(text, max(line.level for line in lines if isinstance(line, Line)), size)


def _clipped(cell: Placed, rows: int, columns: int) -> Placed:
    down, across = min(cell.down, rows - cell.row), min(cell.across, columns - cell.column)
    return replace(cell, row=max(cell.row, 0), column=max(cell.column, 0), down=max(down, 1), across=max(across, 1))


def _stands_alone(piece: Piece) -> bool:
    """Whether what stands in a cell is a table that makes a passage of its own, rather than a few words."""
    return isinstance(piece, Table) and len(piece.rows) > 1 and any(len(row) > 1 for row in piece.rows)


def _rows(cells: Sequence[Placed], rows: int, columns: int) -> tuple[tuple[Cell, ...], ...]:
    """Every place gets a cell or is covered by one, as HTML has it; a place without one in the file is empty."""
    covered: set[tuple[int, int]] = set()
    by_row: dict[int, list[Placed]] = {}
    for cell in cells:
        by_row.setdefault(cell.row, []).append(cell)
    made = []
    for y in range(rows):
        row: list[Cell] = []
        x = 0
        for cell in by_row.get(y, ()):
            x = _padded(row, covered, y, x, cell.column)
            while (y, x) in covered:
                x += 1
            across = max(min(cell.across, columns - x), 1)
            covered |= {(y + j, x + i) for j in range(cell.down) for i in range(across)}
            text = text_of([piece for piece in cell.pieces if not _stands_alone(piece)])
            row.append(Cell(text, cell.down, across))
            x += across
        _padded(row, covered, y, x, columns)
        made.append(tuple(row))
    return tuple(made)


def _padded(row: list[Cell], covered: set[tuple[int, int]], y: int, start: int, end: int) -> int:
    """Empty cells in `row` for the free places from `start` to `end`."""
    for x in range(start, end):
        if (y, x) not in covered:
            covered.add((y, x))
            row.append(Cell(""))
    return max(start, end)


def _headers(cells: Sequence[Placed], rows: int) -> int:
    """How many rows on top have only cells that are marked as headers; 0 if all have."""
    plain = min((cell.row for cell in cells if not cell.header), default=rows)
    return plain if plain < rows else 0
