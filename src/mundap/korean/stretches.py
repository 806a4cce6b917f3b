"""Where sentences surely begin, told by letters alone, so that a long text need not be analysed as a whole."""

from __future__ import annotations

import re

from mundap.korean.sentences import behind_close, pairs

Span = tuple[int, int]

_BEGINS = re.compile(
    r"(?:(?<=[가-힣][다요음함임됨][.!?])|(?<=[가-힣][다요음함임됨]\)[.!?])) (?=[가-힣][가-힣 ]|\d+[가-힣]|[A-Za-z]{2})"
)
_PAIRED = re.compile(r"[(\[{“‘「『【〈《)\]}”’」』】〉》\"']")
_OPENING = "([{“‘「『【〈《"
_APART = " \t(“‘"  # what stands before a straight quote that opens
_MARKS = "가나다라마바사아자차카타파하A-Za-z"  # of items, before a stop
_MAY_END = re.compile(  # the last sign of what may be a sentence
    rf"(?<!\d)(?:(?<!\b[{_MARKS}])|(?<=[가-힣]\s다))(?!(?<=[A-Za-z])\.[a-z\d])[.!?。…]"
    r"|(?<![\d일월년시분만])[~—]|[~—](?!\s?\d)"
    r"|(?<=[가-힣])(?:(?<!마)다|(?<!\b주)요|[죠까])(?=\s)"
    r"|[다요음함임됨)\]}](?=\s?[(\[{])"
)
_CLOSED = re.compile(r"[\s.,!?。…ㆍ)\]}”’」』】〉》\"']*")
_REPORTED = re.compile(r"[.!?。…][”’」』】〉》)\]}\"'](?:이?라|고|하|며|는)")


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


def may_end(text: str, start: int, end: int, last: int | None = None) -> bool:
    """Whether a sentence of the stretch of `text` from `start` to `last` (default: all that follows) may be over at `end` or
    before, as far as letters tell: behind a stop (but not that of 1., 가. or a.b), a word that ends as a verb does, or a
    parenthesis behind either; not within a quote or a parenthesis that goes on, nor before what reports it (본다."라고)."""
    last = len(text) if last is None else last
    signs = (sign.end() for sign in _MAY_END.finditer(text, start, min(end + 2, last)))
    over = [sign for sign in signs if behind_close(text, sign) <= end and not _REPORTED.match(text, sign - 1)]
    if not over:
        return False
    within = [(start + opened, start + closed) for opened, closed in pairs(text[start:last])]
    return any(not any(_goes_on(text, sign, *span) for span in within) for sign in over)


def _goes_on(text: str, sign: int, opened: int, closed: int) -> bool:
    """Whether more stands behind the `sign` in the quote or the parenthesis that it is in than what closes it."""
    return opened < sign - 1 < closed and _CLOSED.fullmatch(text, sign, closed) is None
