"""xls: every visible cell as Excel shows it, of Excel 97 to 2003 (BIFF8) and of older versions, by xlrd.

What is older than BIFF8 has its letters in a code page, which programs often name wrongly: they are read as CP949 where
they can be.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from mundap.extras import Untyped
from mundap.ingest.sheets.formula_links import links_of_xls
from mundap.ingest.sheets.number_format import BUILT_IN, GENERAL, Format, compiled, general
from mundap.ingest.sheets.sheet import ERROR_CODES, Locked, Merged, NoWorkbook, Options, Sheet, Tell, letters
from mundap.ingest.sheets.visible import Found, Outline, pieces, tell_hidden_sheets
from mundap.korean.normalize import normalize

_UNICODE = 80  # the version from which letters are in UTF-16
_KOREAN = "cp949"
_WESTERN = (None, 367, 1252, 32769)  # code pages that are written where nobody thought of any
_TEXT, _NUMBER, _DAY, _BOOLEAN, _ERROR = range(1, 6)  # the kinds of cells
_PLAIN = compiled(GENERAL)


def sheets(path: Path, options: Options, tell: Tell) -> Iterator[Sheet]:
    """The visible sheets in their order. Raises Locked, NoWorkbook or OSError."""
    try:
        yield from _sheets(_opened(path), options, tell)
    except (OSError, MemoryError, Locked):
        raise
    except Exception as error:  # of broken files xlrd raises whatever goes wrong
        raise NoWorkbook(str(error) or type(error).__name__) from error


def _opened(path: Path) -> Untyped:
    import xlrd

    def book(**encoding: str) -> Untyped:
        found = xlrd.open_workbook(
            str(path),
            logfile=io.StringIO(),
            formatting_info=True,
            ragged_rows=True,
            ignore_workbook_corruption=True,
            on_demand=True,  # so that the stream stays, for what xlrd passes over
            **encoding,
        )
        found.sheets()
        return found

    try:
        found = book()
        if found.biff_version < _UNICODE and found.codepage in _WESTERN:
            try:
                return book(encoding_override=_KOREAN)
            except UnicodeDecodeError:
                return found
        return found
    except xlrd.XLRDError as error:
        if "encrypted" in str(error):
            raise Locked from error
        raise


def _sheets(book: Untyped, options: Options, tell: Tell) -> Iterator[Sheet]:
    codes = BUILT_IN | {one.format_key: one.format_str for one in book.format_list}
    since_1904 = bool(book.datemode)
    formats = [compiled(codes.get(xf.format_key) or GENERAL, since_1904) for xf in book.xf_list]
    linked = (
        links_of_xls(bytes(book.mem[book.base : book.base + book.stream_len])) if book.biff_version >= _UNICODE else []
    )
    hidden = []
    for number, sheet in enumerate(book.sheets()):
        name = normalize(sheet.name).strip()
        if sheet.visibility and not options.hidden:
            hidden.append(name)
        else:
            outline = _outline(sheet, name, options.hidden)
            for (row, column), address in (linked[number] if number < len(linked) else {}).items():
                outline.link(Merged(row + 1, row + 1, column, column), address)
            yield from pieces(outline, _rows(sheet, formats, options.hidden, outline), tell)
    tell_hidden_sheets(hidden, tell)


def _outline(sheet: Untyped, name: str, take_hidden: bool) -> Outline:
    merged = [Merged(top + 1, bottom, left, right - 1) for top, bottom, left, right in sheet.merged_cells]
    unseen = {x for x, about in sheet.colinfo_map.items() if about.hidden or not about.width}
    outline = Outline(name, merged, () if take_hidden else frozenset(unseen))
    for link in sheet.hyperlink_list:
        if isinstance(link.url_or_path, str):
            cells = Merged(link.frowx + 1, link.lrowx + 1, link.fcolx, link.lcolx)
            outline.link(cells, normalize(link.url_or_path))
    for (row, column), note in sheet.cell_note_map.items():
        outline.comment(Merged(row + 1, row + 1, column, column), normalize(note.text), {normalize(note.author)})
    return outline


def _rows(sheet: Untyped, formats: list[Format], take_hidden: bool, outline: Outline) -> Iterator[Found]:
    for row in range(sheet.nrows):
        about = sheet.rowinfo_map.get(row)
        hidden = not take_hidden and bool(about.hidden if about else sheet.default_row_hidden)
        cells = []
        for column, cell in enumerate(sheet.row(row)):
            cells.append(_shown(cell, formats))
            if cell.ctype == _ERROR:
                outline.errors.append(f"{letters(column)}{row + 1} {cells[-1]}")
        yield row + 1, cells, hidden


def _shown(cell: Untyped, formats: list[Format]) -> str:
    if cell.ctype == _BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    if cell.ctype == _ERROR:
        return ERROR_CODES.get(cell.value, "#N/A")
    style = formats[cell.xf_index] if cell.xf_index is not None and cell.xf_index < len(formats) else _PLAIN
    if cell.ctype == _TEXT:
        text = normalize(cell.value).strip()
        return style.text(text) if text else ""
    if cell.ctype in (_NUMBER, _DAY):
        try:
            return style.number(cell.value)
        except (ValueError, ArithmeticError):
            return general(cell.value)
    return ""
