"""xls and xlsb files that their own readers cannot take: bare values and merged cells by python-calamine, which gives no
number formats, hidden rows or comments.

Numbers are shown as they are stored, days as YYYY-MM-DD.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

from mundap.extras import Untyped
from mundap.ingest.sheets.number_format import general
from mundap.ingest.sheets.sheet import Locked, Merged, NoWorkbook, Options, Row, Sheet, Tell
from mundap.ingest.sheets.visible import tell_hidden_sheets
from mundap.korean.normalize import normalize


def sheets(path: Path, options: Options, tell: Tell) -> Iterator[Sheet]:
    """The visible sheets in their order. Raises Locked, NoWorkbook or OSError."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

    try:
        with CalamineWorkbook.from_path(path) as book:
            shown = {one.name: one.visible == SheetVisibleEnum.Visible for one in book.sheets_metadata}
            for name in book.sheet_names:
                if shown.get(name, True) or options.hidden:
                    yield _sheet(name, book.get_sheet_by_name(name))
            if not options.hidden:
                tell_hidden_sheets((name for name in book.sheet_names if not shown.get(name, True)), tell)
    except PasswordError as error:
        raise Locked from error
    except CalamineError as error:
        raise NoWorkbook(str(error)) from error
    except (Exception, GeneratorExit, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of the native code is no Exception
        raise NoWorkbook(type(error).__name__) from error


def _sheet(name: str, found: Untyped) -> Sheet:
    rows: list[Row] = []
    gaps: set[int] = set()
    last = 0
    for number, values in enumerate(found.to_python(skip_empty_area=False), 1):
        cells = [shown(value) for value in values]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            if rows and number != last + 1:
                gaps.add(number)
            last = number
            rows.append((number, cells))
    merged = [
        Merged(top + 1, bottom + 1, left, right) for (top, left), (bottom, right) in found.merged_cell_ranges or ()
    ]
    return Sheet(normalize(name).strip(), rows, merged, frozenset(gaps))


def shown(value: Untyped) -> str:
    """A value without a format, as people write it; "" for None."""
    match value:
        case str():
            return normalize(value).strip()
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return general(float(value)) if abs(value) < 1e15 else str(int(value))
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}" if value.time() != time() else f"{value:%Y-%m-%d}"
        case date():
            return value.isoformat()
        case time():
            return f"{value:%H:%M:%S}" if value.second else f"{value:%H:%M}"
        case timedelta():
            minutes, seconds = divmod(round(value.total_seconds()), 60)
            return f"{minutes // 60}:{minutes % 60:02d}" + (f":{seconds:02d}" if seconds else "")
    return "" if value is None else normalize(str(value)).strip()
