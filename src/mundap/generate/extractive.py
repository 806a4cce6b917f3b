"""Answers without a language model: the sentences of the found passages that answer, word for word."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence

from mundap.generate.persona import Persona, refusal_of
from mundap.generate.reading import Reader, Reading, Sentence
from mundap.generate.support import MIN_SUPPORT, calibration, refusal, support
from mundap.types import Answer, Citation, Hit, Turn

# Chosen on recorded answers (docs/experiments.md, "Extraction"). Scores are in shares of the question's words.
MAX_CHARS = 250  # of prose; a list that it announces may add as much again
BEHIND = 0.7  # a sentence is taken if it scores at most this much less than the best one
SHORT = 120  # characters under which the best passage gives more of itself, whatever the score
LATER = 0.2  # what a sentence loses for standing in a passage one rank lower
_ITEM = re.compile(r"(\d{1,2}[.)]|[가-하][.)]|[-*•·○□▪※ㆍ]|[①-⑳]|\||\w[\w ]{0,20}: )\s*")
_LEAD = re.compile(r"(다음|아래)(과|와|의|\s)|각\s?호|[:：]$")


class Extractive:
    """Picks sentences by shared words and, where the reader has an encoder, by meaning.

    Its words are those of the passages, whatever the persona; of that it takes the refusal alone.
    Abstains if the passages support an answer with less than `min_support`, a probability.
    """

    name = "extractive"

    def __init__(self, reader: Reader | None = None, min_support: float = MIN_SUPPORT, language: str = "ko") -> None:
        self.reader = reader or Reader()
        self.min_support = min_support
        self.language = language

    def stream(
        self, question: str, hits: Sequence[Hit], history: Sequence[Turn] = (), persona: Persona | None = None
    ) -> Iterator[str | Answer]:
        """Yields the answer's lines, then the Answer."""
        answer = self.answer(question, hits, history, persona)
        yield from re.findall(r"[^\n]*\n|[^\n]+", answer.text)
        yield answer

    def answer(
        self, question: str, hits: Sequence[Hit], history: Sequence[Turn] = (), persona: Persona | None = None
    ) -> Answer:
        """The answering sentences in their order, each a citation."""
        began = time.perf_counter()
        reading = self.reader.read(question, hits)
        picked = pick(reading) if support(reading) >= self.min_support else []
        citations = tuple(Citation(s.hit.passage.id, s.hit.passage.source, s.text) for s in picked)
        text = _joined(picked) if picked else refusal_of(persona, refusal(self.language))
        timings = {"generate_ms": (time.perf_counter() - began) * 1000}
        return Answer(question, text, citations, tuple(hits), not picked, timings, self.name)


def pick(reading: Reading) -> list[Sentence]:
    """The sentences that answer, in their order: the best one, those nearly as good, and lists they announce."""
    scores = _scores(reading)
    order = sorted(range(len(scores)), key=lambda n: (-scores[n], n))
    chosen = set(order[:1])
    length = sum(_size(reading.sentences[n]) for n in chosen)
    for n in order[1:]:
        near = scores[n] >= scores[order[0]] - BEHIND
        fills = length < SHORT and reading.sentences[n].hit is reading.sentences[order[0]].hit
        if (near or fills) and length + _size(reading.sentences[n]) <= MAX_CHARS:
            chosen.add(n)
            length += _size(reading.sentences[n])
    return [reading.sentences[n] for n in sorted(chosen | _lists(reading.sentences, chosen))]


def _scores(reading: Reading) -> list[float]:
    weights = calibration(reading)
    meaning = weights.near / weights.coverage  # what a cosine is worth in shares of words
    return [s.shared + meaning * (s.near or 0.0) - LATER * (s.hit.rank - 1) for s in reading.sentences]


def _size(sentence: Sentence) -> int:
    return sentence.end - sentence.start


def _lists(sentences: Sequence[Sentence], chosen: set[int]) -> set[int]:
    """The lists that a chosen sentence announces or is an item of, with what announces them, as far as they fit."""
    added: set[int] = set()
    for first, after in _runs(sentences):
        announced = first > 0 and sentences[first - 1].hit is sentences[first].hit
        lead = {first - 1} if announced and _LEAD.search(sentences[first - 1].text) else set()
        if not chosen & {*lead, *range(first, after)}:
            continue
        length = 0
        for n in range(first, after):
            length += _size(sentences[n])
            if length > MAX_CHARS:
                break
            added.add(n)
        added |= lead
    return added


def _runs(sentences: Sequence[Sentence]) -> Iterator[tuple[int, int]]:
    """(first, after) of each run of two or more list items in one passage."""
    first = 0
    for n in range(len(sentences) + 1):
        item = n < len(sentences) and _ITEM.match(sentences[n].text) is not None
        if not item or sentences[n].hit is not sentences[first].hit:
            if n - first > 1:
                yield first, n
            first = n if item else n + 1


def _joined(picked: Sequence[Sentence]) -> str:
    parts: list[str] = []
    for sentence, after in zip(picked, [*picked[1:], None], strict=True):
        ends = after is None or after.hit is not sentence.hit
        breaks = ends or any(_ITEM.match(s.text) for s in (sentence, after) if s)
        mark = f" [{sentence.hit.rank}]" if ends else ""
        lines = (" ".join(line.split()) for line in sentence.said.splitlines())
        parts.append("\n".join(line for line in lines if line) + mark + ("\n" if breaks else " "))
    return "".join(parts).strip()
