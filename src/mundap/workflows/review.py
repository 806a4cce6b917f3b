"""The work list of those who care for the answers: what was not answered or found bad, and the answers that they give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from mundap.errors import Rejected, UnknownName, WorkspaceBusy
from mundap.store.feedback import Given
from mundap.training.common.feedback import QuestionFeedback, worst
from mundap.types import Passage
from mundap.workspace import Mundap
from mundap.workspace.components import FOLDER
from mundap.workspace.intake import Ingested
from mundap.workspace.staff_answers import (
    NAME,
    STAFF_SHEET,
    StaffAnswer,
    question_id,
    read_staff_answers,
    staff_sheet,
)

_LOCK = "staff-answers.lock"
_WAIT = 30.0  # seconds for another server


@dataclass(frozen=True)
class OpenQuestion:
    """A question that waits for somebody, and the passages that its last answer was written from, those that are left."""

    id: str
    asked: QuestionFeedback
    passages: tuple[Passage, ...]


def open_questions(bot: Mundap, limit: int = 20, offset: int = 0) -> tuple[int, list[OpenQuestion]]:
    """How many questions were voted down or could not be answered, and `limit` of them, the worst first.

    Those that were dealt with are no more among them. Who does not see all documents is not shown what was answered from
    others.
    """
    found = worst(_visible(bot))
    some = found[offset : offset + limit]
    passages: Mapping[str, Passage] = bot.corpus.passages(sorted({id for one in some for id in one.shown}))
    return len(found), [
        OpenQuestion(question_id(one.question), one, tuple(passages[id] for id in one.shown if id in passages))
        for one in some
    ]


def close(bot: Mundap, id: str) -> None:
    """Take a question from the list, until somebody else finds its answer bad, or gets none. Raises UnknownName."""
    numbers = [one.number for one in _visible(bot) if not one.reviewed and question_id(one.question) == id]
    if not numbers:
        raise UnknownName("question", id, [])
    bot.feedback.review(numbers)


def staff_answers(bot: Mundap, tags: Set[str] | None = None) -> list[StaffAnswer]:
    """The answers that the staff gave, as those see them who have these tags. Raises BadFile for a sheet that was spoiled."""
    hidden = _hidden(bot)
    return [one for one in read_staff_answers(bot.uploads.file(STAFF_SHEET)) if one.seen_by(tags) and not hidden]


def answer(bot: Mundap, given: StaffAnswer, tags: Set[str] | None = None) -> Ingested:
    """Have a question be known, with this answer, in place of one that there was. It is found when this returns.

    Raises BadFile as `staff_answers`, WorkspaceBusy, and Rejected for an answer that `tags` do not see.
    """
    with _alone(bot):
        kept = read_staff_answers(bot.uploads.file(STAFF_SHEET))
        hidden = _hidden(bot.seen_by(tags))
        if any(one.id == given.id and (hidden or not one.seen_by(tags)) for one in kept):
            raise Rejected("이 질문에는 다른 담당자의 답변이 있어 바꿀 수 없습니다. 관리자에게 문의하세요.")
        at = next((n for n, one in enumerate(kept) if one.id == given.id), len(kept))
        return _write(bot, (*kept[:at], given, *kept[at + 1 :]))


def withdraw(bot: Mundap, id: str, tags: Set[str] | None = None) -> None:
    """Take an answer of the staff back. Raises UnknownName, BadFile and WorkspaceBusy."""
    with _alone(bot):
        kept = read_staff_answers(bot.uploads.file(STAFF_SHEET))
        if _hidden(bot.seen_by(tags)) or not any(one.id == id and one.seen_by(tags) for one in kept):
            raise UnknownName("answer", id, [])
        left = tuple(one for one in kept if one.id != id)
        if left:
            _write(bot, left)
            return
        for listed in bot.corpus.documents():
            if listed.source == STAFF_SHEET:
                bot.discard(listed.id)


@contextmanager
def _alone(bot: Mundap) -> Iterator[None]:
    """The sheet for oneself, from reading to writing it: servers over one workspace share it. Raises WorkspaceBusy."""
    others = nullcontext() if isinstance(bot.record, Path) else bot.record.alone(["staff answers"], _WAIT)
    try:
        with others, FileLock(bot.root / FOLDER / _LOCK, timeout=_WAIT):
            yield
    except Timeout as error:
        raise WorkspaceBusy("다른 서버가 직원 답변을 저장하는 중입니다. 잠시 후 다시 시도하세요.") from error


def _write(bot: Mundap, answers: tuple[StaffAnswer, ...]) -> Ingested:
    with bot.uploads.incoming() as incoming:
        file = incoming.folder / NAME
        file.write_bytes(staff_sheet(answers))
        return bot.upload({NAME: file})


def _hidden(bot: Mundap) -> bool:
    """Whether the sheet of the staff's answers as a whole is not for who sees `bot`: it, or its folder, has tags."""
    return bot.corpus.seen is not None and bot.corpus.hides(STAFF_SHEET) and bot.corpus.fingerprint(STAFF_SHEET) is None


def _visible(bot: Mundap) -> list[Given]:
    seen = bot.corpus.seen
    given = bot.feedback.given()
    return [one for one in given if seen is None or all(id in seen for id in (*one.shown, *one.cited))]
