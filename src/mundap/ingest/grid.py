"""Tables as rectangles of text, and as Markdown: merged cells filled, headers of several rows made one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from mundap.ingest.blocks import Cell, Table
from mundap.ingest.form_tables import Part, form_parts, sections
from mundap.ingest.forms import is_name, like_a_form, pairs_of
from mundap.ingest.groups import grouping
from mundap.ingest.header import FEW, Owner, depth, names
from mundap.ingest.sheets.region import Region
from mundap.ingest.sheets.sheet import Merged
from mundap.ingest.sheets.titles import titles
from mundap.korean.normalize import normalize

Row = tuple[str, ...]
Span = tuple[int, int]

TABLE = "table"  # the value of meta["kind"] of a section or passage that is a Markdown table

MAX_PLACES = 1_000_000  # of one table; more is a broken file, or a hostile one
_FEW_COLUMNS = 2  # of a table in which one cell in a row is no title
_LONG = 60  # characters of a merged cell's text that is not repeated
_BLANKS = re.compile(r"\s+")
_LINE = re.compile(r"[^\n]+")
_BAR = re.compile(r"(?<!\\)\|")


class TableTooLarge(Exception):
    """A table has more than MAX_PLACES places."""


@dataclass(frozen=True)
class Grid:
    """A rectangle of cells: every row has as many as there are `columns`, whose names may be empty.

    `title` is what a cell over the whole width says above the header; `caption` and `page` are the table's,
    `pages` those of its rows where they are several.
    """

    columns: Row
    rows: tuple[Row, ...]
    title: str = ""
    caption: str = ""
    page: int | None = None
    pages: tuple[int | None, ...] = ()

    def by_page(self) -> Iterator[tuple[int | None, list[Row]]]:
        """The rows of each page that the table stands on."""
        pages = self.pages or (self.page,) * len(self.rows)
        for page, rows in groupby(zip(pages, self.rows, strict=True), key=lambda pair: pair[0]):
            yield page, [row for _, row in rows]


def grid(table: Table) -> Grid:
    """`table` without empty rows and columns, a merged cell's text in each place that it covers.

    A cell over the whole width stands once: above the header it is the title, below it a line between rows; so does one
    over more than a few columns, one with a long text, and each of a form. A form has no columns with names, and each of
    its pairs of a name and values is a row. A header of several rows is made one: 평일 under 요금 is "요금 평일". Raises
    TableTooLarge.
    """
    owners = _owners(table)
    full = [y for y, row in enumerate(table.rows) if _is_full(row, len(owners[y]))]
    above = 0
    while above in full and above + 2 < len(owners):
        above += 1
    lines = [_cells(row) for row in owners[above:]]
    form = (
        table.form
        or table.framed
        or (table.header == 0 and (like_a_form(table.rows[above:], lines) or _irregular(owners[above:])))
    )
    if not (form or table.header):
        above = max(above, _titles(_region(table, owners)))
    rows, once = _texts(owners, 1 if form else FEW)
    title = " ".join(dict.fromkeys(cell for row in rows[:above] for cell in row if cell))
    body = [(row[0], *[""] * (len(row) - 1)) if y in full else row for y, row in enumerate(once)]
    caption = one_line(table.caption)
    if form:
        found = _form(body[above:], pairs_of(lines, table.form))
        pages = tuple(table.pages[above + y] for y, _ in found) if table.pages else ()
        columns = ("",) * len(found[0][1]) if found else ()
        return Grid(columns, tuple(row for _, row in found), title, caption, table.page, pages)
    top = above + depth(_from(owners, above), rows[above:], table.header - above)
    wide = _filled([*rows[above:top], *body[top:]])
    called = names(_from(owners, above), rows[above:], top - above)
    kept = [(y, tuple(row[x] for x in wide)) for y, row in enumerate(body) if y >= top]
    kept = [(y, row) for y, row in kept if any(row)]
    pages = tuple(table.pages[y] for y, _ in kept) if table.pages else ()
    columns = tuple(called[x] for x in wide)
    return Grid(columns, _grouped(columns, [row for _, row in kept]), title, caption, table.page, pages)


def parted(table: Table) -> list[Table]:
    """`table`, or its forms and tables where it is a frame for several. Raises TableTooLarge."""
    if table.form or table.header:
        return [table]
    owners = _owners(table)
    above = 0
    while above < len(owners) and _is_full(table.rows[above], len(owners[above])):
        above += 1
    frame = _from(owners, above)
    if parts := form_parts(frame):
        title = table.caption or " ".join(one_line(row[0].text) for row in table.rows[:above])
        return [_part(table, part, frame, above, title) for part in parts]
    frame = _from(owners, 0)
    parts = sections(frame)
    return [_part(table, part, frame, 0, table.caption) for part in parts] or [table]


def _is_full(row: Sequence[Cell], width: int) -> bool:
    """Whether one cell covers the whole row."""
    return len(row) == 1 and row[0].colspan == width > 1


def _part(table: Table, part: Part, frame: Sequence[Sequence[Owner | None]], above: int, title: str) -> Table:
    rows = []
    for y in range(part.first, part.after):
        own = [one for one in dict.fromkeys(frame[y][part.left :]) if one is None or one[0] == y or y == part.first]
        rows.append(
            tuple(
                replace(c, rowspan=min(top + c.rowspan, part.after) - y)
                for top, _, c in (one or (y, 0, Cell("")) for one in own)
            )
        )
    caption = " ".join(filter(None, [title, one_line(part.label)])) if part.first else title
    pages = table.pages[above + part.first : above + part.after]
    return Table(tuple(rows), (pages[0] if pages else table.page), caption=caption, pages=pages, framed=part.form)


def _region(table: Table, owners: Sequence[Sequence[Owner | None]]) -> Region:
    """The table as a sheet holds it: what merged cells say stands in their first places."""
    rows = [[_own(owner, y, x) for x, owner in enumerate(row)] for y, row in enumerate(owners)]
    merged = [
        Merged(y, y + cell.rowspan - 1, x, x + cell.colspan - 1)
        for y, x, cell in dict.fromkeys(owner for row in owners for owner in row if owner)
        if cell.rowspan > 1 or cell.colspan > 1
    ]
    return Region(0, [*enumerate(rows)], merged)


def _titles(region: Region) -> int:
    """How many rows on top say what the table is. A name with nothing beside it is a field that nobody has filled in."""
    filled = [cell for _, cells in region.rows[:1] for cell in cells if cell]
    field = len(filled) == 1 and is_name(filled[0])
    return 0 if field or not region.rows or len(region.rows[0][1]) <= _FEW_COLUMNS else titles(region)


def _own(owner: Owner | None, y: int, x: int) -> str:
    return one_line(owner[2].text) if owner and owner[:2] == (y, x) else ""


def _grouped(columns: Row, rows: Sequence[Row]) -> tuple[Row, ...]:
    """`rows` with the labels of groups in the blanks below them; a line between rows ends a group."""
    cells = [[*row] for row in rows]
    found = grouping(columns, cells)
    for row in cells:
        if len(row) > 2 and row[0] and not any(row[1:]):
            found.clear()
        else:
            found.fill(row)
    return tuple(map(tuple, cells))


def _from(owners: Sequence[Sequence[Owner | None]], above: int) -> list[list[Owner | None]]:
    """The cells below the first `above` rows, whose rows count from there."""
    return [[(one[0] - above, *one[1:]) if one else None for one in row] for row in owners[above:]]


def _irregular(owners: Sequence[Sequence[Owner | None]]) -> bool:
    """Whether no row has a cell for every column, so that none can name them: boxes for signatures, say."""
    width = len(owners[0]) if owners else 0
    edges = {x for row in owners for x in range(1, width) if row[x] != row[x - 1] or row[x] is None}
    return len(owners) > 1 and all(any(row[x] is not None and row[x] == row[x - 1] for x in edges) for row in owners)


def _form(body: Sequence[Row], paired: Sequence[Sequence[Row]]) -> list[tuple[int, Row]]:
    """The rows of a form, each behind the place of the row that it stands in: its pairs, and what stands in a row that has
    none known."""
    wide = _filled([row for row, found in zip(body, paired, strict=True) if not found])
    rows: list[tuple[int, Row]] = []
    for y, (row, found) in enumerate(zip(body, paired, strict=True)):
        rows += [(y, tuple(map(one_line, pair))) for pair in found] or [(y, tuple(row[x] for x in wide))]
    width = max((len(row) for _, row in rows), default=0)
    return [(y, (*row, *[""] * (width - len(row)))) for y, row in rows if any(row)]


def _filled(rows: Sequence[Row]) -> list[int]:
    """The columns that are not empty."""
    return [x for x in range(len(rows[0]) if rows else 0) if any(row[x] for row in rows)]


def _owners(table: Table) -> list[list[Owner | None]]:
    """The cell that covers each place. One that reaches beyond the last row ends there. Raises TableTooLarge."""
    every: dict[tuple[int, int], Owner] = {}
    for y, row in enumerate(table.rows):
        x = 0
        for cell in row:
            while (y, x) in every:
                x += 1
            down, across = min(max(cell.rowspan, 1), len(table.rows) - y), max(cell.colspan, 1)
            if len(every) + down * across > MAX_PLACES:
                raise TableTooLarge
            every |= dict.fromkeys([(y + j, x + i) for j in range(down) for i in range(across)], (y, x, cell))
            x += across
    width = max((x for _, x in every), default=-1) + 1
    if width * len(table.rows) > MAX_PLACES:
        raise TableTooLarge
    return [[every.get((y, x)) for x in range(width)] for y in range(len(table.rows))]


def _cells(row: Sequence[Owner | None]) -> list[Cell]:
    """The cells that stand in a row or reach down into it, each once."""
    return [owner[2] for owner in dict.fromkeys(row) if owner is not None]


def _texts(owners: Sequence[Sequence[Owner | None]], few: int) -> tuple[list[Row], list[Row]]:
    """The text of every place, and the same with the text of a cell over more than `few` columns, and with a long one,
    in the first alone."""
    rows, once = [], []
    for row in owners:
        texts = [one_line(owner[2].text) if owner else "" for owner in row]
        rows.append(tuple(texts))
        once.append(
            tuple(
                "" if _again(owner, x, text, few) else text
                for x, (owner, text) in enumerate(zip(row, texts, strict=True))
            )
        )
    return rows, once


def _again(owner: Owner | None, x: int, text: str, few: int) -> bool:
    return owner is not None and x > owner[1] and (owner[2].colspan > few or len(text) > _LONG)


def one_line(text: str) -> str:
    """`text` in normal form and without line breaks, which a Markdown cell cannot hold."""
    return _BLANKS.sub(" ", normalize(text)).strip()


def markdown_row(cells: Sequence[str]) -> str:
    """`| a | b |`; a bar within a cell is escaped."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def markdown_rule(width: int) -> str:
    """The line under a header of `width` columns."""
    return "|" + " --- |" * width


def cells_of(line: str) -> list[str]:
    """The cells that `markdown_row` was made of."""
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [cell.strip().replace("\\|", "|") for cell in _BAR.split(inner)]


def row_spans(text: str) -> list[Span]:
    """(start, end) of each row of a Markdown table, without its header and the rule below."""
    return [match.span() for match in _LINE.finditer(text)][2:]


def spoken(text: str, spans: Sequence[Span]) -> str:
    """The rows at `spans` of a Markdown table, each as a line "column: value, column: value"."""
    names = cells_of(text.partition("\n")[0])
    return "\n".join(_said(names, cells_of(text[start:end])) for start, end in spans)


def _said(names: Sequence[str], cells: Sequence[str]) -> str:
    if not any(names) and len(filled := [cell for cell in cells if cell]) == 2:
        return ": ".join(filled)
    pairs = zip(names, cells, strict=False)
    return ", ".join(f"{name}: {cell}" if name and name != cell else cell for name, cell in pairs if cell)


def groups(rows: Sequence[Row], max_chars: int) -> Iterator[list[Row]]:
    """`rows` in groups whose Markdown has at most `max_chars` characters; a longer row is a group of its own."""
    group: list[Row] = []
    length = 0
    for row in rows:
        size = len(markdown_row(row)) + 1
        if group and length + size > max_chars:
            yield group
            group, length = [], 0
        group.append(row)
        length += size
    if group:
        yield group
