"""Documents into passages: wholes first, then chunks cut at sentences, or between the rows of a table."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from mundap.files import digest
from mundap.ingest.grid import TABLE, row_spans, spoken
from mundap.korean.sentences import Span, sentences
from mundap.types import SPOKEN, Document, Meta, Passage, Section

PAGES = "pages"  # the key in Document.meta: [start, page] wherever a page begins, in order

MAX_CHARS = 300  # of a chunk; other sizes are compared in docs/experiments.md
PARENT_CHARS = 1600  # of a whole that comes from running text; a sheet's 제시문 is never cut


def split(documents: Iterable[Document], max_chars: int = MAX_CHARS, parent_chars: int = PARENT_CHARS) -> list[Passage]:
    """The chunks of every document, in order. A whole of at most `max_chars` characters is its own chunk."""
    return [
        chunk
        for document in documents
        for parent in parents(document, parent_chars)
        for chunk in chunks(parent, max_chars)
    ]


def parents(document: Document, parent_chars: int = PARENT_CHARS) -> list[Passage]:
    """The whole passages of a document: what a reader is shown and a generator is given."""
    seen: Counter[tuple[str, str, str]] = Counter()
    page_starts = [start for start, _ in document.meta.get(PAGES, ())]
    result = []
    for section in document.sections:
        for start, end in _wholes(document.text, section, parent_chars):
            text = document.text[start:end]
            named = (section.source, section.heading, text)
            seen[named] += 1
            result.append(
                Passage(
                    id=digest(document.source, *named, str(seen[named])),
                    document_id=document.id,
                    text=text,
                    start=start,
                    end=end,
                    heading=section.heading,
                    page=_page(document, page_starts, start) or section.page,
                    source=section.source or document.title,
                    meta=_meta(section.meta, text),
                )
            )
    return result


def chunks(parent: Passage, max_chars: int = MAX_CHARS, overlap: int = 0) -> list[Passage]:
    """Cut a whole passage at sentences into pieces of at most `max_chars` characters.

    A sentence longer than that is cut at white space, or, where there is none, in the middle. A piece begins with
    what fits into `overlap` characters of the end of the one before it, in whole sentences. A table is cut between
    its rows, without overlap, and a row is never cut.
    """
    if len(parent.text) <= max_chars:
        return [parent]
    if parent.meta.get("kind") == TABLE:
        return list(_row_chunks(parent, max_chars))
    return [
        replace(
            parent,
            id=digest(parent.id, str(start), parent.text[start:end]),
            text=parent.text[start:end],
            start=parent.start + start,
            end=parent.start + end,
            parent_id=parent.id,
        )
        for start, end in pack(parent.text, max_chars, overlap)
    ]


def _row_chunks(parent: Passage, max_chars: int) -> Iterator[Passage]:
    spans = row_spans(parent.text)
    first = 0
    for after in range(1, len(spans) + 1):
        if after < len(spans) and spans[after][1] - spans[first][0] <= max_chars:
            continue
        start, end = spans[first][0], spans[after - 1][1]
        yield replace(
            parent,
            id=digest(parent.id, str(start), parent.text[start:end]),
            text=parent.text[start:end],
            start=parent.start + start,
            end=parent.start + end,
            parent_id=parent.id,
            meta=_meta(parent.meta, parent.text, spans[first:after]),
        )
        first = after


def _meta(meta: Meta, text: str, rows: Sequence[Span] = ()) -> Meta:
    """`meta`; if `text` is a table also what its `rows` say, all if none are given."""
    return {**meta, SPOKEN: spoken(text, rows or row_spans(text))} if meta.get("kind") == TABLE else meta


def _page(document: Document, starts: Sequence[int], offset: int) -> int | None:
    place = bisect_right(starts, offset)
    return int(document.meta[PAGES][place - 1][1]) if place else None


def pack(text: str, max_chars: int, overlap: int = 0) -> list[Span]:
    """Spans of whole sentences, each as long as fits, that together hold every non-blank character."""
    return list(_packed(text, sentences(text), max_chars, overlap))


def _packed(text: str, spans: Sequence[Span], max_chars: int, overlap: int) -> Iterator[Span]:
    pieces = [piece for span in spans for piece in _cut(text, span, max_chars)]
    first = 0
    while first < len(pieces):
        after = first + 1
        while after < len(pieces) and pieces[after][1] - pieces[first][0] <= max_chars:
            after += 1
        end = pieces[after - 1][1]
        yield pieces[first][0], end
        again = after
        while again - 1 > first and end - pieces[again - 1][0] <= overlap:
            again -= 1
        # What is said again must leave room for something new.
        while again < after < len(pieces) and pieces[after][1] - pieces[again][0] > max_chars:
            again += 1
        first = again if after < len(pieces) else after


def _cut(text: str, span: Span, max_chars: int) -> Iterator[Span]:
    start, end = span
    while end - start > max_chars:
        blank = max(text.rfind(mark, start + max_chars // 2, start + max_chars + 1) for mark in " \t\n")
        stop = blank if blank > start else start + max_chars
        yield start, stop
        start = stop
        while start < end and text[start].isspace():
            start += 1
    if start < end:
        yield start, end


def _wholes(text: str, section: Section, parent_chars: int) -> list[Span]:
    if section.meta.get("kind") or section.end - section.start <= parent_chars:
        return [(section.start, section.end)]
    inner = pack(text[section.start : section.end], parent_chars)
    return [(section.start + start, section.start + end) for start, end in inner]
