"""An answer made traceable: where each quote stands in its document, and which quotes bear out each sentence.

It is read from the text, whoever wrote it, so that every generator's answers can be proved in one way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from mundap.generate.cite import MARKER, UNMARKED, share
from mundap.ingest.grid import TABLE, spoken
from mundap.korean.display import shown as displayed
from mundap.korean.sentences import sentences
from mundap.messages import told
from mundap.protocols import Span
from mundap.types import Answer, Citation, Passage, Statement

_WORD = re.compile(r"\w")
PART = re.compile(r"Q[0-9]{1,2}\.\s*")  # before each of several questions, as they were asked
_NAME = re.compile(rf"^[^\S\n]*({PART.pattern}[^\n]+|·[^\n]+:)[^\S\n]*$", re.MULTILINE)
_STOP = re.compile(r"[.!?。…:;,\])”’」』\"']\Z")


def traced(
    answer: Answer, passages: Mapping[str, Passage], digest: Callable[[str], str | None], generation: str
) -> Answer:
    """`answer` with the place of each citation, its sentences, and the name of the index that was searched.

    `passages` holds those that are cited, by id, and `digest` tells that of a document's text, by the document's id. The
    quote becomes the very slice of its document; one that does not stand in its passage is left without a place.
    """
    citations = tuple(_placed(citation, passages.get(citation.passage_id), digest) for citation in answer.citations)
    shown = [hit.passage.id for hit in answer.hits]
    found = tuple(_statements(answer.text, citations, shown, passages))
    return replace(answer, citations=citations, sentences=found, generation=generation)


def quoted_forms(passage: Passage | None, quote: str) -> tuple[str, ...]:
    """How an answer may show a quote word for word: as it stands, without marks of its format, rows as they are said."""
    if passage is not None and passage.meta.get("kind") == TABLE and (span := find(passage.text, quote)):
        return quote, spoken(passage.text, [span])
    return quote, _displayed(quote)


_displayed = lru_cache(4096)(displayed)  # it costs more than all else of a proof


def find(text: str, quote: str, start: int = 0) -> Span | None:
    """Where `quote` first stands in `text` from `start` on, white space aside; None if it does not, or is blank."""
    letters = "".join(quote.split())
    if not letters:
        return None
    exact = text.find(quote.strip(), start)
    if exact >= 0:
        return exact, exact + len(quote.strip())
    found = re.compile(r"\s*".join(map(re.escape, letters))).search(text, start) if len(letters) < _LONGEST else None
    return found.span() if found else None


_LONGEST = 20_000  # characters of a quote that is looked for with other white space than its own


@dataclass(frozen=True, slots=True)
class Marks:
    """Markers that stand together in an answer's text: where, and the numbers that they name."""

    start: int
    end: int
    numbers: tuple[int, ...]


def marks(text: str, within: Sequence[Span] = ()) -> list[Marks]:
    """The groups of markers in `text`, in order; those `within` spans are words of a document, and none of an answer."""
    groups: list[Marks] = []
    for found in MARKER.finditer(text):
        if any(start <= found.start() and found.end() <= end for start, end in within):
            continue
        numbers = tuple(map(int, re.findall("[0-9]+", found[2])))
        if groups and not _WORD.search(text, groups[-1].end, found.start()):
            last = groups.pop()
            groups.append(Marks(last.start, found.end(), (*last.numbers, *numbers)))
        else:
            groups.append(Marks(found.start(), found.end(), numbers))
    return groups


def marks_of(span: Span, groups: Sequence[Marks]) -> tuple[int, ...]:
    """The numbers that a sentence is marked with: those in it, else the next behind it, since a marker stands for the
    run of sentences before it. () if there are none."""
    start, end = span
    inside = [number for group in groups if start <= group.start < end for number in group.numbers]
    return tuple(inside) or next((group.numbers for group in groups if group.start >= end), ())


def _placed(citation: Citation, passage: Passage | None, digest: Callable[[str], str | None]) -> Citation:
    span = find(passage.text, citation.quote) if passage else None
    if passage is None or span is None:
        return citation
    start, end = span
    return replace(
        citation,
        quote=passage.text[start:end],
        document_id=passage.document_id,
        document_digest=digest(passage.document_id) or "",
        start=passage.start + start,
        end=passage.start + end,
    )


def _statements(
    text: str, citations: Sequence[Citation], shown: Sequence[str], passages: Mapping[str, Passage]
) -> Iterator[Statement]:
    """The sentences of `text` with their citations: quotes that stand in it word for word, then what lies between."""
    verbatim = _verbatim(text, citations, shown, passages)
    groups = marks(text, list(verbatim))
    blank = list(text)
    for group in groups:  # they belong to the sentence before, not to the one that they open
        blank[group.start : group.end] = " " * (group.end - group.start)
    without = "".join(blank)
    edges = [(0, 0), *verbatim, (len(text), len(text))]
    for (_, after), (until, to) in pairwise(edges):
        for start, end in _pieces(without[after:until]):
            span = after + start, after + end
            said = text[slice(*span)]
            if _WORD.search(said):
                ours = PART.match(said) or told(said)
                yield Statement(said, () if ours else tuple(_borne(text, span, citations, groups, shown)))
        if to > until:
            yield Statement(text[until:to], (verbatim[until, to],))


def _pieces(text: str) -> Iterator[Span]:
    """The sentences of what is no quote; the name of a part or a case is one, whatever is in it."""
    after = 0
    for name in _NAME.finditer(text):
        yield from ((after + start, after + end) for start, end in sentences(text[after : name.start(1)]))
        yield name.span(1)
        after = name.end(1)
    yield from ((after + start, after + end) for start, end in sentences(text[after:]))


def _verbatim(
    text: str, citations: Sequence[Citation], shown: Sequence[str], passages: Mapping[str, Passage]
) -> dict[Span, int]:
    """The spans of `text` that show a quote word for word, in order, with the place of its citation."""
    found: dict[Span, int] = {}
    # The same sentence may stand in two passages: first those that are marked with their passage.
    for marked in (True, False):
        after = 0
        for place, citation in enumerate(citations):
            if place in found.values():
                continue
            forms = quoted_forms(passages.get(citation.passage_id), citation.quote)
            for span in (span for start in (after, 0) for form in forms if (span := find(text, form, start))):
                free = all(span[1] <= start or end <= span[0] for start, end in found)
                ids = _ids(marks_of(span, marks(text, [span])), shown)
                if free and _sentence(text, span, found) and (citation.passage_id in ids or not marked):
                    found[span] = place
                    after = span[1]
                    break
    return dict(sorted(found.items()))


def _ids(numbers: Sequence[int], shown: Sequence[str]) -> list[str]:
    """The ids of the passages that markers name, each once."""
    return list(dict.fromkeys(shown[number - 1] for number in numbers if 1 <= number <= len(shown)))


def _sentence(text: str, span: Span, found: Collection[Span]) -> bool:
    """Whether a span begins where a sentence may, and ends where a word does."""
    start, end = span
    before = text[:start].rstrip()
    begins = not before or "\n" in text[len(before) : start] or bool(_STOP.search(before))
    return (begins or any(last == len(before) for _, last in found)) and not _WORD.match(text, end)


def _borne(
    text: str, span: Span, citations: Sequence[Citation], groups: Sequence[Marks], shown: Sequence[str]
) -> Iterator[int]:
    """The places of the citations that bear out a sentence: of each passage that it is marked with the nearest, or
    without any marker in the text what clearly holds it."""
    said = text[slice(*span)]
    near = [share(said, citation.quote) for citation in citations]
    if not groups:
        yield from [max(range(len(near)), key=near.__getitem__)] if near and max(near) >= UNMARKED else []
        return
    for id in _ids(marks_of(span, groups), shown):
        of = [place for place, citation in enumerate(citations) if citation.passage_id == id]
        if of:
            yield max(of, key=lambda place: near[place])
