"""The XML of HWPX and HWPML into pieces. Both say the same things, HWPML with older names in capitals.

Names are compared without their namespaces, which change with the version (KS X 6101; 한글 문서 파일 구조 3.0/HWPML).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from mundap.extras import Untyped, need
from mundap.ingest.blocks import Cell, Table
from mundap.ingest.elements import Element
from mundap.ingest.hwp.cells import Placed, tabled
from mundap.ingest.hwp.flow import Flow, Line, Piece, Story, text_of
from mundap.ingest.hwp.styles import Kind, Numbering, Shape, Styles

Fetch = Callable[[str], bytes | None]  # an embedded file by what refers to it

LARGE = (28000, 20000)  # HWP units (1/7200 inch): a picture above this size, 10 x 7 cm, may hold text
_KINDS: dict[str, Kind] = {"outline": "outline", "number": "number", "bullet": "bullet"}
_SPACES = {"tab": " ", "linebreak": "\n", "nbspace": " ", "fwspace": " ", "hyphen": "-", "hypen": "-"}
_NOTES = {"footnote": "footnote", "endnote": "endnote"}
_COUNTED = {"table", "picture", "equation"}
_HIDDEN = {"header", "footer", "hiddencomment", "memogroup", "memo", "masterpage", "shapecomment", "parameters"}
_HIDDEN |= {"linesegarray", "metatag", "parameterset", "script", "paramset"}
_BOXES = {"sublist", "paralist"}
_COMMAND = re.compile(r";\d+;\d+;\d+;?\s*$")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def parse_xml(raw: bytes) -> Element:
    """The root of `raw`; entities stay as they are, so none can grow. Raises lxml's XMLSyntaxError or ValueError."""
    etree = need("lxml.etree", "docs")
    return etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))


def name(element: Element) -> str:
    """The local name in lower case; "" for a comment or an entity."""
    tag = element.tag
    return _local(tag) if isinstance(tag, str) else ""


@lru_cache(maxsize=1024)
def _local(tag: str) -> str:
    return tag.rpartition("}")[2].lower()


def get(element: Element | None, *names: str) -> str:
    """The first of these attributes that is there, or ""."""
    if element is not None:
        for each in names:
            if (value := element.get(each)) is not None:
                return str(value)
    return ""


def number(element: Element | None, *names: str, default: int = 0) -> int:
    """An attribute as a number, or `default`. Unsigned 32 bits are how some programs write -1."""
    if not (said := get(element, *names)):
        return default
    try:
        value = int(said)
    except ValueError:
        return default
    return value if value < 1 << 31 else default


def child(element: Element, *names: str) -> Element | None:
    """The first child with one of these names."""
    return next((each for each in element if name(each) in names), None)


def styles_of(head: Element) -> Styles:
    """The tables of header.xml, or of HEAD in HWPML."""
    shapes, sizes, names = {}, {}, {}
    numberings, bullets = {}, {}
    for each in head.iter():
        id = number(each, "id", "Id", default=-1)
        match name(each):
            case "parapr" | "parashape":
                shapes[id] = _shape(each)
            case "charpr" | "charshape":
                sizes[id] = number(each, "height", "Height")
            case "style":
                names[id] = get(each, "name", "Name")
            case "numbering":
                numberings[id] = _numbering(each)
            case "bullet":
                bullets[id] = get(each, "char", "Char")
    return Styles(shapes, sizes, names, numberings, bullets)


def _shape(element: Element) -> Shape:
    heading = next((each for each in element.iter() if name(each) == "heading"), None)
    kind = get(heading, "type") if heading is not None else get(element, "HeadingType")
    level = number(heading, "level") if heading is not None else number(element, "Level")
    list_id = number(heading, "idRef") if heading is not None else number(element, "Heading")
    return Shape(_KINDS.get(kind.lower(), ""), level, list_id)


def _numbering(element: Element) -> Numbering:
    formats = need("hwp2md.hwpx.header", "docs").to_num_format
    older = need("hwp2md.hwpml.body", "docs").to_num_format
    heads = sorted(
        (each for each in element if name(each) == "parahead"), key=lambda each: number(each, "level", "Level")
    )
    first = max(number(element, "start", "Start"), 1)
    return Numbering(
        tuple(each.text or "" for each in heads),
        tuple(
            formats(get(each, "numFormat")) if get(each, "numFormat") else older(get(each, "NumFormat"))
            for each in heads
        ),
        tuple(max(number(each, "start", "Start"), 0) or first for each in heads),
    )


@dataclass
class Walker:
    """Reads sections into the story of one document. `chart` and `embedded` fetch files by their references."""

    story: Story
    chart: Fetch
    embedded: Fetch
    deleted: bool = False  # within text that a tracked change has deleted

    def section(self, root: Element) -> list[Piece]:
        """The pieces of a section."""
        flow = Flow(self.story)
        self._paragraphs(root, flow)
        return flow.pieces

    def _paragraphs(self, parent: Element, flow: Flow) -> None:
        for each in parent:
            if name(each) == "p":
                self._paragraph(each, flow)

    def _paragraph(self, paragraph: Element, flow: Flow) -> None:
        flow.begin(
            number(paragraph, "paraPrIDRef", "ParaShape", default=-1),
            number(paragraph, "styleIDRef", "Style", default=-1),
        )
        for run in paragraph:
            if name(run) in ("run", "text"):
                size = self.story.styles.sizes.get(number(run, "charPrIDRef", "CharShape", default=-1), 0)
                for each in run:
                    self._element(each, flow, size)
        flow.end()

    def _element(self, element: Element, flow: Flow, size: int) -> None:
        match name(element):
            case "t" | "char":
                flow.text("".join(self._characters(element)), size)
            case "ctrl":
                for each in element:
                    self._element(each, flow, size)
            case "switch":
                if (case := child(element, "case", "default")) is not None:
                    for each in case:
                        self._element(each, flow, size)
            case "secpr" | "secdef":
                self.story.outline = number(element, "outlineShapeIDRef", "OutlineShape")
            case "tbl" | "table":
                flow.place(self._table(element, flow), _inline(element))
            case "footnote" | "endnote" as kind:
                flow.text(self.story.note(kind, self._lists(element, flow)), size)
            case "equation":
                script = child(element, "script")
                flow.text(" ".join(f" {script.text or ''} ".split()) if script is not None else "", size)
            case "fieldbegin":
                flow.open(_url(element) if get(element, "type", "Type").lower() == "hyperlink" else "")
            case "fieldend":
                flow.close()
            case "autonum" if get(element, "numType", "NumberType").lower() in _COUNTED:
                flow.text(get(element, "num", "Number"), size)
            case "dutmal":
                main, sub = child(element, "maintext"), child(element, "subtext")
                flow.text(over(main.text if main is not None else "", sub.text if sub is not None else ""), size)
            case "compose":
                flow.text(get(element, "composeText", "ComposeText"), size)
            case "checkbtn" | "radiobtn":
                flow.text(f" {get(element, 'captionText', 'CaptionText')} ", size)
            case hidden if hidden in _HIDDEN or not hidden:
                return
            case _:
                box, caption = flow.below(), flow.below()
                self._draw(element, box, caption)
                flow.place([*box.pieces, *caption.pieces], _inline(element))

    def _characters(self, text: Element) -> Iterator[str]:
        """What a text says, without what a tracked change has deleted."""
        if not self.deleted:
            yield text.text or ""
        for each in text:
            match name(each):
                case "deletebegin":
                    self.deleted = True
                case "deleteend":
                    self.deleted = False
                case "tab" if get(each, "leader") not in ("", "0", "NONE"):
                    yield " ···· "
                case other if not self.deleted:
                    yield _SPACES.get(other, "")
            if not self.deleted:
                yield each.tail or ""

    def _lists(self, element: Element, flow: Flow) -> list[Piece]:
        """The paragraphs right below an element: a note's, a cell's."""
        inside = flow.below()
        for each in element:
            if name(each) in _BOXES:
                self._paragraphs(each, inside)
        return inside.pieces

    def _table(self, table: Element, flow: Flow) -> list[Piece]:
        cells = []
        rows = [each for each in table if name(each) in ("tr", "row")]
        for y, row in enumerate(rows):
            for x, cell in enumerate(each for each in row if name(each) in ("tc", "cell")):
                place, span = child(cell, "celladdr"), child(cell, "cellspan")
                place, span = cell if place is None else place, cell if span is None else span
                cells.append(
                    Placed(
                        number(place, "rowAddr", "RowAddr", default=y),
                        number(place, "colAddr", "ColAddr", default=x),
                        number(span, "rowSpan", "RowSpan", default=1),
                        number(span, "colSpan", "ColSpan", default=1),
                        tuple(self._lists(cell, flow)),
                        get(cell, "header", "Header").lower() in ("1", "true"),
                    )
                )
        size = (
            number(table, "rowCnt", "RowCount", default=len(rows)),
            number(table, "colCnt", "ColCount", default=max((c.column + c.across for c in cells), default=0)),
        )
        below = [
            *(e for e in table if name(e) == "caption"),
            *(child(e, "caption") for e in table if name(e) == "shapeobject"),
        ]
        caption = text_of([piece for each in below if each is not None for piece in self._lists(each, flow)])
        return tabled(cells, size, caption.replace("\n", " "), self.story)

    def _draw(self, element: Element, box: Flow, caption: Flow) -> None:
        """The text in and under a shape, a group of shapes, a picture or a chart."""
        match name(element):
            case "pic" | "picture":
                self.story.lost["큰 이미지"] += _large(element)
            case "textart":
                box.pieces += [Line(text)] if (text := get(element, "text", "Text").strip()) else []
            case "chart":
                box.pieces += charted(self.chart(get(element, "chartIDRef")), self.story)
            case "ole":
                box.pieces += embedded(self.embedded(get(element, "binaryItemIDRef", "BinItem")), self.story)
            case "tbl" | "table":
                box.place(self._table(element, box), True)
                return
            case "switch":
                case = child(element, "case", "default")
                element = element if case is None else case
        for each in element:
            kind = name(each)
            if kind in _BOXES:
                self._paragraphs(each, box)
            elif kind == "caption":
                self._draw(each, caption, caption)
            elif kind and kind not in _HIDDEN:
                self._draw(each, box, caption)


def charted(xml: bytes | None, story: Story) -> list[Piece]:
    """A chart as the table of its values, or nothing, counted as lost."""
    blocks = need("hwp2md.ole", "docs").chart_xml_to_blocks(xml) if xml else []
    if not blocks:
        story.lost["차트"] += 1
    return [*_foreign(blocks)]


def embedded(ole: bytes | None, story: Story) -> list[Piece]:
    """An embedded object: a chart as the table of its values, anything else counted as lost."""
    library = need("hwp2md.ole", "docs")
    outcome = library.ole_to_outcome(library.unwrap_hwpx_ole(ole), "", lambda key, data: None) if ole else None
    if outcome is None or outcome.skipped:
        story.lost["차트" if outcome and outcome.skipped == "chart_legacy" else "삽입된 개체"] += 1
    return [*_foreign(outcome.blocks if outcome else ())]


def _foreign(blocks: Untyped) -> Iterator[Piece]:
    for block in blocks:
        if hasattr(block, "rows"):
            yield Table(tuple(tuple(Cell(text) for text in row) for row in block.rows), header=1)
        elif getattr(block, "text", ""):
            yield Line(block.text)


def over(main: str | None, sub: str | None) -> str:
    """A word with the small one that stands over it."""
    return f"{main or ''}({sub})" if sub else main or ""


def _inline(element: Element) -> bool:
    """Whether an object stands in the line like a letter."""
    place = child(element, "pos") if (held := child(element, "shapeobject")) is None else child(held, "position")
    return get(place, "treatAsChar", "TreatAsChar").lower() in ("1", "true")


def _large(picture: Element) -> bool:
    size = child(picture, "sz") if (held := child(picture, "shapeobject")) is None else child(held, "size")
    return number(size, "width", "Width") > LARGE[0] and number(size, "height", "Height") > LARGE[1]


def _url(field: Element) -> str:
    """The address of a link: its parameter Path, or the start of its command."""
    parameters = {get(each, "name"): each.text or "" for each in field.iter() if name(each) == "stringparam"}
    return parameters.get("Path", "").strip() or address(parameters.get("Command", "") or get(field, "Command"))


def address(command: str) -> str:
    r"""The address in the command of a link ("http\://a.kr;1;0;0;")."""
    return _ESCAPED.sub(r"\1", _COMMAND.sub("", command).partition("|")[0]).strip()
