"""Documents into passages: parent passages first, then their chunks."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import cast

from mundap.files import digest
from mundap.ingest.chunk import MAX_CHARS, Sentences
from mundap.ingest.grid import TABLE, row_spans, spoken
from mundap.korean.lists import announces, blocks
from mundap.korean.sentences import lines, trimmed
from mundap.protocols import Chunker, Span
from mundap.types import SPOKEN, Document, Meta, Passage, Section

PAGES = "pages"  # the key in Document.meta: [start, page] wherever a page begins, in order

_PARAGRAPH = re.compile(r"[*_\s]*[①-⑳㉑-㉟]")
PARENT_CHARS = 600  # of a passage from running text, docs/experiments/2026-11-26-how-large-parent-passages.md; a sheet's 제시문 is never cut


def split(documents: Iterable[Document], max_chars: int = MAX_CHARS, parent_chars: int = PARENT_CHARS) -> list[Passage]:
    """The chunks of every document, in order. A parent passage of at most `max_chars` characters is its own chunk."""
    return [
        chunk
        for document in documents
        for parent in parents(document, parent_chars)
        for chunk in chunks(parent, Sentences(max_chars))
    ]


def parents(document: Document, parent_chars: int = PARENT_CHARS) -> list[Passage]:
    """The parent passages of a document: what a reader is shown and a generator is given."""
    return [*each_parent(document, parent_chars)]


def pages_of(document: Document) -> Sequence[tuple[int, int]]:
    """(start, page) wherever a page begins, in order; none where the format has no pages."""
    return cast("Sequence[tuple[int, int]]", document.meta.get(PAGES, ()))


def each_parent(document: Document, parent_chars: int = PARENT_CHARS) -> Iterator[Passage]:
    """As `parents`, one after the other."""
    texts = ((section, document.text[section.start : section.end]) for section in document.sections)
    return parents_of(document, texts, parent_chars)


def parents_of(document: Document, texts: Iterable[tuple[Section, str]], parent_chars: int) -> Iterator[Passage]:
    """The parent passages of sections of a document, each given with its text."""
    seen: Counter[int] = Counter()
    page_starts = [start for start, _ in pages_of(document)]
    for section, said in texts:
        for first, last in _parent_spans(said, section, parent_chars):
            text, start = said[first:last], section.start + first
            named = (section.source, section.heading, text)
            key = int(digest(*named, size=8), 16)
            seen[key] += 1
            yield Passage(
                id=digest(document.source, *named, str(seen[key])),
                document_id=document.id,
                text=text,
                start=start,
                end=section.start + last,
                heading=section.heading,
                page=_page(document, page_starts, start) or section.page,
                source=section.source or document.title,
                meta=_meta(section.meta, text),
            )


def chunks(parent: Passage, chunker: Chunker = Sentences()) -> list[Passage]:
    """The pieces of a parent passage, each a slice of it; the passage itself if there is but one.

    A table is cut between its rows, and a row is never cut.
    """
    rows = row_spans(parent.text) if parent.meta.get("kind") == TABLE else []
    if rows:
        groups = chunker.group(parent.text, rows)
        pieces = [_piece(parent, rows[first][0], rows[after - 1][1], rows[first:after]) for first, after in groups]
        return pieces if len(pieces) > 1 else [parent]
    spans = chunker.cut(parent.text)
    if not spans or spans == [(0, len(parent.text))]:
        return [parent]
    return [_piece(parent, start, end) for start, end in spans]


def _piece(parent: Passage, start: int, end: int, rows: Sequence[Span] = ()) -> Passage:
    return replace(
        parent,
        id=digest(parent.id, str(start), parent.text[start:end]),
        text=parent.text[start:end],
        start=parent.start + start,
        end=parent.start + end,
        parent_id=parent.id,
        meta=_meta(parent.meta, parent.text, rows),
    )


def _meta(meta: Meta, text: str, rows: Sequence[Span] = ()) -> Meta:
    """`meta`; if `text` is a table also what its `rows` say, all if none are given."""
    return {**meta, SPOKEN: spoken(text, rows or row_spans(text))} if meta.get("kind") == TABLE else meta


def _page(document: Document, starts: Sequence[int], offset: int) -> int | None:
    place = bisect_right(starts, offset)
    return int(pages_of(document)[place - 1][1]) if place else None


def _parent_spans(text: str, section: Section, parent_chars: int) -> list[Span]:
    """All of a section's text, or pieces of at most `parent_chars` characters that end where a line does: an article is cut
    between its 항. A list of up to twice as many characters, with its lead, is not cut."""
    if section.meta.get("kind") or len(text) <= parent_chars:
        return [(0, len(text))]
    span: Span | None = None
    found: list[Span] = []
    for start, end in _parts(text, parent_chars):
        if span and end - span[0] <= parent_chars:
            span = (span[0], end)
            continue
        if span:
            found.append(span)
        span = (start, end)
    return [*found, *([span] if span else [])]


def _parts(text: str, parent_chars: int) -> Iterator[Span]:
    """Lists with the leads that announce them, and pieces of what stands between them; a paragraph of a statute (①) is a
    piece or begins one."""
    rows = [span for first, last in lines(text) for span in trimmed(text, first, last)]
    done = 0  # where what has not come yet begins
    for first, after in blocks([text[start:end] for start, end in rows]):
        start, end = rows[first][0], rows[after - 1][1]
        head = text[start : rows[first][1]]
        listed = after - first > 1 and end - start <= 2 * parent_chars and announces(head)
        if listed or _PARAGRAPH.match(head):
            yield from _pieces(text, done, start, parent_chars)
            done = start
        if listed:
            yield start, end
            done = end
    yield from _pieces(text, done, len(text), parent_chars)


def _pieces(text: str, start: int, end: int, parent_chars: int) -> Iterator[Span]:
    for left, right in Sentences(parent_chars).cut(text[start:end]):
        yield from trimmed(text, start + left, start + right)
