"""Conversations, so that a question may lean on the one before, in the same file as the corpus: a restart keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mundap.store.connections import Connections
from mundap.types import Turn

_SCHEMA = """
CREATE TABLE IF NOT EXISTS turns(
    id INTEGER PRIMARY KEY AUTOINCREMENT, session TEXT NOT NULL, question TEXT NOT NULL, answer TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS turns_by_session ON turns(session, id);
"""


class Conversations:
    """The last `turns` turns of each of the latest `sessions` conversations. Safe to use from several threads.

    The conversation that is silent the longest is forgotten first. A power cut may lose the last turns.
    """

    def __init__(self, path: Path, turns: int, sessions: int) -> None:
        """Opens, or makes, the file. Raises sqlite3.DatabaseError, as all methods do."""
        self._turns = turns
        self._sessions = sessions
        self._connections = Connections(path, "journal_mode=WAL", "synchronous=NORMAL")
        self._connections.here.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file; the object is not used again."""
        self._connections.close()

    def history(self, session: str | None) -> tuple[Turn, ...]:
        """The turns of this conversation, oldest first; none for None or a name that is not known."""
        rows = self._connections.here.execute(
            "SELECT question, answer FROM turns WHERE session = ? ORDER BY id DESC LIMIT ?", (session, self._turns)
        ).fetchall()
        return tuple(Turn(*row) for row in reversed(rows))

    def add(self, session: str | None, turn: Turn) -> None:
        """Remember a turn, unless it is in no conversation."""
        if session is None:
            return
        with self._change():
            db = self._connections.here
            db.execute(
                "INSERT INTO turns(session, question, answer) VALUES (?,?,?)", (session, turn.question, turn.answer)
            )
            db.execute(
                "DELETE FROM turns WHERE session = :s AND id NOT IN"
                " (SELECT id FROM turns WHERE session = :s ORDER BY id DESC LIMIT :n)",
                {"s": session, "n": self._turns},
            )
            db.execute(
                "DELETE FROM turns WHERE session IN"
                " (SELECT session FROM turns GROUP BY session ORDER BY max(id) DESC LIMIT -1 OFFSET ?)",
                (self._sessions,),
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
