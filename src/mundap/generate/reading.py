"""Found passages read against a question, sentence by sentence: what support and extraction are decided on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from sys import intern

from mundap.ingest.grid import TABLE, row_spans, spoken
from mundap.korean.normalize import normalize
from mundap.korean.sentences import Span, sentences
from mundap.korean.tokens import content
from mundap.protocols import Encoder
from mundap.types import Hit, Passage

Weigh = Callable[[Sequence[str]], Sequence[float]]

CLOSELY = 2  # passages read by the sentence
COVERED = 3  # passages whose words count for coverage


@dataclass(frozen=True)
class Sentence:
    """A sentence of a hit's passage: `hit.passage.text[start:end]`.

    `shared` is the weight of the question's words it holds, in [0, 1]; `near` its cosine with the question,
    or None without an encoder.
    """

    hit: Hit
    start: int
    end: int
    shared: float
    near: float | None

    @property
    def text(self) -> str:
        """The sentence, word for word."""
        return self.hit.passage.text[self.start : self.end]

    @property
    def said(self) -> str:
        """The sentence as it would be said: a row of a table as "column: value"."""
        passage = self.hit.passage
        table = passage.meta.get("kind") == TABLE
        return spoken(passage.text, [(self.start, self.end)]) if table else self.text


@dataclass(frozen=True)
class Reading:
    """The sentences of the first passages in order, and `coverage`: the weight of the question's words, in [0, 1],
    that the first few passages hold together."""

    sentences: tuple[Sentence, ...]
    coverage: float
    encoder: str


def uniform(tokens: Sequence[str]) -> list[float]:
    """Every word weighs the same: for passages without an index behind them."""
    return [1.0] * len(tokens)


def passage_spans(passage: Passage) -> list[Span]:
    """(start, end) of each sentence of the passage's text, or of each row if it is a table."""
    if passage.meta.get("kind") == "row":  # a cell says nothing without the others of its row
        return [(0, len(passage.text))]
    if passage.meta.get("kind") == TABLE:
        return row_spans(passage.text)
    return list(_sentences(passage.text))


# What is found for one question is found for the next: morphemes and sentences cost more than all else of a reading.
@lru_cache(2048)
def _sentences(text: str) -> tuple[Span, ...]:
    return tuple(sentences(text))


@lru_cache(8192)
def _content(text: str) -> frozenset[str]:
    return frozenset(map(intern, content([text])[0]))  # one word of each kind: its copies were half of what is held


def _words(texts: Sequence[str]) -> list[frozenset[str]]:
    return [_content(text) for text in texts]


class Reader:
    """Reads hits with word weights (`weigh`, rarity is best) and, if there is an `encoder`, by meaning.

    The last reading is kept: support and extraction ask for the same one.
    """

    def __init__(self, weigh: Weigh = uniform, encoder: Encoder | None = None) -> None:
        self.weigh = weigh
        self.encoder = encoder
        self._last: tuple[tuple[str, tuple[str, ...]], Reading] | None = None

    def read(self, question: str, hits: Sequence[Hit]) -> Reading:
        """Read the first hits against the question."""
        question = normalize(question)
        key = (question, tuple(hit.passage.id for hit in hits))
        last = self._last  # one read: another thread may replace it
        if last is None or last[0] != key:
            last = self._last = (key, self._read(question, hits))
        return last[1]

    def shares(self, question: str, texts: Sequence[str]) -> list[float]:
        """For each text, the weight of the question's words that it holds, in [0, 1]."""
        asked, *found = _words([normalize(question), *texts])
        return self._shares(asked, found)

    def _shares(self, asked: frozenset[str], found: Sequence[frozenset[str]]) -> list[float]:
        words = sorted(asked)
        weights = dict(zip(words, self.weigh(words), strict=True))
        total = sum(weights.values()) or 1.0
        return [sum(weights[word] for word in words if word in tokens) / total for tokens in found]

    def _read(self, question: str, hits: Sequence[Hit]) -> Reading:
        spans = [(hit, span) for hit in hits[:CLOSELY] for span in passage_spans(hit.passage)]
        texts = [Sentence(hit, start, end, 0.0, None).said for hit, (start, end) in spans]
        wholes = [hit.passage.worded for hit in hits[:COVERED]]
        asked, *found = _words([question, *wholes, *texts])
        *shares, coverage = self._shares(asked, [*found[len(wholes) :], frozenset().union(*found[: len(wholes)])])
        near: list[float] | list[None] = [None] * len(texts)
        if self.encoder is not None and texts:
            vectors = self.encoder.encode_passages(texts)
            near = (vectors @ self.encoder.encode_queries([question])[0]).tolist()
        return Reading(
            tuple(
                Sentence(hit, start, end, share, cosine)
                for (hit, (start, end)), share, cosine in zip(spans, shares, near, strict=True)
            ),
            coverage,
            self.encoder.name if self.encoder else "",
        )
