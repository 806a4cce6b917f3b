"""What all requests share: the workspace at its newest generation, the conversations, and how a question is answered."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Annotated

from fastapi import Depends, Request
from filelock import Timeout

from mundap.config import Serve
from mundap.errors import MundapError, RecordUnreachable, StorageFull, StorageLocked
from mundap.korean.mask import mask, mask_as_in
from mundap.protocols import Progress
from mundap.serve.asker import Asker
from mundap.serve.chores import Chores
from mundap.serve.error_responses import RETRY_SECONDS, Refused
from mundap.serve.merger import Merger
from mundap.serve.metrics import Metrics
from mundap.serve.names import Names
from mundap.serve.reread import Reread
from mundap.serve.spoken import spoken
from mundap.serve.usage import FILE as USAGE
from mundap.serve.usage import Usage
from mundap.serve.work import Desk
from mundap.stopping import stopping
from mundap.store.audit import Action, Actor, Audit
from mundap.store.conversations import Conversations
from mundap.store.space import low
from mundap.store.trouble import told as storage_error
from mundap.types import Answer, Turn
from mundap.workspace import Mundap

log = logging.getLogger(__name__)

_UPLOADS = 16  # that wait for the one before


@dataclass(frozen=True)
class Question:
    """A question as it came, from whichever endpoint. An empty `history` is that of the session; no `where` allows all.

    What is kept of it, and of its session, is `owner`'s. It is answered from what those see who have the tags `access`.
    What the bot says of its own, such as that there is no answer, is said in `language`, "" is that of the settings.
    """

    text: str
    request_id: str
    history: tuple[Turn, ...] = ()
    k: int | None = None
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)
    session: str | None = None
    persona: str | None = None
    owner: str = ""
    access: frozenset[str] | None = frozenset()
    language: str = ""


class Service:
    """One for each app. Safe to use from several threads."""

    def __init__(self, bot: Mundap, settings: Serve) -> None:
        self.bot = bot
        bot.search_what_is_indexed()
        self.settings = settings
        self.conversations = Conversations(bot.record, settings.session_turns, settings.sessions)
        self.answers = Desk("answer", settings.answers_at_once, settings.waiting)
        self.searches = Desk("search", settings.answers_at_once, settings.waiting)
        self.writes = Desk("write", 1, _UPLOADS)
        self.metrics = Metrics()
        self.metrics.watch("answers", self.answers)
        self.metrics.watch("searches", self.searches)
        self.metrics.watch("writes", self.writes)
        self.metrics.watch_disk(bot.root)
        self._chores = Chores(self)
        self._reread = Reread(bot, self._put)
        self._merger = Merger(bot.root)
        self.audit_log = Audit(bot.kept_in(""))
        self.usage = Usage(bot.kept_in(USAGE))
        self.names = Names(lambda name: self.bot.feedback.owner(name))
        self._warm: Mundap | None = None  # whose parts are all loaded
        self._warming: asyncio.Future[None] | None = None
        self._checking = Lock()
        self.leaving = False  # set when the server is told to end

    def close(self) -> None:
        """Take no more questions; those that were taken are answered."""
        self.leaving = True
        self.answers.close()
        self.searches.close()
        self.writes.close()
        self._merger.close()

    def index(self, progress: Mapping[str, Progress] | None = None) -> None:
        """Index what was taken in, and have it found; nobody waits for what is merged. Raises as `Mundap.index` and `newest`."""
        self.bot.index(progress, merging=False)
        self.newest()
        self.merge()

    def merge(self) -> None:
        """Have small segments merged while questions are answered, if there are as many as to be merged."""
        if not self.leaving and self.bot.unmerged:
            self._merger.start()

    def audit(self, asker: Asker, action: Action, what: Sequence[str], result: str, request_id: str) -> None:
        """Note what an asker changed, or tried to."""
        self.note(Actor(asker.name, asker.address), action, what, result, request_id)

    def note(self, actor: Actor, action: Action, what: Sequence[str], result: str, request_id: str = "") -> None:
        """Note in the audit log what was changed, or tried."""
        try:
            self.audit_log.record(actor, action, what, result, request_id)
        except (OSError, Timeout, RecordUnreachable) as error:
            _warn(error, f"{action} of {what} (request {request_id}) is not in the audit log")

    @property
    def merging(self) -> bool:
        """Whether small segments are merged just now."""
        return self._merger.busy

    @property
    def low_disk(self) -> str:
        """A warning of a disk that has little room left; "" if it has enough."""
        return low(self.bot.root, self.bot.config.low_disk_mb)

    def cut(self) -> None:
        """Tell those who still wait for an answer that the server ends; streams end with that as their last event."""
        said = Refused(503, "서버가 종료되어 답변을 마치지 못했습니다. 잠시 후 다시 시도하세요.", RETRY_SECONDS)
        for desk in (self.answers, self.searches):
            desk.cut(said)

    @property
    def visitors(self) -> frozenset[str]:
        """Tags of the documents that visitors without a key may see, besides those without tags."""
        return frozenset(self.bot.config.access.visitors)

    def newest(self) -> Mundap:
        """The workspace, with a generation that was made since the last request. Raises StaleIndex as a search does.

        Settings that changed since are used from some later request on, once what they name is loaded.
        """
        bot = self.bot
        self._reread.look(bot.newest)
        bot.refresh()
        return bot

    def _put(self, bot: Mundap) -> None:
        self.bot = self._warm = bot

    def begin(self) -> None:
        """Load what the first question would wait for, aside; what is missing is told when it is asked for."""
        self._warming = asyncio.get_running_loop().run_in_executor(None, self._begin)

    async def warmed(self) -> None:
        """Wait until that is done."""
        if self._warming is not None:
            await asyncio.shield(self._warming)

    def _begin(self) -> None:
        with suppress(MundapError):
            self.check_ready()
        self._chores.begin()

    def check_ready(self) -> None:
        """Raises what the next question would meet. Something is searched for once only, as long as that succeeds."""
        bot = self.newest()
        with self._checking:
            if self._warm is not bot:
                bot.warm()
                self._warm = bot
        _ = bot.searchers  # opens what is there now

    def ask(self, question: Question) -> Iterator[str | Answer]:
        """The answer in pieces, then the Answer, of which note is taken before it is yielded."""
        bot = self.newest().seen_by(question.access)
        bot.corpus.check_filter(question.where.items())
        history = question.history or self.conversations.history(question.session, question.owner)
        for piece in bot.stream(question.text, history, question.k, question.where or None, question.persona):
            if question.language and question.language != bot.config.language:
                piece = spoken(piece, question.language)
            if isinstance(piece, Answer) and not stopping():
                self.answered(question, piece)
            yield piece

    def answered(self, question: Question, answer: Answer) -> None:
        """Take note of a whole answer. Every answered question comes through here.

        An answer that cannot be kept is given all the same.
        """
        self.metrics.answer(answer)
        kept = answer if self.settings.keep_personal else masked(answer)
        try:
            self.bot.feedback.answered(question.request_id, kept, question.session, question.owner)
            self.conversations.add(question.session, Turn(kept.question, kept.text), question.owner)
        except (sqlite3.Error, RecordUnreachable, StorageFull, StorageLocked) as error:
            _warn(error, f"the answer to request {question.request_id} was not kept")


def _warn(error: Exception, what: str) -> None:
    """Log what could not be kept: a disk that is full, or a server that is away, is a sentence."""
    trouble = error if isinstance(error, MundapError) else storage_error(error)
    log.warning("%s: %s", what, trouble or error, exc_info=None if trouble else error)


def masked(answer: Answer) -> Answer:
    """The answer with what its question tells of a person masked, in the answer too where that repeats it.

    Numbers that stand in the documents, such as those of an office, stay in the answer.
    """
    return replace(answer, question=mask(answer.question), text=mask_as_in(answer.question, answer.text))


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


async def _asker(request: Request) -> Asker:
    asker: Asker = request.state.asker
    return asker


def _bot(service: Annotated[Service, Depends(_service)], asker: Annotated[Asker, Depends(_asker)]) -> Mundap:
    return service.newest().seen_by(asker.access)


def _whole(bot: Annotated[Mundap, Depends(_bot)]) -> Mundap:
    """Raises Refused for who does not see all documents: what is made of all of them tells of each."""
    if bot.corpus.seen is not None:
        raise Refused(403, "모든 문서를 볼 수 있는 API 키(--role admin)가 필요합니다.")
    return bot


async def _operator(asker: Annotated[Asker, Depends(_asker)]) -> Asker:
    """Raises Refused for who does not run the server."""
    if not asker.operates:
        raise Refused(403, "이 요청에는 'admin' 권한이 필요합니다. 관리자에게 요청하세요.")
    return asker


async def _request_id(request: Request) -> str:
    name: str = request.state.request_id
    return name


Here = Annotated[Service, Depends(_service)]
Bot = Annotated[Mundap, Depends(_bot)]  # as the asker sees it
Who = Annotated[Asker, Depends(_asker)]
RequestId = Annotated[str, Depends(_request_id)]
Whole = Annotated[Mundap, Depends(_whole)]  # for an asker who sees all
Operator = Annotated[Asker, Depends(_operator)]
