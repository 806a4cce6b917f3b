"""Tables that are already in memory: data frames of pandas and polars, and lists of mappings, read as a sheet is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias, cast

from mundap.errors import BadFile
from mundap.extras import Untyped
from mundap.ingest.build import Builder, Reading
from mundap.ingest.grid import one_line
from mundap.ingest.sheets.values import shown
from mundap.ingest.tables import Row, Table, add_table
from mundap.korean.normalize import normalize


class Frame(Protocol):
    """What data frames of pandas and polars have in common."""

    @property
    def columns(self) -> Untyped:
        """The names of the columns, in order."""


_MISSING = ("None", "NaT", "<NA>", "nan")
_NARROW = ("float16", "float32")  # which pandas gives with the digits of 64 bits
_UNNAMED = re.compile(r"Unnamed: \d+(_level_\d+)?")  # what pandas calls a column whose header is empty
Records: TypeAlias = Sequence[Mapping[str, object]]


def read_frame(data: Frame | Records, source: str) -> Reading:
    """The rows as passages, or as questions and answers where the columns say so; `source` is what it is known by.

    Missing values (None, NaN, NaT) are empty cells. Raises BadFile for what is no table, or has no text.
    """
    names, rows = _cells(data)
    columns = tuple(one_line(normalize(name)) for name in names)
    numbered: list[Row] = [(n, [cell_text(value) for value in row]) for n, row in enumerate(rows, 1)]
    table = Table(source, columns, tuple(row for row in numbered if any(row[1])))
    builder = Builder(source, source)
    problems = tuple(add_table(table, builder))
    reading = builder.reading(problems=problems, columns=(said,) if (said := table.taken()) else ())
    if not reading.document.sections:
        raise BadFile(f"{source}: 읽을 수 있는 행이 없습니다. 열: {', '.join(columns) or '없음'}")
    return reading


def _cells(data: Frame | Records) -> tuple[list[str], Iterable[Sequence[object]]]:
    if not hasattr(type(data), "columns"):  # asked of the type: a frame that is lazy would work them out
        return _of_records(cast(Records, data))
    if hasattr(data, "iter_rows"):
        return _of_polars(data)
    if hasattr(data, "itertuples"):
        return _of_pandas(data)
    raise BadFile(
        f"{type(data).__name__}: 지원하지 않는 표입니다. pandas나 polars의 DataFrame으로 바꾸세요"
        " (.collect(), .to_pandas())."
    )


def _of_records(data: Records) -> tuple[list[str], Iterable[Sequence[object]]]:
    if not all(isinstance(row, Mapping) for row in data):
        raise BadFile("표가 아닙니다. 데이터프레임이나 사전(dict)의 목록을 지정하세요.")
    names = list(dict.fromkeys(name for row in data for name in row))
    return list(map(str, names)), ([row.get(name) for name in names] for row in data)


def _of_polars(frame: Untyped) -> tuple[list[str], Iterable[Sequence[object]]]:
    """The columns; those of 32 bits with the digits that they have, where polars gives those of 64."""
    columns = [one.to_numpy() if str(one.dtype) == "Float32" else one.to_list() for one in frame.get_columns()]
    return list(map(str, frame.columns)), zip(*columns, strict=True)


def _of_pandas(frame: Untyped) -> tuple[list[str], Iterable[Sequence[object]]]:
    """The columns, after the levels of the index that say something: those with a name, and those that are no numbers."""
    index = frame.index
    levels = [index.get_level_values(n) for n in range(index.nlevels)]
    said = [one for one in levels if one.name is not None or one.dtype.kind not in "iuf"]
    columns = [frame.iloc[:, n] for n in range(frame.shape[1])]
    values = [one.to_numpy() if str(one.dtype) in _NARROW else one for one in columns]
    names = [_named(one.name) for one in said] + [_named(name) for name in frame.columns]
    return names, zip(*said, *values, strict=True)


def _named(name: object) -> str:
    """A name of pandas as a header's cell; rows of headers are joined as those of a sheet are."""
    parts = [str(part) for part in (name if isinstance(name, tuple) else (name,)) if part is not None]
    return " ".join(dict.fromkeys(part for part in parts if part and not _UNNAMED.fullmatch(part)))


def cell_text(value: object) -> str:
    """A value as a cell shows it; "" for a missing one, and for bytes. What is in lists and mappings stands side by side."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return ""
    inner: Untyped = value
    if getattr(value, "ndim", 0):  # of an array
        inner = inner.tolist()
    elif (
        getattr(getattr(value, "dtype", None), "kind", "") == "f"
    ):  # a number of NumPy, whose digits are as many as it has
        inner = float(str(value))
    if isinstance(inner, Mapping):
        pairs = ((name, cell_text(one)) for name, one in inner.items())
        return ", ".join(f"{name}: {text}" for name, text in pairs if text)
    if isinstance(inner, (list, tuple, set, frozenset)):
        return ", ".join(text for one in inner if (text := cell_text(one)))
    if str(inner) in _MISSING or inner != inner:  # NaN is unlike itself
        return ""
    return shown(inner)
