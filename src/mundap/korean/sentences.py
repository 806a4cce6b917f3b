"""Sentences as spans, so that whatever is picked from a passage is still a slice of it."""

from __future__ import annotations

import re

from mundap.korean.kiwi import kiwi

Span = tuple[int, int]
_LINE = re.compile(r"[^\n]+")


def sentences(text: str) -> list[Span]:
    """(start, end) of each sentence, in order, without outer white space.

    A line break always ends a sentence: lists and tables in Korean documents have no full stops.
    Every character that is not white space lies in exactly one span.
    """
    lines = [(m.start(), m.group()) for m in _LINE.finditer(text) if m.group().strip()]
    spans: list[Span] = []
    for (offset, line), found in zip(lines, kiwi().split_into_sents([line for _, line in lines]), strict=True):
        cuts = [s.start for s in found][1:]
        for start, end in zip([0, *cuts], [*cuts, len(line)], strict=True):
            spans += _trimmed(text, offset + start, offset + end)
    return spans


def _trimmed(text: str, start: int, end: int) -> list[Span]:
    piece = text[start:end]
    if not piece.strip():
        return []
    return [(start + len(piece) - len(piece.lstrip()), end - (len(piece) - len(piece.rstrip())))]
