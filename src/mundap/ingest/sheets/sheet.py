"""A sheet as its reader found it: visible rows of text, merged cells, and what its owner should know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

Row = tuple[int, list[str]]
Tell = Callable[[str], None]

ERRORS = ("#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#GETTING_DATA")
ERROR_CODES = {  # of the binary formats
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
HALF = 0.5  # of the work on a file is to read its cells
_NAMED = 5  # places that a warning names; the others are counted


@dataclass(frozen=True)
class Merged:
    """A merged cell: its first and last row, by their numbers, and its first and last column, by their index in rows."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True)
class Sheet:
    """`rows` are those with some text, each with its number in the file, counted from 1, as long as its last cell.

    `gaps` are the numbers of the rows behind a blank one. `ragged` is whether a cell beyond the header is a mistake, as a comma that was not quoted makes it.
    `more` is whether it is the next piece of the sheet before it.
    """

    name: str
    rows: Sequence[Row]
    merged: Sequence[Merged] = ()
    gaps: frozenset[int] = frozenset()
    ragged: bool = False
    more: bool = False


@dataclass(frozen=True)
class Options:
    """What of a sheet is taken: `hidden` takes in what is hidden, `columns` gives names of columns behind what they mean,
    one of mundap.ingest.meanings.COLUMNS."""

    hidden: bool = False
    columns: tuple[tuple[str, tuple[str, ...]], ...] = ()


NO_OPTIONS = Options()
Read = Callable[[Path, Options, Tell], Iterator[Sheet]]


class NoWorkbook(Exception):
    """The file is no workbook, or a broken one."""


class Locked(Exception):
    """A password is set."""


def ignore(said: str) -> None:
    """For those who do not ask for warnings."""


def letters(column: int) -> str:
    """The name of a column: 0 is A, 26 is AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def places(named: Iterable[str]) -> str:
    """`A3, B7 외 12곳`: the first few, and how many more."""
    every = list(dict.fromkeys(named))
    more = f" 외 {len(every) - _NAMED}곳" if len(every) > _NAMED else ""
    return f"{', '.join(every[:_NAMED])}{more}"


def runs(numbers: Iterable[int]) -> str:
    """`3–5, 9`: numbers in order, neighbours joined."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return places(str(first) if first == last else f"{first}–{last}" for first, last in spans)
