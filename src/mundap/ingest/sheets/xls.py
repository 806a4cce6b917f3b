"""xls: every visible cell as Excel shows it, of Excel 97 to 2003 (BIFF8) and of older versions, by xlrd.

What is older than BIFF8 has its letters in a code page, which programs often name wrongly: they are read as CP949 where
they can be.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mundap.extras import Untyped
from mundap.ingest.sheets.formula_links import links_of_xls
from mundap.ingest.sheets.number_format import BUILT_IN, GENERAL, Format, compiled, general
from mundap.ingest.sheets.rich_text import Run
from mundap.ingest.sheets.sheet import ERROR_CODES, Locked, Merged, NoWorkbook, Options, Sheet, Tell, letters
from mundap.ingest.sheets.visible import Found, Outline, pieces, tell_hidden_sheets
from mundap.korean.normalize import normalize

_UNICODE = 80  # the version from which letters are in UTF-16
_KOREAN = "cp949"
_WESTERN = (None, 367, 1252, 32769)  # code pages that are written where nobody thought of any
_TEXT, _NUMBER, _DAY, _BOOLEAN, _ERROR = range(1, 6)  # the kinds of cells
_PLAIN = compiled(GENERAL)
_PLACES = {1: "superscript", 2: "subscript"}


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
    looks = _Looks(
        [compiled(codes.get(xf.format_key) or GENERAL, since_1904) for xf in book.xf_list],
        [xf.font_index for xf in book.xf_list],
        [
            {"strike": "1" if font.struck_out else "0", "vertAlign": _PLACES.get(font.escapement, "")}
            for font in book.font_list
        ],
        options.hidden,
    )
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
            yield from pieces(outline, _rows(sheet, looks, outline), tell)
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


def _rows(sheet: Untyped, looks: _Looks, outline: Outline) -> Iterator[Found]:
    for row in range(sheet.nrows):
        about = sheet.rowinfo_map.get(row)
        hidden = not looks.take_hidden and bool(about.hidden if about else sheet.default_row_hidden)
        cells = []
        for column, cell in enumerate(sheet.row(row)):
            shown, lost = looks.seen(cell, sheet.rich_text_runlist_map.get((row, column), ()))
            cells.append(shown)
            if lost:
                outline.struck.append(f"{letters(column)}{row + 1}")
            elif cell.ctype == _ERROR:
                outline.errors.append(f"{letters(column)}{row + 1} {cells[-1]}")
        yield row + 1, cells, hidden


@dataclass(frozen=True)
class _Looks:
    """The formats of cells by their number, the numbers of their fonts, and what is known of each font."""

    formats: list[Format]
    fonts: list[int]
    about: list[dict[str, str]]
    take_hidden: bool

    def seen(self, cell: Untyped, runs: Sequence[tuple[int, int]]) -> tuple[str, bool]:
        """What a cell shows, and whether something of it is struck out. `runs` are where in its text which font begins."""
        first = self.fonts[cell.xf_index] if cell.xf_index is not None and cell.xf_index < len(self.fonts) else 0
        if not runs or cell.ctype != _TEXT:
            shown = _shown(cell, self.formats, cell.value)
            struck = bool(shown) and not self.take_hidden and self._of(first).get("strike") == "1"
            return ("", True) if struck else (shown, False)
        run = Run(self.take_hidden)
        parts: list[str] = []
        ends = [*(at for at, _ in runs), len(cell.value)]
        for (at, font), end in zip([(0, first), *runs], ends, strict=True):
            run.begin()
            for name, said in self._of(font).items():
                run.note(name, {"val": said})
            parts.append(cell.value[at:end])
            run.end(parts, len(parts) - 1)
        return _shown(cell, self.formats, "".join(parts)), run.lost

    def _of(self, font: int) -> dict[str, str]:
        return self.about[font] if font < len(self.about) else {}


def _shown(cell: Untyped, formats: list[Format], value: Untyped) -> str:
    if cell.ctype == _BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    if cell.ctype == _ERROR:
        return ERROR_CODES.get(cell.value, "#N/A")
    style = formats[cell.xf_index] if cell.xf_index is not None and cell.xf_index < len(formats) else _PLAIN
    if cell.ctype == _TEXT:
        text = normalize(value).strip()
        return style.text(text) if text else ""
    if cell.ctype in (_NUMBER, _DAY):
        try:
            return style.number(cell.value)
        except (ValueError, ArithmeticError):
            return general(cell.value)
    return ""
