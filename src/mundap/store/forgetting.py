"""Answers, votes and turns of conversations that are forgotten: overwritten in the file and its log, not only unlinked."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mundap.errors import Rejected
from mundap.store.conversations import Conversations
from mundap.store.feedback import Feedback

AGE = r"([1-9][0-9]{0,4})\s*(d|일)"
_OLD = "time < strftime('%Y-%m-%dT%H:%M:%SZ', 'now', ?)"
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
def forgetting(corpus: Path) -> Iterator[sqlite3.Connection]:
    """One transaction over answers, votes and turns in the corpus file, whose deleted rows are overwritten.

    The tables are there. Raises sqlite3.DatabaseError.
    """
    Feedback(corpus).close()  # these make the tables
    Conversations(corpus, 1, 1).close()
    with closing(sqlite3.connect(corpus, timeout=30, isolation_level=None)) as db:
        db.execute("PRAGMA secure_delete = ON")
        db.execute("BEGIN IMMEDIATE")
        yield db
        db.execute("COMMIT")


def forget_answers(db: sqlite3.Connection, answers: Sequence[int]) -> Forgotten:
    """Delete these answers, their votes, and the turns that hold them."""
    votes = turns = 0
    for number in answers:
        said = db.execute("SELECT session, answer FROM answers WHERE id = ?", (number,)).fetchone()
        votes += db.execute("DELETE FROM feedback WHERE answer_id = ?", (number,)).rowcount
        turns += db.execute("DELETE FROM turns WHERE session = ? AND answer = ?", said).rowcount
        db.execute("DELETE FROM reviewed WHERE answer_id = ?", (number,))
        db.execute("DELETE FROM answers WHERE id = ?", (number,))
    return Forgotten(len(answers), votes, turns)


def forget_older(corpus: Path, ages: Ages) -> Forgotten:
    """Delete what is older than `ages`. A vote is as old as its answer. Raises sqlite3.DatabaseError."""
    with forgetting(corpus) as db:
        old = [
            row[0]
            for days, judged in ((ages.answers, f"NOT {_JUDGED}"), (ages.feedback, _JUDGED))
            if days is not None
            for row in db.execute(f"SELECT id FROM answers WHERE {_OLD} AND {judged}", (f"-{days} days",)).fetchall()
        ]
        found = forget_answers(db, old)
        turns = 0
        if ages.turns is not None:
            turns = db.execute(f"DELETE FROM turns WHERE {_OLD}", (f"-{ages.turns} days",)).rowcount
    return Forgotten(found.answers, found.votes, found.turns + turns)


def empty_log(database: Path, wait: float = 30) -> bool:
    """Take what the log of the file holds into the file, and cut the log to nothing; whether that was possible within
    `wait` seconds. Until then, older pages stand in it."""
    with closing(sqlite3.connect(database, timeout=wait, isolation_level=None)) as db:
        busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy
