"""Headers, footers and page numbers that stand on page after page, and say nothing of the page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_EDGE = 2  # texts from the top and from the bottom of a page that can be running ones
_LEAST = 3  # pages that must have it; on fewer, the same line can be meant
_SHARE = 0.3  # of the pages; odd and even pages may have their own
_LONGEST = 80
_SENTENCE = re.compile(r"[다요]\s?\.\s*$")
_DIGITS = re.compile(r"\d+")
_NUMBER = re.compile(r"[-–—\s(\[]*(?:p(?:age)?\.?\s*)?\d{1,4}(?:\s*[/|]\s*\d{1,4})?\s*(?:쪽|페이지)?[-–—\s)\]]*", re.I)


def running(pages: Sequence[Sequence[str]]) -> list[set[int]]:
    """For each page the places, among its texts in order, of headers, footers and page numbers.

    A text is one if it stands at the edge of enough pages, numbers aside.
    """
    edges = [_edges(len(texts)) for texts in pages]
    seen = Counter(
        mask
        for texts, places in zip(pages, edges, strict=True)
        for mask in {_masked(texts[n]) for n in places if _short(texts[n])}
    )
    enough = max(_LEAST, _SHARE * len(pages))
    return [
        {n for n in places if _short(texts[n]) and seen[_masked(texts[n])] >= enough}
        for texts, places in zip(pages, edges, strict=True)
    ]


def _edges(count: int) -> list[int]:
    return [n for n in range(count) if n < _EDGE or n >= count - _EDGE]


def _short(text: str) -> bool:
    """Whether `text` can be a running one at all: sentences are not."""
    return 0 < len(text.strip()) <= _LONGEST and not _SENTENCE.search(text)


def _masked(text: str) -> str:
    """Numbers do not count, nor does how a page number is decorated."""
    flat = " ".join(text.split())
    return "#" if _NUMBER.fullmatch(flat) else _DIGITS.sub("#", flat)
