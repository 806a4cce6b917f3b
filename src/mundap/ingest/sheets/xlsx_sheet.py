"""The XML of one sheet of an xlsx file, and of the strings that its cells share: fed to a parser piece by piece."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO
from xml.parsers import expat

from mundap.ingest.reading_progress import report
from mundap.ingest.sheets.number_format import Format, compiled
from mundap.ingest.sheets.rich_text import PROPERTIES, Run
from mundap.ingest.sheets.sheet import ERRORS, HALF, Merged, letters
from mundap.ingest.sheets.visible import Found, Outline, bare, written
from mundap.korean.normalize import normalize

_PIECE = 1 << 18
_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d+)")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LINKED = re.compile(r'^\s*=?\s*HYPERLINK\(\s*"([^"]+)"\s*[,)]', re.IGNORECASE)
_ROWS = re.compile(rb"<(?:[\w.-]+:)?sheetData(?:\s[^>]*)?(?<!/)>")
_ROWS_END = re.compile(rb"</(?:[\w.-]+:)?sheetData\s*>")
_LONGEST_TAG = 256  # bytes of those two, at the most
_TRUE = ("1", "true", "on")
_MOST_COLUMNS = 16_384
_PLAIN = compiled("General")


class _Reader:
    """Feeds a part of the file to a parser whose elements are called without their prefix."""

    def __init__(self) -> None:
        self._locals: dict[str, str] = {}
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self.start
        self._parser.EndElementHandler = self.end
        self._parser.CharacterDataHandler = self.text

    def local(self, name: str) -> str:
        found = self._locals.get(name)
        if found is None:
            found = self._locals[name] = name.rpartition(":")[2]
        return found

    def read(self, file: IO[bytes]) -> None:
        """Feed all of `file`."""
        while piece := file.read(_PIECE):
            self.feed(piece)
        self.close()

    def feed(self, piece: bytes) -> None:
        self._parser.Parse(piece, False)

    def close(self) -> None:
        self._parser.Parse(b"", True)

    def start(self, name: str, about: dict[str, str]) -> None: ...

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


class Strings(_Reader):
    """Puts the strings that cells name by number `into` a list; `struck` are the numbers of those that were more before
    something of them was struck out."""

    def __init__(self, into: list[str], take_struck: bool) -> None:
        super().__init__()
        self.struck: set[int] = set()
        self._into = into
        self._run = Run(take_struck)
        self._since = 0
        self._parts: list[str] = []
        self._reading = False
        self._phonetic = False

    def start(self, name: str, about: dict[str, str]) -> None:
        """An element begins."""
        name = self.local(name)
        if name == "si":
            self._parts.clear()
            self._run.begin()
            self._run.lost = False
        elif name == "rPh":
            self._phonetic = True
        elif name == "t":
            self._reading = not self._phonetic
            self._since = len(self._parts)
        elif name == "r":
            self._run.begin()
        elif name in PROPERTIES:
            self._run.note(name, about)

    def end(self, name: str) -> None:
        """An element ends."""
        name = self.local(name)
        if name == "t":
            self._reading = False
            self._run.end(self._parts, self._since)
        elif name == "rPh":
            self._phonetic = False
        elif name == "si":
            if self._run.lost:
                self.struck.add(len(self._into))
            self._into.append(_clean("".join(self._parts)))

    def text(self, text: str) -> None:
        """Text of an element."""
        if self._reading:
            self._parts.append(text)


class Around(_Reader):
    """What stands before and behind the rows: hidden columns, merged cells, and links by the id of what they refer to."""

    def __init__(self, take_hidden: bool) -> None:
        super().__init__()
        self.links: list[tuple[Merged, str]] = []
        self._take_hidden = take_hidden
        self._hidden: set[int] = set()
        self._merged: list[Merged] = []

    def read_around(self, file: IO[bytes]) -> None:
        """Feed `file` without the rows, which are only passed over."""
        held, passing = b"", False
        while piece := file.read(_PIECE):
            held += piece
            if not passing and (found := _ROWS.search(held)):
                self.feed(held[: found.end()])
                held, passing = held[found.end() :], True
            if passing and (found := _ROWS_END.search(held)):
                held = held[found.start() :]
                break
            if not passing:
                self.feed(held[:-_LONGEST_TAG])
            held = held[-_LONGEST_TAG:]
        self.feed(held)
        self.read(file)

    def outline(self, name: str) -> Outline:
        """What is known of the sheet by now."""
        return Outline(name, self._merged, frozenset(self._hidden))

    def start(self, name: str, about: dict[str, str]) -> None:
        """An element begins."""
        name = self.local(name)
        if name == "mergeCell":
            if cells := span(about.get("ref", "")):
                self._merged.append(cells)
        elif name == "hyperlink":
            relation = next((value for key, value in about.items() if self.local(key) == "id"), "")
            if cells := span(about.get("ref", "")):
                self.links.append((cells, relation))
        elif name == "col" and not self._take_hidden and (about.get("hidden") in _TRUE or about.get("width") == "0"):
            self._hidden |= set(range(int(about["min"]) - 1, min(int(about["max"]), _MOST_COLUMNS)))


class Rows(_Reader):
    """The rows of one sheet, every cell as it is shown. Errors and formulas without a value are added to `outline`."""

    def __init__(
        self, formats: list[Format], strings: list[str], struck: set[int], take_hidden: bool, outline: Outline
    ) -> None:
        super().__init__()
        self._formats = formats
        self._strings = strings
        self._struck_strings = struck
        self._struck_styles = frozenset(n for n, one in enumerate(formats) if one.struck)
        self._run = Run(take_hidden)
        self._since = 0
        self._take_hidden = take_hidden
        self._outline = outline
        self._rows: list[Found] = []
        self._row = 0
        self._hidden = False
        self._cells: list[str] = []
        self._column = -1
        self._type = ""
        self._style = 0
        self._formula = False
        self._into: list[str] | None = None
        self._value: list[str] = []
        self._code: list[str] = []
        self._columns: dict[str, int] = {}
        self._phonetic = False

    def rows(self, file: IO[bytes], size: int) -> Iterator[Found]:
        """The rows as they are read. `size` is that of the file in bytes: how far it is read is reported."""
        done = 0
        while piece := file.read(_PIECE):
            self.feed(piece)
            done += len(piece)
            report(HALF * done / size)
            yield from self._rows
            self._rows.clear()
        self.close()

    def start(self, name: str, about: dict[str, str]) -> None:
        """An element begins."""
        name = self._locals.get(name) or self.local(name)
        if name == "c":
            reference = about.get("r")
            self._column = self._column + 1 if reference is None else self._index(reference)
            self._type = about.get("t", "n")
            self._style = int(about.get("s") or 0)
            self._formula = False
            self._value.clear()
        elif name == "v":
            self._into = self._value
        elif name == "t":
            self._into = None if self._phonetic else self._value
            self._since = len(self._value)
        elif name == "row":
            said = about.get("r")
            self._row = int(said) if said else self._row + 1
            self._hidden = not self._take_hidden and (about.get("hidden") in _TRUE or about.get("ht") in ("0", "0.0"))
            self._cells = []
            self._column = -1
        elif name == "f":
            self._formula = True
            self._code.clear()
            self._into = self._code
        elif name == "rPh":
            self._phonetic = True
        elif name in ("is", "r"):
            self._run.begin()
        elif name in PROPERTIES:
            self._run.note(name, about)

    def text(self, text: str) -> None:
        """Text of an element."""
        if self._into is not None:
            self._into.append(text)

    def end(self, name: str) -> None:
        """An element ends."""
        name = self._locals[name]
        if name in ("v", "f"):
            self._into = None
        elif name == "t":
            self._into = None
            self._run.end(self._value, self._since)
        elif name == "c":
            self._put()
        elif name == "row":
            if self._cells or self._hidden:
                self._rows.append((self._row, self._cells, self._hidden))
        elif name == "rPh":
            self._phonetic = False

    def _index(self, reference: str) -> int:
        name = reference.rstrip("0123456789")
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = _column(name)
        return found

    def _put(self) -> None:
        value = self._value
        raw = value[0] if len(value) == 1 else "".join(value)
        if self._struck(raw):
            return
        if not raw:
            if self._formula and self._type == "n":
                self._outline.uncounted.append(f"{letters(self._column)}{self._row}")
            return
        shown = self._shown(raw)
        if self._formula and self._code and (match := _LINKED.match("".join(self._code))):
            address = written(match[1])
            shown = f"{shown} ({address})" if address and bare(address) not in shown else shown
        if not shown or self._column >= _MOST_COLUMNS:
            return
        cells = self._cells
        if len(cells) < self._column:
            cells += [""] * (self._column - len(cells))
        if len(cells) == self._column:
            cells.append(shown)
        else:  # a file that names a cell twice, or out of order
            cells[self._column] = shown

    def _struck(self, raw: str) -> bool:
        """Whether the cell is struck out as a whole; one that is so in part is told too."""
        whole = self._style in self._struck_styles
        inline = self._run.lost
        self._run.lost = False
        shared = self._type == "s" and bool(self._struck_strings) and raw.isdigit() and int(raw) in self._struck_strings
        if (whole and raw) or inline or shared:
            self._outline.struck.append(f"{letters(self._column)}{self._row}")
        return whole

    def _shown(self, raw: str) -> str:
        kind = self._type
        if kind == "s":
            return self._text(self._strings[int(raw)] if int(raw) < len(self._strings) else "")
        if kind == "n":
            style = self._formats[self._style] if self._style < len(self._formats) else _PLAIN
            if style.plain and raw.isdigit() and raw.isascii() and not raw.startswith("0"):
                return raw
            try:
                return style.number(float(raw))
            except (ValueError, ArithmeticError):
                return _clean(raw)
        if kind == "b":
            return "TRUE" if raw in _TRUE else "FALSE"
        if kind == "e":
            self._outline.errors.append(f"{letters(self._column)}{self._row} {raw}")
            return raw
        if kind == "d":
            return raw.replace("T", " ").removesuffix("Z").removesuffix(" 00:00:00")
        shown = _clean(raw)
        if shown in ERRORS:
            self._outline.errors.append(f"{letters(self._column)}{self._row} {shown}")
        return self._text(shown)

    def _text(self, text: str) -> str:
        style = self._formats[self._style] if self._style and self._style < len(self._formats) else _PLAIN
        return style.text(text) if text and style.words != "@" else text


def _clean(text: str) -> str:
    if "_x" in text:
        text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    return normalize(text).strip()


def span(reference: str) -> Merged | None:
    """The cells of B3:D4, or of B3."""
    found = [match for part in reference.split(":") if (match := _REFERENCE.fullmatch(part))]
    if not 0 < len(found) < 3:
        return None
    columns = sorted(_column(match[1]) for match in found)
    rows = sorted(int(match[2]) for match in found)
    return Merged(rows[0], rows[-1], columns[0], columns[-1])


def _column(name: str) -> int:
    found = 0
    for letter in name.upper():
        found = found * 26 + ord(letter) - 64
    return found - 1
