"""Where sentences surely begin, told by letters alone, so that a long text need not be analysed as a whole."""

from __future__ import annotations

import re

Span = tuple[int, int]

_BEGINS = re.compile(
    r"(?:(?<=[가-힣][다요음함임됨][.!?])|(?<=[가-힣][다요음함임됨]\)[.!?])) (?=[가-힣][가-힣 ]|\d+[가-힣]|[A-Za-z]{2})"
)
_PAIRED = re.compile(r"[(\[{“‘「『【〈《)\]}”’」』】〉》\"']")
_OPENING = "([{“‘「『【〈《"
_APART = " \t(“‘"  # what stands before a straight quote that opens
_MAY_END = re.compile(
    r"(?<!\d)(?<!\b[가나다라마바사아자차카타파하A-Za-z])[.!?。…]|[~—]"  # not 1. nor 가., the marks of items
    r"|[가-힣][다요죠까]\s|[다요음함임됨”’」』】〉》)\]}]\s?[(\[{]"
)


def stretches(line: str) -> list[Span]:
    """Spans that make up `line`, each but the first behind a full stop that certainly ended a sentence: behind an ending
    of a verb, before a word of Hangul, and outside all quotes and parentheses. The sentences of a stretch are those that
    the whole line has there (docs/experiments/2026-11-29-passages-cut-near-their-ends.md)."""
    found = [0]
    pairs = 0  # parentheses and quotes of two shapes that are open
    straight: set[str] = set()  # quotes of one shape that are open
    seen = 0
    for blank in _BEGINS.finditer(line):
        for mark in _PAIRED.finditer(line, seen, blank.start()):
            sign, place = mark.group(), mark.start()
            if sign in "\"'":
                straight = straight | {sign} if not place or line[place - 1] in _APART else straight - {sign}
            else:
                pairs = pairs + 1 if sign in _OPENING else max(pairs - 1, 0)
        seen = blank.start()
        if not (pairs or straight):
            found.append(blank.end())
    return [*zip(found, [*found[1:], len(line)], strict=True)]


def may_end(text: str, start: int, end: int) -> bool:
    """Whether a sentence of `text` that begins at `start` may be over at `end` or before, as far as letters tell: behind a
    stop, a word that ends as a verb does, or a parenthesis behind either."""
    return _MAY_END.search(text, start, end + 1) is not None  # with the blank behind the last letter
