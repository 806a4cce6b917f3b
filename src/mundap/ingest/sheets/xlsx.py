"""xlsx and xlsm: every visible cell as Excel shows it, read from the file's own XML row by row.

Values and formats stand in different parts of the file, and merged cells, links and comments behind the rows: what
stands around the rows is read first. Hidden sheets, rows and columns are left out and told, formulas give the value that
was saved with them.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from mundap.ingest.sheets.number_format import BUILT_IN, GENERAL, Format, compiled
from mundap.ingest.sheets.package import Package, Relations, local
from mundap.ingest.sheets.sheet import Merged, NoWorkbook, Options, Sheet, Tell
from mundap.ingest.sheets.visible import pieces, tell_hidden_sheets
from mundap.ingest.sheets.xlsx_sheet import Around, Rows, Strings, span
from mundap.korean.normalize import normalize

_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_PLACEHOLDER = "[Threaded comment]"
_TRUE = ("1", "true", "on")


def sheets(path: Path, options: Options, tell: Tell) -> Iterator[Sheet]:
    """The sheets in their order, long ones in pieces. Raises NoWorkbook, OSError, or what zipfile raises for broken
    archives."""
    with zipfile.ZipFile(path) as archive:
        try:
            yield from _Workbook(Package(archive, "xl/workbook.xml"), options, tell).sheets()
        except (expat.ExpatError, ElementTree.ParseError, KeyError) as error:
            raise NoWorkbook(str(error)) from error


class _Workbook:
    def __init__(self, package: Package, options: Options, tell: Tell) -> None:
        self.package = package
        self.options = options
        self.tell = tell
        self.formats: list[Format] = []
        self.strings: list[str] = []
        self.struck: set[int] = set()

    def sheets(self) -> Iterator[Sheet]:
        root = self.package.xml(self.package.main)
        properties = next((one for one in root.iter() if local(one.tag) == "workbookPr"), None)
        since_1904 = properties is not None and properties.get("date1904", "") in _TRUE
        self.formats = self.styles(since_1904)
        self.strings = self.shared()
        hidden = []
        for sheet in (one for one in root.iter() if local(one.tag) == "sheet"):
            name = normalize(sheet.get("name", "")).strip()
            relation = sheet.get(_RELATION) or sheet.get(_STRICT_RELATION) or ""
            kind, target = self.package.targets.get(relation, ("", ""))
            if kind != "worksheet":
                continue  # of a chart, or of macros
            if sheet.get("state", "visible") != "visible" and not self.options.hidden:
                hidden.append(name)
                continue
            yield from self.sheet(name, target)
        tell_hidden_sheets(hidden, self.tell)

    def sheet(self, name: str, target: str) -> Iterator[Sheet]:
        related = self.package.relations(target)
        around = Around(self.options.hidden)
        with self.package.open(target) as file:
            around.read_around(file)
        outline = around.outline(name)
        for cells, relation in around.links:
            outline.link(cells, related.get(relation, ("", ""))[1])
        for cells, text, authors in self.comments(related):
            outline.comment(cells, text, authors)
        with self.package.open(target) as file:
            rows = Rows(self.formats, self.strings, self.struck, self.options.hidden, outline)
            yield from pieces(outline, rows.rows(file, self.package.size(target)), self.tell)

    def styles(self, since_1904: bool) -> list[Format]:
        """The format of every style of a cell."""
        target = self.package.of_kind("styles")
        if not target:
            return []
        codes = dict(BUILT_IN)
        cells: list[tuple[int, int]] = []
        struck: set[int] = set()
        for part in self.package.xml(target):
            if local(part.tag) == "numFmts":
                codes |= {_number(one.get("numFmtId")): one.get("formatCode", GENERAL) for one in part}
            elif local(part.tag) == "cellXfs":
                cells = [(_number(one.get("numFmtId")), _number(one.get("fontId"))) for one in part]
            elif local(part.tag) == "fonts" and not self.options.hidden:
                struck = {n for n, font in enumerate(part) if any(_strikes(one) for one in font)}
        return [
            replace(compiled(codes.get(number, GENERAL), since_1904), struck=font in struck) for number, font in cells
        ]

    def shared(self) -> list[str]:
        """The strings that cells name by number, what is said above them for reading left out."""
        target = self.package.of_kind("sharedStrings")
        strings: list[str] = []
        if target:
            with self.package.open(target) as file:
                found = Strings(strings, self.options.hidden)
                found.read(file)
                self.struck = found.struck
        return strings

    def comments(self, related: Relations) -> Iterator[tuple[Merged, str, set[str]]]:
        """What is noted beside cells, and the names of all who noted something."""
        for kind in ("threadedComment", "comments"):
            for target in (target for k, target in related.values() if k == kind and target in self.package):
                root = self.package.xml(target)
                authors = {_text(one).strip() for one in root.iter() if local(one.tag) == "author"}
                for one in (o for o in root.iter() if local(o.tag) in ("comment", "threadedComment")):
                    text = normalize("".join(_text(part) for part in one if local(part.tag) == "text"))
                    if (cells := span(one.get("ref", ""))) and not text.strip().startswith(_PLACEHOLDER):
                        yield cells, text, authors


def _strikes(one: ElementTree.Element) -> bool:
    return local(one.tag) == "strike" and one.get("val", "1") in _TRUE


def _text(element: ElementTree.Element) -> str:
    return "".join(element.itertext())


def _number(said: str | None) -> int:
    return int(said) if said and said.isdigit() else 0
