"""From a question to an answer: one that is known, a refusal, or one written from the passages found."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date

from mundap.generate.extractive import Extractive
from mundap.generate.known import Known, KnownAnswers, known_answer
from mundap.generate.period import about_event, unmet
from mundap.generate.persona import Persona, closed, refusal_of
from mundap.generate.reading import further
from mundap.generate.relevance import relevant
from mundap.generate.selfcheck import checked
from mundap.generate.support import GIVEN, lies_there, mentions, refusal
from mundap.generate.support import support as supported
from mundap.generate.trace import traced
from mundap.korean.dates import Period
from mundap.korean.meaning import says_something
from mundap.korean.regions import is_elsewhere, is_there, regions, seeks_a_place
from mundap.korean.wanted import wanted
from mundap.messages import say
from mundap.retrieve.followup import named_anew
from mundap.retrieve.limits import averaged, limit_query
from mundap.retrieve.prohibitions import prohibition_query
from mundap.store.corpus import Corpus
from mundap.tracing import span, streamed
from mundap.types import Answer, Hit, Turn
from mundap.workspace.components import Components
from mundap.workspace.conversing import conversed
from mundap.workspace.mending import told
from mundap.workspace.opening import Opening
from mundap.workspace.searching import Searching, Where
from mundap.workspace.staff_answers import STAFF_SHEET

WIDE = 10  # passages that are looked through for a value that the first ones lack
WIDEST = 30  # and for the number of a body: many passages name it, few have that
UNNAMED = 0.25  # of its support is left to a follow-up that asks of what no passage found names
TURNS = 4  # of the conversation that a generator is shown; more would crowd out passages


class Answering:
    """Answers from what `searching` finds in `opening`'s generation of `corpus`, with `parts`; questions are in normal form."""

    def __init__(self, searching: Searching, opening: Opening, corpus: Corpus, parts: Components) -> None:
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
    ) -> Generator[str | Answer]:
        """Yields the answer's text in pieces, then the Answer, whose sentences can be traced to their documents."""
        turn = conversed(
            question,
            history,
            lambda asked, before: self._mended(asked, before, k, where, persona),
            language=self._parts.config.language,
            persona=persona,
            recorded=lambda asked: where is None and self._known_answer(asked, asked) is not None,
            examples=self._corpus.sample_questions,
        )
        with closing(closed(turn, persona)) as pieces:
            for piece in pieces:
                yield self._traced(piece) if isinstance(piece, Answer) else piece

    def _traced(self, answer: Answer) -> Answer:
        cited = self._corpus.passages([citation.passage_id for citation in answer.citations])
        return traced(answer, cited, self._corpus.text_digest, self._opening.name)

    def _mended(
        self, question: str, history: Sequence[Turn], k: int | None, where: Where | None, persona: Persona | None
    ) -> Generator[str | Answer]:
        mended = self._searching.mended(question)
        answered = self._answered(mended.text if mended.words else question, history, k, where, persona)
        return told(answered, question, mended, self._parts.config.language)

    def _answered(
        self,
        question: str,
        history: Sequence[Turn],
        k: int | None,
        where: Where | None,
        persona: Persona | None,
    ) -> Generator[str | Answer]:
        began = time.perf_counter()
        with span("understand", step="conversation", turns=len(history)):
            alone = self._searching.understanding.alone(question, history)
        anew = named_anew(question) if alone != question else ()
        if where is None and (known := self._known_answer(question, alone)):
            yield known.text
            timings = {"retrieve_ms": (time.perf_counter() - began) * 1000, "generate_ms": 0.0}
            yield replace(known, timings=timings, support=1.0, kind=wanted(alone).kind)
            return
        alone = self._searching.uniform(alone)
        hits = self._found(alone, k, where)
        with span("support", hits=len(hits)) as found:
            support, kind = self._support(alone, hits, anew), wanted(alone).kind
            found.set_attribute("support", support)
            found.set_attribute("kind", kind)
        timings = {"retrieve_ms": (time.perf_counter() - began) * 1000}
        missing = unmet(alone, date.today(), hits)
        nothing_then = missing is not None and about_event(alone)
        if support < self._settings.min_support or nothing_then:
            text = self._said("unmet_period", missing) if missing and nothing_then else self._refusal(persona)
            yield text
            name = self._parts.generator.name
            timings["generate_ms"] = 0.0
            yield Answer(question, text, (), tuple(hits), True, timings, name, support=support, kind=kind)
            return
        opening = f"{self._said('undated', missing)}\n" if missing else ""
        if opening:
            yield opening
        # The extractive generator sees only what it is asked, and leaves out sentences by itself; a language model has
        # the conversation, and is not shown what has no part in the answer.
        extracts = isinstance(self._parts.generator, Extractive)
        asked, shown = (alone, hits) if extracts else (question, self._relevant(alone, hits))
        writing = self._written(asked, alone, shown, history[-TURNS:], persona)
        for piece in streamed("generate", writing, model=self._parts.generator.name, passages=len(shown)):
            if isinstance(piece, Answer):
                if not piece.text:  # nothing that the language model wrote stands in the passages
                    piece = replace(self._parts.extractive.answer(alone, shown, (), persona), timings=piece.timings)
                    yield piece.text
                text, spent = opening + piece.text, {**timings, **piece.timings}
                yield replace(piece, question=question, text=text, timings=spent, support=support, kind=kind)
            else:
                yield piece

    def _found(self, question: str, k: int | None, where: Where | None) -> list[Hit]:
        """The passages to answer from: the first ones, and where they lack a value or a definition that is asked for, the next that have it.

        None is about other regions only than the question names. A limit and what is forbidden are also searched for in the words that state one.
        `k` passages are k, whatever they have.
        """
        asked, there = wanted(question), regions(question)
        forbidden = prohibition_query(question)
        if k is not None or not (asked.pointed or there or forbidden):
            return self._searching.find(question, k, where)
        least = self._parts.config.retrieve.k
        depth = max(least, WIDEST if asked.contact or there else WIDE)
        hits = self._searching.find(question, depth, where)
        if stated := forbidden or (limit_query(question) if asked.exact else ""):
            hits = averaged(hits, self._searching.find(stated, depth, where), depth)
        if there:
            hits = self._there(question, there, hits, where)
        if there and seeks_a_place(question):
            least = max(least, WIDE)  # each row of a list is one of what there is
        found = [*hits[:least], *(further(hits, least, asked, max(least, WIDE)) if asked.pointed else ())]
        return [replace(hit, rank=rank) for rank, hit in enumerate(found, 1)]

    def _there(self, question: str, asked: frozenset[str], hits: list[Hit], where: Where | None) -> list[Hit]:
        """The hits without those that are about other regions only than are `asked` about.

        Of a question for what there is, those that name one of its regions; if there are only such of others, none.
        """
        kept = [hit for hit in hits if not is_elsewhere(hit.passage.worded, asked)]
        if not seeks_a_place(question):
            return kept or hits
        named = self._searching.find(" ".join(sorted(asked)), len(hits), where) if hits else []
        there = [hit for hit in averaged(hits, named, len(hits)) if is_there(hit.passage.worded, asked)]
        return there or (kept if len(kept) == len(hits) else [])

    def _written(
        self, asked: str, alone: str, hits: Sequence[Hit], history: Sequence[Turn], persona: Persona | None
    ) -> Generator[str | Answer]:
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

    def _said(self, message: str, period: Period) -> str:
        return say(message, self._parts.config.language, period=period.words)

    def support(self, question: str) -> float:
        """The probability, in [0, 1], that the corpus answers this question."""
        alone = self._searching.uniform(question)
        return self._support(alone, self._found(alone, None, None))

    def _support(self, question: str, hits: Sequence[Hit], anew: Sequence[str] = ()) -> float:
        """`anew` are nouns that a follow-up names newly, of which the passages should know one."""
        if not says_something(question):
            return 0.0
        reading = self._parts.reader.read(question, hits)
        probability = supported(reading, self._parts.calibration, self._parts.reader_model)
        if lies_there(reading):
            probability = max(probability, GIVEN)
        return probability if not anew or any(mentions(reading, noun) for noun in anew) else probability * UNNAMED

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
            questions = sorted(
                self._corpus.questions(), key=lambda one: one.document != STAFF_SHEET
            )  # theirs count first
            known = [Known(q.question, q.answer, q.passage_id) for q in questions]
            before = self._known_before = (state, KnownAnswers(known))
        return before[1]
