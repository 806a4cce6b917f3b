"""Conversations, so that a question may lean on the one before, in the same record as the corpus: a restart keeps them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from mundap.store import schema
from mundap.store.record import File, Place, Record
from mundap.types import Turn

_OWNED = "ALTER TABLE turns ADD COLUMN owner TEXT NOT NULL DEFAULT ''"  # files of before are given it: nobody's turns
_TIMED = "ALTER TABLE turns ADD COLUMN time TEXT NOT NULL DEFAULT ''"
_ALL = (1 << 63) - 1  # rows


class Conversations:
    """The last `turns` turns of each of the latest `sessions` conversations. Safe to use from several threads.

    A conversation belongs to the `owner` who began it: one of the same name that is another's is another. The
    conversation of an owner that is silent the longest is forgotten first; owners whose name begins with @ share one
    limit. A power cut may lose the last turns.
    """

    def __init__(self, where: Place, turns: int, sessions: int) -> None:
        """Opens, or makes, the file. Raises sqlite3.DatabaseError, or what a server raises, as all methods do."""
        self._turns = turns
        self._sessions = sessions
        self._db: Record = _opened(where) if isinstance(where, Path) else where

    def close(self) -> None:
        """Close the file; the object is not used again."""
        self._db.close()

    def history(self, session: str | None, owner: str = "") -> tuple[Turn, ...]:
        """The turns of this conversation, oldest first; none for None or a name that is not known."""
        rows = self._db.execute(
            "SELECT question, answer FROM turns WHERE session = ? AND owner = ? ORDER BY id DESC LIMIT ?",
            (session, owner, self._turns),
        ).fetchall()
        return tuple(Turn(*row) for row in reversed(rows))

    def add(self, session: str | None, turn: Turn, owner: str = "") -> None:
        """Remember a turn, unless it is in no conversation."""
        if session is None:
            return
        db = self._db
        with db.transaction(alone=False):
            db.execute(
                "INSERT INTO turns(session, question, answer, owner, time) VALUES (?,?,?,?,?)",
                (session, turn.question, turn.answer, owner, utc_now()),
            )
            db.execute(
                "DELETE FROM turns WHERE session = :s AND owner = :o AND id NOT IN"
                " (SELECT id FROM turns WHERE session = :s AND owner = :o ORDER BY id DESC LIMIT :n)",
                {"s": session, "o": owner, "n": self._turns},
            )
            db.execute(
                "DELETE FROM turns WHERE (session, owner) IN"
                " (SELECT session, owner FROM turns WHERE owner = :o OR (:o LIKE '@%' AND owner LIKE '@%')"
                " GROUP BY session, owner ORDER BY max(id) DESC LIMIT :all OFFSET :n)",
                {"o": owner, "n": self._sessions, "all": _ALL},
            )


def utc_now() -> str:
    """The time as it is kept, in ISO 8601, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _opened(path: Path) -> File:
    file = File(path, "journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON")
    file.executescript(schema.CONVERSATIONS)
    file.add_column("turns", "owner", _OWNED)
    file.add_column("turns", "time", _TIMED)
    file.execute("UPDATE turns SET time = ? WHERE time = ''", (utc_now(),))  # from now on they age
    return file
