"""Where the tables of a sheet are: cut at blank rows and columns, then what stands above, beside and below their rows.

The header itself is told by mundap.ingest.header, as in documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from mundap.ingest.form_tables import Part, are_names, form_parts
from mundap.ingest.forms import all_names, like_a_form, pairs_of
from mundap.ingest.groups import Groups, grouping
from mundap.ingest.header import Owner, depth, headless, names
from mundap.ingest.meanings import COLUMNS
from mundap.ingest.sheets.alternating import alternating
from mundap.ingest.sheets.approval import without_approval
from mundap.ingest.sheets.cutting import blocks_of, joined, side_by_side, stacked
from mundap.ingest.sheets.likeness import alike, fill_ditto, listed, names_again, period, shapes_of, unlike
from mundap.ingest.sheets.region import (
    SAMPLE,
    Region,
    fill_merged,
    from_column,
    longest,
    most_filled,
    padded,
    places,
    without_blank_columns,
)
from mundap.ingest.sheets.sheet import Row, Sheet
from mundap.ingest.sheets.titles import ABOUT, MARK, NOTE, TABLE, below, kind, only_lines, only_notes, titles
from mundap.korean.normalize import squash

_LONGEST_HEADER = 40  # characters; a longer first cell is data in a sheet that has no header
_LONGEST_WORD = 10  # characters of a column's name that may end in a full stop, such as No.
_LONGEST_TITLE = 120
_UNIT = re.compile(r"[(（\[]\s*단위\s*[:：]")
_SIGNED = re.compile(r"(?:작성|작성자|작성일|담당|담당자|문의|출처|자료|기준일)\s?[:：]")
_PAUSE = re.compile(r"점심|중식|휴식|쉬는\s?시간|lunch|break", re.IGNORECASE)  # a row of a timetable, and no title
_FEW_COLUMNS = 2  # of a table in which a row may have one cell
_NOTES = re.compile(r"[(\[<【※*]?(?:비고|주|주석|참고|참고사항|유의사항|안내|안내사항|기타)[)\]>】]?[:：]?")
_LISTED = re.compile(r"[-–·•∙○*※(（]\s?\S")
_SAYS_MORE = re.compile(r"비고|산출|내용|내역|근거|설명|사유|세부|참고|특이")
_LETTER = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d")
_FORM = 200  # rows of a form, at the most


@dataclass
class Area:
    """A table of a sheet. `columns` is empty where it has no header; every row has its number in the file.

    `parts` gives the line between rows that a row stands under, by its number, and `part` is the last one; `notes` are
    lines that stand below. `spaced` is whether its rows stand apart, `handed` a few of those that were handed on. `paired` is whether the first cell of a row names what stands beside it; `fold` is after how many columns the
    header begins again, where a row of the sheet holds several rows of the table.
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
    fold: int = 0
    groups: Groups = field(default_factory=Groups)
    left: int = 0
    width: int = 0


def areas(pieces: Iterable[Sheet]) -> Iterator[tuple[Sheet, list[Area]]]:
    """The tables of sheets, from above, those beside each other from the left. Fills the merged cells of their rows.

    Of a piece that goes on with a sheet those tables that it adds to or begins, with its rows alone.
    """
    layout: _Layout | None = None
    for piece in pieces:
        if layout is None or not piece.more:
            layout = _Layout(without_approval(piece))
            found = layout.read()
        else:
            found = layout.go_on(piece)
        yield piece, found
        for area in found:
            area.handed = area.handed or area.rows[:SAMPLE]
            area.rows, area.notes, area.parts = [], [], {}


class _Layout:
    """The areas so far, and the lines that wait for their table."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.areas: list[Area] = []
        self.waiting: list[Row] = []
        self.titles: list[str] = []  # those of the last table that had some

    def read(self) -> list[Area]:
        blocks = blocks_of(self.sheet)
        if not blocks:
            return []
        if (asked := alternating(self.sheet.rows)) is not None:
            area = self._new()
            area.title, area.rows = asked
            area.columns = (COLUMNS["question"][0], COLUMNS["answer"][0])
            area.width = len(area.columns)
            return self.areas
        if all(most_filled(block.rows) == 1 for block in blocks) and not stacked(blocks):
            rows = [row for block in blocks for row in block.rows]
            self.area(Region(0, rows, [one for block in blocks for one in block.merged]))
        else:
            for block in joined(blocks):
                self.block(block)
        self._end()
        return self.areas

    def go_on(self, piece: Sheet) -> list[Area]:
        """The areas that the next rows add to or begin."""
        last = self.areas[-1] if self.areas else self._new()
        count = len(self.areas)
        for n, block in enumerate(blocks_of(piece)):
            if n == 0 and block.rows[0][0] not in piece.gaps:
                self.body(last, from_column(block, last.left), last.part)
            else:
                self.block(block)
        self._end()
        return self.areas[count - 1 :]

    def _end(self) -> None:
        """Lines that wait for a table with none below are notes of the one above, or stand under a title of their own."""
        if not self.waiting:
            return
        (_, (first, *_)), *rest = self.waiting
        if rest and MARK.match(first) and not NOTE.match(first):
            area = self._new()
            area.title, area.notes = self._titled([first]), rest
        else:
            (self.areas[-1] if self.areas else self._new()).notes.extend(self.waiting)
        self.waiting = []

    def _new(self) -> Area:
        self.areas.append(Area())
        return self.areas[-1]

    def _sections(self, lines: list[Row]) -> list[Row]:
        """Lines above a table without the sections before it, each a title with the same kind of mark as the table's and
        lines below, which are added by themselves."""
        marks = [kind(text) for _, (text,) in lines]
        last = next((mark for mark in reversed(marks) if mark), "")
        starts = [n for n, mark in enumerate(marks) if mark and mark == last]
        if not any(after > start + 1 for start, after in pairwise(starts)):
            return lines
        over = lines[: starts[0]]
        for start, after in pairwise(starts):
            area = self._new()
            area.title = self._titled([text for _, (text,) in (*over, lines[start])])
            area.notes = lines[start + 1 : after]
        return [*over, *lines[starts[-1] :]]

    def _titled(self, lines: list[str]) -> list[str]:
        """Lines above a table, below those that stand above its title and the one before."""
        if lines:
            self.titles = lines = below(self.titles, lines)
        return lines

    def block(self, block: Region) -> None:
        if only_lines(block):
            for number, cells in block.rows:
                text = " ".join(cell for cell in cells if cell)
                if self.areas and self.areas[-1].spaced and not self.waiting and _is_row(self.areas[-1], cells):
                    self.areas[-1].rows.append((number, cells[self.areas[-1].left :]))
                    continue
                if NOTE.match(text) and self.areas and not self.waiting:
                    self.areas[-1].notes.append((number, [text]))
                else:
                    self.waiting.append((number, [text]))
            return
        waiting, self.waiting = self.waiting, []
        before = list(self.areas)
        for region in side_by_side(block, self.sheet.ragged):
            self.waiting = list(waiting)
            self.area(region, before)
        self.waiting = []

    def area(self, region: Region, before: Sequence[Area] = ()) -> None:
        """Add a region as a table, or its rows to the table above that they go on with."""
        lines, self.waiting = self.waiting, []
        region = without_blank_columns(region)
        if self.areas and only_notes(region):
            self.areas[-1].notes += [(number, [cell for cell in cells if cell]) for number, cells in region.rows]
            return
        last = next((one for one in reversed(before) if one.left == region.left), None)
        if last and not lines and (going := _goes_on(last, region)) is not None:
            last.spaced = True
            self.body(last, Region(region.left, region.rows[going:], region.merged))
            return
        above = titles(region)
        lines += [
            (number, [text])
            for number, cells in region.rows[:above]
            if (text := " ".join(cell for cell in cells if cell))
        ]
        title = [text for _, (text,) in self._sections(lines)]
        region = without_blank_columns(Region(region.left, region.rows[above:], region.merged))
        if not title and self.areas and self.areas[-1].form:
            title = list(self.areas[-1].title)  # a form and the table below it have one
        area = Area(title=self._titled(title), left=region.left, width=longest(region.rows))
        self.areas.append(area)
        self.head(area, region)

    def head(self, area: Area, region: Region) -> None:
        """Find the header of `area` and go on with its body."""
        sample = padded(region.rows[:SAMPLE], area.width)
        owners, texts = places(sample, region)
        cells = [[one[2] for one in dict.fromkeys(row) if one] for row in owners]
        own = [
            [one[2] for x, one in enumerate(row) if one and (one[0], one[1]) == (y, x)] for y, row in enumerate(owners)
        ]
        if area.width > 1 and 1 < len(region.rows) <= _FORM:
            every, _ = places(padded(region.rows, area.width), region)
            if parts := form_parts(every):
                self._parts(area, region, parts)
                return
            if like_a_form(own, cells):
                _add_form(area, region, every)
                return
        top = 0
        if area.width == 1 and self._listed(area, region):
            return
        if area.width == 1:
            top = int(
                len(region.rows) > 1
                and _short(texts[0])
                and not (_sentence(texts[0]) or listed(texts[0][0], texts[1][0]))
            )
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
            area.fold = period(area.columns)
            area.columns = area.columns[: area.fold or None]
        self.body(area, Region(region.left, region.rows[top:], region.merged))

    def _parts(self, area: Area, region: Region, parts: Sequence[Part]) -> None:
        """Read a frame of forms and tables, each part under the title of the frame."""
        self.areas.remove(area)
        for part in parts:
            rows = region.rows[part.first : part.after]
            merged = [one for one in region.merged if rows[0][0] <= one.top <= rows[-1][0]]
            found = from_column(Region(region.left, rows, merged), part.left)
            if part.form:
                form = replace(self._new(), title=area.title, left=found.left, width=area.width)
                self.areas[-1] = form
                _add_form(form, found, places(padded(rows, area.width), found)[0])
            else:
                label = [" ".join(part.label.split())] if part.label else []
                self.waiting = [(rows[0][0], [text]) for text in [*area.title, *label]]
                self.area(found)

    def _listed(self, area: Area, region: Region) -> bool:
        """Add the rows of one column as lines under titles, if the mark of the first comes again and others stand between."""
        rows = [(number, next(filter(None, cells), "")) for number, cells in region.rows]
        mark = kind(rows[0][1])
        titles = [n for n, (_, text) in enumerate(rows) if mark and kind(text) == mark]
        if len(titles) < 2 or not all(after > n + 1 for n, after in pairwise([*titles, len(rows)])):
            return False
        part = ""
        for n, (number, text) in enumerate(rows):
            if n in titles:
                part = text
            else:
                area.rows.append((number, [text]))
                area.parts[number] = part
        return True

    def body(self, area: Area, region: Region, part: str = "") -> None:
        """Add the rows of a body, and tell notes, lines between rows, and tables that begin without a blank row. `part` is
        the line between rows that they stand under."""
        wide = fill_merged(region, area.width)
        rows = region.rows
        header = list(area.columns)
        lines: list[Row] = []  # those since the last row
        end = _notes_below(rows) if area.width > _FEW_COLUMNS else len(rows)
        area.notes += [(number, [cells[0]]) for number, cells in rows[end:]]
        rows = rows[:end]
        if not area.fold and not area.groups.labels:
            area.groups = grouping(area.columns, (cells for _, cells in rows))
        for n, (number, cells) in enumerate(rows):
            if area.width > 1:
                filled = [cell for cell in cells if cell]
                if len(filled) == 1:
                    text = filled[0]
                    signed = n + 1 == len(rows) and bool(_SIGNED.match(text))
                    if signed or ((NOTE.match(text) or _UNIT.match(text)) and cells[0]):
                        area.notes.append((number, [text]))
                        continue
                    if _continues(area, cells):
                        continue
                    if not _PAUSE.search(text) and (
                        number in wide or (cells[0] and len(text) <= _LONGEST_TITLE and MARK.match(text))
                    ):
                        if self._begins(area, rows[n + 1 : n + 1 + SAMPLE], text):
                            self.waiting = []
                            self.area(Region(region.left, rows[n:], region.merged))
                            return
                        if number in wide or n + 1 < len(rows):
                            lines.append((number, [text]))
                            continue
                elif header and cells[: area.fold or None] == header:
                    continue  # said again on another page
                elif header and area.rows and n + 1 < len(rows) and _names_others(header, cells):
                    self.area(Region(region.left, rows[n:], region.merged))
                    return
                elif header and cells[0] == header[0] and names_again(_shapes(area), cells):
                    self.waiting = [(number, [text]) for text in area.title]
                    self.area(Region(region.left, rows[n:], region.merged))
                    return
            fill_ditto(cells, rows[n - 1][1] if n else [])
            if lines:
                part = " > ".join(below(part.split(" > ") if part else [], [text for _, (text,) in lines]))
                lines = []
                area.groups.clear()
            area.groups.fill(cells)
            if area.fold:
                every = (cells[x : x + area.fold] for x in range(0, len(cells), area.fold))
                area.rows += [(number, one) for one in every if any(one)]
            else:
                area.rows.append((number, cells))
            if part:
                area.parts[number] = part
        area.notes = sorted([*area.notes, *lines])
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
        if area.title and kind(text) and kind(area.title[-1]) == kind(text) and are_names([c for c in rows[0] if c]):
            return True  # another section like that which the table began with
        if TABLE.match(text) and not MARK.match(text).group()[0].isdigit():  # type: ignore[union-attr]
            return not alike(_shapes(area), rows[0])
        return unlike(_shapes(area), rows[0])


def _notes_below(rows: Sequence[Row]) -> int:
    """Where the lines below the rows of a table begin: 비고, or a line with a mark, and nothing but lines behind it."""
    end = len(rows)
    while end and sum(map(bool, rows[end - 1][1])) == 1 and rows[end - 1][1][0]:
        end -= 1
    for n, (_, cells) in enumerate(rows[end:], end):
        if _NOTES.fullmatch(squash(cells[0])) or NOTE.match(cells[0]) or (MARK.match(cells[0]) and n > 0):
            return n
    return len(rows)


def _continues(area: Area, cells: Sequence[str]) -> bool:
    """Add a row with one cell, of more to what stands above it there, to that; False if it is something else."""
    x = next(x for x, cell in enumerate(cells) if cell)
    last = area.rows[-1][1] if area.rows and not area.fold else []
    first = area.groups.end - (cells[x][0] in "(（")  # a column that names rows; what is in brackets names none
    if area.width < 3 or x <= first or x >= len(last) or not last[x] or not _LETTER.search(cells[x]):
        return False
    named = x < len(area.columns) and _SAYS_MORE.search(area.columns[x])
    if not (x + 1 == area.width or named or _LISTED.match(cells[x])):
        return False
    last[x] = f"{last[x]}\n{cells[x]}"
    return True


def _add_form(area: Area, region: Region, owners: Sequence[Sequence[Owner | None]]) -> None:
    """Add the pairs of each row, and what else stands in one."""
    area.form = True
    lines = [[one[2] for one in dict.fromkeys(line) if one] for line in owners]
    for (number, _), line, found in zip(region.rows, lines, pairs_of(lines), strict=True):
        texts = [cell.text for cell in line if cell.text]
        area.rows += [(number, list(pair)) for pair in found] or ([(number, texts)] if texts else [])


def _names_others(header: Sequence[str], cells: Sequence[str]) -> bool:
    """Whether a row below others is the header of another table: it has only known names, and hardly those of this one."""
    if not all(cells) or any(map(_DIGIT.search, cells)):
        return False
    return all_names(cells) and len({*cells} & {*header}) * 2 < len(cells)


def _shapes(area: Area) -> list[str]:
    return shapes_of(area.handed or area.rows[:SAMPLE], area.width)


def _goes_on(last: Area, region: Region) -> int | None:
    """How many rows on top of a region to leave out, if it goes on with the table above; None if it does not."""
    first = region.rows[0][1]
    if last.form or longest(region.rows) > last.width:
        return None
    if last.columns and [*first] == [*last.columns][: len(first)]:
        return 1
    if titles(region) or sum(map(bool, first)) < 2 <= last.width:
        return None
    if len(region.rows) == 1:
        return 0
    if unlike(_shapes(last), first) or (not any(_shapes(last)) and sum(map(bool, first)) != last.width):
        return None
    return 0


def _is_row(area: Area, cells: Sequence[str]) -> bool:
    """Whether a line behind a table whose rows stand apart is another row of it."""
    first = next(x for x, cell in enumerate(cells) if cell)
    text = cells[first]
    return first == area.left and not (NOTE.match(text) or MARK.match(text) or ABOUT.match(text))


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
