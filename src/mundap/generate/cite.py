"""Citations: the markers of an answer, and the sentence of the passage that stands behind each.

A quote is cut out of its passage, never taken from the answer, so it cannot say what the passage does not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mundap.korean.normalize import squash
from mundap.korean.sentences import sentences
from mundap.korean.tokens import bigrams
from mundap.types import Citation, Hit, Passage

# Two digits at most: [2023] is a year.
MARKER = re.compile(r"([ \t]*)\[\s*([0-9]{1,2}(?:\s*[,、]\s*[0-9]{1,2})*)\s*\]")
_NUMBER = re.compile("[0-9]+")

# Without a marker a sentence of the answer is cited when a sentence of a passage holds this share of its
# bigrams. In customs-mini 91 % of the recorded answers' sentences reach it in their own passage, and none of
# them in five others, where the best is .45.
UNMARKED = 0.5


def repair(text: str, n: int) -> str:
    """`text` without the markers that point outside 1..n, and the blanks before them."""

    def kept(found: re.Match[str]) -> str:
        numbers = _numbers(found)
        good = [number for number in numbers if 1 <= number <= n]
        if good == numbers:
            return found.group()
        return f"{found[1]}[{', '.join(map(str, good))}]" if good else ""

    return MARKER.sub(kept, text)


def cited(text: str, hits: Sequence[Hit]) -> tuple[Citation, ...]:
    """The citations of an answer in which [n] means `hits[n - 1]`, in the order of the text, each once.

    The quote is the sentence of that passage that shares most with the statement before the marker. An
    answer without a marker gets a citation for each sentence that a passage clearly holds (UNMARKED).
    """
    if not MARKER.search(text):
        return _unmarked(text, [hit.passage for hit in hits])
    citations = []
    for found in MARKER.finditer(text):
        statement = _statement(text[: found.start()])
        for passage in [hits[number - 1].passage for number in _numbers(found) if 1 <= number <= len(hits)]:
            quotes = _quotes(passage)
            share, quote = _best(statement, quotes)
            if not share:  # "네, 맞습니다 [1]." shares nothing by itself
                _, quote = _best(text, quotes)
            citations.append(_citation(passage, quote))
    return _kept(citations)


def verified(citations: Sequence[Citation], hits: Sequence[Hit]) -> tuple[Citation, ...]:
    """Those citations whose quote stands in the passage they name, white space aside."""
    texts = {hit.passage.id: squash(hit.passage.text) for hit in hits}
    return tuple(
        citation
        for citation in citations
        if squash(citation.quote) and squash(citation.quote) in texts.get(citation.passage_id, "")
    )


def share(statement: str, quote: str) -> float:
    """The share of the statement's bigrams that `quote` holds, in [0, 1]."""
    wanted = frozenset(bigrams(statement))
    return len(wanted.intersection(bigrams(quote))) / max(len(wanted), 1)


def _unmarked(text: str, passages: Sequence[Passage]) -> tuple[Citation, ...]:
    quotes = [(_quotes(passage), passage) for passage in passages]
    if not quotes:
        return ()
    citations = []
    for start, end in sentences(text):
        found = [(*_best(text[start:end], of), passage) for of, passage in quotes]
        share, quote, passage = max(found, key=lambda each: each[0])
        if share >= UNMARKED:
            citations.append(_citation(passage, quote))
    return _kept(citations)


def _quotes(passage: Passage) -> list[tuple[str, frozenset[str]]]:
    """The sentences of the passage, each with its bigrams."""
    texts = [passage.text[start:end] for start, end in sentences(passage.text)]
    return [(text, frozenset(bigrams(text))) for text in texts]


def _best(statement: str, quotes: Sequence[tuple[str, frozenset[str]]]) -> tuple[float, str]:
    """The share of the statement's bigrams that the best of `quotes` holds, and that quote; (0, "") if none.

    Of equals the shorter wins; where nothing is shared, the first.
    """
    wanted = frozenset(bigrams(statement))
    scored = [(len(wanted & held) / max(len(wanted), 1), quote) for quote, held in quotes]
    return max(scored, key=lambda pair: (pair[0], -len(pair[1]) if pair[0] else 0), default=(0.0, ""))


def _statement(before: str) -> str:
    """The last sentence of what stands before a marker, other markers aside."""
    lines = MARKER.sub("", before).rstrip().rsplit("\n", 1)
    spans = sentences(lines[-1])
    return lines[-1][slice(*spans[-1])] if spans else ""


def _citation(passage: Passage, quote: str) -> Citation:
    return Citation(passage.id, passage.source, quote)


def _kept(citations: Sequence[Citation]) -> tuple[Citation, ...]:
    return tuple(dict.fromkeys(citation for citation in citations if citation.quote))


def _numbers(found: re.Match[str]) -> list[int]:
    return [int(number) for number in _NUMBER.findall(found[2])]
