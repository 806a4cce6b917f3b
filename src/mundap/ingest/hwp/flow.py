"""HWP's paragraphs, notes, boxes and tables into blocks, whichever of its formats they stood in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from mundap.ingest.blocks import Block, Heading, Paragraph, Table
from mundap.ingest.heal import close_gaps
from mundap.ingest.hwp.styles import PLAIN, Counters, Shape, Styles, level_of_style, of_contents

DEEPEST = 40  # lists of paragraphs within each other; real documents have five
_INLINE = 30  # characters of a box that reads as part of its line
_LONGEST = 100  # characters of a heading
SHORT = 60  # characters of one that only its font tells
LARGER = 1.2  # times the font of the running text
_LEVELS = 9
_RANKS = 3  # levels that fonts tell
_SHARE = 0.2  # of the text that headings by font may be; more is a poster
_SENTENCE = re.compile(r"[.!?。]\s*$")
_NO_TITLE = re.compile(r"[.!?。,;:]\s*$|(?:[니한된이있없]다|세요)\s*$")
_WORDS = re.compile(r"[^\W\d_]{2}")
OPENED = re.compile(r"[(<\[『「【]|\W|\d+[.)]|[가-하][.)]")
_WEB = re.compile(r"(?:https?|mailto):", re.I)
_PAGE = re.compile(r"[\s.·…]+(\d{1,4})$")
# Boxed digits and corner brackets that HWP's own fonts have in a private area.
_PRIVATE = {0xF02B1 + n: chr(0x2460 + n) for n in range(9)}
_PRIVATE |= {0xF0852: "“", 0xF0853: "”", 0xF0854: "『", 0xF0855: "』"}

NOTES = {"footnote": "주", "endnote": "미주"}


class Unreadable(Exception):
    """What a document of HWP cannot be read for; `hwp.py` says it in a sentence."""


class TooDeep(Unreadable):
    """Lists of paragraphs stand within each other beyond DEEPEST."""


@dataclass(frozen=True)
class Line:
    """A paragraph. `level` is 0 if the format does not mark it as a heading, `size` that of most of its letters."""

    text: str
    level: int = 0
    size: int = 0
    listed: bool = False


Piece = Line | Table


@dataclass
class Story:
    """What is known across all of a document: styles, running numbers, and what could not be read."""

    styles: Styles = field(default_factory=Styles)
    outline: int = 0  # the numbering of the section's outline
    sizes: Counter[int] = field(default_factory=Counter)  # characters by size of font
    lost: Counter[str] = field(default_factory=Counter)  # what was left out, by its Korean name
    notes: list[Line] = field(default_factory=list)  # of the paragraph at hand
    counters: Counters = field(init=False)
    _marks: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.counters = Counters(self.styles)

    def note(self, kind: str, pieces: Sequence[Piece]) -> str:
        """Keep a note until its paragraph ends, and return its mark."""
        self._marks[kind] += 1
        mark = f"[{NOTES[kind]} {self._marks[kind]}]"
        if text := text_of(pieces).replace("\n", " "):
            self.notes.append(Line(f"{mark} {text}"))
        return mark


@dataclass
class Flow:
    """One list of paragraphs: the body, a cell, a box, a note or a caption."""

    story: Story
    depth: int = 0
    pieces: list[Piece] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)
    _sizes: Counter[int] = field(default_factory=Counter)
    _after: list[Piece] = field(default_factory=list)
    _links: list[tuple[str, int]] = field(default_factory=list)
    _shape: Shape = PLAIN
    _style: str = ""

    def below(self) -> Flow:
        """An empty list of paragraphs within this one. Raises TooDeep."""
        if self.depth >= DEEPEST:
            raise TooDeep
        return Flow(self.story, self.depth + 1)

    def begin(self, shape: int, style: int) -> None:
        """A paragraph begins, of the shape and the style with these ids."""
        self._shape = self.story.styles.shapes.get(shape, PLAIN)
        self._style = self.story.styles.names.get(style, "")

    def text(self, text: str, size: int = 0) -> None:
        """More of the paragraph, in a font of `size` hundredths of a point (0: not known)."""
        text = text.translate(_PRIVATE)
        self._text.append(text)
        if letters := len("".join(text.split())):
            self._sizes[size] += letters

    def open(self, url: str) -> None:
        """A link or another field begins; `url` may be ""."""
        self._links.append((url, len(self._text)))

    def close(self) -> None:
        """The innermost field ends; the address of a link is shown unless its text does so."""
        if not self._links:
            return
        url, start = self._links.pop()
        shown = "".join("".join(self._text[start:]).split())
        if shown and _WEB.match(url) and _bare(url) not in shown:
            self._text.append(f" ({url.removeprefix('mailto:')})")

    def place(self, pieces: Sequence[Piece], inline: bool) -> None:
        """A box or a table. One that stands `inline` like a letter parts the text, unless it holds a few words."""
        match pieces:
            case []:
                return
            case [Line(text=text)] if inline and len(text) <= _INLINE and "\n" not in text:
                self._text.append(f" {text} ")
                return
        if inline:
            self._put()
            self.pieces += pieces
        else:
            self._after += pieces

    def end(self) -> None:
        """The paragraph ends; what is anchored to it and its notes follow."""
        self._links.clear()
        self._put(last=True)
        self.pieces += self._after
        self._after.clear()
        if self.depth == 0:
            self.pieces += self.story.notes
            self.story.notes.clear()

    def _put(self, last: bool = False) -> None:
        """The text so far as a line, the label of its list before it. An empty paragraph uses up its number, too."""
        text = "".join(self._text).strip()
        shape = self._shape
        if text or last:
            label = self.story.counters.label(shape, self.story.outline)
            self._shape = PLAIN
        if text:
            if of_contents(self._style):
                text = _PAGE.sub(r" ···· \1", text)
            level = min(shape.level, _LEVELS) + 1 if shape.kind == "outline" else level_of_style(self._style)
            text = f"{label} {text}".strip()
            if level and ("\n" in text or len(text) > _LONGEST or _SENTENCE.search(text)):
                level = 0
            size = max(self._sizes, key=lambda s: (self._sizes[s], s), default=0)
            self.pieces.append(Line(text, level, size, shape.kind in ("number", "bullet")))
        self.story.sizes.update(self._sizes)
        self._text.clear()
        self._sizes.clear()


def _bare(url: str) -> str:
    return _WEB.sub("", url).strip("/").removeprefix("www.")


def text_of(pieces: Sequence[Piece]) -> str:
    """The text of lines, and of tables as lines of cells."""
    lines = (
        piece.text
        if isinstance(piece, Line)
        else "\n".join(" ".join(c.text for c in row if c.text) for row in piece.rows)
        for piece in pieces
    )
    return "\n".join(line for line in lines if line.strip())


def finished(pieces: Sequence[Piece], story: Story) -> tuple[Block, ...]:
    """The blocks that `pieces` are. Where the format marks no headings, short lines in larger letters are headings."""
    levels = {} if any(isinstance(p, Line) and p.level for p in pieces) else _levels(pieces, story.sizes)
    return tuple(_block(piece) for piece in _joined(pieces, levels))


def _block(piece: Piece) -> Block:
    if isinstance(piece, Table):
        return piece
    if piece.level:
        return Heading(piece.text.replace("\n", " "), piece.level)
    return Paragraph(close_gaps(piece.text), listed=piece.listed)


def _levels(pieces: Sequence[Piece], sizes: Counter[int]) -> dict[int, int]:
    """From a size of font to a level, for those that are larger than the running text's."""
    usual = usual_size(sizes)
    if not usual:
        return {}
    large = [p for p in pieces if isinstance(p, Line) and p.size >= usual * LARGER and like_a_title(p)]
    letters = sum(count for size, count in sizes.items() if size > 0)
    if sum(len("".join(line.text.split())) for line in large) > _SHARE * letters:
        return {}
    ranked = sorted({line.size for line in large}, reverse=True)
    return {size: min(rank, _RANKS) for rank, size in enumerate(ranked, 1)}


def usual_size(sizes: Counter[int]) -> int:
    """The size of most letters, the smaller of two; 0 if none is known."""
    known = {size: count for size, count in sizes.items() if size > 0}
    return max(known, key=lambda size: (known[size], -size), default=0)


def like_a_title(line: Line) -> bool:
    """Whether a line is short, no item and no sentence."""
    short = len(line.text) <= SHORT and "\n" not in line.text
    return short and not line.listed and bool(_WORDS.search(line.text)) and not _NO_TITLE.search(line.text)


def _joined(pieces: Sequence[Piece], levels: dict[int, int]) -> Iterator[Piece]:
    """`pieces` with the levels that fonts tell; a title over two lines is one."""
    held: Line | None = None
    for piece in pieces:
        told = levels.get(piece.size, 0) if isinstance(piece, Line) and like_a_title(piece) else 0
        if isinstance(piece, Line) and told:
            if (
                held
                and held.size == piece.size
                and len(held.text + piece.text) <= SHORT
                and not OPENED.match(piece.text)
            ):
                held = replace(held, text=f"{held.text} {piece.text}")
                continue
            piece = replace(piece, level=told)
        if held:
            yield held
            held = None
        if told and isinstance(piece, Line):
            held = piece
        else:
            yield piece
    if held:
        yield replace(held, level=0)  # nothing stands under it: most likely who signs
