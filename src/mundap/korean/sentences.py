"""Sentences as spans, so that whatever is picked from a passage is still a slice of it.

Kiwi finds the cuts. Those within parentheses and quotes, behind the mark of an item or a date are moved or left out,
for a half is no sentence: 여비(국외 여비는 제외한다)ㆍ|숙박비, 2\\.|신청서, 그만둔다. ②|제1항에도.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from mundap.korean.kiwi import bites, kiwi

Span = tuple[int, int]
_LINE = re.compile(r"[^\n]+")
_RUN = 500  # characters; no sentence has as many without a blank, and no parenthesis holds more
_SPEECH = 200  # characters of a quote that is part of one sentence; a longer one is read by its own
_END = re.compile(r"[\s.!?。…]")
_OPENING = dict(zip("”’」』】〉》)]}", "“‘「『【〈《([{", strict=True))  # of what closes
_BRACKETS = ")]}"  # which add to what stands before them
_STOPS = tuple(".!?。…")
_STYLED = tuple(f"{ending} " for ending in "다요음함임됨")
_HANGUL = re.compile(r"[가-힣]")
_QUOTING = re.compile(r"(?:이?라|고|하|며|는)")
_MARK = (  # of an item, or a label: 1. 1의2. 가) (3) ① (답) A. -
    r"(?:\d{1,3}(?:의\d{1,2})?\\?[.)]|\((?:\d{1,2}|[가-힣]{1,2}|[a-z])\)|[가나다라마바사아자차카타파하]\\?[.)]"
    r"|[①-⑳㉑-㉟ⓐ-ⓩ㉠-㉭]|[ⅰ-ⅿⅠ-Ⅿ]\.?|[A-Za-z]\\?[.)]|[-–*+•·▪■□○●◦◎◇◆▶▷※☞])"
)
_MARK_ALONE = re.compile(rf"{_MARK}{{1,3}}")
_DECORATED = rf"[*_]{{0,3}}{_MARK}[*_]{{0,3}}"
_MARK_BEHIND = re.compile(rf"(?<=[.!?。…”’」』)\]\"'])\s*({_DECORATED}(?:\s+{_DECORATED})?\s*)\Z")
_MARKS = 30  # characters that marks take up
_DECORATION = re.compile(r"[*_\s]+")
_NO_END = re.compile(  # 2020. 1. 1. and 제3조. and No. end a sentence only before what goes on
    r"(?:\d{4}\s?\.\s?\d{1,2}\s?\.(?:\s?\d{1,2}\s?\.)?|제\s?\d+\s?[조항호목](?:의\s?\d+)?\s?\."
    r"|(?<![A-Za-z])(?:[Nn]os?|[Vv]s|Mrs?|Ms|Dr|Prof|Fig|Tel|Vol|Art|[Cc]f|e\.g|i\.e)\.)\s*\Z"
)
_GOES_ON = re.compile(r"다만|단[,\s]|또한|그러나|그리고|이\s?경우|이때|따라서")
_CLOSES = re.compile(r"[.,!?。…ㆍ)\]}”’」』】〉》]+")


def sentences(text: str) -> list[Span]:
    """(start, end) of each sentence, in order, without outer white space.

    A line break always ends a sentence: lists and tables in Korean documents have no full stops.
    Every character that is not white space lies in exactly one span. A line that is too long for Kiwi is cut first.
    """
    found = [(first + start, first + end) for first, last in lines(text) for start, end in bites(text[first:last])]
    spans: list[Span] = []
    apart = iter(kiwi().split_into_sents([text[start:end] for start, end in found if not _endless(text[start:end])]))
    for first, last in found:
        cuts = [] if _endless(text[first:last]) else [piece.start for piece in next(apart)][1:]
        inner = [first + cut for cut in _mended(text[first:last], cuts)] if cuts else []
        for start, end in zip([first, *inner], [*inner, last], strict=True):
            spans += trimmed(text, start, end)
    return spans


def _endless(piece: str) -> bool:
    """Whether it is a run of letters, on which Kiwi spends ten times what it does on words, to find one sentence."""
    return len(piece) > _RUN and not _END.search(piece.strip())


def _mended(line: str, cuts: Sequence[int]) -> list[int]:
    """The places among `cuts`, or close to them, at which a sentence of the line really begins."""
    paired = pairs(line)
    opens = {close: opened for opened, close in paired}
    kept = [0]
    for cut in cuts:
        moved = _before_mark(line, kept[-1], _before_quote(line, kept[-1], behind_close(line, cut)))
        if (
            moved > kept[-1]
            and not _within(paired, moved)
            and _ends(line, kept[-1], moved, opens)
            and any(map(str.isalnum, line[kept[-1] : moved]))
        ):
            kept.append(moved)
    if len(kept) > 1 and not any(map(str.isalnum, line[kept[-1] :])):
        kept.pop()
    return kept[1:]


def behind_close(line: str, cut: int) -> int:
    """What closes a sentence belongs to it: (규칙 6 참조)|. is cut behind the full stop."""
    closes = _CLOSES.match(line, cut)
    return closes.end() if closes else cut


def _before_mark(line: str, first: int, cut: int) -> int:
    """Where the mark begins behind which the cut is, if a sentence ends before the mark; `first`, which is no cut, if
    nothing else stands before the cut."""
    piece = line[first:cut]
    if len(piece) < _MARKS and _MARK_ALONE.fullmatch(_DECORATION.sub("", piece)):
        return first
    if (bare := piece.rstrip()) and bare[-1] in _OPENING.values():
        return first + len(bare) - 1 if bare[:-1].rstrip().endswith(_STOPS) else first
    mark = _MARK_BEHIND.search(piece[-_MARKS:])
    return cut - len(piece[-_MARKS:]) + mark.start(1) if mark else cut


def _before_quote(text: str, first: int, cut: int) -> int:
    """Where a sentence begins that Kiwi cut behind its first quote: 끝났다. 「관세법」|에 따른다 is cut before 「.

    `first`, which is no cut, where it does not begin with the quote.
    """
    closing = text[cut - 1]
    if closing not in (*_OPENING, '"', "'") or not _HANGUL.match(text, cut):
        return cut
    if text[cut - 2] in _STOPS and not _QUOTING.match(text, cut):
        return cut
    opened = text.rfind(_OPENING.get(closing, closing), first, cut - 1)
    return opened if opened > first and text[first:opened].rstrip().endswith(_STOPS) else first


def _ends(line: str, first: int, cut: int, opens: dict[int, int]) -> bool:
    """Whether a sentence can end at the cut: not in 제2조|제1호, nor behind a parenthesis within a sentence."""
    before = line[first:cut].rstrip()
    if _NO_END.search(before) and not _GOES_ON.match(line, cut):
        return False
    last = first + len(before) - 1
    if line[last] in _BRACKETS and opens.get(last, -1) != first and not _ended(line[first : opens.get(last, first)]):
        return False
    if line[last] in _OPENING and line[last] not in _BRACKETS and line[last - 1] not in _STOPS:  # 「도서관법」 제7조
        return False
    return line[cut - 1].isspace() or not line[last].isalnum() or not line[cut].isalnum()


def _ended(outside: str) -> bool:
    """Whether a sentence has ended before a parenthesis: 돕는다. (예: …) and 지원함 (예: …), but not 사람(…)."""
    return outside.rstrip().endswith((*_STOPS, *_OPENING)) or outside.endswith(_STYLED)


def pairs(line: str) -> list[Span]:
    """(open, close) of the outermost parentheses and quotes, in order."""
    stack: list[tuple[str, int]] = []
    found: list[Span] = []
    for n, character in enumerate(line):
        if character in "([{“‘「『【〈《":
            stack.append((character, n))
            continue
        wanted = _OPENING.get(character, character if character in "\"'" else "")
        if not wanted:
            continue
        depth = next((d for d in range(len(stack) - 1, -1, -1) if stack[d][0] == wanted), -1)
        most = _RUN if character in _BRACKETS else _SPEECH
        if depth >= 0 and n - stack[depth][1] <= most and (character not in "\"'" or not line[n - 1].isspace()):
            opened = stack[depth][1]
            del stack[depth:]
            while found and found[-1][0] > opened:
                found.pop()
            found.append((opened, n))
        elif character in "\"'" and _opens(line, n):
            stack.append((character, n))
    return found


def _opens(line: str, n: int) -> bool:
    """Whether a straight quote opens: not in don't nor '24년."""
    after = line[n + 1 : n + 2]
    before = line[n - 1 : n]
    return bool(after.strip()) and not (line[n] == "'" and (after.isdigit() or (before.isascii() and before.isalnum())))


def _within(pairs: Sequence[Span], place: int) -> bool:
    n = bisect_right(pairs, (place - 1, len(pairs) + place)) - 1
    return n >= 0 and pairs[n][0] < place <= pairs[n][1]


def lines(text: str) -> list[Span]:
    """(start, end) of each line that is not blank, with its outer white space."""
    return [line.span() for line in _LINE.finditer(text) if not line.group().isspace()]


def trimmed(text: str, start: int, end: int) -> list[Span]:
    """The span without outer white space, or none if that is all there is."""
    piece = text[start:end]
    if not piece.strip():
        return []
    return [(start + len(piece) - len(piece.lstrip()), end - (len(piece) - len(piece.rstrip())))]
