"""A tree of HTML as blocks: headings, paragraphs, items of lists, and tables with their spans."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mundap.ingest.blocks import Block, Cell, Heading, Paragraph, Table
from mundap.ingest.elements import Element
from mundap.ingest.grid import one_line
from mundap.ingest.raised import subscript, superscript

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCK = set(
    "address article aside blockquote body center details dd dir div dl dt fieldset figcaption figure footer form"
    " header hgroup html legend li main menu nav ol p pre section summary table tbody td tfoot th thead tr ul".split()
) | set(_HEADINGS)
_SKIPPED = set("script style noscript template svg canvas iframe object embed head select option datalist".split())
_SKIPPED |= {"button", "input", "textarea", "audio", "video", "map", "rp", "rt", "colgroup"}
_BLANKS = re.compile(r"[^\S\n]+")
_SPACE = re.compile(r"\s+")
_LAYOUT = {"presentation", "none"}  # roles of a table that only arranges
_DEEPEST = 200  # elements within elements
_BULLET = "• "
_KEPT = re.compile(r"(?:https?|ftp)://\S|mailto:\S|tel:\S", re.IGNORECASE)
_CELLS = 400  # of a long text in a layout table's cell
_LABEL = 60  # characters of what stands beside a table within a cell
_MOST = 1000  # rows or columns that one cell covers, as in HTML's own limits


@dataclass
class _Walk:
    """What has been found, and the line that is being written."""

    blocks: list[Block] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    marker: str = ""  # of the item that begins
    level: int = 0  # of the heading that is open
    pre: bool = False

    def flush(self) -> None:
        raw = "".join(self.line)
        self.line.clear()
        lines = raw.split("\n") if self.pre else (_BLANKS.sub(" ", line).strip() for line in raw.split("\n"))
        text = "\n".join(line.rstrip() for line in lines if line.strip())
        if not text:
            return
        if self.level:
            self.blocks.append(Heading(self.marker + _SPACE.sub(" ", text), self.level))
        else:
            self.blocks.append(Paragraph(self.marker + text))
        self.marker = ""

    def say(self, text: str | None) -> None:
        if text:
            self.line.append(text if self.pre else _SPACE.sub(" ", text))


def walk(root: Element) -> list[Block]:
    """The blocks of an lxml element, in reading order."""
    found = _Walk()
    _element(root, found, 0)
    found.flush()
    return found.blocks


def _element(element: Element, into: _Walk, depth: int) -> None:
    tag = element.tag if isinstance(element.tag, str) else ""
    if not tag or tag in _SKIPPED or depth > _DEEPEST:
        return
    if tag == "br":
        into.line.append("\n")
    elif tag == "hr":
        into.flush()
    elif tag == "img":
        into.say(_alternative(element))
    elif tag in ("sup", "sub"):
        _raised(element, into, depth)
    elif tag == "a":
        _link(element, into, depth)
    elif tag == "table":
        into.flush()
        _table(element, into, depth)
    elif tag in ("ul", "ol", "menu", "dir"):
        into.flush()
        _list(element, into, depth)
    elif tag == "dl":
        into.flush()
        _definitions(element, into, depth)
    elif tag in _BLOCK:
        into.flush()
        level, pre = into.level, into.pre
        into.level, into.pre = _HEADINGS.get(tag, level), pre or tag == "pre"
        _inside(element, into, depth)
        into.flush()
        into.level, into.pre = level, pre
    else:
        _inside(element, into, depth)


def _inside(element: Element, into: _Walk, depth: int) -> None:
    into.say(element.text)
    for child in element:
        _element(child, into, depth + 1)
        into.say(child.tail)


def _raised(element: Element, into: _Walk, depth: int) -> None:
    before = len(into.line)
    _inside(element, into, depth)
    text = "".join(into.line[before:])
    if len(into.line) >= before:  # nothing in it has begun a line of its own
        into.line[before:] = [superscript(text) if element.tag == "sup" else subscript(text)]


def _alternative(image: Element) -> str:
    """What a picture says, if it is said at some length; 로고 and the like are no text."""
    text = _SPACE.sub(" ", image.get("alt") or "").strip()
    return f" {text} " if len(text) > 15 and " " in text else ""


def _link(link: Element, into: _Walk, depth: int) -> None:
    if any(child.tag in _BLOCK for child in link.iterdescendants() if isinstance(child.tag, str)):
        _inside(link, into, depth)
        return
    before = len(into.line)
    _inside(link, into, depth)
    text = _SPACE.sub(" ", "".join(into.line[before:])).strip()
    address = (link.get("href") or "").strip()
    bare = re.sub(r"^(?:mailto:|tel:|\w+://)", "", address).rstrip("/")
    if text and _KEPT.match(address) and bare.casefold() not in text.casefold():
        into.line.append(f" ({address.removeprefix('mailto:').removeprefix('tel:')})")


def _list(element: Element, into: _Walk, depth: int) -> None:
    ordered = element.tag == "ol"
    number = _number(element.get("start"), 1)
    into.say(element.text)
    for child in element:
        if child.tag == "li":
            into.flush()
            number = _number(child.get("value"), number)
            into.marker = _shown(number, element.get("type") or "1") if ordered else _BULLET
            number += 1
            before = len(into.blocks)
            _inside(child, into, depth + 1)
            into.flush()
            if len(into.blocks) == before or isinstance(into.blocks[before], Table):
                into.marker = ""
        else:
            _element(child, into, depth + 1)
        into.say(child.tail)
    into.flush()


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and re.fullmatch(r"-?\d{1,9}", text.strip()) else otherwise


def _shown(number: int, form: str) -> str:
    if form in "aA" and 1 <= number <= 26:
        return chr(ord(form) + number - 1) + ". "
    return f"{number}. "


def _definitions(element: Element, into: _Walk, depth: int) -> None:
    """A term and what is said of it in one paragraph, if both are short."""
    for part in (element, *element.iterchildren("div")):
        into.say(part.text)
        for child in part:
            into.say(child.tail)
    into.flush()
    terms: list[str] = []
    for child in _wrapped(element):
        if child.tag == "dt":
            _without_definition(terms, into)
            terms = [*terms, _flat(child, depth)]
        elif child.tag == "dd":
            inner = _walked(child, depth)
            term, terms = ", ".join(term for term in terms if term), []
            if inner and isinstance(inner[0], Paragraph):
                joint = "\n" if term[-1:] in ("?", ".", "!", ":") else ": "
                into.blocks.append(Paragraph(f"{term}{joint}{inner[0].text}" if term else inner[0].text))
                into.blocks += inner[1:]
            else:
                into.blocks += [*([Paragraph(term)] if term else []), *inner]
        else:
            _element(child, into, depth + 1)
            into.flush()
    if terms:
        into.blocks.append(Paragraph(", ".join(terms)))


def _without_definition(terms: list[str], into: _Walk) -> None:
    if len(terms) > 5:  # terms that nothing is said of
        into.blocks.append(Paragraph(", ".join(terms)))
        terms.clear()


def _wrapped(element: Element) -> Iterator[Element]:
    """The children of a dl, and those in the div that may stand around a pair."""
    for child in element:
        if child.tag == "div":
            yield from (inner for inner in child if isinstance(inner.tag, str))
        elif isinstance(child.tag, str):
            yield child


def _walked(element: Element, depth: int) -> list[Block]:
    inner = _Walk()
    _inside(element, inner, depth + 1)
    inner.flush()
    return inner.blocks


def _flat(element: Element, depth: int) -> str:
    return "\n".join(block.text for block in _walked(element, depth) if not isinstance(block, Table))


def _table(element: Element, into: _Walk, depth: int) -> None:
    """A table, and the tables within its cells behind it; one that only arranges is what it holds."""
    caption = next((_flat(child, depth) for child in element if child.tag == "caption"), "")
    _stray(element, into, depth)
    into.flush()
    rows = [[cell for cell in row if cell.tag in ("td", "th")] for row in _rows(element)]
    rows = [row for row in rows if row]
    if _arranges(element, rows):
        if caption:
            into.blocks.append(Paragraph(caption))
        for row in rows:
            for cell in row:
                into.blocks += _walked(cell, depth + 1)
        return
    form = _form(rows)
    inner: list[Block] = []
    cells = []
    for row in rows:
        line: list[Cell] = []
        for cell in row:
            found = _walked(cell, depth + 1)
            label = ", ".join(one_line(before.text) for before in line if before.text)[:_LABEL]
            inner += [replace(block, caption=block.caption or label) for block in found if isinstance(block, Table)]
            text = "\n".join(block.text for block in found if not isinstance(block, Table))
            down = _number(cell.get("rowspan"), 1)
            # 0 is "all the rows that are left"
            line.append(
                Cell(text, min(down, _MOST) if down > 0 else len(rows), _across(cell), form and cell.tag == "th")
            )
        cells.append(tuple(line))
    if cells:
        header = 0 if form else _header(element, rows)
        into.blocks.append(Table(tuple(cells), header=header, caption=caption, form=form))
    into.blocks += inner


def _stray(part: Element, into: _Walk, depth: int) -> None:
    """What stands in a table and in none of its cells, as browsers show above it."""
    into.say(part.text)
    for child in part:
        if child.tag in ("thead", "tbody", "tfoot", "tr") and part.tag != "tr":
            _stray(child, into, depth + 1)
        elif child.tag != "caption" and not (part.tag == "tr" and child.tag in ("td", "th")):
            _element(child, into, depth + 1)
        into.say(child.tail)


def _across(cell: Element) -> int:
    return min(max(_number(cell.get("colspan"), 1), 1), _MOST)


def _rows(table: Element) -> Iterator[Element]:
    """The rows of a table and not of those within it: those of thead first, those of tfoot last."""
    parts = {tag: [part for part in table if part.tag == tag] for tag in ("thead", "tfoot")}
    for part in parts["thead"]:
        yield from (row for row in part if row.tag == "tr")
    for child in table:
        if child.tag == "tr":
            yield child
        elif child.tag == "tbody":
            yield from (row for row in child if row.tag == "tr")
    for part in parts["tfoot"]:
        yield from (row for row in part if row.tag == "tr")


def _arranges(table: Element, rows: list[list[Element]]) -> bool:
    """Whether a table is there for the layout: it says so, is one cell, or holds long parts of a page."""
    if (table.get("role") or "").lower() in _LAYOUT or sum(map(len, rows)) <= 1:
        return True
    cells = [cell for row in rows for cell in row]
    if any(cell.tag == "th" for cell in cells):
        return False
    inner = [cell for cell in cells if next(cell.iter("table", *_HEADINGS, "form"), None) is not None]
    return any(
        len(cell.text_content()) > _CELLS or next(cell.iter("h1", "h2", "h3"), None) is not None for cell in inner
    )


def _form(rows: list[list[Element]]) -> bool:
    """Whether rows begin with a th and have their values beside it."""
    beside = [row for row in rows if len(row) > 1]
    return bool(beside) and all(row[0].tag == "th" and any(cell.tag == "td" for cell in row) for row in beside)


def _header(table: Element, rows: list[list[Element]]) -> int:
    """How many rows on top are headers: those of thead, else those of th alone."""
    marked = sum(1 for part in table if part.tag == "thead" for row in part if row.tag == "tr" and len(row))
    while not marked and rows and all(cell.tag == "th" for cell in rows[0]):
        return next((n for n, row in enumerate(rows) if any(cell.tag != "th" for cell in row)), len(rows) - 1)
    return marked
