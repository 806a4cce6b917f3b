"""Sentences as spans, so that whatever is picked from a passage is still a slice of it."""

from __future__ import annotations

import re

from mundap.korean.kiwi import bites, kiwi

Span = tuple[int, int]
_LINE = re.compile(r"[^\n]+")
_RUN = 500  # characters; no sentence has as many without a blank
_END = re.compile(r"[\s.!?。…]")
_OPENING = dict(zip("”’」』】〉》)]\"'", "“‘「『【〈《([\"'", strict=True))  # of what closes
_STOPS = tuple(".!?。…")
_HANGUL = re.compile(r"[가-힣]")
_QUOTING = re.compile(r"(?:이?라|고|하|며|는)")


def sentences(text: str) -> list[Span]:
    """(start, end) of each sentence, in order, without outer white space.

    A line break always ends a sentence: lists and tables in Korean documents have no full stops.
    Every character that is not white space lies in exactly one span. A line that is too long for Kiwi is cut first.
    """
    found = [(first + start, first + end) for first, last in lines(text) for start, end in bites(text[first:last])]
    spans: list[Span] = []
    apart = iter(kiwi().split_into_sents([text[start:end] for start, end in found if not _endless(text[start:end])]))
    for first, last in found:
        cuts = [] if _endless(text[first:last]) else [first + piece.start for piece in next(apart)][1:]
        cuts = [moved for cut in cuts if (moved := _before_quote(text, first, cut)) > first]
        for start, end in zip([first, *cuts], [*cuts, last], strict=True):
            spans += trimmed(text, start, end)
    return spans


def _endless(piece: str) -> bool:
    """Whether it is a run of letters, on which Kiwi spends ten times what it does on words, to find one sentence."""
    return len(piece) > _RUN and not _END.search(piece.strip())


def _before_quote(text: str, first: int, cut: int) -> int:
    """Where a sentence begins that Kiwi cut behind its first quote: 끝났다. 「관세법」|에 따른다 is cut before 「.

    `first`, which is no cut, where it does not begin with the quote.
    """
    closing = text[cut - 1]
    if closing not in _OPENING or not _HANGUL.match(text, cut):
        return cut
    if text[cut - 2] in _STOPS and not _QUOTING.match(text, cut):
        return cut
    opened = text.rfind(_OPENING[closing], first, cut - 1)
    return opened if opened > first and text[first:opened].rstrip().endswith(_STOPS) else first


def lines(text: str) -> list[Span]:
    """(start, end) of each line that is not blank, with its outer white space."""
    return [line.span() for line in _LINE.finditer(text) if not line.group().isspace()]


def trimmed(text: str, start: int, end: int) -> list[Span]:
    """The span without outer white space, or none if that is all there is."""
    piece = text[start:end]
    if not piece.strip():
        return []
    return [(start + len(piece) - len(piece.lstrip()), end - (len(piece) - len(piece.rstrip())))]
