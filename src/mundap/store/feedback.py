"""Answers that were given, and what people said of them, beside the corpus in its record; `forgetting` ends their time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mundap.errors import MundapError
from mundap.store import schema
from mundap.store.record import File, Place, Record
from mundap.store.trouble import told
from mundap.types import Answer

_OWNED = "ALTER TABLE answers ADD COLUMN owner TEXT NOT NULL DEFAULT ''"  # files of before are given it: nobody's
_GIVEN = """
SELECT a.request_id, a.time, a.question, a.answer, a.abstained, a.cited, a.shown,
       CASE WHEN r.vote >= coalesce(f.id, 0) THEN 1 ELSE 0 END, a.id, f.verdict, f.comment, f.answer, f.passage_id
FROM answers a LEFT JOIN feedback f ON f.id = (SELECT max(id) FROM feedback WHERE answer_id = a.id)
LEFT JOIN reviewed r ON r.answer_id = a.id
ORDER BY a.id
"""

Verdict = Literal["up", "down"]


@dataclass(frozen=True)
class Vote:
    """What someone said of an answer. `answer` is what it should have been, `passage_id` the passage that says so."""

    verdict: Verdict
    comment: str = ""
    answer: str = ""
    passage_id: str = ""


@dataclass(frozen=True)
class Given:
    """An answer that was given. `cited` and `shown` are ids of passages, in order; `vote` the last one, if any.

    `reviewed` says that somebody has dealt with it since that vote; `number` is its own among all answers.
    """

    request_id: str
    time: str
    question: str
    answer: str
    abstained: bool
    cited: tuple[str, ...]
    shown: tuple[str, ...]
    vote: Vote | None
    reviewed: bool = False
    number: int = 0


class Feedback:
    """Opens, or makes, the tables in the corpus file, or at a server. Safe to use from several threads."""

    def __init__(self, where: Place) -> None:
        """Raises MundapError for a file that is no database."""
        self._db: Record = _opened(where) if isinstance(where, Path) else where

    def close(self) -> None:
        """Close the file; the object is not used again."""
        self._db.close()

    def answered(self, request_id: str, answer: Answer, session: str | None = None, owner: str = "") -> None:
        """Keep an answer, so that `owner` can judge it by the name of its request. A killed process loses none."""
        cited = list(dict.fromkeys(citation.passage_id for citation in answer.citations))
        shown = [hit.passage.id for hit in answer.hits]
        row = (request_id, session, answer.question, answer.text, int(answer.abstained))
        self._durable(False)
        self._db.execute(
            "INSERT INTO answers(request_id, session, question, answer, abstained, cited, shown, model, owner)"
            " VALUES (?,?,?,?,?,?,?,?,?)",
            (*row, json.dumps(cited), json.dumps(shown), answer.model, owner),
        )

    def owner(self, request_id: str) -> str | None:
        """Whose the last answer to this request is, or None if there is none."""
        row = self._db.execute(
            "SELECT owner FROM answers WHERE request_id = ? ORDER BY id DESC LIMIT 1", (request_id,)
        ).fetchone()
        return None if row is None else str(row[0])

    def judge(self, request_id: str, vote: Vote, owner: str = "") -> int | None:
        """Keep a vote on the last answer that `owner` got to this request, on the disk when this returns; its id, or None
        if there is no such answer."""
        self._durable(True)
        found = self._db.execute(
            "SELECT max(id) FROM answers WHERE request_id = ? AND owner = ?", (request_id, owner)
        ).fetchone()[0]
        if found is None:
            return None
        kept = self._db.execute(
            "INSERT INTO feedback(answer_id, verdict, comment, answer, passage_id) VALUES (?,?,?,?,?) RETURNING id",
            (found, vote.verdict, vote.comment, vote.answer, vote.passage_id),
        )
        [number] = kept.fetchall()[0]
        return int(number)

    def ids(self) -> list[int]:
        """The ids of all votes, those that a later one replaced too, in order."""
        return [row[0] for row in self._db.execute("SELECT id FROM feedback ORDER BY id")]

    def given(self) -> Iterator[Given]:
        """Every answer that is kept, oldest first, with its last vote."""
        rows: Sequence[tuple[object, ...]] = self._db.execute(_GIVEN).fetchall()
        for request_id, time, question, answer, abstained, cited, shown, reviewed, number, *vote in rows:
            yield Given(
                str(request_id),
                str(time),
                str(question),
                str(answer),
                bool(abstained),
                tuple(json.loads(str(cited))),
                tuple(json.loads(str(shown))),
                None if vote[0] is None else Vote(*vote),  # type: ignore[arg-type]
                bool(reviewed),
                int(str(number)),
            )

    def review(self, numbers: Sequence[int]) -> None:
        """Note that these answers have been dealt with, as they are judged now; a later vote asks for it again."""
        self._db.executemany(
            "INSERT INTO reviewed SELECT a.id, (SELECT coalesce(max(f.id), 0) FROM feedback f WHERE f.answer_id = a.id)"
            " FROM answers a WHERE a.id = ? ON CONFLICT (answer_id) DO UPDATE SET vote = excluded.vote",
            [(number,) for number in numbers],
        )

    def _durable(self, wanted: bool) -> None:
        if isinstance(self._db, File):  # a server decides for itself
            self._db.execute(f"PRAGMA synchronous={'FULL' if wanted else 'NORMAL'}")


def _opened(path: Path) -> File:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = File(path, "journal_mode=WAL", "foreign_keys=ON", "secure_delete=ON")
        file.executescript(schema.FEEDBACK)
        file.add_column("answers", "owner", _OWNED)
    except (OSError, sqlite3.DatabaseError) as error:
        raise told(error, path) or MundapError(f"{path}: 답변 기록을 열 수 없습니다({error}).") from error
    return file
