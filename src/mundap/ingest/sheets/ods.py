"""ods: cells as LibreOffice showed them, whose text stands in the file beside the value."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree import ElementTree

from mundap.ingest.sheets.rich_text import Run
from mundap.ingest.sheets.sheet import Merged, NoWorkbook, Options, Sheet, Tell, letters
from mundap.ingest.sheets.visible import Found, Outline, bare, pieces, tell_hidden_sheets, written
from mundap.korean.normalize import normalize

_NAMES = {
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
    "link": "http://www.w3.org/1999/xlink",
}
_MOST_COLUMNS = 16_384
_MOST_ROWS = 1_048_576


def _name(short: str) -> str:
    space, _, local = short.partition(":")
    return f"{{{_NAMES[space]}}}{local}"


_TABLE, _ROW, _COLUMN = _name("table:table"), _name("table:table-row"), _name("table:table-column")
_CELL, _COVERED = _name("table:table-cell"), _name("table:covered-table-cell")
_AGAIN_ACROSS, _AGAIN_DOWN = _name("table:number-columns-repeated"), _name("table:number-rows-repeated")
_ACROSS, _DOWN = _name("table:number-columns-spanned"), _name("table:number-rows-spanned")
_VISIBILITY = _name("table:visibility")
_P, _NOTE, _A, _HREF = _name("text:p"), _name("office:annotation"), _name("text:a"), _name("link:href")
_LETTERS, _TEXT_STYLE = _name("style:text-properties"), _name("text:style-name")
_STYLE, _STYLE_NAME, _TABLE_STYLE = _name("style:style"), _name("style:name"), _name("table:style-name")


def sheets(path: Path, options: Options, tell: Tell) -> Iterator[Sheet]:
    """The visible sheets in their order. Raises NoWorkbook, or what zipfile raises for broken archives."""
    hidden: list[str] = []
    unseen: set[str] = set()
    fonts = _Fonts(options.hidden)
    tables = 0  # within tables
    try:
        with zipfile.ZipFile(path) as archive, archive.open("content.xml") as file:
            for event, element in ElementTree.iterparse(file, ("start", "end")):
                if element.tag == _TABLE:
                    tables += 1 if event == "start" else -1
                if event == "start":
                    continue
                if element.tag == _STYLE and any(
                    one.get(_name("table:display")) == "false" for one in element.iter() if one is not element
                ):
                    unseen.add(element.get(_STYLE_NAME, ""))
                if element.tag == _STYLE:
                    fonts.style(element)
                if element.tag != _TABLE or tables:
                    continue
                name = normalize(element.get(_name("table:name"), "")).strip()
                if element.get(_TABLE_STYLE) in unseen and not options.hidden:
                    hidden.append(name)
                else:
                    yield from _sheet(name, element, fonts, tell)
                element.clear()
    except (ElementTree.ParseError, KeyError) as error:
        raise NoWorkbook(str(error)) from error
    tell_hidden_sheets(hidden, tell)


class _Fonts:
    """What styles of cells and of parts of texts say of their letters."""

    def __init__(self, take_hidden: bool) -> None:
        self.take_hidden = take_hidden
        self._about: dict[str, dict[str, str]] = {}

    def style(self, style: ElementTree.Element) -> None:
        """Take note of a style."""
        for one in style.iter(_LETTERS):
            struck = one.get(_name("style:text-line-through-style"), "none") != "none"
            place = one.get(_name("style:text-position"), "").split(" ")[0].strip("%")
            low = place == "sub" or (place.startswith("-") and place != "-0")
            high = place == "super" or (place.isdigit() and place != "0")
            self._about[style.get(_STYLE_NAME, "")] = {
                "strike": "1" if struck else "0",
                "vertAlign": "subscript" if low else "superscript" if high else "",
            }

    def struck(self, style: str) -> bool:
        """Whether cells of that style are struck out."""
        return not self.take_hidden and self._about.get(style, {}).get("strike") == "1"

    def part(self, style: str, text: str) -> tuple[str, bool]:
        """What is shown of a part of a text, and whether it is struck out."""
        run = Run(self.take_hidden)
        for name, said in self._about.get(style, {}).items():
            run.note(name, {"val": said})
        parts = [text]
        run.end(parts, 0)
        return "".join(parts), run.lost


def _sheet(name: str, table: ElementTree.Element, fonts: _Fonts, tell: Tell) -> Iterator[Sheet]:
    rows: list[tuple[int, int, list[str], bool]] = []
    merged: list[Merged] = []
    struck: list[str] = []
    number = 1
    for row in table.iter(_ROW):
        again = min(_count(row, _AGAIN_DOWN), _MOST_ROWS)
        cells, spans, lost = _cells(row, fonts)
        struck += [f"{letters(x)}{number}" for x in lost]
        while cells and not cells[-1]:
            cells.pop()
        hidden = not fonts.take_hidden and row.get(_VISIBILITY, "visible") != "visible"
        if cells or hidden:
            rows.append((number, again, cells, hidden))
        merged += [Merged(number, number + down - 1, left, left + across - 1) for left, down, across in spans]
        number += again
    unseen = set() if fonts.take_hidden else _hidden_columns(table)
    return pieces(Outline(name, merged, unseen, struck=struck), _repeated(rows), tell)


def _repeated(rows: Iterable[tuple[int, int, list[str], bool]]) -> Iterator[Found]:
    for number, again, cells, hidden in rows:
        for n in range(number, number + again):
            yield n, list(cells), hidden


def _cells(row: ElementTree.Element, fonts: _Fonts) -> tuple[list[str], list[tuple[int, int, int]], list[int]]:
    """The texts of a row, (left, rows, columns) of the merged cells that begin in it, and the columns of cells of which
    something is struck out."""
    lost: list[int] = []
    texts: list[str] = []
    spans = []
    for cell in row:
        if cell.tag not in (_CELL, _COVERED):
            continue
        text = _text(cell, fonts, lost, len(texts)) if cell.tag == _CELL else ""
        down, across = _count(cell, _DOWN), _count(cell, _ACROSS)
        if text and (down > 1 or across > 1):
            spans.append((len(texts), down, across))
        again = min(_count(cell, _AGAIN_ACROSS), _MOST_COLUMNS - len(texts))
        texts += [text] * again
    return texts, spans, lost


def _text(cell: ElementTree.Element, fonts: _Fonts, lost: list[int], column: int) -> str:
    """What the cell shows, its addresses and its note behind it. One of which something is struck out is added to `lost`."""
    gone: list[str] = []
    lines = ["".join(_said(line, fonts, gone)) for line in cell if line.tag == _P]
    text = normalize("\n".join(lines)).strip()
    if text and fonts.struck(cell.get(_TABLE_STYLE, "")):
        gone, text = [text], ""
    if any(gone):
        lost.append(column)
    for link in cell.iter(_A):
        address = written(link.get(_HREF, ""))
        if address and text and bare(address) not in text:
            text = f"{text} ({address})"
    for note in cell.iter(_NOTE):
        said = " ".join(" ".join(normalize("".join(line.itertext())).split()) for line in note if line.tag == _P)
        if said and text:
            text = f"{text} (메모: {said})"
    return text


def _said(line: ElementTree.Element, fonts: _Fonts, gone: list[str]) -> Iterator[str]:
    """The pieces of a line; those that are struck out go to `gone`."""
    yield line.text or ""
    for part in line:
        local = part.tag.rpartition("}")[2]
        if local == "s":
            yield " " * min(_count(part, _name("text:c")), 80)
        elif local in ("tab", "line-break"):
            yield "\n" if local == "line-break" else " "
        else:
            said = "".join(_said(part, fonts, gone))
            shown, struck = fonts.part(part.get(_TEXT_STYLE, ""), said)
            gone += [said] if struck else []
            yield shown
        yield part.tail or ""


def _hidden_columns(table: ElementTree.Element) -> set[int]:
    hidden: set[int] = set()
    at = 0
    for column in table.iter(_COLUMN):
        again = min(_count(column, _AGAIN_ACROSS), _MOST_COLUMNS)
        if column.get(_VISIBILITY, "visible") != "visible":
            hidden |= set(range(at, at + again))
        at += again
    return hidden


def _count(element: ElementTree.Element, name: str) -> int:
    said = element.get(name, "1")
    return max(int(said), 1) if said.isdigit() else 1
