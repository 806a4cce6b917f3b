"""The records of HWP 5 into pieces: paragraphs with the controls that stand in them (한글 문서 파일 구조 5.0)."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from mundap.extras import Untyped, need
from mundap.ingest.hwp.cells import Placed, tabled
from mundap.ingest.hwp.flow import Flow, Line, Piece, Story, text_of
from mundap.ingest.hwp.styles import Kind, Numbering, Shape, Styles
from mundap.ingest.hwp.xml import LARGE, address, embedded, over

_BIN_DATA, _CHAR_SHAPE, _NUMBERING, _BULLET, _PARA_SHAPE, _STYLE = 0x12, 0x15, 0x17, 0x18, 0x19, 0x1A
_PARAGRAPH, _TEXT, _RUNS, _CONTROL, _LIST = 0x42, 0x43, 0x44, 0x47, 0x48
_SHAPE, _TABLE, _OLE, _PICTURE, _EQUATION, _ART = 0x4C, 0x4D, 0x54, 0x55, 0x58, 0x5A
_SIZE = 42  # where a character shape has its size
_HEADER_CELL = 1 << 18
_ART_TEXT = 32  # where a word art has its text, behind its four corners
_OUTLINE = 18  # where a section has the numbering of its outline
_COUNTED = (3, 4, 5)  # kinds of automatic numbers that captions have: picture, table, equation
_FIELD, _FIELD_END = 3, 4
_NOTES = {"fn  ": "footnote", "en  ": "endnote"}
_HIDDEN = {"head", "foot", "tcmt", "cold", "pgct", "pghd", "pgnp", "nwno", "bokm", "idxm", "form"}
_KINDS: tuple[Kind, ...] = ("", "outline", "number", "bullet")


@dataclass(slots=True)
class Node:
    """A record with those below it."""

    tag: int
    level: int
    payload: bytes
    below: list[Node] = field(default_factory=list)

    def number(self, form: str, offset: int, default: int = 0) -> int:
        """A number of the payload in a `struct` format, or `default` if it ends before."""
        if len(self.payload) < offset + struct.calcsize(form):
            return default
        return int(struct.unpack_from(form, self.payload, offset)[0])

    def string(self, offset: int) -> tuple[str, int]:
        """Text behind its length in 16 bits, as much as there is, and where it ends."""
        end = offset + 2 + 2 * self.number("<H", offset)
        raw = self.payload[offset + 2 : end]
        return raw[: len(raw) // 2 * 2].decode("utf-16-le", errors="replace"), end

    def first(self, tag: int) -> Node | None:
        """The first record of this kind right below."""
        return next((node for node in self.below if node.tag == tag), None)


def tree(records: Iterable[Untyped]) -> list[Node]:
    """The records of the highest level, each with those below it."""
    roots: list[Node] = []
    path: list[Node] = []
    for record in records:
        node = Node(record.tag_id, record.level, record.payload)
        while path and path[-1].level >= node.level:
            path.pop()
        (path[-1].below if path else roots).append(node)
        path.append(node)
    return roots


def styles_of(records: Iterable[Untyped]) -> tuple[Styles, dict[int, Untyped]]:
    """The tables of DocInfo, and the entries of embedded files by their ids; what is broken is left out."""
    library, errors = need("hwp2md.hwp5.docinfo", "docs"), need("hwp2md.errors", "docs")
    found: dict[int, list[Untyped]] = {
        tag: [] for tag in (_BIN_DATA, _CHAR_SHAPE, _NUMBERING, _BULLET, _PARA_SHAPE, _STYLE)
    }
    parse: dict[int, Callable[[bytes], Untyped]] = {
        _BIN_DATA: library.parse_bin_data,
        _CHAR_SHAPE: lambda raw: Node(0, 0, raw).number("<i", _SIZE),
        _NUMBERING: lambda raw: _numbering(library.parse_numbering(raw)),
        _BULLET: lambda raw: library.parse_bullet(raw).char,
        _PARA_SHAPE: lambda raw: _shape(library.parse_para_shape(raw)),
        _STYLE: lambda raw: Node(0, 0, raw).string(0)[0],
    }
    for record in records:
        if record.tag_id in parse:
            try:
                found[record.tag_id].append(parse[record.tag_id](record.payload))
            except (errors.Hwp2mdError, struct.error, LookupError, ValueError):
                found[record.tag_id].append(None)

    def by_id(tag: int, first: int) -> dict[int, Untyped]:
        return {id: value for id, value in enumerate(found[tag], first) if value is not None}

    styles = Styles(
        by_id(_PARA_SHAPE, 0), by_id(_CHAR_SHAPE, 0), by_id(_STYLE, 0), by_id(_NUMBERING, 1), by_id(_BULLET, 1)
    )
    return styles, by_id(_BIN_DATA, 1)


def _shape(shape: Untyped) -> Shape:
    return Shape(_KINDS[shape.heading_type], shape.heading_level, shape.head_id)


def _numbering(found: Untyped) -> Numbering:
    return Numbering(
        tuple(level.template for level in found.levels),
        tuple(level.num_format for level in found.levels),
        tuple(found.level_start(n) or 1 for n in range(len(found.levels))),
    )


@dataclass
class Walker:
    """Reads sections into the story of one document. `embedded` fetches an embedded file by its id."""

    story: Story
    embedded: Callable[[int], bytes | None]

    def section(self, records: Iterable[Untyped]) -> list[Piece]:
        """The pieces of a section."""
        flow = Flow(self.story)
        self._paragraphs(tree(records), flow)
        return flow.pieces

    def _paragraphs(self, nodes: Sequence[Node], flow: Flow) -> None:
        for node in nodes:
            if node.tag == _PARAGRAPH:
                self._paragraph(node, flow)

    def _paragraph(self, node: Node, flow: Flow) -> None:
        flow.begin(node.number("<H", 8, -1), node.number("<B", 10, -1))
        text = node.first(_TEXT)
        runs = need("hwp2md.hwp5.records", "docs").decode_para_runs(text.payload) if text else []
        controls = [each for each in node.below if each.tag == _CONTROL]
        size = self._font(node)
        places = [run for run in runs if not isinstance(run, str) and run.code != _FIELD_END]
        known = len(places) == len(controls)  # which mark stands for which control
        waiting = iter(controls)
        for run in runs:
            if isinstance(run, str):
                flow.text(run, size)
            elif run.code == _FIELD_END:
                flow.close()
            elif known:
                self._control(next(waiting), run.code, flow)
        if not known:
            for control in waiting:
                self._control(control, 0, flow)
        flow.end()

    def _font(self, node: Node) -> int:
        """The size of most letters of a paragraph, from where each font begins."""
        runs = node.first(_RUNS)
        if runs is None:
            return 0
        starts = [struct.unpack_from("<II", runs.payload, at) for at in range(0, len(runs.payload) // 8 * 8, 8)]
        ends = [*(start for start, _ in starts[1:]), node.number("<I", 0) & 0x7FFFFFFF]
        sizes: Counter[int] = Counter()
        for (start, font), end in zip(starts, ends, strict=True):
            sizes[self.story.styles.sizes.get(font, 0)] += max(end - start, 0)
        return max(sizes, key=lambda size: sizes[size], default=0)

    def _control(self, node: Node, code: int, flow: Flow) -> None:
        """What stands at the place of a mark with this `code` (0: the place is not known)."""
        kind = node.payload[:4][::-1].decode("latin-1")
        if code == _FIELD or kind.startswith("%"):
            if code:
                flow.open(address(_command(node)) if kind == "%hlk" else "")
        elif kind == "secd":
            self.story.outline = node.number("<H", _OUTLINE)
        elif kind in _NOTES:
            inside = flow.below()
            self._paragraphs(node.below, inside)
            flow.text(self.story.note(_NOTES[kind], inside.pieces))
        elif kind == "tbl ":
            flow.place(self._table(node, flow), _inline(node))
        elif kind == "eqed":
            script = node.first(_EQUATION)
            flow.text(" ".join(f" {script.string(4)[0]} ".split()) if script else "")
        elif kind == "atno":
            if node.number("<I", 4) & 0xF in _COUNTED:
                flow.text(str(node.number("<H", 8)))
        elif kind == "tdut":
            main, end = node.string(4)
            flow.text(over(main, node.string(end)[0]))
        elif kind == "tcps":
            flow.text(node.string(4)[0])
        elif kind not in _HIDDEN:
            box, caption = flow.below(), flow.below()
            self._draw(node, box, caption, _large(node))
            flow.place([*box.pieces, *caption.pieces], _inline(node))

    def _table(self, node: Node, flow: Flow) -> list[Piece]:
        """A table: a list of paragraphs before its own record is the caption, each one after it a cell."""
        caption, size = flow.below(), (0, 0)
        cells: list[tuple[Node, Flow]] = []
        inside = caption
        for each in node.below:
            if each.tag == _TABLE:
                size = (each.number("<H", 4), each.number("<H", 6))
            elif each.tag == _LIST and size != (0, 0):
                inside = flow.below()
                cells.append((each, inside))
            elif each.tag == _PARAGRAPH:
                self._paragraph(each, inside)
        return tabled(
            [
                Placed(
                    head.number("<H", 10),
                    head.number("<H", 8),
                    head.number("<H", 14, 1),
                    head.number("<H", 12, 1),
                    tuple(cell.pieces),
                    bool(head.number("<I", 4) & _HEADER_CELL),
                )
                for head, cell in cells
            ],
            size,
            text_of(caption.pieces).replace("\n", " "),
            self.story,
        )

    def _draw(self, node: Node, box: Flow, caption: Flow, large: bool) -> None:
        """The text in and under a shape, a group of shapes, a picture or a chart. Paragraphs right below a control are
        its caption, those below a shape its text."""
        for each in node.below:
            if each.tag == _PARAGRAPH:
                self._paragraph(each, caption if node.tag == _CONTROL else box)
            elif each.tag == _SHAPE:
                self._draw(each, box, caption, large)
            elif each.tag == _PICTURE:
                self.story.lost["큰 이미지"] += large
            elif each.tag == _OLE:
                box.pieces += embedded(self.embedded(each.number("<H", 12)), self.story)
            elif each.tag == _ART and (text := each.string(_ART_TEXT)[0].strip()):
                box.pieces.append(Line(text))


def _inline(node: Node) -> bool:
    """Whether an object stands in the line like a letter."""
    return bool(node.number("<I", 4) & 1)


def _large(node: Node) -> bool:
    return node.number("<I", 16) > LARGE[0] and node.number("<I", 20) > LARGE[1]


def _command(node: Node) -> str:
    """Of a field: its attributes take five bytes."""
    return node.string(9)[0]
