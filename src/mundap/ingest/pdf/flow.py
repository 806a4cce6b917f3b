"""Lines of pages into headings, paragraphs and tables, over the ends of columns and pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import quantiles

from mundap.ingest import heal
from mundap.ingest.blocks import Block, Heading, Paragraph, Table
from mundap.ingest.pdf.aligned import aligned
from mundap.ingest.pdf.columns import columns
from mundap.ingest.pdf.page_layout import Page, Piece, merged, pieces, rows
from mundap.ingest.pdf.ruled import LINE, ruled
from mundap.ingest.pdf.running import without_running
from mundap.ingest.pdf.vertical import laid_down

_HEADING = 1.15  # of the text's height
_HEADING_SCANNED = 1.5  # heights from a picture are inexact
_LONGEST_HEADING = 60
_LITTLE = 200  # letters
_LEVELS = 3  # of headings by size; smaller ones are of the last
_OTHER_SIZE = 1.15
_OTHER_WIDTH = 1.15
_PITCH = 1.35  # of the usual distance between lines; more begins a paragraph
_INDENT = 0.8  # heights
_NARROWEST = 12.0  # heights of a line that a paragraph goes on from
_SAME_EDGE = 4.0  # points, of columns of a table on two pages
_FOOT, _TOP = 0.7, 0.3  # of the page's height: a table that ends below, or begins above, may go on


@dataclass(frozen=True, slots=True)
class _Line:
    """A line, with what its column tells about it. `left` and `right` are the column's edges."""

    piece: Piece
    page: Page
    column: int
    left: float
    right: float
    pitch: float


def blocks(pages: Sequence[Page]) -> list[Block]:
    """What stands on `pages`, in reading order, without what repeats at their edges."""
    found: list[list[Piece]] = []
    pages = [page if page.scanned else laid_down(page) for page in pages]
    for page in pages:
        tables, words = ruled(page)
        found.append([*tables, *pieces(words)])
    height = _usual_height(found)
    found = without_running(pages, found, height)
    lines = list(_lines(pages, found))
    levels = _levels(lines, height)
    return _healed(_joined_tables([*_blocks(lines, height, levels)], pages))


def _usual_height(found: Sequence[Sequence[Piece]]) -> float:
    """Height of the letters that the text is set in, of tables too where there is little else; 0 if there is none."""
    counts: Counter[float] = Counter()
    for tables in (False, True):
        for one in (piece for on_page in found for piece in on_page if bool(piece.table) == tables):
            for word in one.words:
                counts[round(word.size * 2) / 2] += len(word.text)
        if counts.total() >= _LITTLE:
            break
    return max(counts, key=lambda size: (counts[size], -size), default=0.0)


def _lines(pages: Sequence[Page], found: Sequence[Sequence[Piece]]) -> Iterator[_Line]:
    parts = [
        (page, [merged(row) for row in aligned(rows(part), page.number)], len(whole) == 1)
        for page, on_page in zip(pages, found, strict=True)
        for whole in [columns(on_page)]
        for part in whole
    ]
    common = _edges([piece for _, here, alone in parts if alone for piece in here])[1]
    for column, (page, here, alone) in enumerate(parts):
        left, right = _edges(here)
        right = max(right, common) if alone and common <= page.width else right
        pitch = _pitch(here)
        yield from (_Line(piece, page, column, left, right, pitch) for piece in here)


def _edges(here: Sequence[Piece]) -> tuple[float, float]:
    """Where the lines of a column begin and end: for the end, at least two must agree, if any do.

    Pages of one column share that end, so that one with a few short lines is not taken for a narrow column.
    """
    lines = [piece for piece in here if not piece.table]
    ends = sorted((piece.x1 for piece in lines), reverse=True)
    right = next((end for end, after in pairwise(ends) if end - after <= lines[0].size), max(ends, default=0.0))
    return min((piece.x0 for piece in lines), default=0.0), right


def _pitch(here: Sequence[Piece]) -> float:
    """The usual distance between lines of one paragraph: the lower quarter, for paragraphs stand further apart."""
    steps = [
        after.y1 - before.y1
        for before, after in pairwise(here)
        if not before.table and not after.table and 0.7 * before.size < after.y1 - before.y1 < 3 * before.size
    ]
    return quantiles(steps, n=4)[0] if len(steps) > 1 else (steps[0] if steps else 0.0)


def _levels(lines: Sequence[_Line], height: float) -> dict[float, int]:
    """The level of headings for each size, from 1 for the tallest."""
    sizes = sorted({_rounded(line) for line in lines if _is_heading(line, height)}, reverse=True)
    tallest: list[float] = []
    levels = {}
    for size in sizes:
        if not tallest or size < 0.93 * tallest[-1]:
            tallest.append(size)
        levels[size] = min(len(tallest), _LEVELS)
    return levels


def _rounded(line: _Line) -> float:
    return round(line.piece.size * 2) / 2


def _is_heading(line: _Line, height: float) -> bool:
    taller = _HEADING_SCANNED if line.page.scanned else _HEADING
    text = line.piece.text
    return (
        not line.piece.table
        and line.piece.size > taller * height
        and len(text) <= _LONGEST_HEADING
        and any(c.isalpha() for c in text)
        and not heal.ends_sentence(text)
    )


def _blocks(lines: Sequence[_Line], height: float, levels: dict[float, int]) -> Iterator[Paragraph | Heading | Piece]:
    """Paragraphs and headings with LINE between their lines, and tables with their places."""
    group: list[_Line] = []
    for line in lines:
        if group and not _follows(group, line, height):
            yield _block(group, height, levels)
            group = []
        if line.piece.table:
            yield line.piece
        else:
            group.append(line)
    if group:
        yield _block(group, height, levels)


def _block(group: Sequence[_Line], height: float, levels: dict[float, int]) -> Paragraph | Heading:
    text = LINE.join(line.piece.text for line in group)
    if _is_heading(group[0], height):
        return Heading(text, levels[_rounded(group[0])], group[0].page.number)
    return Paragraph(text, group[0].page.number)


def _follows(group: Sequence[_Line], line: _Line, height: float) -> bool:
    """Whether `line` goes on with what the lines of `group` began."""
    last, before, piece = group[-1], group[-1].piece, line.piece
    if piece.table or line.page.scanned != last.page.scanned or not _same_size(before, piece, line.page.scanned):
        return False
    near = last.column == line.column and piece.y1 - before.y1 <= _PITCH * (line.pitch or 1.6 * piece.size)
    if _is_heading(last, height) or _is_heading(line, height):
        same = _is_heading(last, height) and _is_heading(line, height)
        return same and near and len(group) < 3 and not heal.starts_item(piece.text)
    if not (near if last.column == line.column else _same_width(last, line)):
        return False
    if not _full(last, piece) or not heal.goes_on(before.text, piece.text):
        return False
    if heal.ends_sentence(before.text):
        indented = piece.x0 - line.left > _INDENT * piece.size and piece.x0 - before.x0 > _INDENT * piece.size / 2
        return last.column == line.column and not indented
    return True


def _same_size(one: Piece, other: Piece, scanned: bool) -> bool:
    return max(one.size, other.size) <= (_HEADING_SCANNED if scanned else _OTHER_SIZE) * min(one.size, other.size)


def _same_width(one: _Line, other: _Line) -> bool:
    """Whether two columns can be of one text."""
    widths = one.right - one.left, other.right - other.left
    return max(widths) <= _OTHER_WIDTH * min(widths)


def _full(last: _Line, after: Piece) -> bool:
    """Whether a line ends because its column does: no room is left for the next word."""
    if last.piece.x1 - last.piece.x0 < _NARROWEST * last.piece.size:
        return False
    room = last.right - last.piece.x1
    first = after.words[0]
    return room < max(1.5 * last.piece.size, first.x1 - first.x0 + 0.3 * last.piece.size)


def _joined_tables(found: Sequence[Paragraph | Heading | Piece], pages: Sequence[Page]) -> list[Block]:
    """A table at the foot of a page and one on top of the next, with the same columns and nothing between, as one."""
    heights = {page.number: page.height for page in pages}
    result: list[Block] = []
    last: Piece | None = None
    for one in found:
        if not isinstance(one, Piece):
            result.append(one)
            last = None
            continue
        table = one.table
        assert table is not None
        before = result[-1] if result else None
        if last and isinstance(before, Table) and _continued(last, one, heights):
            rows = table.rows
            header = 0
            while header < min(len(rows) - 1, len(before.rows)) and rows[header] == before.rows[header]:
                header += 1
            pages_so_far = before.pages or (before.page,) * len(before.rows)
            more = rows[header:]
            result[-1] = replace(before, rows=before.rows + more, pages=(*pages_so_far, *[table.page] * len(more)))
        else:
            result.append(table)
        last = one
    return result


def _continued(last: Piece, after: Piece, heights: dict[int, float]) -> bool:
    above, below = last.table, after.table
    if above is None or below is None or above.page is None or below.page != above.page + 1:
        return False
    return (
        _width(above) == _width(below)
        and abs(last.x0 - after.x0) <= _SAME_EDGE
        and abs(last.x1 - after.x1) <= _SAME_EDGE
        and last.y1 >= _FOOT * heights[above.page]
        and after.y0 <= _TOP * heights[below.page]
    )


def _width(table: Table) -> int:
    return sum(cell.colspan for cell in table.rows[0])


def _healed(found: Sequence[Block]) -> list[Block]:
    """The blocks with their lines joined: text by what all its breaks tell, the cells of tables by theirs."""
    texts = iter(heal.join([block.text.split(LINE) for block in found if not isinstance(block, Table)]))
    result: list[Block] = []
    for block in found:
        if not isinstance(block, Table):
            result.append(replace(block, text=next(texts)))
        else:
            result.append(block)
    cells = [cell for block in result if isinstance(block, Table) for row in block.rows for cell in row]
    parts = [_items(cell.text.split(LINE)) for cell in cells]
    joined = iter(heal.join([item for part in parts for item in part]))
    filled = iter(
        [replace(cell, text=LINE.join(next(joined) for _ in part)) for cell, part in zip(cells, parts, strict=True)]
    )
    return [
        replace(block, rows=tuple(tuple(next(filled) for _ in row) for row in block.rows))
        if isinstance(block, Table)
        else block
        for block in result
    ]


def _items(lines: Sequence[str]) -> list[list[str]]:
    """The lines of a cell by the items of its list, if it is one; numbers under each other are never one."""
    result: list[list[str]] = []
    for line in lines:
        digits = result and result[-1][-1].strip()[-1:].isdigit() and line.strip()[:1].isdigit()
        if result and not digits and not heal.starts_item(line):
            result[-1].append(line)
        else:
            result.append([line])
    return result
