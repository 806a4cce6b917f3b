"""Erase a document, a conversation, an answer, or what is old: from every file that mundap writes, proved by looking for it."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from mundap.config import Retention
from mundap.errors import Rejected, UnknownName, WorkspaceBusy
from mundap.ingest.readers import spelled
from mundap.korean.normalize import normalize
from mundap.protocols import Progress
from mundap.store.forgetting import Ages, Forgotten, days_of, empty_log, forget_answers, forget_older, forgetting
from mundap.types import Json
from mundap.workflows import runs
from mundap.workspace import Mundap
from mundap.workspace.components import FOLDER

_NEEDLE = 24  # characters of a sentence by which it is looked for: long enough not to stand elsewhere by chance
_NEEDLES = 50  # per document
_PIECE = 1 << 22


@dataclass(frozen=True)
class Erased:
    """How much was erased of each kind. `left` are files in which the text of an erased document still stands, which are
    the owner's own or have to be made anew."""

    documents: int = 0
    passages: int = 0
    answers: int = 0
    votes: int = 0
    turns: int = 0
    reports: int = 0
    left: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """The fields by name."""
        return {**asdict(self), "left": list(self.left)}


def document(bot: Mundap, name: str, file: bool = False, progress: Mapping[str, Progress] | None = None) -> Erased:
    """Erase the document of this source, title or id: from corpus and index, with the answers that quote or show it, the
    turns that hold those, and the reports that print it.

    A run that was killed is finished by `mundap compact`. Its file is deleted if it was uploaded, or with `file`; otherwise it is kept out of later ingests. Models that were
    trained on it are not changed: `left` names them if they hold its text. Raises UnknownName, or MundapError for several.
    """
    source = bot.source_of(name)
    listed = next(one for one in bot.corpus.documents() if one.source == source)
    ids = bot.corpus.ids_where([("document_id", [listed.id])])
    passages = list(bot.corpus.passages([*ids]).values())
    needles = _needles([one.text for one in passages])
    with forgetting(bot.record) as db:
        rows = db.execute("SELECT id, cited, shown FROM answers").fetchall()
        answers = [number for number, *lists in rows if any(ids & set(_listed(said)) for said in lists)]
        found = forget_answers(db, answers)
    reports = _drop_reports(bot, needles)
    if file and not bot.uploads.holds(source) and (path := spelled(bot.root / source)) is not None:
        path.unlink()  # first: the next ingest would bring back a document whose file outlives it
    with bot.uploads.leaving(source):
        bot.remove(source, keep_out_file=not file)
    if bot.is_fetched(source):
        bot.fetched.drop_document(source)
    _compact(bot, progress)
    left = tuple(sorted(_holding(bot.root, needles)))
    whole = len([one for one in passages if one.parent_id in ("", one.id)])
    return Erased(1, whole, found.answers, found.votes, found.turns, reports, left)


def session(bot: Mundap, name: str) -> Erased:
    """Erase a conversation: its turns, and the answers and votes of its questions. Raises UnknownName if there is none."""
    with forgetting(bot.record) as db:
        answers = [row[0] for row in db.execute("SELECT id FROM answers WHERE session = ?", (name,))]
        turns = db.execute("DELETE FROM turns WHERE session = ?", (name,)).rowcount
        if not (answers or turns):
            raise UnknownName("session", name, [])
        found = forget_answers(db, answers)
    return _emptied(bot, replace(found, turns=turns + found.turns))


def request(bot: Mundap, name: str) -> Erased:
    """Erase one answer with its votes, and its turn in a conversation. Raises UnknownName if there is none."""
    with forgetting(bot.record) as db:
        answers = [row[0] for row in db.execute("SELECT id FROM answers WHERE request_id = ?", (name,))]
        if not answers:
            raise UnknownName("request", name, [])
        found = forget_answers(db, answers)
    return _emptied(bot, found)


def older(bot: Mundap, age: str) -> Erased:
    """Erase answers, votes and turns older than `age`, such as "30d". Raises Rejected for what is no age."""
    days = days_of(age)
    if days is None:
        raise Rejected(f"'{age}': 기간이 아닙니다. 예: 30d (30일)")
    return _emptied(bot, forget_older(bot.record, Ages(days, days, days)))


def expired(bot: Mundap, wait: float = 30) -> Erased:
    """Erase answers, votes and turns that are older than the settings of `[retention]` have them kept.

    Raises WorkspaceBusy if others read what is erased for over `wait` seconds; then it is only hidden until the next call.
    """
    return _emptied(bot, forget_older(bot.record, ages_of(bot.config.retention)), wait)


def ages_of(settings: Retention) -> Ages:
    """The ages that these settings mean."""
    return Ages(days_of(settings.answers), days_of(settings.turns), days_of(settings.feedback))


def anything(bot: Mundap, name: str, file: bool = False, progress: Mapping[str, Progress] | None = None) -> Erased:
    """Erase what `name` is: a document, else a conversation, else an answer by its request id. Raises Rejected."""
    if bot.corpus.named(normalize(name)):
        return document(bot, name, file, progress)
    for kind in (session, request):
        try:
            return kind(bot, name)
        except UnknownName:
            continue
    raise Rejected(
        f"'{name}': 문서, 대화(session), 답변(request_id) 중 어느 것도 아닙니다. 문서의 이름은 mundap doctor나 GET /documents에서 확인하세요."
    )


def _emptied(bot: Mundap, found: Forgotten, wait: float = 30) -> Erased:
    """What was erased, once it stands in the log no more. Raises WorkspaceBusy while another process reads it there."""
    if not empty_log(bot.record, wait):
        raise WorkspaceBusy(
            f"{bot.record}: 지웠지만, 다른 프로세스가 읽고 있어 로그(WAL)를 아직 비우지 못했습니다. 다시 실행하세요."
        )
    return Erased(answers=found.answers, votes=found.votes, turns=found.turns)


def _listed(said: str) -> list[str]:
    return re.findall(r"[0-9a-f]{16}", said)


def _compact(bot: Mundap, progress: Mapping[str, Progress] | None) -> None:
    """Write index, cache and corpus without what is gone, and nothing of what they were before."""
    bot.components.cache.clear()
    if bot.newest is not None and bot.corpus.counts()[0]:
        bot.compact(progress)
    bot.forget_former_indexes()
    _shrink(bot)


def _shrink(bot: Mundap) -> None:
    """Give back the room of deleted rows, in the files and in their logs."""
    if not isinstance(bot.record, Path):
        bot.record.reclaim()
    for name in ("cache.sqlite",) if bot.shared else ("corpus.sqlite", "cache.sqlite"):
        with closing(sqlite3.connect(bot.root / FOLDER / name, timeout=30, isolation_level=None)) as db:
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _drop_reports(bot: Mundap, needles: Sequence[bytes]) -> int:
    folder = runs.folder(bot)
    if not folder.is_dir():
        return 0
    holding = [run for run in folder.iterdir() if run.is_dir() and any(_holding(run, needles))]
    for run in holding:
        shutil.rmtree(run)
    return len(holding)


def _needles(texts: Sequence[str]) -> list[bytes]:
    """What a file that holds these texts has in it: pieces from within lines, spread over the texts."""
    lines = {line.strip()[:_NEEDLE] for text in texts for line in text.splitlines() if len(line.strip()) >= _NEEDLE}
    some = sorted(lines)
    step = max(1, len(some) // _NEEDLES)
    return [line.encode() for line in some[::step]]


def _holding(root: Path, needles: Sequence[bytes]) -> Iterator[str]:
    """The files below `root` that hold one of these, read as they are."""
    if not needles:
        return
    longest = max(map(len, needles))
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink() and _holds(path, needles, longest):
            yield path.relative_to(root).as_posix()


def _holds(path: Path, needles: Sequence[bytes], longest: int) -> bool:
    tail = b""
    with suppress(FileNotFoundError), path.open("rb") as file:  # one that a server has deleted since
        while piece := file.read(_PIECE):
            window = tail + piece
            if any(needle in window for needle in needles):
                return True
            tail = window[-longest:]
    return False
