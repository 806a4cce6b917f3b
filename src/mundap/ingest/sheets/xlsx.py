"""xlsx and xlsm: every visible cell as Excel shows it, read from the file's own XML row by row.

Values and formats stand in different parts of the file; python-calamine gives the values alone. Hidden sheets, rows and
columns are left out and told, formulas give the value that was saved with them.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree
from xml.parsers import expat

from mundap.ingest.pace import report
from mundap.ingest.sheets.number_format import BUILT_IN, GENERAL, Format, compiled, general
from mundap.ingest.sheets.sheet import ERRORS, HALF, Merged, Options, Row, Sheet, Tell, letters, places, runs
from mundap.korean.normalize import normalize

_PIECE = 1 << 18
_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d+)")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LINKED = re.compile(r'^\s*=?\s*HYPERLINK\(\s*"([^"]+)"', re.IGNORECASE)
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_PLACEHOLDER = "[Threaded comment]"
_MOST_LINKED = 1000  # cells of one link; more is a format of whole columns
_TRUE = ("1", "true", "on")


Read = Callable[[Path, Options, Tell], Iterator[Sheet]]


class NoWorkbook(Exception):
    """The file is no workbook, or a broken one."""


def sheets(path: Path, options: Options, tell: Tell) -> Iterator[Sheet]:
    """The sheets in their order. Raises NoWorkbook, OSError, or what zipfile raises for broken archives."""
    with zipfile.ZipFile(path) as archive:
        try:
            yield from _Workbook(archive, options, tell).sheets()
        except (expat.ExpatError, ElementTree.ParseError, KeyError) as error:
            raise NoWorkbook(str(error)) from error


class _Workbook:
    def __init__(self, archive: zipfile.ZipFile, options: Options, tell: Tell) -> None:
        self.archive = archive
        self.options = options
        self.tell = tell
        self.names = {name.replace("\\", "/").lower(): name for name in archive.namelist()}
        main = next(
            (target for kind, target in self.relations("", "_rels/.rels").values() if kind == "officeDocument"),
            "xl/workbook.xml",
        )
        self.main = main if main.lower() in self.names else "xl/workbook.xml"
        self.targets = self.relations(self.main)
        self.formats: list[Format] = []
        self.strings: list[str] = []

    def sheets(self) -> Iterator[Sheet]:
        root = self.xml(self.main)
        properties = next((one for one in root.iter() if _local(one.tag) == "workbookPr"), None)
        since_1904 = properties is not None and properties.get("date1904", "") in _TRUE
        self.formats = self.styles(since_1904)
        self.strings = self.shared()
        hidden = []
        for sheet in (one for one in root.iter() if _local(one.tag) == "sheet"):
            name = normalize(sheet.get("name", "")).strip()
            kind, target = self.targets.get(sheet.get(_RELATION) or sheet.get(_STRICT_RELATION) or "", ("", ""))
            if kind != "worksheet":
                continue  # of a chart, or of macros
            if sheet.get("state", "visible") != "visible" and not self.options.hidden:
                hidden.append(name)
                continue
            yield self.sheet(name, target)
        if hidden:
            self.tell(
                f"숨긴 시트 {places(hidden)}은(는) 제외했습니다. 포함하려면 mundap.toml에 [ingest] hidden = true를 설정하세요"
            )

    def sheet(self, name: str, target: str) -> Sheet:
        related = self.relations(target)
        found = _Cells(self.formats, self.strings, self.options.hidden)
        with self.open(target) as file:
            found.read(file, self.archive.getinfo(self.names[target.lower()]).file_size)
        links = {
            reference: (related[relation][1] if relation in related else "") for reference, relation in found.links
        }
        _annotate(found, "", {ref: url for ref, url in links.items() if "://" in url or url.startswith("mailto:")})
        _annotate(found, "메모: ", self.comments(related))
        for said in found.warnings(name):
            self.tell(said)
        return Sheet(name, found.visible(), found.merged(), frozenset(found.gaps))

    def styles(self, since_1904: bool) -> list[Format]:
        """The format of every style of a cell."""
        target = next((target for kind, target in self.targets.values() if kind == "styles"), "")
        if target.lower() not in self.names:
            return []
        root = self.xml(target)
        codes = dict(BUILT_IN)
        cells: list[int] = []
        for part in root:
            if _local(part.tag) == "numFmts":
                codes |= {_number(one.get("numFmtId")): one.get("formatCode", GENERAL) for one in part}
            elif _local(part.tag) == "cellXfs":
                cells = [_number(one.get("numFmtId")) for one in part]
        return [compiled(codes.get(number, GENERAL), since_1904) for number in cells]

    def shared(self) -> list[str]:
        """The strings that cells name by number, what is said above them for reading left out."""
        target = next((target for kind, target in self.targets.values() if kind == "sharedStrings"), "")
        if target.lower() not in self.names:
            return []
        strings: list[str] = []
        with self.open(target) as file:
            _Strings(strings).read(file)
        return strings

    def comments(self, related: dict[str, tuple[str, str]]) -> dict[str, str]:
        """What is noted beside cells, by their reference."""
        found: dict[str, list[str]] = {}
        for kind in ("threadedComment", "comments"):
            for target in (target for k, target in related.values() if k == kind and target.lower() in self.names):
                root = self.xml(target)
                authors = {"".join(one.itertext()).strip() for one in root.iter() if _local(one.tag) == "author"}
                for one in (o for o in root.iter() if _local(o.tag) in ("comment", "threadedComment")):
                    text = "".join(t for part in one if _local(part.tag) == "text" for t in part.itertext()).strip()
                    head, _, rest = text.partition("\n")
                    text = rest if head.rstrip(" :") in authors and rest else text
                    if text and not text.startswith(_PLACEHOLDER):
                        found.setdefault(one.get("ref", ""), []).append(" ".join(normalize(text).split()))
        return {reference: " / ".join(texts) for reference, texts in found.items()}

    def relations(self, target: str, member: str = "") -> dict[str, tuple[str, str]]:
        """(kind, target) by id, of what a part of the file refers to."""
        folder, _, name = target.rpartition("/")
        member = member or f"{folder}/_rels/{name}.rels"
        if member.lower() not in self.names:
            return {}
        found = {}
        for one in self.xml(member):
            kind = one.get("Type", "").rpartition("/")[2]
            to = one.get("Target", "")
            if one.get("TargetMode", "") != "External":
                to = to.lstrip("/") if to.startswith("/") else posixpath.normpath(posixpath.join(folder, to))
            found[one.get("Id", "")] = (kind, to)
        return found

    def open(self, member: str) -> IO[bytes]:
        return self.archive.open(self.names[member.lower()])

    def xml(self, member: str) -> ElementTree.Element:
        with self.open(member) as file:
            return ElementTree.parse(file).getroot()


def _number(said: str | None) -> int:
    return int(said) if said and said.isdigit() else 0


def _local(tag: Any) -> str:
    return str(tag).rpartition("}")[2]


class _Reader:
    """Feeds a part of the file to a parser whose elements are called without their prefix."""

    def __init__(self) -> None:
        self._locals: dict[str, str] = {}

    def local(self, name: str) -> str:
        found = self._locals.get(name)
        if found is None:
            found = self._locals[name] = name.rpartition(":")[2]
        return found

    def read(self, file: IO[bytes], size: int = 0) -> None:
        """Feed all of `file`; with its `size` in bytes, report how far that is."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.text
        done = 0
        while piece := file.read(_PIECE):
            parser.Parse(piece, False)
            done += len(piece)
            if size:
                report(HALF * done / size)
        parser.Parse(b"", True)

    def start(self, name: str, about: dict[str, str]) -> None: ...

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


class _Strings(_Reader):
    def __init__(self, into: list[str]) -> None:
        super().__init__()
        self._into = into
        self._parts: list[str] = []
        self._reading = False
        self._phonetic = False

    def start(self, name: str, about: dict[str, str]) -> None:
        name = self.local(name)
        if name == "si":
            self._parts.clear()
        elif name == "rPh":
            self._phonetic = True
        elif name == "t":
            self._reading = not self._phonetic

    def end(self, name: str) -> None:
        name = self.local(name)
        if name == "t":
            self._reading = False
        elif name == "rPh":
            self._phonetic = False
        elif name == "si":
            self._into.append(_clean("".join(self._parts)))

    def text(self, text: str) -> None:
        if self._reading:
            self._parts.append(text)


def _clean(text: str) -> str:
    if "_x" in text:
        text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    return normalize(text).strip()


_PLAIN = Format(general, plain=True)


@dataclass
class _Cells(_Reader):
    """The cells of one sheet; those of hidden rows and columns apart."""

    formats: list[Format]
    strings: list[str]
    take_hidden: bool
    rows: list[Row] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    spans: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_columns: set[int] = field(default_factory=set)
    hidden_cells: dict[tuple[int, int], str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    uncounted: list[str] = field(default_factory=list)
    gaps: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()
        self._row = self._last = 0
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

    # -- what the parser calls ------------------------------------------------------------------------------------

    def start(self, name: str, about: dict[str, str]) -> None:
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
        elif name == "row":
            said = about.get("r")
            self._row = int(said) if said else self._row + 1
            self._hidden = not self.take_hidden and (about.get("hidden") in _TRUE or about.get("ht") in ("0", "0.0"))
            self._cells = []
            self._column = -1
        elif name == "f":
            self._formula = True
            self._code.clear()
            self._into = self._code
        elif name == "rPh":
            self._phonetic = True
        elif name == "col" and not self.take_hidden and (about.get("hidden") in _TRUE or about.get("width") == "0"):
            self.hidden_columns |= set(range(int(about["min"]) - 1, min(int(about["max"]), 16_384)))
        elif name == "mergeCell":
            self._merge(about.get("ref", ""))
        elif name == "hyperlink":
            relation = next((value for key, value in about.items() if self.local(key) == "id"), "")
            self.links.append((about.get("ref", ""), relation))

    def text(self, text: str) -> None:
        if self._into is not None:
            self._into.append(text)

    def end(self, name: str) -> None:
        name = self._locals[name]
        if name in ("v", "t", "f"):
            self._into = None
        elif name == "c":
            self._put()
        elif name == "row":
            if self._hidden:
                self._last += self._row == self._last + 1
            elif any(self._cells):
                if self._row != self._last + 1 and self.rows:
                    self.gaps.add(self._row)
                self._last = self._row
                self.rows.append((self._row, self._cells))
        elif name == "rPh":
            self._phonetic = False

    def _index(self, reference: str) -> int:
        column = reference.rstrip("0123456789")
        found = self._columns.get(column)
        if found is None:
            found = 0
            for letter in column.upper():
                found = found * 26 + ord(letter) - 64
            self._columns[column] = found = found - 1
        return found

    def _put(self) -> None:
        value = self._value
        raw = value[0] if len(value) == 1 else "".join(value)
        if not raw:
            if self._formula and self._type == "n":
                self.uncounted.append(f"{letters(self._column)}{self._row}")
            return
        shown = self._shown(raw)
        if self._formula and self._code and (match := _LINKED.match("".join(self._code))) and match[1] not in shown:
            shown = f"{shown} ({match[1]})"
        if not shown:
            return
        if self._hidden or self._column in self.hidden_columns:
            self.hidden_cells[self._row, self._column] = shown
            return
        cells = self._cells
        if len(cells) < self._column:
            cells += [""] * (self._column - len(cells))
        if len(cells) == self._column:
            cells.append(shown)
        else:  # a file that names a cell twice, or out of order
            cells[self._column] = shown

    def _shown(self, raw: str) -> str:
        kind = self._type
        if kind == "s":
            shown = self.strings[int(raw)] if int(raw) < len(self.strings) else ""
            style = self.formats[self._style] if self._style and self._style < len(self.formats) else _PLAIN
            return style.text(shown) if shown and style.words != "@" else shown
        if kind == "n":
            style = self.formats[self._style] if self._style < len(self.formats) else _PLAIN
            if style.plain and raw.isdigit() and raw.isascii() and not raw.startswith("0"):
                return raw
            try:
                return style.number(float(raw))
            except (ValueError, ArithmeticError):
                return _clean(raw)
        if kind == "b":
            return "TRUE" if raw in _TRUE else "FALSE"
        if kind == "e":
            self.errors.append(f"{letters(self._column)}{self._row} {raw}")
            return raw
        if kind == "d":
            return raw.replace("T", " ").removesuffix("Z").removesuffix(" 00:00:00")
        shown = _clean(raw)
        if shown in ERRORS:
            self.errors.append(f"{letters(self._column)}{self._row} {shown}")
        return shown

    def _merge(self, reference: str) -> None:
        if span := _span(reference):
            self.spans.append(span)

    # -- what has been read ---------------------------------------------------------------------------------------

    def visible(self) -> list[Row]:
        """The visible rows, without the columns that are hidden."""
        self._show_merged()
        if not self.hidden_columns:
            return self.rows
        widest = max((len(cells) for _, cells in self.rows), default=0)
        kept = [x for x in range(widest) if x not in self.hidden_columns]
        return [(number, [cells[x] for x in kept if x < len(cells)]) for number, cells in self.rows]

    def _show_merged(self) -> None:
        """A merged cell whose first row or column is hidden shows its text in those that are left."""
        numbered = dict(self.rows) if self.hidden_cells else {}
        for top, bottom, left, right in self.spans if numbered else ():
            text = self.hidden_cells.get((top, left))
            column = next((x for x in range(left, right + 1) if x not in self.hidden_columns), None)
            row = next((y for y in range(top, bottom + 1) if y in numbered), None)
            if text and column is not None and row is not None and (row, column) != (top, left):
                cells = numbered[row]
                cells += [""] * (column + 1 - len(cells))
                cells[column] = cells[column] or text

    def merged(self) -> list[Merged]:
        """The merged cells, by the columns that are left."""
        before = _Before(self.hidden_columns)
        found = []
        for top, bottom, left, right in self.spans:
            across = [left, right + 1]
            first, after = (before(x) for x in across)
            if after > first:
                found.append(Merged(top, bottom, first, after - 1))
        return found

    def warnings(self, name: str) -> Iterator[str]:
        where = f"시트 '{name}'"
        if self.hidden_cells:
            columns: dict[int, str] = {}
            rows = []
            for (row, column), text in sorted(self.hidden_cells.items()):
                if column in self.hidden_columns:
                    columns.setdefault(column, text)
                else:
                    rows.append(row)
            said = [f"숨긴 행 {runs(dict.fromkeys(rows))}"] if rows else []
            said += (
                [f"숨긴 열 {places(f'{letters(x)}({text[:20]})' for x, text in columns.items())}"] if columns else []
            )
            yield f"{where}: {', '.join(said)}은(는) 제외했습니다. 포함하려면 mundap.toml에 [ingest] hidden = true를 설정하세요"
        if self.errors:
            yield f"{where}: 수식 오류 값이 있습니다({places(self.errors)}). 시트에서 수정하세요"
        if self.uncounted:
            yield (
                f"{where}: 계산된 값이 저장되지 않은 수식이 있어 빈칸으로 처리했습니다({places(self.uncounted)})."
                " 엑셀에서 열어 다시 저장하세요"
            )


class _Before:
    """How many columns are left before one."""

    def __init__(self, hidden: set[int]) -> None:
        self._hidden = sorted(hidden)

    def __call__(self, column: int) -> int:
        from bisect import bisect_left

        return column - bisect_left(self._hidden, column)


def _span(reference: str) -> tuple[int, int, int, int] | None:
    """(top, bottom, left, right) of B3:D4; rows count from 1, columns from 0."""
    found = [match for part in reference.split(":") if (match := _REFERENCE.fullmatch(part))]
    if not 0 < len(found) < 3:
        return None
    columns = sorted(_column(match[1]) for match in found)
    rows = sorted(int(match[2]) for match in found)
    return rows[0], rows[-1], columns[0], columns[-1]


def _column(name: str) -> int:
    found = 0
    for letter in name.upper():
        found = found * 26 + ord(letter) - 64
    return found - 1


def _annotate(cells: _Cells, label: str, notes: dict[str, str]) -> None:
    """Put a note or an address behind the text of the cells that have it."""
    spans = [(span, text) for reference, text in notes.items() if text and (span := _span(reference))]
    if not spans:
        return
    numbered = dict(cells.rows)
    for (top, bottom, left, right), text in spans:
        every = [(y, x) for y in range(top, bottom + 1) for x in range(left, right + 1)][:_MOST_LINKED]
        for y, x in every:
            row = numbered.get(y, [])
            if x < len(row) and row[x] and text not in row[x]:
                row[x] = f"{row[x]} ({label}{text})"
