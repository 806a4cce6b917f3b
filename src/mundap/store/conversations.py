"""Conversations, so that a question may lean on the one before, in the same file as the corpus: a restart keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mundap.store.connections import Connections, add_column
from mundap.types import Turn

_SCHEMA = """
CREATE TABLE IF NOT EXISTS turns(
    id INTEGER PRIMARY KEY AUTOINCREMENT, session TEXT NOT NULL, question TEXT NOT NULL, answer TEXT NOT NULL,
    owner TEXT NOT NULL DEFAULT '', time TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS turns_by_session ON turns(session, id);
"""
_OWNED = "ALTER TABLE turns ADD COLUMN owner TEXT NOT NULL DEFAULT ''"  # files of before are given it: nobody's turns
_TIMED = "ALTER TABLE turns ADD COLUMN time TEXT NOT NULL DEFAULT ''"
_NOW = "strftime('%Y-%m-%dT%H:%M:%SZ')"


class Conversations:
    """The last `turns` turns of each of the latest `sessions` conversations. Safe to use from several threads.

    A conversation belongs to the `owner` who began it: one of the same name that is another's is another. The
    conversation of an owner that is silent the longest is forgotten first; owners whose name begins with @ share one
    limit. A power cut may lose the last turns.
    """

    def __init__(self, path: Path, turns: int, sessions: int) -> None:
        """Opens, or makes, the file. Raises sqlite3.DatabaseError, as all methods do."""
        self._turns = turns
        self._sessions = sessions
        self._connections = Connections(path, "journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON")
        db = self._connections.here
        db.executescript(_SCHEMA)
        add_column(db, "turns", "owner", _OWNED)
        add_column(db, "turns", "time", _TIMED)
        db.execute(f"UPDATE turns SET time = {_NOW} WHERE time = ''")  # from now on they age

    def close(self) -> None:
        """Close the file; the object is not used again."""
        self._connections.close()

    def history(self, session: str | None, owner: str = "") -> tuple[Turn, ...]:
        """The turns of this conversation, oldest first; none for None or a name that is not known."""
        rows = self._connections.here.execute(
            "SELECT question, answer FROM turns WHERE session = ? AND owner = ? ORDER BY id DESC LIMIT ?",
            (session, owner, self._turns),
        ).fetchall()
        return tuple(Turn(*row) for row in reversed(rows))

    def add(self, session: str | None, turn: Turn, owner: str = "") -> None:
        """Remember a turn, unless it is in no conversation."""
        if session is None:
            return
        with self._change():
            db = self._connections.here
            db.execute(
                f"INSERT INTO turns(session, question, answer, owner, time) VALUES (?,?,?,?,{_NOW})",
                (session, turn.question, turn.answer, owner),
            )
            db.execute(
                "DELETE FROM turns WHERE session = :s AND owner = :o AND id NOT IN"
                " (SELECT id FROM turns WHERE session = :s AND owner = :o ORDER BY id DESC LIMIT :n)",
                {"s": session, "o": owner, "n": self._turns},
            )
            db.execute(
                "DELETE FROM turns WHERE (session, owner) IN"
                " (SELECT session, owner FROM turns WHERE owner = :o OR (:o LIKE '@%' AND owner LIKE '@%')"
                " GROUP BY session, owner ORDER BY max(id) DESC LIMIT -1 OFFSET :n)",
                {"o": owner, "n": self._sessions},
            )

    @contextmanager
    def _change(self) -> Iterator[None]:
        db = self._connections.here
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise
