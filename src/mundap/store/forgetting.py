"""Answers, votes and turns of conversations that are forgotten: overwritten in the file and its log, not only unlinked.

A server overwrites their place with what comes next; its own log and its standbys are whoever runs it to look after.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mundap.errors import Rejected
from mundap.store.conversations import Conversations
from mundap.store.feedback import Feedback
from mundap.store.record import File, Place, Record

AGE = r"([1-9][0-9]{0,4})\s*(d|일)"
_TABLES = ("answers", "feedback", "reviewed", "turns")
_JUDGED = "id IN (SELECT answer_id FROM feedback)"


@dataclass(frozen=True)
class Ages:
    """Days after which each kind is forgotten; None keeps it. `feedback` is of the answers that somebody judged, with their
    votes, and `answers` of all others."""

    answers: int | None = None
    turns: int | None = None
    feedback: int | None = None


@dataclass(frozen=True)
class Forgotten:
    """How many of each kind."""

    answers: int = 0
    votes: int = 0
    turns: int = 0

    def __bool__(self) -> bool:
        return bool(self.answers or self.votes or self.turns)


def days_of(age: str) -> int | None:
    """The days of an age such as "30d"; None for "". Raises Rejected for what is no age."""
    if not age.strip():
        return None
    said = re.fullmatch(AGE, age.strip())
    if said is None:
        raise Rejected(f"'{age}': 기간이 아닙니다. 예: 30d (30일)")
    return int(said[1])


@contextmanager
def forgetting(corpus: Place) -> Iterator[Record]:
    """One transaction over answers, votes and turns in the record of the corpus, whose deleted rows are overwritten.

    The tables are there. Raises sqlite3.DatabaseError, or what a server raises.
    """
    Feedback(corpus).close()  # these make the tables
    Conversations(corpus, 1, 1).close()
    if not isinstance(corpus, Path):
        with closing(corpus), corpus.transaction():
            yield corpus
        return
    with closing(File(corpus, "secure_delete=ON")) as db, db.transaction():
        before = db.total_changes
        yield db
        if db.total_changes != before:
            for table in _TABLES:
                _write_anew(db, table)


def _write_anew(db: Record, table: str) -> None:
    """Put the rows of a table on pages of their own. SQLite overwrites rows as they are deleted, but not the copies that it
    left where it moved rows from one page to another: pages that a table gives back it overwrites whole."""
    db.execute(f"CREATE TEMP TABLE kept AS SELECT * FROM {table}")
    db.execute(f"DELETE FROM {table}")
    db.execute(f"INSERT INTO {table} SELECT * FROM kept")
    db.execute("DROP TABLE kept")


def forget_answers(db: Record, answers: Sequence[int]) -> Forgotten:
    """Delete these answers, their votes, and the turns that hold them."""
    votes = turns = 0
    for number in answers:
        said = db.execute("SELECT session, answer FROM answers WHERE id = ?", (number,)).fetchone()
        votes += db.execute("DELETE FROM feedback WHERE answer_id = ?", (number,)).rowcount
        turns += db.execute("DELETE FROM turns WHERE session = ? AND answer = ?", said).rowcount
        db.execute("DELETE FROM reviewed WHERE answer_id = ?", (number,))
        db.execute("DELETE FROM answers WHERE id = ?", (number,))
    return Forgotten(len(answers), votes, turns)


def forget_older(corpus: Place, ages: Ages) -> Forgotten:
    """Delete what is older than `ages`. A vote is as old as its answer. Raises as `forgetting`."""
    with forgetting(corpus) as db:
        old = [
            row[0]
            for days, judged in ((ages.answers, f"NOT {_JUDGED}"), (ages.feedback, _JUDGED))
            if days is not None
            for row in db.execute(f"SELECT id FROM answers WHERE time < ? AND {judged}", (_before(days),)).fetchall()
        ]
        found = forget_answers(db, old)
        turns = 0
        if ages.turns is not None:
            turns = db.execute("DELETE FROM turns WHERE time < ?", (_before(ages.turns),)).rowcount
    return Forgotten(found.answers, found.votes, found.turns + turns)


def _before(days: int) -> str:
    """The time that many days ago, as it is kept; the first of all for more days than there are."""
    try:
        return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        return ""


def empty_log(database: Place, wait: float = 30) -> bool:
    """Take what the log of the file holds into the file, and cut the log to nothing; whether that was possible within
    `wait` seconds. Until then, older pages stand in it. A server gives the room of deleted rows to others."""
    if not isinstance(database, Path):
        database.reclaim()
        return True
    with closing(sqlite3.connect(database, timeout=wait, isolation_level=None)) as db:
        busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy
