"""Where the tables of a sheet are: cut at blank rows and columns, then what stands above, beside and below their rows.

The header itself is told by mundap.ingest.header, as in documents.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from mundap.ingest.blocks import Cell
from mundap.ingest.forms import like_a_form, pairs
from mundap.ingest.header import FEW, Owner, column_shape, depth, headless, names, shape_of
from mundap.ingest.meanings import COLUMNS
from mundap.ingest.sheets.sheet import Merged, Row, Sheet
from mundap.korean.normalize import squash

_SAMPLE = 60  # rows that tell how a table is laid out
_LONGEST_HEADER = 40  # characters; a longer first cell is data in a sheet that has no header
_LONGEST_WORD = 10  # characters of a column's name that may end in a full stop, such as No.
_LONGEST_TITLE = 120
_LONG = 60  # characters of a merged cell's text that is not repeated
_FORM = 200  # rows of a form, at the most

_MARK = re.compile(
    r"[□■○●◎◆◇▶▷▣◈☐☑◦➤►▪]|【|[\[<〈《(（]\s*(?:별표|표|그림|서식|붙임|별지)|(?:별표|표|붙임|별지)\s?\d|제\s?\d+\s?[장절편]|[ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ]"
    r"|\d{1,2}[.)]\s?\S|[가-하]\.\s"
)
_TABLE = re.compile(r"[□■◆▶▣◈]|[\[<〈《(（【]?\s*(?:별표|표|서식|별지)\s?\d?")
_NOTE = re.compile(
    r"※|[*＊†‡]|(?:주|비고|참고|자료|출처|단서|유의사항|안내)\s?\d*\s?[):：.]|[(（](?:주|비고|참고|자료|출처)\s?\d*[)）]|주\s?\d+[)\s]|\d\)\s|[①-⑳]\s"
)
_ABOUT = re.compile(
    r"[(（\[<〈*※\s]*(?:단위|기준|기준일|작성|작성일|작성자|출력|출력일|조회|기간|조회기간|일자|날짜|담당|담당자|부서|출처|자료|기관|문서번호|버전|대상|작성부서)[가-힣]{0,4}\s?[:：]?"
)
_WHEN = re.compile(r"[(（\[<〈\s]*['’]?\d{2,4}\s?[년.\-/].*(?:기준|현재|말|작성|\d\.?)[)）\]>〉\s]*")
_COUNT = re.compile(r"(\D{0,3})(\d{1,4})(\D{0,3})")
_YEARS = range(1900, 2100)


@dataclass
class Area:
    """A table of a sheet. `columns` is empty where it has no header; every row has its number in the file.

    `parts` gives the line between rows that a row stands under, by its number, and `part` is the last one; `notes` are
    lines that stand below. `spaced` is whether its rows stand apart, `handed` a few of those that were handed on. `paired` is whether the first cell of a row names what stands beside it.
    """

    title: list[str] = field(default_factory=list)
    columns: tuple[str, ...] = ()
    rows: list[Row] = field(default_factory=list)
    parts: dict[int, str] = field(default_factory=dict)
    part: str = ""
    notes: list[Row] = field(default_factory=list)
    paired: bool = False
    form: bool = False
    spaced: bool = False
    handed: list[Row] = field(default_factory=list)
    left: int = 0
    width: int = 0


@dataclass
class _Region:
    """Rows without a blank row or column through them; their cells count from `left`."""

    left: int
    rows: list[Row]
    merged: list[Merged]


def areas(pieces: Iterable[Sheet]) -> Iterator[tuple[Sheet, list[Area]]]:
    """The tables of sheets, from above, those beside each other from the left. Fills the merged cells of their rows.

    Of a piece that goes on with a sheet those tables that it adds to or begins, with its rows alone.
    """
    layout: _Layout | None = None
    for piece in pieces:
        if layout is None or not piece.more:
            layout = _Layout(piece)
            found = layout.read()
        else:
            found = layout.go_on(piece)
        yield piece, found
        for area in found:
            area.handed = area.handed or area.rows[:_SAMPLE]
            area.rows, area.notes, area.parts = [], [], {}


class _Layout:
    """The areas so far, and the lines that wait for their table."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.areas: list[Area] = []
        self.waiting: list[Row] = []

    def read(self) -> list[Area]:
        blocks = _blocks(self.sheet)
        if not blocks:
            return []
        if all(_width(block.rows) == 1 for block in blocks) and not _stacked(blocks):
            self.area(_Region(0, [row for block in blocks for row in block.rows], blocks[0].merged))
        else:
            for block in blocks:
                self.block(block)
        self._end()
        return self.areas

    def go_on(self, piece: Sheet) -> list[Area]:
        """The areas that the next rows add to or begin."""
        last = self.areas[-1] if self.areas else self._new()
        count = len(self.areas)
        for n, block in enumerate(_blocks(piece)):
            if n == 0 and block.rows[0][0] not in piece.gaps:
                self.body(last, _from(block, last.left), last.part)
            else:
                self.block(block)
        self._end()
        return self.areas[count - 1 :]

    def _end(self) -> None:
        """Lines that wait for a table with none below are notes of the one above."""
        if self.waiting:
            (self.areas[-1] if self.areas else self._new()).notes.extend(self.waiting)
            self.waiting = []

    def _new(self) -> Area:
        self.areas.append(Area())
        return self.areas[-1]

    def block(self, block: _Region) -> None:
        if _only_lines(block):
            for number, cells in block.rows:
                text = " ".join(cell for cell in cells if cell)
                if self.areas and self.areas[-1].spaced and not self.waiting and _is_row(self.areas[-1], cells):
                    self.areas[-1].rows.append((number, cells[self.areas[-1].left :]))
                    continue
                if _NOTE.match(text) and self.areas and not self.waiting:
                    self.areas[-1].notes.append((number, [text]))
                else:
                    self.waiting.append((number, [text]))
            return
        waiting, self.waiting = self.waiting, []
        before = list(self.areas)
        for region in _side_by_side(block, self.sheet.ragged):
            self.waiting = list(waiting)
            self.area(region, before)
        self.waiting = []

    def area(self, region: _Region, before: Sequence[Area] = ()) -> None:
        """Add a region as a table, or its rows to the table above that they go on with."""
        title = [cells[0] for _, cells in self.waiting]
        self.waiting = []
        region = _filled_width(region)
        last = next((one for one in reversed(before) if one.left == region.left), None)
        if last and not title and (going := _goes_on(last, region)) is not None:
            last.spaced = True
            self.body(last, _Region(region.left, region.rows[going:], region.merged))
            return
        titles = _titles(region)
        title += [text for _, cells in region.rows[:titles] if (text := " ".join(cell for cell in cells if cell))]
        region = _filled_width(_Region(region.left, region.rows[titles:], region.merged))
        area = Area(title=title, left=region.left, width=_longest(region.rows))
        self.areas.append(area)
        self.head(area, region)

    def head(self, area: Area, region: _Region) -> None:
        """Find the header of `area` and go on with its body."""
        sample = _padded(region.rows[:_SAMPLE], area.width)
        owners, texts = _places(sample, region)
        cells = [[one[2] for one in dict.fromkeys(row) if one] for row in owners]
        own = [
            [one[2] for x, one in enumerate(row) if one and (one[0], one[1]) == (y, x)] for y, row in enumerate(owners)
        ]
        if area.width > 1 and 1 < len(region.rows) <= _FORM and like_a_form(own, cells):
            area.form = True
            every, _ = _places(_padded(region.rows, area.width), region)
            for (number, row), line in zip(region.rows, every, strict=True):
                found = pairs([one[2] for one in dict.fromkeys(line) if one])
                area.rows += [(number, list(pair)) for pair in found] or [(number, [c for c in row if c])]
            return
        top = 0
        if area.width == 1:
            top = int(len(region.rows) > 1 and _short(texts[0]) and not _sentence(texts[0]))
        elif len(texts) > 1 or _meant(texts[0]):
            top = depth(owners, texts) or int(_meant(texts[0]))
            called = names(owners, texts, top) if top else ()
            known = any(_meant(row) for row in texts[:top])
            if top and not known and (not _short(called) or _covered(texts[:top]) * 2 < area.width):
                top = 0
            elif not top:
                area.paired = headless(texts) and len(texts[0][0]) <= _LONGEST_HEADER
        if top:
            called = names(owners, texts, top)
            area.columns = _unended(called) if self.sheet.ragged else called
        self.body(area, _Region(region.left, region.rows[top:], region.merged))

    def body(self, area: Area, region: _Region, part: str = "") -> None:
        """Add the rows of a body, and tell notes, lines between rows, and tables that begin without a blank row. `part` is
        the line between rows that they stand under."""
        wide = _fill(region, area.width)
        rows = region.rows
        header = list(area.columns)
        for n, (number, cells) in enumerate(rows):
            if area.width > 1:
                filled = [cell for cell in cells if cell]
                if len(filled) == 1:
                    text = filled[0]
                    if _NOTE.match(text) and cells[0]:
                        area.notes.append((number, [text]))
                        continue
                    if number in wide or (cells[0] and len(text) <= _LONGEST_TITLE and _MARK.match(text)):
                        if self._begins(area, rows[n + 1 : n + 1 + _SAMPLE], text):
                            self.waiting = []
                            self.area(_Region(region.left, rows[n:], region.merged))
                            return
                        if number in wide or n + 1 < len(rows):
                            part = text
                            if n + 1 == len(rows):
                                area.notes.append((number, [text]))
                            continue
                elif header and cells == header:
                    continue  # said again on another page
            area.rows.append((number, cells))
            if part:
                area.parts[number] = part
        area.part = part

    def _begins(self, area: Area, below: Sequence[Row], text: str) -> bool:
        """Whether a table begins under a line between rows."""
        rows = [cells for _, cells in below]
        if area.columns and not area.rows:
            return False  # the line stands between the header and its rows
        if len(rows) < 2 or sum(map(bool, rows[0])) < 2:
            return False
        width = max(map(len, rows))
        texts = [(*cells, *[""] * (width - len(cells))) for cells in rows]
        if headless(texts) or not _short([cell for cell in texts[0] if cell]):
            return False
        if _TABLE.match(text) and not _MARK.match(text).group()[0].isdigit():  # type: ignore[union-attr]
            return not _alike(area, rows[0])
        return _unlike(area, rows[0])


def _alike(area: Area, row: Sequence[str]) -> bool:
    """Whether a row has numbers where the rows of a table have them."""
    shapes = _shapes(area)
    return any(shape and x < len(row) and shape_of(row[x]) == shape for x, shape in enumerate(shapes))


def _unlike(area: Area, row: Sequence[str]) -> bool:
    """Whether a row has words where the rows of a table have numbers."""
    shapes = _shapes(area)
    return any(shape and x < len(row) and row[x] and "0" not in shape_of(row[x]) for x, shape in enumerate(shapes))


def _shapes(area: Area) -> list[str]:
    rows = [cells for _, cells in (area.handed or area.rows[:_SAMPLE])]
    return [column_shape([cells[x] for cells in rows if x < len(cells)]) for x in range(area.width)]


def _goes_on(last: Area, region: _Region) -> int | None:
    """How many rows on top of a region to leave out, if it goes on with the table above; None if it does not."""
    first = region.rows[0][1]
    if last.form or _longest(region.rows) > last.width:
        return None
    if last.columns and [*first] == [*last.columns][: len(first)]:
        return 1
    if _titles(region) or sum(map(bool, first)) < 2 <= last.width:
        return None
    if len(region.rows) == 1:
        return 0
    if _unlike(last, first) or (not any(_shapes(last)) and sum(map(bool, first)) != last.width):
        return None
    return 0


# -- cutting ----------------------------------------------------------------------------------------------------------


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


def _blocks(sheet: Sheet) -> list[_Region]:
    """The rows of a sheet parted at blank ones."""
    merged = [one for one in sheet.merged if one.top != one.bottom or one.left != one.right]
    gaps = _open(sheet.gaps, merged)
    blocks: list[_Region] = []
    for row in sheet.rows:
        if not blocks or row[0] in gaps:
            blocks.append(_Region(0, [], merged))
        blocks[-1].rows.append(row)
    return blocks


def _width(rows: Sequence[Row]) -> int:
    """Of the row with the most cells that are filled."""
    return max((sum(map(bool, cells)) for _, cells in rows[:_SAMPLE]), default=0)


def _longest(rows: Sequence[Row]) -> int:
    return max((len(cells) for _, cells in rows), default=0)


def _stacked(blocks: Sequence[_Region]) -> bool:
    """Whether blocks of one cell a row stand in different columns."""
    return len({next(x for x, cell in enumerate(cells) if cell) for block in blocks for _, cells in block.rows[:5]}) > 1


def _only_lines(block: _Region) -> bool:
    """Whether a block is lines of text: titles, what is said about a table, notes."""
    if len(block.rows) > _SAMPLE:
        return False
    return all(sum(map(bool, cells)) == 1 or _about(cells) for _, cells in block.rows)


def _is_row(area: Area, cells: Sequence[str]) -> bool:
    """Whether a line behind a table whose rows stand apart is another row of it."""
    first = next(x for x, cell in enumerate(cells) if cell)
    text = cells[first]
    return first == area.left and not (_NOTE.match(text) or _MARK.match(text) or _ABOUT.match(text))


def _about(cells: Sequence[str]) -> bool:
    """Whether a row says of when or in what units a table is, beside at most one title."""
    filled = [cell for cell in cells if cell]
    others = [cell for cell in filled if not (_ABOUT.match(cell) or _WHEN.fullmatch(cell))]
    return (len(filled) < 3 and not others) or (len(filled) == 2 and others == filled[:1] and len(cells) > 2)


def _side_by_side(block: _Region, ragged: bool) -> list[_Region]:
    """The tables of a block, parted at blank columns where each has columns and a header of its own."""
    rows = block.rows
    lead = 0
    while lead + 1 < len(rows) and lead < FEW and sum(map(bool, rows[lead][1])) == 1:
        lead += 1
    over = {one.top: one.right - one.left for one in block.merged if one.right > one.left}
    spans = [range(one.left, one.right + 1) for one in block.merged if _within(one, rows[lead:])]
    bands = _bands(rows[lead:], spans)
    if ragged or len(bands) < 2 or any(right == left for left, right in bands):
        return [block]
    parts = [
        _Region(block.left + left, kept, _shifted(block.merged, left, right))
        for left, right in bands
        if (
            kept := [(number, cells[left : right + 1]) for number, cells in rows[lead:] if any(cells[left : right + 1])]
        )
    ]
    if len(parts) < 2 or not all(_own(part, parts) for part in parts[1:]):
        return [block]
    first = next(x for x, cell in enumerate(rows[0][1]) if cell) if lead else 0
    mine = (
        lead and first <= bands[0][1] and over.get(rows[lead - 1][0], 0) <= bands[0][1] and any(map(_titles, parts[1:]))
    )
    above = [(number, [cell for cell in cells if cell]) for number, cells in rows[:lead]]
    return [
        _Region(part.left, [*(above if not mine or n == 0 else above[:-1]), *part.rows], part.merged)
        for n, part in enumerate(parts)
    ]


def _within(one: Merged, rows: Sequence[Row]) -> bool:
    return bool(rows) and one.right > one.left and rows[0][0] <= one.top <= rows[-1][0]


def _bands(rows: Sequence[Row], spans: Sequence[range]) -> list[tuple[int, int]]:
    """(first, last) of the runs of columns that are not empty throughout."""
    filled: set[int] = set()
    for span in spans:
        filled.update(span)
    width = _longest(rows)
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


def _shifted(merged: Sequence[Merged], left: int, right: int) -> list[Merged]:
    return [
        Merged(one.top, one.bottom, max(one.left, left) - left, min(one.right, right) - left)
        for one in merged
        if one.left <= right and one.right >= left
    ]


def _own(part: _Region, parts: Sequence[_Region]) -> bool:
    """Whether a part stands for itself, rather than being the other columns of the table on its left: it has a title of
    its own, other rows, a header that begins like another's, or names or numbers in order in its first column."""
    first = parts[0]
    if _titles(part) or len(part.rows) != len(first.rows) or part.rows[0][0] != first.rows[0][0]:
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


def _filled_width(region: _Region) -> _Region:
    """A region without empty columns on its left, and without those on its right."""
    left = min((next((x for x, cell in enumerate(cells) if cell), 0) for _, cells in region.rows), default=0)
    return _from(region, left)


def _from(region: _Region, left: int) -> _Region:
    """A region without its columns before that one."""
    if not left:
        return region
    rows = [(number, cells[left:]) for number, cells in region.rows]
    return _Region(region.left + left, rows, _shifted(region.merged, left, 1 << 20))


# -- what stands above and below --------------------------------------------------------------------------------------


def _titles(region: _Region) -> int:
    """How many rows on top say what the table is, rather than being part of it."""
    rows = region.rows
    width = _width(rows)
    if width < 2:
        return 0
    count = 0
    for number, cells in rows[:_SAMPLE]:
        filled = [cell for cell in cells if cell]
        if count + 1 >= len(rows) or len(filled) >= max(width, 2):
            break
        if len(filled) == 1:
            wide = any(m.top == number and m.right > m.left for m in region.merged)
            if not (cells[0] or wide or _about(cells) or count):
                break  # a header whose corner is blank
        elif not (_about(cells) and width > 2):
            break
        count += 1
    return count if any(sum(map(bool, cells)) > 1 for _, cells in rows[count : count + _SAMPLE]) else 0


def _meant(row: Sequence[str]) -> bool:
    """Whether a row has the name of a column of questions or of passages."""
    known = COLUMNS["passage"] + COLUMNS["question"]
    return any(squash(cell).lower() in known for cell in row)


def _covered(header: Sequence[Sequence[str]]) -> int:
    """How many columns a header has some text above."""
    return sum(any(column) for column in zip(*header, strict=True))


def _short(row: Sequence[str]) -> bool:
    return all(len(cell) <= _LONGEST_HEADER for cell in row)


def _sentence(header: Sequence[str]) -> bool:
    """Whether the first row is no header but a sentence, of a sheet with one column."""
    return len(header[0]) > _LONGEST_WORD and header[0][-1] in ".!?"


def _unended(called: tuple[str, ...]) -> tuple[str, ...]:
    """A header without the blanks at its end."""
    while called and not called[-1]:
        called = called[:-1]
    return called


# -- merged cells -----------------------------------------------------------------------------------------------------


def _padded(rows: Sequence[Row], width: int) -> list[Row]:
    return [(number, [*cells, *[""] * (width - len(cells))]) for number, cells in rows]


def _places(rows: Sequence[Row], region: _Region) -> tuple[list[list[Owner | None]], list[tuple[str, ...]]]:
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


def _fill(region: _Region, width: int) -> frozenset[int]:
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
        once = one.right - one.left >= FEW or len(text) > _LONG
        across = range(one.left, min(one.right + 1, width)) if not once else range(one.left, one.left + 1)
        for y in range(top, bottom):
            row = region.rows[y][1]
            row += [""] * (across.stop - len(row))
            for x in across:
                row[x] = row[x] or text
    return frozenset(whole)
