"""xlsb: every visible cell as Excel shows it, from the few records of the file's parts that say so ([MS-XLSB])."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from mundap.ingest.sheets.formula_links import BIFF12
from mundap.ingest.sheets.number_format import BUILT_IN, GENERAL, Format, compiled, general
from mundap.ingest.sheets.package import Package, Relations
from mundap.ingest.sheets.sheet import ERROR_CODES, Merged, NoWorkbook, Options, Sheet, Tell, letters
from mundap.ingest.sheets.visible import Found, Outline, pieces, tell_hidden_sheets
from mundap.korean.normalize import normalize

# Records by their names in [MS-XLSB] 2.3.1.
_ROW_HDR, _CELL_RK, _CELL_ERROR, _CELL_BOOL, _CELL_REAL, _CELL_ST, _CELL_ISST = 0, 2, 3, 4, 5, 6, 7
_FMLA_STRING, _FMLA_NUM, _FMLA_BOOL, _FMLA_ERROR, _CELL_R_STRING = 8, 9, 10, 11, 62
_SST_ITEM, _FONT, _FMT, _XF, _COL_INFO, _WB_PROP, _BUNDLE_SH, _MERGE_CELL, _H_LINK = (
    19,
    43,
    44,
    47,
    60,
    153,
    156,
    176,
    494,
)
_BEGIN_CELL_XFS, _END_CELL_XFS, _COMMENT_AUTHOR, _BEGIN_COMMENT, _COMMENT_TEXT = 617, 618, 632, 635, 637

_TEXTS = (_CELL_ST, _FMLA_STRING, _CELL_R_STRING, _CELL_ISST)
_NUMBERS = (_CELL_RK, _CELL_REAL, _FMLA_NUM)
_BOOLEANS = (_CELL_BOOL, _FMLA_BOOL)
_ERRORS = (_CELL_ERROR, _FMLA_ERROR)
_CELLS = frozenset((*_TEXTS, *_NUMBERS, *_BOOLEANS, *_ERRORS))
_MOST_COLUMNS = 16_384
_STRIKES = 0x08  # of a font
_PLAIN = compiled(GENERAL)


class _Record(NamedTuple):
    kind: int
    data: bytes


def sheets(path: Path, options: Options, tell: Tell) -> Iterator[Sheet]:
    """The visible sheets in their order. Raises NoWorkbook, OSError, or what zipfile raises for broken archives."""
    with zipfile.ZipFile(path) as archive:
        try:
            yield from _Workbook(Package(archive, "xl/workbook.bin"), options, tell).sheets()
        except (struct.error, IndexError, KeyError, UnicodeDecodeError, ElementTree.ParseError) as error:
            raise NoWorkbook(str(error)) from error


class _Workbook:
    def __init__(self, package: Package, options: Options, tell: Tell) -> None:
        self.package = package
        self.options = options
        self.tell = tell
        self.formats: list[Format] = []
        self.strings: list[str] = []

    def sheets(self) -> Iterator[Sheet]:
        found = [*self.records(self.package.main)]
        since_1904 = any(data[0] & 1 for kind, data in found if kind == _WB_PROP)
        self.formats = self.styles(since_1904)
        if target := self.package.of_kind("sharedStrings"):
            self.strings = [_clean(_text(data, 1)[0]) for kind, data in self.records(target) if kind == _SST_ITEM]
        hidden = []
        for _, data in (record for record in found if record.kind == _BUNDLE_SH):
            relation, at = _text(data, 8)
            name = _clean(_text(data, at)[0])
            kind, target = self.package.targets.get(relation, ("", ""))
            if kind != "worksheet":
                continue  # of a chart, or of macros
            if data[0] and not self.options.hidden:
                hidden.append(name)
                continue
            yield from self.sheet(name, target)
        tell_hidden_sheets(hidden, self.tell)

    def records(self, member: str) -> Iterator[_Record]:
        """The records of a part; each has its kind and its length in front, seven bits in a byte."""
        with self.package.open(member) as file:
            raw = file.read()
        at = 0
        while at < len(raw):
            kind = raw[at]
            at += 1
            if kind & 0x80:
                kind = kind & 0x7F | raw[at] << 7
                at += 1
            size = shift = 0
            while True:
                size |= (raw[at] & 0x7F) << shift
                shift += 7
                at += 1
                if not raw[at - 1] & 0x80 or shift > 21:
                    break
            yield _Record(kind, raw[at : at + size])
            at += size

    def styles(self, since_1904: bool) -> list[Format]:
        """The format of every style of a cell."""
        codes = dict(BUILT_IN)
        cells: list[tuple[int, int]] = []
        fonts: list[bool] = []  # whether each strikes out
        within = False
        target = self.package.of_kind("styles")
        for kind, data in self.records(target) if target else ():
            if kind == _FMT:
                codes[_whole(data, 0, 2)] = _text(data, 2)[0]
            elif kind == _FONT:
                fonts.append(bool(data[2] & _STRIKES) and not self.options.hidden)
            elif kind == _XF and within:
                cells.append((_whole(data, 2, 2), _whole(data, 4, 2)))
            elif kind in (_BEGIN_CELL_XFS, _END_CELL_XFS):
                within = kind == _BEGIN_CELL_XFS
        return [
            replace(compiled(codes.get(number, GENERAL), since_1904), struck=font < len(fonts) and fonts[font])
            for number, font in cells
        ]

    def sheet(self, name: str, target: str) -> Iterator[Sheet]:
        related = self.package.relations(target)
        rows: list[Found] = []
        merged: list[Merged] = []
        unseen: set[int] = set()
        outline = Outline(name, merged, unseen)
        take_hidden = self.options.hidden
        for kind, data in self.records(target):
            if kind in _CELLS:
                number, cells, _ = rows[-1]
                column = _whole(data, 0, 4)
                if column < _MOST_COLUMNS:
                    cells += [""] * (column + 1 - len(cells))
                    cells[column] = self.shown(kind, data)
                    style = _whole(data, 4, 3)
                    if cells[column] and style < len(self.formats) and self.formats[style].struck:
                        outline.struck.append(f"{letters(column)}{number}")
                        cells[column] = ""
                        continue
                    if kind in (_FMLA_STRING, _FMLA_NUM) and (address := _linked(kind, data)):
                        outline.link(Merged(number, number, column, column), address)
                    if kind in _ERRORS:
                        outline.errors.append(f"{letters(column)}{number} {cells[column]}")
            elif kind == _ROW_HDR:
                if rows and not (rows[-1][1] or rows[-1][2]):
                    rows.pop()
                rows.append((_whole(data, 0, 4) + 1, [], not take_hidden and bool(data[11] & 0x10)))
            elif kind == _COL_INFO and data[16] & 1 and not take_hidden:
                unseen |= set(range(_whole(data, 0, 4), min(_whole(data, 4, 4) + 1, _MOST_COLUMNS)))
            elif kind == _MERGE_CELL:
                merged.append(_span(data, 0))
            elif kind == _H_LINK:
                outline.link(_span(data, 0), related.get(_text(data, 16)[0], ("", ""))[1])
        self.comments(related, outline)
        return pieces(outline, rows, self.tell)

    def comments(self, related: Relations, outline: Outline) -> None:
        """Add what is noted beside cells to `outline`."""
        for target in (target for kind, target in related.values() if kind == "comments" and target in self.package):
            authors: set[str] = set()
            cells = Merged(0, 0, 0, 0)
            for kind, data in self.records(target):
                if kind == _COMMENT_AUTHOR:
                    authors.add(_clean(_text(data, 0)[0]))
                elif kind == _BEGIN_COMMENT:
                    cells = _span(data, 4)
                elif kind == _COMMENT_TEXT:
                    outline.comment(cells, _clean(_text(data, 1)[0]), authors)

    def shown(self, kind: int, data: bytes) -> str:
        """A cell: eight bytes of its column and style, then what it holds."""
        if kind in _BOOLEANS:
            return "TRUE" if data[8] else "FALSE"
        if kind in _ERRORS:
            return ERROR_CODES.get(data[8], "#N/A")
        style = _whole(data, 4, 3)
        form = self.formats[style] if style < len(self.formats) else _PLAIN
        if kind in _TEXTS:
            if kind == _CELL_ISST:
                number = _whole(data, 8, 4)
                text = self.strings[number] if number < len(self.strings) else ""
            else:
                text = _clean(_text(data, 9 if kind == _CELL_R_STRING else 8)[0])
            return form.text(text) if text else ""
        value = _rk(data) if kind == _CELL_RK else struct.unpack_from("<d", data, 8)[0]
        try:
            return form.number(value)
        except (ValueError, ArithmeticError):
            return general(value)


def _whole(data: bytes, at: int, size: int) -> int:
    if len(data) < at + size:
        raise IndexError("record too short")
    return int.from_bytes(data[at : at + size], "little")


def _text(data: bytes, at: int) -> tuple[str, int]:
    """A string that has its length in front, and where it ends; "" for one that is null."""
    count = _whole(data, at, 4)
    if count == 0xFFFFFFFF:
        return "", at + 4
    end = at + 4 + 2 * count
    return data[at + 4 : end].decode("utf-16-le", "replace"), end


def _linked(kind: int, data: bytes) -> str:
    """The address in the formula of a cell, which stands behind its value and two bytes of flags."""
    at = (_text(data, 8)[1] if kind == _FMLA_STRING else 16) + 2
    return BIFF12.address(data[at + 4 : at + 4 + _whole(data, at, 4)]) if len(data) > at + 4 else ""


def _clean(text: str) -> str:
    return normalize(text).strip()


def _span(data: bytes, at: int) -> Merged:
    top, bottom, left, right = struct.unpack_from("<4I", data, at)
    return Merged(top + 1, bottom + 1, left, right)


def _rk(data: bytes) -> float:
    """A number in thirty bits: an integer or the upper half of a float, perhaps of a hundred times the value."""
    (raw,) = struct.unpack_from("<i", data, 8)
    value: float = raw >> 2 if raw & 2 else struct.unpack("<d", struct.pack("<iI", 0, raw & 0xFFFFFFFC))[0]
    return value / 100 if raw & 1 else value
