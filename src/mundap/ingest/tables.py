"""xlsx, csv and tsv: Q/A sheets, FAQ sheets, and any other table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from mundap.errors import BadFile
from mundap.ingest.build import Builder
from mundap.ingest.dated import DATE, date_of_cells
from mundap.ingest.encoding import decode
from mundap.ingest.grid import one_line
from mundap.ingest.problems import Problem
from mundap.ingest.xlsx_errors import error_rows
from mundap.korean.normalize import name_of, normalize, squash
from mundap.types import Meta

# What people call the columns, squashed and in lower case.
COLUMNS: dict[str, tuple[str, ...]] = {
    "source": ("출처", "source", "reference", "참고"),
    "title": ("제목", "title", "subject"),
    "passage": ("제시문", "지문", "문단", "본문", "passage", "context", "paragraph"),
    "question": ("질문", "question", "query", "q", "문의"),
    "answer": ("답변", "답", "정답", "answer", "response", "a"),
}
_ERRORS = ("#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!")
_LONGEST_HEADER = 40  # characters; a longer first cell is data in a sheet that has no header
_LONGEST_WORD = 10  # characters of a column's name that may end in a full stop, such as No.
_MAX_CELL = 10_000_000
_PROSE = 300  # characters; a longer cell is running text, to be cut and quoted by the sentence
_SHOWN = 80  # characters of a header in a sentence

Row = tuple[int, list[str]]


@dataclass(frozen=True)
class Table:
    """Rows under a header, each with its number in the file, counted from 1. No header: `columns` is empty.

    `broken` rows hold a formula's error that reads as an empty cell.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    broken: frozenset[int] = frozenset()

    def place(self, kind: str) -> int | None:
        """The index of the column that means `kind`, one of COLUMNS."""
        names = [squash(column).lower() for column in self.columns]
        return next((names.index(alias) for alias in COLUMNS[kind] if alias in names), None)


def read_xlsx(path: Path) -> Iterator[Table]:
    """Every sheet that is not empty. Raises BadFile for what is no workbook, or one under a password."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        broken = error_rows(path)
        with CalamineWorkbook.from_path(path) as book:
            for name in book.sheet_names:
                rows = enumerate(book.get_sheet_by_name(name).to_python(skip_empty_area=False), 1)
                yield _table(name, rows, broken.get(name, frozenset()))
    except PasswordError as error:
        raise BadFile(f"{path.name}: 암호가 걸린 엑셀 파일입니다. 암호를 풀어 다시 저장해 주세요.") from error
    except (CalamineError, OSError) as error:
        raise _no_workbook(path, str(error)) from error
    except (Exception, GeneratorExit, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of the native code is no Exception
        raise _no_workbook(path, type(error).__name__) from error


def _no_workbook(path: Path, said: str) -> BadFile:
    short = said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"
    return BadFile(f"{path.name}: 엑셀 파일로 열 수 없습니다({short}). 엑셀에서 다시 저장해 주세요.")


def read_csv(path: Path) -> Iterator[Table]:
    """One table. The delimiter is a tab for .tsv; else whichever of comma, semicolon and tab the header has most."""
    text = decode(path.read_bytes(), path.name)
    first = text.partition("\n")[0]
    delimiter = "\t" if path.suffix.lower() == ".tsv" else max(",;\t", key=first.count)
    csv.field_size_limit(_MAX_CELL)
    rows = []
    start = 1
    try:
        _check_quotes(text, delimiter)
        reader = csv.reader(io.StringIO(text), delimiter=delimiter)
        for row in reader:
            rows.append((start, row))
            start = reader.line_num + 1
    except csv.Error as error:
        line = error.args[1] if len(error.args) > 1 else start
        raise BadFile(f"{path.name}: {line}번째 줄을 표로 읽을 수 없습니다. 따옴표를 확인해 주세요.") from error
    yield _table(name_of(path.stem), rows)


def _check_quotes(text: str, delimiter: str) -> None:
    """Raises csv.Error with the line of a quote that is never closed: it would swallow every row after it.

    Other untidy quotes are read as they stand.
    """
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    start = 1
    try:
        for _ in reader:
            start = reader.line_num + 1
    except csv.Error as error:
        if "end of data" in str(error):
            raise csv.Error(str(error), start) from error


def _table(name: str, numbered: Iterable[tuple[int, list[Any]]], broken: frozenset[int] = frozenset()) -> Table:
    rows = [(number, [_cell(value) for value in row]) for number, row in numbered]
    rows = [(number, row) for number, row in rows if any(row)]
    if not rows:
        return Table(name, (), ())
    header = rows[0][1]
    while header and not header[-1]:
        header = header[:-1]
    if len(rows) > 1 and all(cell and len(cell) <= _LONGEST_HEADER for cell in header) and not _sentence(header):
        return Table(name, tuple(header), tuple(rows[1:]), broken)
    if any(squash(cell).lower() in COLUMNS["passage"] + COLUMNS["question"] for cell in header):
        return Table(name, tuple(header), tuple(rows[1:]), broken)
    return Table(name, (), tuple(rows), broken)


def _sentence(header: Sequence[str]) -> bool:
    """Whether the first row is no header but a sentence, of a sheet with one column."""
    return len(header) == 1 and len(header[0]) > _LONGEST_WORD and header[0][-1] in ".!?"


def _cell(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # spreadsheets keep every number as a float
    return normalize(str(value)).strip() if value is not None else ""


def add_table(table: Table, into: Builder) -> Iterator[Problem]:
    """Add the rows of `table` as sections, and yield what was wrong with those that were left out."""
    if table.place("passage") is not None:
        return _add_question_sheet(table, into)
    if table.place("question") is not None and table.place("answer") is not None:
        return _add_faq(table, into)
    return _add_rows(table, into)


def _values(table: Table, row: list[str], kinds: Iterable[str]) -> list[str]:
    places = [table.place(kind) for kind in kinds]
    return [row[place] if place is not None and place < len(row) else "" for place in places]


def _meta(table: Table, number: int, row: list[str], kind: str) -> Meta:
    return {"row": number, "kind": kind, **_dated(table, row)}


def _dated(table: Table, row: list[str]) -> Meta:
    date = date_of_cells(table.columns, row)
    return {DATE: date} if date else {}


def _shown(columns: Sequence[str]) -> str:
    said = ", ".join(columns)
    return said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"


def _bad(table: Table, number: int, row: list[str]) -> Problem | None:
    if table.columns and any(row[len(table.columns) :]):
        return Problem(
            number,
            f"칸이 {len(row)}개로 머리글({_shown(table.columns)})보다 많습니다. 쉼표가 든 칸은 따옴표로 묶어 주세요",
        )
    error = next((cell for cell in row if cell in _ERRORS), "#REF!, #N/A 등" if number in table.broken else None)
    return Problem(number, f"수식 오류 값({error})이 있습니다. 시트에서 고쳐 주세요") if error else None


def _add_question_sheet(table: Table, into: Builder) -> Iterator[Problem]:
    starts: dict[str, int] = {}
    for number, row in table.rows:
        if problem := _bad(table, number, row):
            yield problem
            continue
        kinds = ("source", "title", "passage", "question", "answer")
        source, title, passage, question, answer = _values(table, row, kinds)
        if not passage:
            yield Problem(number, "제시문이 비어 있습니다. 제시문을 채우거나 행을 지워 주세요")
            continue
        if passage not in starts:
            starts[passage] = into.add(
                passage, heading=one_line(title), source=source, meta=_meta(table, number, row, "제시문")
            )
        if question:
            into.known(question, answer, starts[passage], number)


def _add_faq(table: Table, into: Builder) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    for number, row in table.rows:
        if problem := _bad(table, number, row):
            yield problem
            continue
        source, question, answer = _values(table, row, ("source", "question", "answer"))
        if not question or not answer:
            missing = "답변" if question else "질문"
            yield Problem(number, f"{missing}이 비어 있습니다. {missing}을 채우거나 행을 지워 주세요")
            continue
        if (question, answer) not in seen:
            seen.add((question, answer))
            start = into.add(answer, heading=question, source=source, meta=_meta(table, number, row, "faq"))
            into.known(question, answer, start, number)


def _add_rows(table: Table, into: Builder) -> Iterator[Problem]:
    for number, row in table.rows:
        if problem := _bad(table, number, row):
            yield problem
            continue
        cells = [(column, cell) for column, cell in zip_longest(table.columns, row, fillvalue="") if cell]
        text, heading = _prose(cells)
        if text:
            into.add(text, heading=heading, meta={"row": number, **_dated(table, row)})
        else:
            into.add("\n".join(_said(*each) for each in cells), meta=_meta(table, number, row, "row"))


def _prose(cells: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """The running text of a row that holds some, as a post or a column does, and what its other cells say as heading.

    "" for a row that is read as one: a sentence says nothing there without the other cells.
    """
    long = [(column, cell) for column, cell in cells if len(cell) > _PROSE or (len(cells) == 1 and not column)]
    beside = ", ".join(one_line(_said(column, cell)) for column, cell in cells if (column, cell) not in long)
    if not long or len(beside) > _PROSE:
        return "", ""
    return (long[0][1] if len(long) == 1 else "\n".join(_said(*each) for each in long)), beside


def _said(column: str, cell: str) -> str:
    return f"{column}: {cell}" if column else cell
