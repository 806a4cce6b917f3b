"""XML Spreadsheet 2003 (SpreadsheetML), which older Excel saves and many programs export, mostly under the name of an xls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

from mundap.ingest.html.reader import page_text
from mundap.ingest.sheets.number_format import GENERAL, Format, compiled, general
from mundap.ingest.sheets.package import local
from mundap.ingest.sheets.sheet import Merged, NoWorkbook, Options, Sheet, Tell, letters
from mundap.ingest.sheets.visible import Found, Outline, pieces, tell_hidden_sheets
from mundap.ingest.sheets.web_page import named_format
from mundap.korean.normalize import normalize

_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_FIRST_DAY = datetime(1899, 12, 30)
_BOUNDARY = datetime(1900, 3, 1)  # behind the 29 February 1900 that there never was
_MOST_ROWS = 1000  # that one row stands for
_MOST_COLUMNS = 16_384


def sheets(path: Path, options: Options, tell: Tell) -> Iterator[Sheet]:
    """The visible sheets in their order. Raises NoWorkbook, or BadFile for what is no text."""
    text = page_text(path.read_bytes(), path.name)
    try:
        root = ElementTree.fromstring(_DECLARATION.sub("", text).strip())
    except ElementTree.ParseError as error:
        raise NoWorkbook(str(error)) from error
    styles = _styles(root)
    hidden = []
    for sheet in _inner(root, "Worksheet"):
        name = normalize(_about(sheet, "Name")).strip()
        if not options.hidden and any(
            local(one.tag) == "Visible" and (one.text or "").startswith("Sheet") for one in sheet.iter()
        ):
            hidden.append(name)
            continue
        read = _Table(name, styles, options.hidden)
        for table in _inner(sheet, "Table"):
            read.table(table)
        yield from pieces(read.outline, read.rows, tell)
    tell_hidden_sheets(hidden, tell)


class _Table:
    """The rows of one sheet."""

    def __init__(self, name: str, styles: dict[str, Format], take_hidden: bool) -> None:
        self.rows: list[Found] = []
        self._merged: list[Merged] = []
        self.outline = Outline(name, self._merged)
        self._styles = styles
        self._take_hidden = take_hidden

    def table(self, table: ElementTree.Element) -> None:
        """Read the columns and rows of a sheet's table."""
        styled: dict[int, str] = {}
        unseen: set[int] = set()
        at = 0
        for column in _inner(table, "Column"):
            at = _number(column, "Index", at + 1)
            every = range(at - 1, min(at + _number(column, "Span", 0), _MOST_COLUMNS))
            styled |= dict.fromkeys(every, _about(column, "StyleID"))
            if _about(column, "Hidden") == "1" or _about(column, "Width") == "0":
                unseen |= set(every)
            at = every.stop
        if not self._take_hidden:
            self.outline.hidden = unseen
        row = 0
        for line in _inner(table, "Row"):
            row = _number(line, "Index", row + 1)
            hidden = not self._take_hidden and (_about(line, "Hidden") == "1" or _about(line, "Height") == "0")
            self.rows.append((row, self._cells(line, row, styled), hidden))
            row += min(_number(line, "Span", 0), _MOST_ROWS)

    def _cells(self, line: ElementTree.Element, row: int, styled: dict[int, str]) -> list[str]:
        cells: list[str] = []
        at = 0
        for cell in _inner(line, "Cell"):
            at = min(_number(cell, "Index", at + 1), _MOST_COLUMNS)
            style = _about(cell, "StyleID") or _about(line, "StyleID") or styled.get(at - 1, "") or "Default"
            cells += [""] * (at - len(cells))
            cells[at - 1] = self._seen(cell, self._styles.get(style, compiled(GENERAL)), f"{letters(at - 1)}{row}")
            across, down = _number(cell, "MergeAcross", 0), _number(cell, "MergeDown", 0)
            place = Merged(row, row, at - 1, at - 1)
            if cells[at - 1] and (across or down):
                self._merged.append(Merged(row, row + down, at - 1, at - 1 + across))
            self.outline.link(place, _about(cell, "HRef"))
            for note in _inner(cell, "Comment"):
                said = "".join(text for data in _inner(note, "Data") for text in data.itertext())
                self.outline.comment(place, normalize(said), {normalize(_about(note, "Author"))})
            at += across
        return cells

    def _seen(self, cell: ElementTree.Element, style: Format, place: str) -> str:
        """What a cell shows, without what is struck out."""
        shown = self._shown(cell, style, place)
        whole = style.struck and bool(shown)
        parts = any(local(one.tag) == "S" for one in cell.iter())
        if self._take_hidden or not (whole or parts):
            return shown
        self.outline.struck.append(place)
        return "" if whole else shown

    def _shown(self, cell: ElementTree.Element, style: Format, place: str) -> str:
        data = next(_inner(cell, "Data"), None)
        raw = "" if data is None else "".join(_letters(data, self._take_hidden))
        kind = "" if data is None else _about(data, "Type")
        if not raw and _about(cell, "Formula"):
            self.outline.uncounted.append(place)
        if kind == "Boolean":
            return "TRUE" if raw.strip() == "1" else "FALSE"
        if kind == "Error":
            self.outline.errors.append(f"{place} {raw.strip()}")
            return raw.strip()
        if kind in ("Number", "DateTime"):
            try:
                value = float(raw) if kind == "Number" else _serial(raw.strip())
            except ValueError:
                return normalize(raw).strip()
            try:
                return style.number(value)
            except (ValueError, ArithmeticError):
                return general(value)
        text = normalize(raw).strip()
        return style.text(text) if text else ""


def _letters(data: ElementTree.Element, take_struck: bool) -> Iterator[str]:
    yield data.text or ""
    for part in data:
        if take_struck or local(part.tag) != "S":
            yield from _letters(part, take_struck)
        yield part.tail or ""


def _serial(said: str) -> float:
    """The number of a day as Excel counts it."""
    moment = datetime.fromisoformat(said)
    days = (moment - _FIRST_DAY) / timedelta(days=1)
    return days if moment >= _BOUNDARY else days - 1


def _styles(root: ElementTree.Element) -> dict[str, Format]:
    """The number format of every style, its own or that of the style it stands on."""
    codes: dict[str, str] = {}
    parents: dict[str, str] = {}
    struck: set[str] = set()
    for style in (one for every in _inner(root, "Styles") for one in _inner(every, "Style")):
        name = _about(style, "ID")
        parents[name] = _about(style, "Parent")
        if any(_about(one, "StrikeThrough") == "1" for one in _inner(style, "Font")):
            struck.add(name)
        for one in _inner(style, "NumberFormat"):
            codes[name] = named_format(_about(one, "Format"))
    found = {}
    for name in parents:
        base = name
        for _ in parents:
            if base in codes or base not in parents:
                break
            base = parents[base]
        found[name] = replace(compiled(codes.get(base) or codes.get("Default") or GENERAL), struck=name in struck)
    return found


def _inner(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    return (one for one in element if local(one.tag) == name)


def _about(element: ElementTree.Element, name: str) -> str:
    """An attribute, whatever its namespace; "" where there is none."""
    return next((value for key, value in element.items() if local(key) == name), "")


def _number(element: ElementTree.Element, name: str, otherwise: int) -> int:
    said = _about(element, name)
    return int(said) if said.isdigit() else otherwise
