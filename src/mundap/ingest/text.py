"""txt and Markdown: paragraphs, tables, and sections under their heading path.

Where lines of a txt are headings such as 제2장 총칙, Ⅰ. 개요 or □ 일정, or places within a line that an export has glued
together begin with 제1조(목적) or 규칙 1 피치, its sections are what stands under them; else its blocks between blank lines.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from mundap.files import digest
from mundap.ingest.assemble import assemble, caption_of
from mundap.ingest.blocks import Heading, Paragraph, Parsed, Table
from mundap.ingest.build import Reading
from mundap.ingest.drawn import as_markdown, drawn
from mundap.ingest.encoding import decode
from mundap.ingest.grid import TABLE, cells_of, one_line
from mundap.ingest.headings import heads, marked, named
from mundap.ingest.heal import unwrap
from mundap.korean.normalize import name_of
from mundap.types import Document, Section

# At the beginning of a line or, in a text without line breaks, behind the end of a sentence; not 규칙 3에 따라.
_OPENED = r"(?:^|(?<=[.,)])|(?<=[.,)] )|(?<=, ))[^\S\n]*"
_ARTICLES = (
    re.compile(_OPENED + r"(?P<head>제\s?(?P<number>\d{1,3})\s?조\s?[(\[][^()\[\]\n]{1,60}[)\]])", re.MULTILINE),
    re.compile(
        _OPENED + r"(?P<head>규칙 ?(?P<number>\d{1,3}) {1,2}[–-]? ?[가-힣][^.,\n•]{0,30}?)(?=\s*,|\s*$|\s*•)",
        re.MULTILINE,
    ),
)
_BEHIND = re.compile(  # , 영상 지원 프로토콜, of a glued export
    r"(?<=[.,)])\s*(?P<head>부록|부칙|별표|용어 ?(?:해설|정의)|(?:[가-힣]+ ){1,4}(?:프로토콜|지침|가이드라인|해설)) ?(?=,)"
)
_AGAIN = re.compile(r"규칙 ?(?P<number>[1-9]\d{0,2}) ?[–-] ?(?=[가-힣])")  # what comments on a rule, after the last
_GLUED = re.compile(r"(?<=[^\s•])[^\S\n]*(?=[•▪■□○●◦※☞] ?[가-힣A-Za-z0-9‘“(])")  # where an item begins within a line
_LEAST = 3  # headings or articles of a text that has any
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+([^ \t].*)$")
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?P<fields>(?:(?!---[ \t]*$).*\n)*)---[ \t]*$", re.MULTILINE)
_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)+\|?[ \t]*|[ \t]*\|[ \t]*:?-+:?[ \t]*\|[ \t]*")
_DEEPEST = 9  # level of a caption
_FENCE = re.compile(r"^ {0,3}(```|~~~)")


def read_txt(path: Path, source: str) -> Reading:
    """A section for what stands under each heading or article; where there are none, for each block between blank
    lines."""
    raw = decode(path.read_bytes(), path.name)
    parts = drawn(raw)
    if any(isinstance(part, Table) for part in parts):
        whole = (part if isinstance(part, Table) else Paragraph(healed(part)) for part in parts)
        return assemble(Parsed(tuple(whole)), path, source)
    text = healed(raw)
    blocks = [*_blocks(text)]
    paragraphs = [Paragraph(text[start:end]) for start, end in blocks]
    if sum(isinstance(piece, Heading) for piece in marked(paragraphs)) >= _LEAST:
        return assemble(Parsed(tuple(paragraphs)), path, source)
    heads = _articles(text)
    sections = tuple(_under(text, blocks, heads) if heads else (Section(*span) for span in blocks))
    return Reading(Document(digest(source, text), text, source, name_of(path.stem), sections=sections))


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """The spans between blank lines, without white space around them. By lines: a pattern would try each of a thousand
    blanks as the beginning of the end."""
    start, end, offset = -1, 0, 0
    for line in text.split("\n"):
        if span := _strip(text, offset, offset + len(line)):
            start, end = (span[0] if start < 0 else start), span[1]
        elif start >= 0:
            yield start, end
            start = -1
        offset += len(line) + 1
    if start >= 0:
        yield start, end


def healed(text: str) -> str:
    """`text` with the lines joined that were broken at a fixed width, and those parted that an export has glued
    together at their bullets; as it is if there are none."""
    lines = text.split("\n")
    joined = unwrap(lines)
    whole = text if len(joined) == len(lines) else "\n".join(joined)
    return _GLUED.sub("\n", whole) if len(_GLUED.findall(whole)) >= _LEAST else whole


def _articles(text: str) -> list[tuple[int, str]]:
    """(start, heading) of the articles of a rule book in which they are numbered from 1 on; none in any other text."""
    for pattern in _ARTICLES:
        found = [(m.start("head"), int(m["number"]), one_line(m["head"])) for m in pattern.finditer(text)]
        rising: list[tuple[int, str]] = []
        for start, number, head in found:
            if number == len(rising) + 1:
                rising.append((start, head))
        if len(rising) >= _LEAST:
            last = rising[-1][0]
            again = [(m.start(), int(m["number"])) for m in _AGAIN.finditer(text, last)]
            commented = [(start, rising[number - 1][1]) for start, number in again if number <= len(rising)]
            return sorted(rising + commented + [(m.start("head"), m["head"]) for m in _BEHIND.finditer(text, last)])
    return []


def _under(text: str, blocks: list[tuple[int, int]], heads: list[tuple[int, str]]) -> Iterator[Section]:
    """The blocks, cut where an article begins; every part stands under the article it is in."""
    starts = [start for start, _ in heads]
    for start, end in blocks:
        cuts = [start, *(cut for cut in starts if start < cut < end), end]
        for left, right in pairwise(cuts):
            if span := _strip(text, left, right):
                place = bisect_right(starts, left)
                yield Section(*span, heading=heads[place - 1][1] if place else "")


def read_markdown(path: Path, source: str) -> Document:
    """One section for each heading with text below it; its heading is the path of headings above. Articles and tables
    are sections of their own."""
    text = as_markdown(decode(path.read_bytes(), path.name))
    sections = tuple(_markdown_sections(text))
    first = next((s.meta["title"] for s in sections if s.meta.get("title")), name_of(path.stem))
    return Document(digest(source, text), text, source, str(first), sections=sections)


def _markdown_sections(text: str) -> Iterator[Section]:
    path: list[tuple[int, str]] = []
    title = ""
    body = 0
    if front := _FRONT_MATTER.match(text):
        if span := _strip(text, *front.span("fields")):
            yield Section(*span, meta={"title": title})
        body = front.end()
    lone = (0, 0)  # the span of a heading that has nothing below it
    for start, end, level, name in [*_headings(text), (len(text), len(text), 0, "")]:
        span = _strip(text, body, start)
        if span:
            yield from _below(text, span, path, title)
        elif path and level <= path[-1][0]:
            yield Section(*lone, heading=_shown(path[:-1], title), meta={"title": title})
        path = [*(p for p in path if p[0] < level), (level, name)]
        title = title or (name if level == 1 else "")
        body, lone = end, (start, end)


def _shown(path: list[tuple[int, str]], title: str) -> str:
    return " > ".join(named(name) for _, name in path if name != title) or named(title)


def _below(text: str, span: tuple[int, int], path: list[tuple[int, str]], title: str) -> Iterator[Section]:
    """What stands below a heading, cut at the articles (제1조(목적), 부칙) and tables within."""
    meta = {"title": title}
    inner: list[tuple[int, str]] = []
    done, lone, fence = span[0], (0, 0), ""
    rows = [(start, end) for start, end in _lines(text, *span)]
    tables = dict(_tables(text, rows))
    after = -1
    for n, (start, end) in enumerate(rows):
        line = text[start:end]
        mark = _FENCE.match(line)
        if mark and (not fence or mark.group(1) == fence):
            fence = "" if fence else mark.group(1)
        if fence or n < after:
            continue
        if n in tables:
            after = tables[n]
            if above := _strip(text, done, start):
                yield Section(*above, heading=_shown([*path, *inner], title), meta=meta)
            caption = caption_of([Paragraph(text[above[0] : above[1]])] if above else [])
            whole = [*path, *inner, *([(_DEEPEST, caption)] if caption else [])]
            yield Section(start, rows[after - 1][1], heading=_shown(whole, title), meta={**meta, "kind": TABLE})
            done, lone = rows[after - 1][1], (0, 0)
        elif found := heads(line.strip("* \t")):
            level, length = found
            begins = start + len(line) - len(line.lstrip("* \t"))
            if above := _strip(text, done, start):
                yield Section(*above, heading=_shown([*path, *inner], title), meta=meta)
            elif lone[1] and level <= inner[-1][0]:
                yield Section(*lone, heading=_shown([*path, *inner[:-1]], title), meta=meta)
            inner = [*(p for p in inner if p[0] < level), (level, text[begins : begins + length])]
            lone = (begins, begins + length)
            done = lone[1] + (len(text[lone[1] : end]) - len(text[lone[1] : end].lstrip("* \t")))
    if rest := _strip(text, done, span[1]):
        yield Section(*rest, heading=_shown([*path, *inner], title), meta=meta)
    elif lone[1]:
        yield Section(*lone, heading=_shown([*path, *inner[:-1]], title), meta=meta)


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for line in text[start:end].split("\n"):
        yield start, start + len(line)
        start += len(line) + 1


def _tables(text: str, rows: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """(first, after) of the lines of each Markdown table: a header, a rule, and a row at least."""
    n = 0
    while n + 2 < len(rows):
        header, rule, row = (text[start:end] for start, end in rows[n : n + 3])
        if "|" not in header or "|" not in row or not _RULE.fullmatch(rule) or len(cells_of(header)) < 2:
            n += 1
            continue
        after = n + 3
        while after < len(rows) and "|" in text[slice(*rows[after])]:
            after += 1
        yield n, after
        n = after


def _headings(text: str) -> Iterator[tuple[int, int, int, str]]:
    """(start, end, level, name) of each heading line outside fenced code."""
    fence = ""
    offset = 0
    for line in text.splitlines(keepends=True):
        bare = line.rstrip("\n")
        mark = _FENCE.match(bare)
        if mark and (not fence or mark.group(1) == fence):
            fence = "" if fence else mark.group(1)
        elif not fence and (found := _HEADING.match(bare)):
            name = found.group(2).rstrip(" \t").rstrip("#").rstrip(" \t")  # which may be closed by as many marks
            yield offset, offset + len(bare), len(found.group(1)), name or "#"
        offset += len(line)


def _strip(text: str, start: int, end: int) -> tuple[int, int] | None:
    piece = text[start:end]
    if not piece.strip():
        return None
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())
