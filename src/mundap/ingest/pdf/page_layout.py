"""What stands on a page: words and ruling lines with their places, and words gathered into lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mundap.ingest.blocks import Table

_SPACE = 0.2  # of the letters' height; less between two runs of letters is no space
_COLUMN = 1.2  # heights; more between two words, and they are not read on as one line
_SAME_ROW = 0.4  # heights between the middles of two words of one line
_SPACED_OUT = 0.5  # heights between letters that are set apart for looks: 목    차
_HANGUL = re.compile(r"[가-힣]")


@dataclass(frozen=True, slots=True)
class Word:
    """A word, in points from the page's top left corner. Words of one `run` have a space between them."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    size: float  # height of its letters
    run: int = -1


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line, horizontal (y0 == y1) or vertical (x0 == x1)."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Page:
    """A page, counted from 1. `scanned` words were read from its picture, so their sizes are inexact."""

    number: int
    width: float
    height: float
    words: tuple[Word, ...] = ()
    rules: tuple[Rule, ...] = ()
    scanned: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that are read on without a gap, or a table with its words, and the place of either."""

    x0: float
    y0: float
    x1: float
    y1: float
    words: tuple[Word, ...] = ()
    table: Table | None = None

    @property
    def text(self) -> str:
        """The words with the spaces between them; letters that are set apart for looks are closed up."""
        found = _text(self.words)
        return found.replace(" ", "") if _spaced_out(self.words) else found

    @property
    def size(self) -> float:
        """Height of the tallest letters."""
        return max((word.size for word in self.words), default=0.0)


def piece(words: Sequence[Word]) -> Piece:
    """The piece that `words`, from left to right, make."""
    ordered = tuple(words)
    return Piece(
        min(word.x0 for word in ordered),
        min(word.y0 for word in ordered),
        max(word.x1 for word in ordered),
        max(word.y1 for word in ordered),
        ordered,
    )


def pieces(words: Iterable[Word]) -> list[Piece]:
    """Words gathered into pieces of lines, from top to bottom and from left to right."""
    return [piece(part) for row in _rows(words) for part in _parts(row)]


def rows(found: Iterable[Piece]) -> list[list[Piece]]:
    """Pieces that stand side by side, from top to bottom; a table is a row of its own."""
    result: list[list[Piece]] = []
    for one in sorted(found, key=lambda p: ((p.y0 + p.y1) / 2, p.x0)):
        last = result[-1][0] if result else None
        if last and not one.table and not last.table and _level(last, one):
            result[-1].append(one)
        else:
            result.append([one])
    return [sorted(row, key=lambda p: p.x0) for row in result]


def _level(one: Piece, other: Piece) -> bool:
    return abs((one.y0 + one.y1) - (other.y0 + other.y1)) / 2 <= _SAME_ROW * max(one.size, other.size)


def _rows(words: Iterable[Word]) -> list[list[Word]]:
    result: list[list[Word]] = []
    middle = height = 0.0
    for word in sorted(words, key=lambda w: ((w.y0 + w.y1) / 2, w.x0)):
        here = (word.y0 + word.y1) / 2
        if result and here - middle <= _SAME_ROW * max(height, word.size):
            result[-1].append(word)
        else:
            result.append([word])
        count = len(result[-1])
        middle, height = (here, word.size) if count == 1 else (middle + (here - middle) / count, max(height, word.size))
    return [_once(sorted(row, key=lambda w: w.x0)) for row in result]


def _once(row: Sequence[Word]) -> list[Word]:
    """Without what was drawn twice to look bold."""
    kept: list[Word] = []
    for word in row:
        if not any(
            old.text == word.text and abs(old.x0 - word.x0) + abs(old.y0 - word.y0) < 0.2 * word.size
            for old in kept[-3:]
        ):
            kept.append(word)
    return kept


def _parts(row: Sequence[Word]) -> Iterable[list[Word]]:
    part: list[Word] = []
    for word in row:
        if part and word.x0 - max(w.x1 for w in part[-2:]) > _COLUMN * max(word.size, part[-1].size):
            yield part
            part = []
        part.append(word)
    if part:
        yield part


def _text(words: Sequence[Word]) -> str:
    result = ""
    for before, word in zip((None, *words), words, strict=False):
        if before is not None and (
            (before.run == word.run and word.run >= 0) or word.x0 - before.x1 > _SPACE * max(before.size, word.size)
        ):
            result += " "
        result += word.text
    return result


def _spaced_out(words: Sequence[Word]) -> bool:
    """Single syllables with wide gaps."""
    return len(words) > 1 and all(
        len(word.text) == 1
        and _HANGUL.match(word.text)
        and (n == 0 or word.x0 - words[n - 1].x1 > _SPACED_OUT * word.size)
        for n, word in enumerate(words)
    )


def merged(row: Sequence[Piece]) -> Piece:
    """The pieces of a row as one."""
    if len(row) == 1:
        return row[0]
    return piece([word for part in row for word in part.words])
