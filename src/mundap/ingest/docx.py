"""DOCX, through python-docx: paragraphs, list items, headings and tables in order, merged cells with their spans."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mundap.errors import BadFile
from mundap.extras import need
from mundap.ingest.assemble import assemble
from mundap.ingest.blocks import Block, Cell, Heading, Paragraph, Parsed, Table
from mundap.ingest.build import Reading

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_Place = tuple[int, str, int, bool]
_STYLE = re.compile(r"(?:heading|제목|개요)\s*(\d)", re.IGNORECASE)
_BODY_LEVEL = 9  # w:outlineLvl of text that is no heading
_UNTITLED = re.compile(
    r"\s*(?:제목\s?없음|untitled|문서\s?\d*|document\s?\d*|microsoft word.*|word document|.*\.(?:docx?|hwpx?))?\s*",
    re.I,
)


def read_docx(path: Path, source: str) -> Reading:
    """A Word document. Raises BadFile for what is none."""
    return assemble(parse(path), path, source)


def parse(path: Path) -> Parsed:
    """The blocks of the body. Headers, footers, comments, deleted and hidden text are left out."""
    library = need("docx", "docs")
    try:
        document = library.Document(str(path))
        blocks = tuple(_blocks(document.element.body, document))
        core = document.core_properties
        title, modified = core.title or "", core.modified or core.created
    except MemoryError:
        raise
    except Exception as error:  # a broken file makes the library raise anything: KeyError, XMLSyntaxError, ValueError
        raise BadFile(
            f"{path.name}: 워드 문서로 읽을 수 없습니다({type(error).__name__}). 워드에서 열어 DOCX로 다시 저장해 주세요."
        ) from error
    plausible = "" if _UNTITLED.fullmatch(title) else title
    return Parsed(blocks, plausible, modified.date().isoformat() if modified else "")


def _blocks(body: Any, document: Any) -> Iterator[Block]:
    for element in body:
        if element.tag == f"{_W}p":
            yield from _paragraph(element, document)
        elif element.tag == f"{_W}tbl":
            yield _table(element)
        elif element.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml"):
            yield from _blocks(element, document)


def _paragraph(element: Any, document: Any) -> Iterator[Block]:
    text = _text(element)
    if text.strip():
        style = _style(element, document)
        level = _level(element, style)
        item = level is None and any(
            e is not None and e.find(f"{_W}pPr/{_W}numPr") is not None
            for e in (element, getattr(style, "element", None))
        )
        yield Heading(text, level) if level is not None else Paragraph(f"• {text}" if item else text)
    for box in element.iter(f"{_W}txbxContent"):
        if not any(above.tag.endswith("}Fallback") for above in box.iterancestors()):  # a copy for old programs
            yield from _blocks(box, document)


def _style(element: Any, document: Any) -> Any:
    """The named style of a paragraph, or None."""
    used = element.find(f"{_W}pPr/{_W}pStyle")
    return next((s for s in document.styles if used is not None and s.style_id == used.get(f"{_W}val")), None)


def _level(element: Any, style: Any) -> int | None:
    """The level of a heading by its style's name or its outline level; None for text. The title of the document is 1,
    headings begin at 2."""
    found = [element.find(f"{_W}pPr/{_W}outlineLvl")]
    if style is not None:
        if style.name == "Title":
            return 1
        if match := _STYLE.match(style.name or ""):
            return int(match.group(1)) + 1
        found.append(style.element.find(f"{_W}pPr/{_W}outlineLvl"))
    levels = [int(each.get(f"{_W}val")) for each in found if each is not None]
    return levels[0] + 2 if levels and levels[0] < _BODY_LEVEL else None


def _text(element: Any) -> str:
    """The text of a paragraph as it is printed: inserted runs, no deleted or hidden ones, none of its text boxes."""
    parts = []
    for run in element.iter(f"{_W}r"):
        nearest = next((a.tag for a in run.iterancestors() if a.tag in (f"{_W}txbxContent", f"{_W}p")), "")
        owner = next((a for a in run.iterancestors() if a.tag == f"{_W}p"), None)
        if owner is not element or nearest == f"{_W}txbxContent" or run.find(f"{_W}rPr/{_W}vanish") is not None:
            continue
        for child in run:
            if child.tag == f"{_W}t":
                parts.append(child.text or "")
            elif child.tag == f"{_W}tab":
                parts.append("\t")
            elif child.tag in (f"{_W}br", f"{_W}cr"):
                parts.append("\n")
    return "".join(parts)


def _table(element: Any) -> Table:
    rows = [[*_row(row)] for row in element.iterchildren(f"{_W}tr")]
    made = [
        tuple(Cell(text, _down(rows, y, x), across) for x, text, across, goes_on in row if not goes_on)
        for y, row in enumerate(rows)
    ]
    marked = [row.find(f"{_W}trPr/{_W}tblHeader") is not None for row in element.iterchildren(f"{_W}tr")]
    return Table(tuple(made), header=next((n for n, head in enumerate(marked) if not head), len(marked)))


def _down(rows: Sequence[Sequence[_Place]], y: int, x: int) -> int:
    """How many rows the cell at column `x` of row `y` covers."""
    below = 1
    while y + below < len(rows) and any(column == x and goes_on for column, _, _, goes_on in rows[y + below]):
        below += 1
    return below


def _row(row: Any) -> Iterator[_Place]:
    """(column, text, columns covered, whether it goes on from the cell above) of each cell."""
    x = 0
    for cell in row.iter(f"{_W}tc"):
        if next(cell.iterancestors(f"{_W}tr")) is not row:
            continue  # of a table within
        span = cell.find(f"{_W}tcPr/{_W}gridSpan")
        merge = cell.find(f"{_W}tcPr/{_W}vMerge")
        across = int(span.get(f"{_W}val")) if span is not None else 1
        goes_on = merge is not None and merge.get(f"{_W}val", "continue") == "continue"
        yield x, "\n".join(_text(p) for p in cell.iter(f"{_W}p")), across, goes_on
        x += across
