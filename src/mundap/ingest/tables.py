"""Tables of sheets into sections: Q/A sheets, FAQ sheets, and any other table, a row at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from mundap.access import ACCESS, tags_of
from mundap.files import digest
from mundap.ingest.build import Builder
from mundap.ingest.dated import DATE, date_of_cells, date_of_title
from mundap.ingest.grid import one_line
from mundap.ingest.groups import counts, is_total
from mundap.ingest.meanings import COLUMNS, place, places, question_columns, said
from mundap.ingest.problems import Problem
from mundap.ingest.sheets.areas import Area, areas
from mundap.ingest.sheets.sheet import ERRORS, Options, Row, Tell, ignore
from mundap.korean.normalize import name_of, squash
from mundap.types import Json, Meta

__all__ = ["COLUMNS", "Row", "Table", "add_table", "read_csv", "read_xlsx"]

_PROSE = 300  # characters; a longer cell is running text, to be cut and quoted by the sentence
_SHOWN = 80  # characters of a header in a sentence
_BESIDE = 60  # characters of a cell beside a question that stands in its heading
_FORM = 600  # characters of the pairs of a form that are read together
_NAMELESS = re.compile(r"(?:sheet|시트|워크시트|worksheet|표|table)?[\s_\-]*\(?\d*\)?(?:\s*\(\d+\))?", re.IGNORECASE)


TOTAL = "total"  # the key in the meta of a row that sums up others


@dataclass(frozen=True)
class Table:
    """Rows under a header, each with its number in the file, counted from 1. No header: `columns` is empty.

    `above` is what stands above it: the sheet's name and the table's title; `parts` gives the line between rows that a row
    stands under, by its number, and `notes` what stands below. `paired` is whether the first cell of a row names those
    beside it, `form` whether all rows are such pairs of one form. `named` are the user's names of columns.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    above: tuple[str, ...] = ()
    parts: Mapping[int, str] = field(default_factory=dict)
    notes: tuple[Row, ...] = ()
    paired: bool = False
    form: bool = False
    named: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def place(self, kind: str) -> int | None:
        """The index of the column that means `kind`, one of COLUMNS."""
        return place(self.columns, kind, self.named)

    def places(self, kind: str) -> tuple[int, ...]:
        """The indices of all columns that mean `kind` and are called alike: 제시문1 and 제시문2; see `places`."""
        return places(self.columns, kind, self.named)

    def heading(self, row: int | None = None) -> str:
        """What stands above the table, or above one of its rows."""
        part = self.parts.get(row, "") if row is not None else ""
        lines = [*self.above, *([part] if part else [])]
        return " > ".join(
            line for n, line in enumerate(lines) if not any(squash(line) in squash(more) for more in lines[n + 1 :])
        )

    def taken(self) -> str:
        """Which columns are read as what, in a sentence; "" where none has a meaning of its own."""
        meant = _meant(self)
        pairs = ", ".join(f"{said(kind)} ← {one_line(self.columns[at])}" for kind, at in meant.items())
        return f"{self.heading() or self.name}: {pairs}" if pairs else ""


def read_xlsx(path: Path, options: Options = Options(), tell: Tell = ignore) -> Iterator[Table]:
    """The tables of every sheet that is not empty, those of very many rows in parts; a sheet without any is one without rows.

    Raises BadFile for what is no workbook, or one under a password.
    """
    from mundap.ingest.sheets.workbook import sheets_of

    for sheet, found in areas(sheets_of(path, options, tell)):
        named = "" if _NAMELESS.fullmatch(sheet.name) else sheet.name
        for area in found:
            yield _table(sheet.name, named, area, options)
        if not found:
            yield Table(sheet.name, (), ())


def read_csv(path: Path, options: Options = Options(), tell: Tell = ignore) -> Iterator[Table]:
    """The tables of a csv or tsv file, nearly always one; one of very many rows comes in parts. Raises BadFile for what cannot be read as one."""
    from mundap.ingest.sheets.delimited import pieces_of

    name = name_of(path.stem)
    empty = True
    for _, found in areas(pieces_of(path, tell)):
        for area in found:
            empty = False
            yield _table(name, "", area, options)
    if empty:
        yield Table(name, (), ())


def _table(name: str, named: str, area: Area, options: Options) -> Table:
    title = one_line(" ".join(dict.fromkeys(area.title)))
    return Table(
        name,
        tuple(one_line(column) for column in area.columns) if any(area.columns) else (),
        tuple(area.rows),
        tuple(line for line in (named, title) if line),
        area.parts,
        tuple(area.notes),
        area.paired,
        area.form,
        dict(options.columns),
    )


def add_table(table: Table, into: Builder) -> Iterator[Problem]:
    """Add the rows of `table` as sections, and yield what was wrong with those that were left out.

    The cells of its rows are gone when this ends.
    """
    if table.place("passage") is not None:
        yield from _add_question_sheet(table, into)
    elif asked := _asked(table):
        yield from _add_faq(table, asked, into)
    elif table.form:
        _add_form(table, into)
    else:
        yield from _add_rows(table, into)
    if table.notes:
        text = "\n".join(one_line(cells[0]) for _, cells in table.notes)
        date = date_of_title(text)
        into.add(text, heading=_above(table, into), meta={"row": table.notes[0][0], **({DATE: date} if date else {})})


def _asked(table: Table) -> tuple[int, int] | None:
    return question_columns(table.columns, (row for _, row in table.rows), table.named)


def _meant(table: Table) -> dict[str, int]:
    """The columns that are read as what they mean."""
    if table.place("passage") is not None:
        kinds = ("source", "title", "passage", "question", "answer")
        return {kind: at for kind in kinds if (at := table.place(kind)) is not None}
    if asked := _asked(table):
        source = table.place("source")
        return ({} if source is None else {"source": source}) | {"question": asked[0], "answer": asked[1]}
    return {}


def _above(table: Table, into: Builder, row: int | None = None, *more: str) -> str:
    """The heading of a row: what stands above it, without the document's own title, and `more`."""
    heading = table.heading(row)
    return " > ".join(line for line in (heading if heading != into.title else "", *more) if line)


def _values(table: Table, row: list[str], kinds: Iterable[str]) -> list[str]:
    return [_cell(row, table.place(kind)) for kind in kinds]


def _cell(row: list[str], at: int | None) -> str:
    return row[at] if at is not None and at < len(row) else ""


def _meta(table: Table, number: int, row: list[str], kind: str) -> Meta:
    return {"row": number, "kind": kind, **_dated(table, row), **_tagged(table, row)}


def _tags(table: Table, row: list[str]) -> tuple[str, ...]:
    """The access tags of a row."""
    return tuple(tags_of(_cell(row, table.place("access"))))


def _tagged(table: Table, row: list[str]) -> Meta:
    tags = _tags(table, row)
    return {ACCESS: tags} if tags else {}


def _dated(table: Table, row: list[str]) -> Meta:
    date = date_of_cells(table.columns, row) or date_of_title(*table.above)
    return {DATE: date} if date else {}


def _shown(columns: Sequence[str]) -> str:
    said = ", ".join(columns)
    return said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"


def _too_long(table: Table, number: int, row: list[str]) -> Problem | None:
    if not table.columns or not any(row[len(table.columns) :]):
        return None
    return Problem(
        number,
        f"칸이 {len(row)}개로 머리글({_shown(table.columns)})보다 많습니다. 쉼표가 있는 칸은 따옴표로 묶으세요",
    )


def _bad(table: Table, number: int, row: list[str], texts: Iterable[str]) -> Problem | None:
    """What is wrong with a row of which `texts` are used."""
    error = next((text for text in texts if text in ERRORS), "")
    if error:
        return Problem(number, f"수식 오류 값({error})이 있습니다. 시트에서 수정하세요")
    return _too_long(table, number, row)


def _add_question_sheet(table: Table, into: Builder) -> Iterator[Problem]:
    columns = digest(*table.above, "", *table.columns)  # a part of a table that is read in parts is of the same
    for number, row in table.rows:
        kinds = ("source", "title", "passage", "question", "answer")
        source, title, passage, question, answer = texts = _values(table, row, kinds)
        if problem := _bad(table, number, row, texts):
            yield problem
            continue
        if not passage:
            yield Problem(number, "제시문이 비어 있습니다. 제시문을 채우거나 행을 삭제하세요")
            continue
        told = digest(columns, passage, *_tags(table, row), size=16)  # what others see is another passage
        start = into.starts.get(told)
        if start is None:
            heading = _above(table, into, number, one_line(title))
            start = into.add(passage, heading=heading, source=source, meta=_meta(table, number, row, "제시문"))
            into.starts.put(told, start)
        if question:
            into.known(question, answer, start, number)


def _add_faq(table: Table, asked: tuple[int, int], into: Builder) -> Iterator[Problem]:
    columns = digest(*table.above, "", *table.columns)
    for number, row in table.rows:
        source, question, answer = texts = [_cell(row, at) for at in (table.place("source"), *asked)]
        if problem := _bad(table, number, row, texts):
            yield problem
            continue
        if not question or not answer:
            missing = "답변" if question else "질문"
            yield Problem(number, f"{missing}이 비어 있습니다. {missing}을 채우거나 행을 삭제하세요")
            continue
        pair = digest(columns, question, answer, *_tags(table, row), size=16)
        if into.starts.get(pair) is None:
            beside, long = _beside(table, row, asked)
            heading = _above(table, into, number, beside, one_line(question))
            start = into.add(answer, heading=heading, source=source, meta=_meta(table, number, row, "faq"))
            into.known(question, answer, start, number)
            into.starts.put(pair, start)
            if long:
                into.add(long, heading=heading, source=source, meta=_meta(table, number, row, "row"))


def _beside(table: Table, row: Sequence[str], asked: tuple[int, int]) -> tuple[str, str]:
    """What a row says beside its question and its answer, as 분류, 담당부서 and 등록일 do: what is short, and what is long.

    Numbers of rows, and columns without a name, say nothing of an answer.
    """
    taken = {*asked, table.place("source"), table.place("access")}
    cells = [
        (column, cell)
        for at, (column, cell) in enumerate(zip(table.columns, row, strict=False))
        if at not in taken and column and cell and not counts(column, cell) and cell not in ERRORS
    ]
    short = [pair for pair in cells if len(pair[1]) <= _BESIDE]
    return ", ".join(one_line(_said(*pair)) for pair in short), "\n".join(_said(*p) for p in cells if p not in short)


def _add_form(table: Table, into: Builder) -> None:
    """The pairs of a form, as many together as are read at once."""
    lines: list[tuple[int, str]] = [(number, _paired(row)) for number, row in table.rows]
    while lines:
        count, length = 1, len(lines[0][1])
        while count < len(lines) and length + len(lines[count][1]) < _FORM:
            length += len(lines[count][1]) + 1
            count += 1
        meta = {"row": lines[0][0], "kind": "row", **_dated(table, [])}
        into.add("\n".join(line for _, line in lines[:count]), heading=_above(table, into), meta=meta)
        lines = lines[count:]


def _paired(row: Sequence[str]) -> str:
    """`label: value, value`."""
    label, *values = [cell for cell in row if cell]
    said = values[0] if len(values) == 1 else ", ".join(map(one_line, values))
    return _said(one_line(label), said) if values else label


def _add_rows(table: Table, into: Builder) -> Iterator[Problem]:
    about = _dated(table, []) if not table.columns else None
    for number, row in table.rows:
        if problem := _too_long(table, number, row):
            yield problem
            continue
        hidden = table.place("access")
        cells = [
            (column, cell)
            for at, (column, cell) in enumerate(zip_longest(table.columns, row, fillvalue=""))
            if cell and at != hidden
        ]
        cells = [pair for n, pair in enumerate(cells) if not n or pair != cells[n - 1] or not pair[0]]  # merged cells
        text, beside = _prose(cells)
        dated = {**(_dated(table, row) if about is None else about), **_tagged(table, row)}
        if text:
            into.add(text, heading=_above(table, into, number, beside), meta={"row": number, **dated})
            row.clear()
            continue
        meta: dict[str, Json] = {"row": number, "kind": "row", **dated}
        if any(is_total(cell) for _, cell in cells[:3]):
            meta[TOTAL] = True
        said = _paired(row) if table.paired and len(cells) > 1 else "\n".join(_said(*each) for each in cells)
        into.add(said, heading=_above(table, into, number), meta=meta)
        row.clear()  # a million rows need not be held beside what they say


def _prose(cells: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """The running text of a row that holds some, as a post or a column does, and what its other cells say as heading.

    "" for a row that is read as one: a sentence says nothing there without the other cells.
    """
    long = [(column, cell) for column, cell in cells if len(cell) > _PROSE or (len(cells) == 1 and not column)]
    if not long:
        return "", ""
    beside = ", ".join(one_line(_said(column, cell)) for column, cell in cells if (column, cell) not in long)
    if len(beside) > _PROSE:
        return "", ""
    return (long[0][1] if len(long) == 1 else "\n".join(_said(*each) for each in long)), beside


def _said(column: str, cell: str) -> str:
    return f"{column.rstrip(' :：')}: {cell}" if column else cell
