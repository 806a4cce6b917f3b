"""What all language models that answer share: their settings, and the pipeline from hits to the Answer."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from time import perf_counter

from mundap.errors import GeneratorError
from mundap.generate.compose import CUT, compose, last
from mundap.generate.grounded import Unsupported
from mundap.generate.persona import Persona, refusal_of
from mundap.generate.prompt import Count, Message, fit, messages
from mundap.generate.sampling import Sampling
from mundap.generate.template import Template
from mundap.stopping import on_stop
from mundap.tracing import streamed
from mundap.types import Answer, Hit, Turn

Put = Callable[[str | GeneratorError], None]
Left = Callable[[], bool]  # whether nobody waits any more for what is written


@dataclass(frozen=True, slots=True)
class Settings:
    """How a language model is to answer. `refusal` is what it says when the passages do not.

    `context_tokens` holds prompt and answer, which has at most `max_tokens`; passages beyond it are left out
    (prompt.fit). A `template` takes the place of the model's own.
    With `reason` it thinks before it answers, within `max_tokens`; the thought is not part of the answer.
    With `reorder` the best passages stand first and last in the prompt. `unsupported` says what becomes of a sentence
    whose figures or names stand in no passage (grounded.Grounding), and `language` is that of what is said of it. After
    `time_limit` seconds, 0 for any, what is written ends as if it had `max_tokens`.
    """

    refusal: str
    context_tokens: int = 4096
    max_tokens: int = 512
    sampling: Sampling = field(default_factory=Sampling)
    template: Template | None = None
    reason: bool = False
    reorder: bool = False
    unsupported: Unsupported = "keep"
    language: str = "ko"
    time_limit: float = 0.0


class LanguageModel(ABC):
    """A generator that tells a model the passages. How long texts are, and how it is asked, is each one's own."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @property
    @abstractmethod
    def name(self) -> str:
        """The model as answers name it."""

    @abstractmethod
    def _measure(self) -> AbstractContextManager[tuple[int, Count]]:
        """The tokens that the context holds beside the template, and what counts those of a text."""

    @abstractmethod
    def _write(self, chat: Sequence[Message], max_tokens: int) -> Generator[str]:
        """The pieces of what the model says next, with compose.CUT as the last if `max_tokens` ended it. Closing it stops
        the model."""

    def stream(
        self, question: str, hits: Sequence[Hit], history: Sequence[Turn] = (), persona: Persona | None = None
    ) -> Iterator[str | Answer]:
        """Yields pieces of text, then the Answer; closing it stops the model.

        What is yielded, joined, is the text of the Answer; it is "" if no sentence that was written may stay.
        Without hits the answer is the refusal, and the model is not asked.
        Raises GeneratorError when the model cannot be asked or fails, and MissingExtra without its packages; what had
        been yielded by then is an unfinished answer.
        """
        started, settings = perf_counter(), self.settings
        shown: Sequence[Hit] = ()
        refusal = refusal_of(persona, settings.refusal)
        pieces: Generator[str] = (piece for piece in [refusal])
        if hits:
            with self._measure() as (held, count):
                room = held - settings.max_tokens
                shown, turns = fit(hits, question, history, room, count, refusal, settings.reason, persona)
            chat = messages(question, shown, turns, refusal, settings.reason, settings.reorder, persona)
            pieces = streamed("tokens", self._write(chat, settings.max_tokens), max_tokens=settings.max_tokens)
        yield from compose(
            question,
            hits,
            len(shown),
            pieces,
            refusal=refusal,
            model=self.name,
            started=started,
            unsupported=settings.unsupported,
            closing_phrase=persona.closing if persona else "",
            language=settings.language,
        )

    def answer(
        self, question: str, hits: Sequence[Hit], history: Sequence[Turn] = (), persona: Persona | None = None
    ) -> Answer:
        """The Answer that `stream` ends with."""
        return last(self.stream(question, hits, history, persona))


def frame(template: Template | None) -> str:
    """What a template puts around the text of a chat; "" without one."""
    return template.text([{"role": "system", "content": ""}]) if template else ""


def within(pieces: Generator[str], seconds: float) -> Generator[str]:
    """The pieces that come before `seconds` are over, and then compose.CUT; 0 is no limit. Closing this closes `pieces`."""
    end = perf_counter() + seconds
    with closing(pieces):
        for piece in pieces:
            yield piece
            if seconds and perf_counter() >= end:
                yield CUT
                return


def from_thread(work: Callable[[Put, Left], None], name: str, seconds: float = 0.0) -> Generator[str]:
    """The pieces that `work` puts, from a thread of its own; closing this makes `Left` true. Raises what it puts.

    `seconds` is as in `within`, and holds while nothing is put, too.
    """
    arrived: SimpleQueue[str | GeneratorError | None] = SimpleQueue()
    stopped = threading.Event()

    def left() -> bool:
        return stopped.is_set() or not threading.main_thread().is_alive()

    def run() -> None:
        try:
            work(arrived.put, left)
        except Exception as error:  # whatever it is, the reader of the queue must hear of it
            arrived.put(failed(error))
        finally:
            arrived.put(None)

    # Not a daemon: one that comes back from native code while Python shuts down would crash it. Python waits
    # for this one instead, and `left` lets it go as soon as the main thread has ended.
    threading.Thread(target=run, name=name).start()
    try:
        with on_stop(lambda: arrived.put(None)):
            end = perf_counter() + seconds
            while True:
                try:
                    piece = arrived.get(timeout=max(end - perf_counter(), 0) if seconds else None)
                except Empty:
                    yield CUT
                    return
                if piece is None:
                    return
                if isinstance(piece, GeneratorError):
                    raise piece
                yield piece
    finally:
        stopped.set()


def failed(detail: object) -> GeneratorError:
    """What is said when a model in this process fails."""
    return GeneratorError(f"모델이 답변을 생성하지 못했습니다. context_tokens와 남은 메모리를 확인하세요. ({detail})")
