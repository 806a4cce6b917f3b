"""Tables that are already in memory: data frames of pandas and polars, and lists of mappings, read as a sheet is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

from mundap.errors import BadFile
from mundap.extras import Untyped
from mundap.ingest.build import Builder, Reading
from mundap.ingest.grid import one_line
from mundap.ingest.sheets.values import shown
from mundap.ingest.tables import Row, Table, add_table
from mundap.korean.normalize import normalize


@runtime_checkable
class Frame(Protocol):
    """What data frames of pandas and polars have in common."""

    @property
    def columns(self) -> Untyped:
        """The names of the columns, in order."""


_MISSING = ("None", "NaT", "<NA>", "nan")
Records: TypeAlias = Sequence[Mapping[str, object]]


def read_frame(data: Frame | Records, source: str) -> Reading:
    """The rows as passages, or as questions and answers where the columns say so; `source` is what it is known by.

    Missing values (None, NaN, NaT) are empty cells. Raises BadFile for what is no table, or has no text.
    """
    names, rows = _cells(data)
    columns = tuple(one_line(normalize(str(name))) for name in names)
    numbered: list[Row] = [(n, [cell_text(value) for value in row]) for n, row in enumerate(rows, 1)]
    table = Table(source, columns, tuple(row for row in numbered if any(row[1])))
    builder = Builder(source, source)
    problems = tuple(add_table(table, builder))
    reading = builder.reading(problems=problems, columns=(said,) if (said := table.taken()) else ())
    if not reading.document.sections:
        raise BadFile(f"{source}: 읽을 수 있는 행이 없습니다. 열: {', '.join(columns) or '없음'}")
    return reading


def _cells(data: Frame | Records) -> tuple[list[object], Iterable[Sequence[object]]]:
    if isinstance(data, Frame):
        frame: Untyped = data
        rows = frame.iter_rows() if hasattr(frame, "iter_rows") else frame.itertuples(index=False, name=None)
        return list(frame.columns), rows
    if not all(isinstance(row, Mapping) for row in data):
        raise BadFile("표가 아닙니다. 데이터프레임이나 사전(dict)의 목록을 지정하세요.")
    names = list(dict.fromkeys(name for row in data for name in row))
    return [*names], ([row.get(name) for name in names] for row in data)


def cell_text(value: object) -> str:
    """A value as a cell shows it; "" for a missing one."""
    if str(value) in _MISSING or value != value:  # NaN is unlike itself
        return ""
    return shown(value)
