"""A workbook of openpyxl as xls and as xlsb, and records of still older files, byte by byte."""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import xlwt
from openpyxl.utils import column_index_from_string
from openpyxl.utils.datetime import to_excel

ERRORS = {"#NULL!": 0, "#DIV/0!": 7, "#VALUE!": 15, "#REF!": 23, "#NAME?": 29, "#NUM!": 36, "#N/A": 42}
_LINKED = re.compile(r'=HYPERLINK\("([^"]+)","([^"]+)"\)')
_STATES = {"visible": 0, "hidden": 1, "veryHidden": 2}


def saved_as(book: openpyxl.Workbook, path: Path) -> Path:
    """Save by the suffix: what an xls cannot hold, links and comments, is left out there."""
    {".xlsx": book.save, ".xls": lambda at: _as_xls(book, at), ".xlsb": lambda at: _as_xlsb(book, at)}[path.suffix](
        path
    )
    return path


def _number(value: Any) -> Any:
    return to_excel(value) if isinstance(value, date | datetime | time | timedelta) else value


def _hidden(sheet: Any) -> tuple[set[int], set[int]]:
    """The rows, from 1, and columns, from 0, that are hidden."""
    rows = {row for row, about in sheet.row_dimensions.items() if about.hidden}
    return rows, {column_index_from_string(c) - 1 for c, about in sheet.column_dimensions.items() if about.hidden}


def _as_xls(book: openpyxl.Workbook, path: Path) -> None:
    made = xlwt.Workbook(encoding="utf-8")
    styles: dict[str, xlwt.XFStyle] = {}
    for sheet in book:
        into = made.add_sheet(sheet.title)
        into.visibility = _STATES[sheet.sheet_state]
        rows, columns = _hidden(sheet)
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is None:
                    continue
                style = styles.setdefault(cell.number_format, xlwt.easyxf(num_format_str=cell.number_format))
                line = into.row(cell.row - 1)
                if cell.data_type == "e":
                    line.set_cell_error(cell.column - 1, ERRORS[cell.value], style)
                else:
                    line.write(cell.column - 1, _number(cell.value), style)
        for one in sheet.merged_cells.ranges:
            into.merge(one.min_row - 1, one.max_row - 1, one.min_col - 1, one.max_col - 1)
        for number in rows:
            into.row(number - 1).hidden = True
        for number in columns:
            into.col(number).hidden = True
    made.save(str(path))


# -- xlsb -------------------------------------------------------------------------------------------------------------

_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def _record(kind: int, data: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size = len(data)
    while size >= 0x80:
        head += bytes([size & 0x7F | 0x80])
        size >>= 7
    return head + bytes([size]) + data


def _wide(text: str) -> bytes:
    raw = text.encode("utf-16-le")
    return struct.pack("<I", len(raw) // 2) + raw


def _relations(*targets: tuple[str, str, str, bool]) -> str:
    every = "".join(
        f'<Relationship Id="{name}" Type="{_OFFICE}/{kind}" Target="{to}"{" TargetMode=" + chr(34) + "External" + chr(34) if out else ""}/>'
        for name, kind, to, out in targets
    )
    return f'<Relationships xmlns="{_PACKAGE}">{every}</Relationships>'


def _as_xlsb(book: openpyxl.Workbook, path: Path) -> None:
    codes = sorted({cell.number_format for sheet in book for row in sheet.iter_rows() for cell in row})
    styles = _record(278) + _record(615, struct.pack("<I", len(codes)))
    styles += b"".join(_record(44, struct.pack("<H", 164 + n) + _wide(code)) for n, code in enumerate(codes))
    styles += (
        _record(616) + _record(47, bytes(16)) + _record(617, struct.pack("<I", len(codes)))
    )  # one that is no cell's comes first
    styles += b"".join(_record(47, struct.pack("<HH", 0, 164 + n) + bytes(12)) for n in range(len(codes)))
    strings: list[str] = []
    parts: dict[str, bytes | str] = {
        "_rels/.rels": _relations(("r", "officeDocument", "xl/workbook.bin", False)),
        "xl/styles.bin": styles + _record(618),
    }
    main = _record(131) + _record(153, struct.pack("<II", 0, 0) + _wide("")) + _record(143)
    related = [("s", "styles", "styles.bin", False), ("t", "sharedStrings", "sharedStrings.bin", False)]
    for n, sheet in enumerate(book, 1):
        main += _record(156, struct.pack("<II", _STATES[sheet.sheet_state], n) + _wide(f"r{n}") + _wide(sheet.title))
        related.append((f"r{n}", "worksheet", f"worksheets/sheet{n}.bin", False))
        content, links, comments = _sheet(sheet, codes, strings)
        parts[f"xl/worksheets/sheet{n}.bin"] = content
        parts[f"xl/comments{n}.bin"] = comments
        parts[f"xl/worksheets/_rels/sheet{n}.bin.rels"] = _relations(
            ("c", "comments", f"../comments{n}.bin", False), *((f"h{k}", "hyperlink", to, True) for k, to in links)
        )
    parts["xl/workbook.bin"] = main + _record(144) + _record(132)
    parts["xl/_rels/workbook.bin.rels"] = _relations(*related)
    shared = b"".join(_record(19, b"\0" + _wide(text)) for text in strings)
    count = struct.pack("<II", len(strings), len(strings))
    parts["xl/sharedStrings.bin"] = _record(159, count) + shared + _record(160)
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)


def _sheet(sheet: Any, codes: Sequence[str], strings: list[str]) -> tuple[bytes, list[tuple[int, str]], bytes]:
    rows, columns = _hidden(sheet)
    made = _record(129) + _record(148, struct.pack("<4I", 0, sheet.max_row - 1, 0, sheet.max_column - 1))
    made += b"".join(_record(60, struct.pack("<IIIIH", x, x, 2048, 0, 1)) for x in sorted(columns))
    made += _record(145)
    links: list[tuple[int, str]] = []
    linked = b""
    noted = _record(632, _wide("총무과"))
    for row in sheet.iter_rows():
        hidden = 0x10 if row[0].row in rows else 0
        made += _record(0, struct.pack("<IIHBBBI", row[0].row - 1, 0, 300, 0, hidden, 0, 0))
        for cell in row:
            if cell.value is None:
                continue
            head = struct.pack("<II", cell.column - 1, codes.index(cell.number_format))
            made += _cell(cell, head, strings)
            place = struct.pack("<4I", *[cell.row - 1] * 2, *[cell.column - 1] * 2)
            if cell.hyperlink:
                links.append((len(links), cell.hyperlink.target))
                linked += _record(494, place + _wide(f"h{len(links) - 1}") + _wide("") * 3)
            if cell.comment:
                noted += _record(635, struct.pack("<I", 0) + place + bytes(16))
                noted += _record(637, b"\0" + _wide(cell.comment.text))
    made += _record(146)
    for one in sheet.merged_cells.ranges:
        made += _record(176, struct.pack("<4I", one.min_row - 1, one.max_row - 1, one.min_col - 1, one.max_col - 1))
    return made + linked + _record(130), links, noted


def _cell(cell: Any, head: bytes, strings: list[str]) -> bytes:
    value = _number(cell.value)
    if cell.data_type == "e":
        return _record(3, head + bytes([ERRORS[value]]))
    if isinstance(value, bool):
        return _record(4, head + bytes([value]))
    if isinstance(value, int) and abs(value) < 1 << 29:
        return _record(2, head + struct.pack("<i", value << 2 | 2))
    if not isinstance(value, str):
        return _record(5, head + struct.pack("<d", value))
    if found := _LINKED.fullmatch(value):
        code = b"".join(b"\x17" + struct.pack("<H", len(text)) + text.encode("utf-16-le") for text in found.groups())
        code += b"\x42\x02\x67\x01"
        return _record(8, head + _wide(found[2]) + bytes(2) + struct.pack("<I", len(code)) + code + bytes(4))
    if cell.row % 2:
        return _record(6, head + _wide(value))
    strings.append(value)
    return _record(7, head + struct.pack("<I", len(strings) - 1))


# -- BIFF -------------------------------------------------------------------------------------------------------------


def biff(*records: tuple[int, bytes]) -> bytes:
    """Records as they stand in an xls, which xlrd also reads without the container around them."""
    return b"".join(struct.pack("<HH", kind, len(data)) + data for kind, data in records)
