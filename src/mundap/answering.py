"""From a question to an answer: one that is known, a refusal, or one written from the passages found."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

from mundap.conversing import conversed
from mundap.generate.extractive import Extractive
from mundap.generate.known import Known, KnownAnswers, known_answer
from mundap.generate.persona import Persona, closed, refusal_of
from mundap.generate.relevance import relevant
from mundap.generate.selfcheck import checked
from mundap.generate.support import refusal, support
from mundap.korean.normalize import normalize
from mundap.opening import Opening
from mundap.parts import Parts
from mundap.searching import Searching, Where
from mundap.store.corpus import Corpus
from mundap.types import Answer, Hit, Turn

TURNS = 4  # of the conversation that a generator is shown; more would crowd out passages


class Answering:
    """Answers from what `searching` finds in `opening`'s generation of `corpus`, with `parts`."""

    def __init__(self, searching: Searching, opening: Opening, corpus: Corpus, parts: Parts) -> None:
        self._searching = searching
        self._opening = opening
        self._corpus = corpus
        self._parts = parts
        self._settings = parts.config.generate
        self._known_before: tuple[str, KnownAnswers] | None = None

    def stream(
        self,
        question: str,
        history: Sequence[Turn],
        k: int | None,
        where: Where | None,
        persona: Persona | None,
    ) -> Iterator[str | Answer]:
        """Yields the answer's text in pieces, then the Answer."""
        turn = conversed(
            question,
            history,
            lambda asked, before: self._answered(asked, before, k, where, persona),
            language=self._parts.config.language,
            persona=persona,
            recorded=lambda asked: where is None and self._known_answer(asked, asked) is not None,
            examples=self._corpus.sample_questions,
        )
        yield from closed(turn, persona)

    def _answered(
        self,
        question: str,
        history: Sequence[Turn],
        k: int | None,
        where: Where | None,
        persona: Persona | None,
    ) -> Generator[str | Answer]:
        began = time.perf_counter()
        alone = self._searching.understanding.alone(normalize(question), history)
        if where is None and (known := self._known_answer(question, alone)):
            yield known.text
            yield replace(known, timings={"retrieve_ms": (time.perf_counter() - began) * 1000, "generate_ms": 0.0})
            return
        hits = self._searching.find(alone, k, where)
        supported = self.support(alone, hits) >= self._settings.min_support
        timings = {"retrieve_ms": (time.perf_counter() - began) * 1000}
        if not supported:
            text = self._refusal(persona)
            yield text
            name = self._parts.generator.name
            yield Answer(question, text, (), tuple(hits), True, {**timings, "generate_ms": 0.0}, name)
            return
        # The extractive generator sees only what it is asked, and leaves out sentences by itself; a language model has
        # the conversation, and is not shown what has no part in the answer.
        extracts = isinstance(self._parts.generator, Extractive)
        asked, shown = (alone, hits) if extracts else (question, self._relevant(alone, hits))
        for piece in self._written(asked, alone, shown, history[-TURNS:], persona):
            if isinstance(piece, Answer):
                yield replace(piece, question=question, timings={**timings, **piece.timings})
            else:
                yield piece

    def _written(
        self, asked: str, alone: str, hits: Sequence[Hit], history: Sequence[Turn], persona: Persona | None
    ) -> Iterator[str | Answer]:
        """What the generator writes; with `self_check`, the whole text once it is checked."""
        generator = self._parts.generator
        if not self._settings.self_check:
            yield from generator.stream(asked, hits, history, persona)
            return
        answer = checked(
            lambda kept: generator.answer(asked, kept, history, persona),
            alone,
            hits,
            self._parts.completer,
            refusal=self._refusal(persona),
        )
        yield answer.text
        yield answer

    def support(self, question: str, hits: Sequence[Hit]) -> float:
        """The probability, in [0, 1], that these hits answer this question."""
        return support(self._parts.reader.read(question, hits), self._parts.calibration)

    def _relevant(self, question: str, hits: list[Hit]) -> list[Hit]:
        """The hits without those that have no part in the answer."""
        least = self._settings.min_relevance
        if not least or len(hits) < 2:
            return hits
        near = self._opening.open().dense.near(question, hits)
        shared = self._parts.reader.shares(question, [hit.passage.worded for hit in hits])
        return relevant(hits, near, shared, self._parts.encoder.name, least)

    def _refusal(self, persona: Persona | None) -> str:
        return refusal_of(persona, refusal(self._parts.config.language))

    def _known_answer(self, question: str, alone: str) -> Answer | None:
        if not self._settings.faq:
            return None
        found = self.known.match(alone)
        passage = self._corpus.passages([found.passage_id]).get(found.passage_id) if found else None
        return known_answer(question, found, passage, self._parts.config.language) if found and passage else None

    @property
    def known(self) -> KnownAnswers:
        """The questions of the corpus whose answers are known, as it is now."""
        state = self._corpus.state()
        before = self._known_before  # one read: another thread may replace it
        if before is None or before[0] != state:
            known = [Known(q.question, q.answer, q.passage_id) for q in self._corpus.questions()]
            before = self._known_before = (state, KnownAnswers(known))
        return before[1]
