"""Headers, footers and page numbers, which repeat on the pages of a document, found and left out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mundap.ingest.pdf.page_layout import Page, Piece

_BAND = 0.15  # of the page's height, at the top and at the bottom
_PAGES = 3  # that have a line before it counts as repeated
_SHARE = 0.5  # of the pages from its first to its last, odd and even ones by themselves
_SAME_PLACE = 6.0  # points
_TALLEST = 1.25  # of the document's letters; headings are taller
_BOX = 0.25  # of the page's height, for a table that repeats

_MOMENT = re.compile(  # 2024-03-05 09:10, 2024. 3. 5. 오후 2:10:33, 09:10
    r"(?:\d{2,4}\s?[-./년]\s?\d{1,2}\s?[-./월]\s?\d{1,2}\s?[.일]?\s*)?(?:\([월화수목금토일]\)\s*)?(?:오전|오후|[AP]M)?\s*"
    r"(?:\d{1,2}:\d{2}(?::\d{2})?(?:\s?[AP]M)?|\d{1,2}시\s?\d{1,2}분(?:\s?\d{1,2}초)?)|(?<!\d)20\d{12}(?!\d)",
    re.IGNORECASE,
)
_PRINTED = re.compile(r"출력|인쇄|열람|다운로드|내려받|printed|downloaded", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")
_COUNTS = re.compile(r"제\s?$")  # 제3장 is no page
_COUNTED = re.compile(r"\s?[장절조편관항호회차년월일.)]")
_PAGE_OF = re.compile(
    r"[-–—~<(\[\s]*(?:page\s?|p\.?\s?|쪽\s?)?(\d{1,4})(?:\s?(?:/|of|중)\s?(\d{1,4}))?\s?(?:쪽|페이지|면)?[-–—~>)\]\s]*",
    re.I,
)
_SENTENCE = re.compile(r"[다요]\s?\.\s*$")  # which no header and no footer is


@dataclass(frozen=True)
class _Line:
    page: int  # its place among the pages, from 0
    piece: Piece
    y: float
    key: str  # the text, without the number of the page
    offset: int | None  # that number less the page's own; None if the text has none


def without_running(pages: Sequence[Page], found: Sequence[Sequence[Piece]], height: float) -> list[list[Piece]]:
    """`found[n]`, the pieces of `pages[n]`, without those that run through the document.

    A line runs if it stands in the same place at the edge of three pages or more, and on half of all those in between,
    or of the odd or even ones, with the same text or with a number that grows with the page. On four pages it can be
    two lines, one on the odd and one on the even ones. `height` is that of the
    document's letters: what is clearly taller is a heading. In shorter documents only "- 3 -" and "3 / 12" that agree
    with the page go, and moments of a print. A table that stands in the same place on three pages stays on the first.
    """
    lines = [line for n, page in enumerate(pages) for line in _lines(n, page, found[n], height)]
    gone = {id(line.piece) for line in lines if _says_page(line, pages)}
    repeated = _repeated(lines)
    for place in repeated:
        beside = {line.page for other in repeated if abs(other[0].y - place[0].y) <= _SAME_PLACE for line in other}
        stamped = "@" in place[0].key and _PRINTED.search(place[0].key)
        if len({line.page for line in place}) >= _PAGES or len(beside) > _PAGES or stamped:
            gone |= {id(line.piece) for line in place}
    gone |= _repeated_tables(pages, found)
    return [[piece for piece in on_page if id(piece) not in gone] for on_page in found]


def _lines(n: int, page: Page, found: Iterable[Piece], height: float) -> Iterable[_Line]:
    for piece in found:
        if piece.table or piece.size > _TALLEST * height or _SENTENCE.search(piece.text):
            continue
        y = piece.y0 if piece.y1 <= _BAND * page.height else piece.y1 - page.height
        if piece.y1 <= _BAND * page.height or piece.y0 >= (1 - _BAND) * page.height:
            key, number = _masked(piece.text, page.number)
            yield _Line(n, piece, y, key, None if number is None else number - page.number)


def _masked(text: str, page: int) -> tuple[str, int | None]:
    """`text` with "#" for the number that can be the page's, and that number.

    It stands at either end: of several the one that is nearest to the page. Moments, as a print has them, are "@".
    """
    text = _MOMENT.sub("@", text)
    places = [
        m
        for m in _NUMBER.finditer(text)
        if len(m.group()) <= 4 and not _COUNTS.search(text[: m.start()]) and not _COUNTED.match(text, m.end())
    ]
    if not places:
        return text, None
    best = min(places, key=lambda m: abs(int(m.group()) - page))
    if not re.fullmatch(r"\W*(?:page|p|쪽)?\W*", text[: best.start()], re.I) and len(text) - best.end() > 8:
        return text, None
    return f"{text[: best.start()]}#{text[best.end() :]}", int(best.group())


def _says_page(line: _Line, pages: Sequence[Page]) -> bool:
    """Whether a line is only the number of its page, in a form that nothing else has."""
    found = _PAGE_OF.fullmatch(line.piece.text)
    if not found or int(found[1]) != pages[line.page].number:
        return False
    return int(found[2]) == len(pages) if found[2] else bool(re.match(r"\s*[-–—]\s*\d+\s*[-–—]\s*$", line.piece.text))


def _repeated(lines: Sequence[_Line]) -> list[list[_Line]]:
    """Lines of one text and one place, with a number that counts the pages or none, on two pages or more."""
    groups: dict[tuple[str, int | None], list[_Line]] = defaultdict(list)
    for line in lines:
        groups[line.key, line.offset].append(line)
    places = [place for group in groups.values() for place in _places(group)]
    return [place for place in places if _often(sorted({line.page for line in place}))]


def _places(lines: Sequence[_Line]) -> list[list[_Line]]:
    result: list[list[_Line]] = []
    for line in sorted(lines, key=lambda line: line.y):
        if result and line.y - result[-1][0].y <= _SAME_PLACE:
            result[-1].append(line)
        else:
            result.append([line])
    return result


def _often(at: Sequence[int]) -> bool:
    """Whether two pages or more are half of all from the first to the last, or of those as odd or as even."""
    if len(at) < 2:
        return False
    if len(at) >= _SHARE * (at[-1] - at[0] + 1):
        return True
    return len({n % 2 for n in at}) == 1 and len(at) >= _SHARE * ((at[-1] - at[0]) // 2 + 1)


def _repeated_tables(pages: Sequence[Page], found: Sequence[Sequence[Piece]]) -> set[int]:
    """Boxes like "문서번호 | 개정 | 쪽" on top of every page, after the first."""
    groups: dict[tuple[str, int], list[tuple[int, Piece]]] = defaultdict(list)
    for n, page in enumerate(pages):
        for piece in found[n]:
            if piece.table and (piece.y1 <= _BOX * page.height or piece.y0 >= (1 - _BOX) * page.height):
                cells = "|".join(cell.text for row in piece.table.rows for cell in row)
                groups[_NUMBER.sub("#", cells), round(piece.y0 / _SAME_PLACE)].append((n, piece))
    result: set[int] = set()
    for group in groups.values():
        at = sorted({n for n, _ in group})
        if len(at) >= _PAGES and _often(at):
            result |= {id(piece) for n, piece in group if n != at[0]}
    return result
