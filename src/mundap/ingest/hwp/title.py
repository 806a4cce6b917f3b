"""The title of a document of HWP that does not say one: a line in the largest letters at its head, if there is but one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

from mundap.ingest.hwp.flow import LARGER, OPENED, SHORT, Line, Piece, like_a_title, usual_size
from mundap.korean.normalize import squash

_HEAD = 6  # lines in which a title stands
_LINES = 2  # of a title
_SHORTEST = 4  # letters
_LETTER = re.compile(
    r"(?:수\s?신|발\s?신|제\s?목|참\s?조)(?:\s|자|[:：]|$)"
)  # above whose text the sender stands large
_SENDER = re.compile(r"\S+(?:청|처|부|시|군|구|원|회|공사|공단|재단|센터|학교|복지관|은행|\(주\)|㈜)")
_KIND = re.compile(  # says what a document is, and stands above the title of many
    r"(?:보도|참고|설명|회의|교육|입찰|채용|모집|공고|공지|업무|결과|사업)?(?:자료|공고|공고문|안내|안내문|공지|공지사항|보고|보고서|계획|목차|차례|붙임|별첨|첨부)"
    r"|표지|대외비|초안"
)


def title_of(pieces: Sequence[Piece], sizes: Counter[int]) -> str:
    """The title that the first lines show, or "" if none of them or several could be it. `sizes` are those of the
    document's letters."""
    head = [line for line in takewhile(lambda piece: isinstance(piece, Line), pieces[:_HEAD]) if isinstance(line, Line)]
    usual = usual_size(sizes)
    if not head or not usual or any(_LETTER.match(line.text) for line in head):
        return ""
    largest = max(line.size for line in head)
    first = next(n for n, line in enumerate(head) if line.size == largest)
    run = [*takewhile(lambda line: line.size == largest, head[first:])]
    alike = sum(isinstance(piece, Line) and piece.size == largest for piece in pieces)  # as the titles of chapters
    if largest < usual * LARGER or len(run) > _LINES or alike > len(run) or len(pieces) == first + len(run):
        return ""
    title = " ".join(line.text for line in run)
    plain = squash(title)
    meant = all(like_a_title(line) and not OPENED.match(line.text) for line in run) and len(title) <= SHORT
    named = len(plain) >= _SHORTEST and not _KIND.fullmatch(plain) and not _SENDER.fullmatch(title)
    return title if meant and named else ""
