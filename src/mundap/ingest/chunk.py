"""Ways to cut a parent passage: at sentences, at a fixed size, sentence by sentence with neighbours, or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from mundap.errors import UnknownName
from mundap.korean.sentences import lines, sentences, trimmed
from mundap.korean.stretches import may_end, stretches
from mundap.protocols import Chunker, Span

MAX_CHARS = 300  # of a chunk; other sizes are compared in docs/experiments/2026-11-25-ways-of-cutting.md
WINDOW = 1  # sentences on either side

Size = Callable[[int, int], int]  # of the spans from the first up to the second
Measure = Callable[[str, Sequence[Span]], Size]
_WORD = re.compile(r"\S+")


def characters(text: str, spans: Sequence[Span]) -> Size:
    """Sizes in characters, with what stands between the spans."""
    return lambda first, after: spans[after - 1][1] - spans[first][0]


def tokens(count: Callable[[Sequence[str]], list[int]]) -> Measure:
    """Sizes in tokens by `count`, which gives those of each text."""

    def measure(text: str, spans: Sequence[Span]) -> Size:
        ends = [0, *accumulate(count([text[start:end] for start, end in spans]))]
        return lambda first, after: ends[after] - ends[first]

    return measure


@dataclass(frozen=True)
class Sentences:
    """Whole sentences, as many as fit into `size`; a longer one is cut between words, or, where it has none, within.

    A piece begins with what fits into `overlap` of the end of the one before it, in whole sentences.
    """

    size: int = MAX_CHARS
    overlap: int = 0
    measure: Measure = characters

    def cut(self, text: str) -> list[Span]:
        """Pieces of whole sentences."""
        if self.measure is characters and len(text) <= self.size:
            return [(0, len(text))] if text.strip() else []  # which need not be taken apart
        if self.measure is characters and not self.overlap:
            return [*self._by_lines(text)]
        parts = [part for span in sentences(text) for part in self._fitting(text, span)]
        return _joined(parts, _packed(self.measure(text, parts), len(parts), self.size, self.overlap))

    def group(self, text: str, rows: Sequence[Span]) -> list[Span]:
        """As many rows as fit."""
        return [*_packed(self.measure(text, rows), len(rows), self.size, 0)]

    def _by_lines(self, text: str) -> Iterator[Span]:
        """What `_packed` makes of all sentences, for which only the stretches across an end need be taken apart."""
        piece: Span | None = None
        for first, last in _stretches(text):
            (stretch,) = trimmed(text, first, last)
            if stretch[1] - (piece or stretch)[0] <= self.size:
                piece = ((piece or stretch)[0], stretch[1])
                continue
            fits = stretch[1] - stretch[0] <= self.size
            if piece and fits and not may_end(text, stretch[0], piece[0] + self.size, last):
                yield piece  # none of its sentences fits, and then it is a piece as well as they are
                piece = stretch
                continue
            for start, end in sentences(text[first:last]):
                for part in self._fitting(text, (first + start, first + end)):
                    if piece and part[1] - piece[0] <= self.size:
                        piece = (piece[0], part[1])
                        continue
                    if piece:
                        yield piece
                    piece = part
        if piece:
            yield piece

    def _fitting(self, text: str, span: Span) -> Iterator[Span]:
        if self.measure is characters:
            yield from _cut(text, span, self.size)
        elif self.measure(text, [span])(0, 1) <= self.size:
            yield span
        else:
            words = _words(text, *span)
            yield from _joined(words, _packed(self.measure(text, words), len(words), self.size, 0))


@dataclass(frozen=True)
class Fixed:
    """As many words as fit into `size`, wherever sentences end: the passages of DPR (Karpukhin et al., EMNLP 2020)
    have 100 words, its Korean successors 100 tokens."""

    size: int = MAX_CHARS
    overlap: int = 0
    measure: Measure = characters

    def cut(self, text: str) -> list[Span]:
        """Pieces of whole words; a longer word is a piece of its own."""
        words = _words(text, 0, len(text))
        return _joined(words, _packed(self.measure(text, words), len(words), self.size, self.overlap))

    def group(self, text: str, rows: Sequence[Span]) -> list[Span]:
        """As many rows as fit."""
        return [*_packed(self.measure(text, rows), len(rows), self.size, 0)]


@dataclass(frozen=True)
class Window:
    """Every sentence with `beside` sentences before and behind it, so that pieces overlap; every row by itself."""

    beside: int = WINDOW

    def cut(self, text: str) -> list[Span]:
        """One piece for each sentence, the same piece once."""
        spans = sentences(text)
        last = len(spans) - 1
        pieces = [(spans[max(n - self.beside, 0)][0], spans[min(n + self.beside, last)][1]) for n in range(len(spans))]
        return list(dict.fromkeys(pieces))

    def group(self, text: str, rows: Sequence[Span]) -> list[Span]:
        """Each row."""
        return [(n, n + 1) for n in range(len(rows))]


@dataclass(frozen=True)
class Whole:
    """One piece: a parent passage has one vector."""

    def cut(self, text: str) -> list[Span]:
        """All of it."""
        return [(0, len(text))]

    def group(self, text: str, rows: Sequence[Span]) -> list[Span]:
        """All rows."""
        return [(0, len(rows))]


CHUNKERS: dict[str, Callable[[int, int, int, Measure], Chunker]] = {
    "structure": lambda size, overlap, beside, measure: Sentences(size, overlap, measure),
    "fixed": lambda size, overlap, beside, measure: Fixed(size, overlap, measure),
    "window": lambda size, overlap, beside, measure: Window(beside),
    "whole": lambda size, overlap, beside, measure: Whole(),
}


def make_chunker(
    name: str, size: int = MAX_CHARS, overlap: int = 0, beside: int = WINDOW, measure: Measure = characters
) -> Chunker:
    """The chunker `name` of CHUNKERS; each takes what it has a use for. Raises UnknownName, which lists the table."""
    if name not in CHUNKERS:
        raise UnknownName("chunking", name, CHUNKERS)
    return CHUNKERS[name](size, overlap, beside, measure)


def _packed(size: Size, count: int, most: int, overlap: int) -> Iterator[Span]:
    """(first, after) of groups of neighbours of at most `most`; one that is larger is alone in its group."""
    first = 0
    while first < count:
        after = first + 1
        while after < count and size(first, after + 1) <= most:
            after += 1
        yield first, after
        again = after
        while again - 1 > first and size(again - 1, after) <= overlap:
            again -= 1
        # What is said again must leave room for something new.
        while again < after < count and size(again, after + 1) > most:
            again += 1
        first = again if after < count else after


def _joined(parts: Sequence[Span], groups: Iterator[Span]) -> list[Span]:
    return [(parts[first][0], parts[after - 1][1]) for first, after in groups]


def _stretches(text: str) -> Iterator[Span]:
    for first, last in lines(text):
        for start, end in stretches(text[first:last]):
            yield first + start, first + end


def _words(text: str, start: int, end: int) -> list[Span]:
    return [match.span() for match in _WORD.finditer(text, start, end)]


def _cut(text: str, span: Span, max_chars: int) -> Iterator[Span]:
    start, end = span
    while end - start > max_chars:
        blank = max(text.rfind(mark, start + max_chars // 2, start + max_chars + 1) for mark in " \t\n")
        stop = blank if blank > start else start + max_chars
        yield start, stop
        start = stop
        while start < end and text[start].isspace():
            start += 1
    if start < end:
        yield start, end
