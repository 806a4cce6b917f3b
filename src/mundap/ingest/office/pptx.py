"""PPTX, through python-pptx: a slide is a page, its title a heading; speaker notes come along, marked as such."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from mundap.errors import BadFile
from mundap.extras import Untyped, need
from mundap.ingest.assemble import assemble
from mundap.ingest.blocks import Block, Cell, Heading, Paragraph, Parsed, Table
from mundap.ingest.build import Reading
from mundap.ingest.office.naming import made_on, plausible
from mundap.ingest.office.struck import struck_out
from mundap.ingest.raised import subscript, superscript

NOTES = "발표자 노트: "
_RUNNING = ("DATE", "FOOTER", "SLIDE_NUMBER", "HEADER")  # placeholders that say nothing of their slide
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_RUN, _PROPERTIES = f"{_A}r", f"{_A}rPr"
_STRUCK = ("sngStrike", "dblStrike")
_ROW = 0.2  # of an inch; shapes whose tops differ by less stand side by side
_EMU = 914_400  # English metric units in an inch


def read_pptx(path: Path, source: str) -> Reading:
    """A presentation. Raises BadFile for what is none."""
    return assemble(parse(path), path, source)


def parse(path: Path) -> Parsed:
    """The blocks of every slide, hidden ones too, which are named in a warning."""
    library = need("pptx", "docs")
    try:
        deck = library.Presentation(str(path))
        slides = list(deck.slides)
        blocks = tuple(block for number, slide in enumerate(slides, 1) for block in _slide(slide, number))
        struck = [part.text for slide in slides for part in slide.element.iter(_RUN) if _struck(part)]
        hidden = [str(n) for n, slide in enumerate(slides, 1) if slide.element.get("show") == "0"]
        core = deck.core_properties
        title, date = plausible(core.title or ""), made_on(core)
    except MemoryError:
        raise
    except Exception as error:  # a broken file makes the library raise anything: KeyError, XMLSyntaxError, ValueError
        raise BadFile(
            f"{path.name}: 파워포인트로 읽을 수 없습니다({type(error).__name__}). 파워포인트에서 열어 PPTX로 다시 저장하세요."
        ) from error
    warnings = (f"숨긴 슬라이드도 읽었습니다: {', '.join(hidden)}쪽.",) if hidden else ()
    return Parsed(blocks, title, date, len(slides), (*warnings, *struck_out(struck)))


def _slide(slide: Untyped, number: int) -> Iterator[Block]:
    title = slide.shapes.title
    titled = title is not None and title.text_frame.text.strip()
    if titled:
        yield Heading(" ".join(_text(title.text_frame).split("\n")), 1, number)
    elif number > 1:
        yield Heading(f"슬라이드 {number}", 1, number)  # so that it does not stand under the title of the one before
    others = (shape for shape in slide.shapes if title is None or shape.element is not title.element)
    for shape in _in_order(others):
        yield from _shape(shape, number)
    if slide.has_notes_slide:
        notes = slide.notes_slide.notes_text_frame
        if notes is not None and notes.text.strip():
            yield Paragraph(f"{NOTES}{_text(notes)}", number)


def _in_order(shapes: Iterable[Untyped]) -> list[Untyped]:
    """From the top down, and in a row from left to right; what has no place of its own comes as it is stored."""
    return sorted(shapes, key=lambda shape: (round((shape.top or 0) / (_ROW * _EMU)), shape.left or 0))


def _shape(shape: Untyped, number: int) -> Iterator[Block]:
    if shape.is_placeholder and getattr(shape.placeholder_format.type, "name", "") in _RUNNING:
        return
    if getattr(shape, "shapes", None) is not None:  # a group
        for inner in _in_order(shape.shapes):
            yield from _shape(inner, number)
    elif getattr(shape, "has_table", False):
        yield _table(shape.table, number)
    elif shape.has_text_frame:
        for paragraph in shape.text_frame.paragraphs:
            if (text := _line(paragraph)).strip():
                yield Paragraph(f"• {text}" if paragraph.level else text, number)


def _text(frame: Untyped) -> str:
    return "\n".join(map(_line, frame.paragraphs))


def _line(paragraph: Untyped) -> str:
    """A paragraph, its breaks as line breaks, and 10³ and H₂O where letters stand higher or lower in the line."""
    return "".join(_raised(part) for part in paragraph._p.content_children)


def _raised(part: Untyped) -> str:
    text: str = part.text.replace("\v", "\n")
    properties = part.find(_PROPERTIES)
    if properties is None:
        return text
    if properties.get("strike") in _STRUCK:
        return ""
    baseline = properties.get("baseline") or ""
    if not re.fullmatch(r"-?\d+%?", baseline) or not baseline.strip("-0%"):
        return text
    return subscript(text) if baseline.startswith("-") else superscript(text)


def _struck(run: Untyped) -> bool:
    properties = run.find(_PROPERTIES)
    return properties is not None and properties.get("strike") in _STRUCK


def _table(table: Untyped, number: int) -> Table:
    rows = tuple(
        tuple(
            Cell(
                _text(cell.text_frame),
                cell.span_height if cell.is_merge_origin else 1,
                cell.span_width if cell.is_merge_origin else 1,
            )
            for cell in row.cells
            if not cell.is_spanned
        )
        for row in table.rows
    )
    return Table(rows, number)  # every table is made with its first row marked as a header
