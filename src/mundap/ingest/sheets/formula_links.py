"""The address in a formula HYPERLINK("address", …), as the binary formats keep it: in tokens, values before what takes them
([MS-XLS] 2.5.198, [MS-XLSB] 2.2.2)."""

from __future__ import annotations

import re
import struct
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

Place = tuple[int, int]  # row and column, counted from 0

_CALLED = re.compile(rb"[\x22\x42\x62][\x01\x02]\x67\x01")  # HYPERLINK with one or two values
_HYPERLINK = 0x167
_BINARY = range(0x03, 0x12)  # operators that make one of two values
_UNARY = (0x12, 0x13, 0x14, 0x15)
_EMPTY, _TEXT, _ATTRIBUTE, _FUNCTION = 0x16, 0x17, 0x19, 0x22
_CHOOSE = 0x04  # of an attribute: a list of places follows
_CONSTANTS = {0x1C: 1, 0x1D: 1, 0x1E: 2, 0x1F: 8}  # errors, booleans, integers, floats, and how many bytes
_BOF, _EOF, _FORMULA, _SHEET = 0x809, 0x0A, 0x06, 0x85
_WORKSHEET = 0x10


@dataclass(frozen=True)
class Tokens:
    """How a format writes tokens: the bytes of those that refer to cells, by their kind, and of a text's length."""

    sizes: Mapping[int, int]
    narrow: bool

    def address(self, code: bytes) -> str:
        """The address of a formula that is one HYPERLINK of a written address; "" of any other."""
        if not _CALLED.fullmatch(code[-4:]):
            return ""
        try:
            return self._address(code)
        except (IndexError, struct.error):
            return ""

    def _address(self, code: bytes) -> str:
        values: list[str] = []  # "" for what is not written out
        at = 0
        while at < len(code):
            kind = code[at]
            at += 1
            bare = (kind & 0x1F) | 0x20 if kind > 0x3F else kind
            if kind in _BINARY:
                values[-2:] = [""]
            elif kind == _EMPTY:
                values.append("")
            elif kind == _TEXT:
                text, at = self._text(code, at)
                values.append(text)
            elif kind == _ATTRIBUTE:
                (count,) = struct.unpack_from("<H", code, at + 1)
                at += 3 + (2 * count + 2 if code[at] & _CHOOSE else 0)
            elif kind in _CONSTANTS:
                at += _CONSTANTS[kind]
                values.append("")
            elif bare == _FUNCTION:
                count = code[at] & 0x7F
                (name,) = struct.unpack_from("<H", code, at + 1)
                at += 3
                if at == len(code):
                    return values[0] if name == _HYPERLINK and len(values) == count else ""
                values[len(values) - count :] = [""]
            elif (size := self.sizes.get(bare)) is not None:
                at += size
                values.append("")
            elif kind not in _UNARY:
                return ""
        return ""

    def _text(self, code: bytes, at: int) -> tuple[str, int]:
        if not self.narrow:
            end = at + 2 + 2 * int.from_bytes(code[at : at + 2], "little")
            return code[at + 2 : end].decode("utf-16-le"), end
        wide = code[at + 1] & 1
        end = at + 2 + code[at] * (1 + wide)
        return code[at + 2 : end].decode("utf-16-le" if wide else "latin-1"), end


# A name, a cell, an area, what they refer to being gone, and the same of other sheets.
BIFF8 = Tokens({0x23: 4, 0x24: 4, 0x25: 8, 0x2A: 4, 0x2B: 8, 0x39: 6, 0x3A: 6, 0x3B: 10}, narrow=True)
BIFF12 = Tokens({0x23: 4, 0x24: 6, 0x25: 12, 0x2A: 6, 0x2B: 12, 0x39: 6, 0x3A: 8, 0x3B: 14}, narrow=False)


def links_of_xls(stream: bytes) -> list[dict[Place, str]]:
    """The addresses in the formulas of each sheet, in the order of the sheets, from the workbook's stream (BIFF8)."""
    if not _CALLED.search(stream):
        return []
    sheets: list[int] = []
    found: dict[int, dict[Place, str]] = defaultdict(dict)
    begun: list[int] = []  # where the parts that have not ended begin: a chart stands within its sheet
    at = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        data = stream[at + 4 : at + 4 + size]
        if kind == _BOF:
            begun.append(at)
        elif kind == _EOF:
            begun = begun[:-1]
        elif kind == _SHEET and len(data) > 6 and not data[5]:
            sheets.append(int.from_bytes(data[:4], "little"))
        elif kind == _FORMULA and len(begun) == 1 and len(data) > 22:
            row, column, count = *struct.unpack_from("<HH", data), *struct.unpack_from("<H", data, 20)
            if address := BIFF8.address(data[22 : 22 + count]):
                found[begun[0]][row, column] = address
        at += 4 + size
    return [found[start] for start in sheets]
