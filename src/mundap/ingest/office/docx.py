"""DOCX through python-docx: the body in its order, with labels, merged cells, notes, text boxes and links."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from mundap.errors import BadFile
from mundap.extras import need
from mundap.ingest.assemble import assemble
from mundap.ingest.blocks import Block, Cell, Heading, Paragraph, Parsed, Table
from mundap.ingest.build import Reading
from mundap.ingest.elements import Element
from mundap.ingest.grid import one_line
from mundap.ingest.office.docx_numbering import Numbering, W, numbering
from mundap.ingest.office.naming import made_on, plausible
from mundap.ingest.office.struck import struck_out
from mundap.ingest.office.symbols import symbol
from mundap.ingest.raised import subscript, superscript

_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_OPEN = {f"{W}{name}" for name in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag")}
_LEFT_OUT = {f"{W}{name}" for name in ("del", "moveFrom", "rt", "pPr", "rPr", "instrText", "delText")}
_LEFT_OUT |= {f"{_MC}Fallback"}
_SIGNS = {f"{W}tab": " ", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
_HEADING = re.compile(r"(?:heading|제목|개요|outline)\s*([1-9])", re.IGNORECASE)
_TITLES = ("title", "제목", "문서 제목")
_CONTENTS = re.compile(r"(?:toc|목차|table of figures)\s*(?:\d|heading|제목)?", re.IGNORECASE)
_NOTES = {f"{W}footnoteReference": ("footnotes", "주"), f"{W}endnoteReference": ("endnotes", "미주")}
_LINK = re.compile(r'\s*HYPERLINK\s+"([^"\\]+)"', re.IGNORECASE)
_LONGEST = 200  # characters of a heading; a longer one is text in a wrong style
_DEEPEST = 40  # tables within tables
_LABEL = 60  # characters of what stands beside a table within a cell


@dataclass(frozen=True)
class _Style:
    name: str
    based: str
    level: int | None  # of its outline, from 0; 9 is body text
    number: tuple[str, int] | None
    hidden: bool
    struck: bool


@dataclass
class _Field:
    """A field that is open: its code, and what it shows so far."""

    code: str = ""
    shown: str = ""


@dataclass
class _Word:
    """A document being walked: its styles, lists, links, notes and open fields, and what was struck out so far."""

    styles: dict[str, _Style]
    lists: Numbering
    links: dict[str, str]
    notes: dict[tuple[str, str], Element]
    default: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    fields: list[_Field] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)
    depth: int = 0


def read_docx(path: Path, source: str) -> Reading:
    """A document of Word. Raises BadFile for one that is no such document or broken."""
    return assemble(parse(path), path, source)


def parse(path: Path) -> Parsed:
    """The blocks of a document of Word, without headers, footers, comments, deletions, and text that is hidden
    or struck out, which is named in a warning."""
    package: Element = need("docx", "docs")
    try:
        document = package.Document(str(path))
        word = _word(document)
        blocks = tuple(_blocks(document.element.body, word))
        about = document.core_properties
        return Parsed(blocks, plausible(about.title), made_on(about), warnings=struck_out(word.struck))
    except MemoryError:
        raise
    except Exception as error:  # a broken file can make python-docx and lxml raise anything: KeyError, ValueError
        raise BadFile(
            f"{path.name}: 워드 문서로 읽을 수 없습니다({type(error).__name__}). 워드에서 열어 DOCX로 다시 저장하세요."
        ) from error


def _word(document: Element) -> _Word:
    etree: Element = need("lxml.etree", "docs")
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    parts = {relation.reltype.rpartition("/")[2]: relation for relation in document.part.rels.values()}

    def root(kind: str) -> Element:
        relation = parts.get(kind)
        return None if relation is None or relation.is_external else etree.fromstring(relation.target_part.blob, parser)

    styles = root("styles")
    lists = root("numbering")
    notes = {}
    for kind in ("footnotes", "endnotes"):
        for note in root(kind) if kind in parts else ():
            if note.get(f"{W}id") is not None and note.get(f"{W}type") in (None, "normal"):
                notes[kind, note.get(f"{W}id")] = note
    found = list(styles.iter(f"{W}style")) if styles is not None else []
    return _Word(
        {style.get(f"{W}styleId"): _style(style) for style in found},
        numbering(lists) if lists is not None else Numbering(),
        {key: relation.target_ref for key, relation in document.part.rels.items() if relation.is_external},
        notes,
        next(
            (
                style.get(f"{W}styleId")
                for style in found
                if style.get(f"{W}default") in ("1", "true") and style.get(f"{W}type") == "paragraph"
            ),
            "",
        ),
    )


def _style(style: Element) -> _Style:
    properties = style.find(f"{W}pPr")
    return _Style(
        _val(style, "name"),
        _val(style, "basedOn"),
        _outline(properties),
        _listed(properties),
        _on(style, "vanish"),
        _struck(style),
    )


def _outline(properties: Element) -> int | None:
    value = _val(properties, "outlineLvl")
    return int(value) if value.isdigit() else None


def _listed(properties: Element) -> tuple[str, int] | None:
    """(list, level) of w:numPr; the list is "" where only the level is said, "0" for none."""
    found = properties.find(f"{W}numPr") if properties is not None else None
    if found is None:
        return None
    level = _val(found, "ilvl")
    return _val(found, "numId"), int(level) if level.isdigit() else 0


def _on(parent: Element, name: str) -> bool:
    """Whether a property of the letters is set."""
    found = parent.find(f"{W}rPr/{W}{name}")
    return found is not None and found.get(f"{W}val") not in ("0", "false", "off")


def _struck(parent: Element) -> bool:
    return _on(parent, "strike") or _on(parent, "dstrike")


def _val(parent: Element, name: str) -> str:
    child = parent.find(f"{W}{name}") if parent is not None else None
    return (child.get(f"{W}val") or "") if child is not None else ""


def _blocks(parent: Element, word: _Word) -> Iterator[Block]:
    _join_deleted(parent)
    for child in parent:
        if child.tag == f"{W}p":
            yield from _paragraph(child, word)
        elif child.tag == f"{W}tbl":
            yield from _table(child, word)
        elif child.tag in _OPEN:
            yield from _blocks(child, word)
        elif child.tag == f"{_MC}AlternateContent":
            yield from _blocks(_chosen(child), word)


def _join_deleted(parent: Element) -> None:
    """Put what stands in a paragraph whose mark is deleted at the beginning of the next, as Word shows them."""
    if parent.find(f"{W}p/{W}pPr/{W}rPr") is None:
        return
    for child in list(parent):
        properties = child.find(f"{W}pPr/{W}rPr") if child.tag == f"{W}p" else None
        gone = properties is not None and any(properties.find(f"{W}{name}") is not None for name in ("del", "moveFrom"))
        after = child.getnext()
        if not gone or after is None or after.tag != f"{W}p":
            continue
        runs = [run for run in child if run.tag != f"{W}pPr"]
        at = 1 if len(after) and after[0].tag == f"{W}pPr" else 0
        for n, run in enumerate(runs):
            after.insert(at + n, run)
        parent.remove(child)


def _chosen(alternate: Element) -> Element:
    choice = alternate.find(f"{_MC}Choice")
    return choice if choice is not None else next(iter(alternate), alternate)


def _paragraph(element: Element, word: _Word) -> Iterator[Block]:
    """A paragraph, what its text boxes hold, and the notes it refers to."""
    behind: list[Element] = []
    notes: list[str] = []
    text = "".join(_text(element, word, behind, notes)).strip()
    styles = [*_chain(element, word)]
    if text and not (styles and _CONTENTS.fullmatch(styles[0].name)):
        level = _level(element, styles)
        label = _label(element, styles, word)
        line = f"{label} {text}" if label else text
        yield Paragraph(line) if level is None or len(line) > _LONGEST else Heading(" ".join(line.split()), level)
    for box in behind:
        yield from _blocks(box, word)
    yield from map(Paragraph, notes)


def _text(element: Element, word: _Word, behind: list[Element], notes: list[str]) -> Iterator[str]:
    for child in element:
        tag = child.tag
        if tag in (f"{W}t", f"{_MATH}t"):
            for one in word.fields:
                one.shown += child.text or ""
            yield child.text or ""
        elif tag == f"{W}r":
            yield from _run(child, word, behind, notes)
        elif tag == f"{W}fldChar":
            yield _field_char(child, word)
        elif tag == f"{W}instrText":
            if word.fields:
                word.fields[-1].code += child.text or ""
        elif tag == f"{W}fldSimple":
            text = "".join(_text(child, word, behind, notes))
            yield _with_address(text, _address(child.get(f"{W}instr") or ""))
        elif tag == f"{W}sym":
            yield symbol(child.get(f"{W}font") or "", child.get(f"{W}char") or "")
        elif tag in _SIGNS:
            yield _SIGNS[tag]
        elif tag == f"{W}txbxContent":
            behind.append(child)
        elif tag in _NOTES:
            yield _noted(child, word, notes)
        elif tag == f"{W}hyperlink":
            yield _linked(child, word, "".join(_text(child, word, behind, notes)))
        elif tag == f"{_MC}AlternateContent":
            yield from _text(_chosen(child), word, behind, notes)
        elif tag not in _LEFT_OUT:
            yield from _text(child, word, behind, notes)


def _run(run: Element, word: _Word, behind: list[Element], notes: list[str]) -> Iterator[str]:
    """The text of a run, unless it is struck out or hidden, by itself or by its style."""
    properties = run.find(f"{W}rPr")
    if properties is None:
        yield from _text(run, word, behind, notes)
        return
    style = word.styles.get(_val(properties, "rStyle"))
    if _struck(run) or (style is not None and style.struck):
        word.struck.append("".join(_placed(run, properties, word, [], [])))
    elif not (_on(run, "vanish") or (style is not None and style.hidden)):
        yield from _placed(run, properties, word, behind, notes)


def _placed(run: Element, properties: Element, word: _Word, behind: list[Element], notes: list[str]) -> Iterator[str]:
    """The text of a run; 10³ and H₂O where it stands higher or lower in the line."""
    place = _val(properties, "vertAlign")
    if place == "superscript":
        yield superscript("".join(_text(run, word, behind, notes)))
    elif place == "subscript":
        yield subscript("".join(_text(run, word, behind, notes)))
    else:
        yield from _text(run, word, behind, notes)


def _field_char(mark: Element, word: _Word) -> str:
    """What stands behind a field that ends here: the address of a link."""
    kind = mark.get(f"{W}fldCharType")
    if kind == "begin":
        word.fields.append(_Field())
    if kind != "end" or not word.fields:
        return ""
    done = word.fields.pop()
    return _with_address(done.shown, _address(done.code)).removeprefix(done.shown)


def _address(code: str) -> str:
    """The address in the code of a field that is a link to elsewhere."""
    found = _LINK.match(code)
    return found[1] if found else ""


def _linked(link: Element, word: _Word, text: str) -> str:
    """The text of a link, and its address where that says something else."""
    return _with_address(text, word.links.get(link.get(f"{_R}id"), ""))


def _with_address(text: str, address: str) -> str:
    address = address.removeprefix("mailto:")
    return (
        f"{text} ({address})"
        if text.strip() and address and address.rstrip("/").rpartition("//")[2] not in text
        else text
    )


def _noted(reference: Element, word: _Word, notes: list[str]) -> str:
    """The mark of a note, which goes behind the paragraph with the same mark."""
    kind, name = _NOTES[reference.tag]
    note = word.notes.pop((kind, reference.get(f"{W}id")), None)  # one that refers to itself ends here
    if note is None:
        return ""
    word.counts[kind] = word.counts.get(kind, 0) + 1
    mark = f"{name} {word.counts[kind]}"
    notes.append(f"{mark}) {' '.join(_flat(_blocks(note, word)).split())}")
    return f"[{mark}]"


def _chain(element: Element, word: _Word) -> Iterator[_Style]:
    """The style of a paragraph and those it is based on."""
    seen = set()
    name = _val(element.find(f"{W}pPr"), "pStyle") or word.default
    while name in word.styles and name not in seen:
        seen.add(name)
        yield word.styles[name]
        name = word.styles[name].based


def _level(element: Element, styles: Iterable[_Style]) -> int | None:
    """The level of a heading, 1 for the document's title and 2 for 제목 1; None for text."""
    outline = _outline(element.find(f"{W}pPr"))
    if outline is not None:
        return outline + 2 if outline < 9 else None
    for style in styles:
        if style.name.lower() in _TITLES:
            return 1
        if style.level is not None:
            return style.level + 2 if style.level < 9 else None
        if found := _HEADING.fullmatch(style.name):
            return int(found[1]) + 1
    return None


def _label(element: Element, styles: Iterable[_Style], word: _Word) -> str:
    listed = [found for found in (_listed(element.find(f"{W}pPr")), *(s.number for s in styles)) if found]
    number = next((name for name, _ in listed if name), "")
    return word.lists.label(number, listed[0][1]) if number not in ("", "0") else ""


def _table(element: Element, word: _Word) -> Iterator[Block]:
    """A table, and the tables within its cells behind it. One of a single cell is a frame around what it holds."""
    rows = [row for row in _within(element, f"{W}tr") if row.find(f"{W}trPr/{W}del") is None]
    cells = [[*_within(row, f"{W}tc")] for row in rows]
    if word.depth >= _DEEPEST:
        return
    word.depth += 1
    if [len(row) for row in cells] == [1]:
        yield from _blocks(cells[0][0], word)
    else:
        inner: list[Block] = []
        yield _filled(rows, cells, word, inner)
        yield from inner
    word.depth -= 1


def _within(parent: Element, tag: str) -> Iterator[Element]:
    for child in parent:
        if child.tag == tag:
            yield child
        elif child.tag in _OPEN:
            yield from _within(child, tag)


def _filled(rows: list[Element], cells: list[list[Element]], word: _Word, inner: list[Block]) -> Table:
    places: list[list[tuple[int, str, int, bool]]] = []  # (column, text, columns, continued) of each cell
    for row, inside in zip(rows, cells, strict=True):
        properties = row.find(f"{W}trPr")
        before = _count(properties, "gridBefore", 0)
        line = [(0, "", before, False)] if before else []
        x = before
        for cell in inside:
            about = cell.find(f"{W}tcPr")
            if _val(about, "hMerge") == "continue" and line:
                at, text, wide, continued = line[-1]
                line[-1] = (at, text, wide + 1, continued)
                x += 1
                continue
            across = _count(about, "gridSpan", 1)
            merge = about.find(f"{W}vMerge") if about is not None else None
            continued = merge is not None and merge.get(f"{W}val") != "restart"
            found = [*_blocks(cell, word)]
            if within := [block for block in found if isinstance(block, Table)]:
                label = ", ".join(one_line(text) for text in _before(places, line, x) if text)[:_LABEL]
                inner += [replace(block, caption=block.caption or label) for block in within]
            line.append((x, _flat(found), across, continued))
            x += across
        places.append(line)
    header = 0
    while header < len(rows) and rows[header].find(f"{W}trPr/{W}tblHeader") is not None:
        header += 1
    return Table(
        tuple(
            tuple(
                Cell(text, _down(places, y, x), across)
                for x, text, across, continued in line
                if not (continued and y and any(at == x for at, *_ in places[y - 1]))
            )
            for y, line in enumerate(places)
        ),
        header=header,
    )


def _before(
    places: list[list[tuple[int, str, int, bool]]], line: list[tuple[int, str, int, bool]], column: int
) -> Iterator[str]:
    """What stands before a column in a row, cells that reach down into it too."""
    for at, text, _, continued in line:
        above = reversed(places) if continued else ()
        yield (
            next((said for row in above for x, said, _, going in row if x == at and not going), "")
            if continued
            else text
        )


def _down(places: list[list[tuple[int, str, int, bool]]], y: int, x: int) -> int:
    """How many rows the cell at `x` covers from row `y`."""
    down = 1
    while y + down < len(places) and any(at == x and continued for at, _, _, continued in places[y + down]):
        down += 1
    return down


def _count(properties: Element, name: str, least: int) -> int:
    value = _val(properties, name)
    return max(min(int(value), 1000), least) if value.isdigit() else least


def _flat(blocks: Iterable[Block]) -> str:
    return "\n".join(block.text for block in blocks if not isinstance(block, Table))
