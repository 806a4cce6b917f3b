"""Connections to one SQLite file, one for each thread that asks.

A connection that threads share mixes up their transactions, and a statement that both run may get the other's values.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from threading import Lock, local
from weakref import WeakSet


class _Connection(sqlite3.Connection):
    """One that can be referred to weakly, as SQLite's own cannot."""


class _Held:
    """Closes its connection with itself: by its own cache of statements a connection outlives all who know it, until the
    next full garbage collection, and so do its files."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


class Connections:
    """Opens, or makes, the file at `path`; every connection begins with `pragmas` and what `prepare` does with it.

    The first is opened at once.

    Raises sqlite3.DatabaseError.
    """

    def __init__(self, path: Path, *pragmas: str, prepare: Callable[[sqlite3.Connection], None] | None = None) -> None:
        self._path = path
        self._prepare = prepare
        self._pragmas = pragmas
        self._own = local()
        self._lock = Lock()
        self._all: WeakSet[_Connection] = WeakSet()  # that of a thread which has ended is closed with it
        try:
            _ = self.here
        except sqlite3.DatabaseError:
            self.close()
            raise

    @property
    def here(self) -> sqlite3.Connection:
        """This thread's connection, in which every statement is its own transaction unless one is begun."""
        held: _Held | None = getattr(self._own, "held", None)
        if held is None:
            own: _Connection = sqlite3.connect(
                self._path, timeout=30, isolation_level=None, check_same_thread=False, factory=_Connection
            )
            with self._lock:
                self._all.add(own)
            for pragma in self._pragmas:
                own.execute(f"PRAGMA {pragma}")
            if self._prepare is not None:
                self._prepare(own)
            held = self._own.held = _Held(own)  # only now: one that could not be prepared is never used
        return held.connection

    def damaged(self) -> list[Path]:
        """The file, if SQLite finds it damaged. It is read whole."""
        try:
            [found] = self.here.execute("PRAGMA integrity_check(1)").fetchone()
        except sqlite3.DatabaseError:
            found = ""
        return [] if found == "ok" else [self._path]

    def close(self) -> None:
        """Close them all; the object is not used again."""
        with self._lock:
            for connection in list(self._all):
                connection.close()


def add_column(db: sqlite3.Connection, table: str, column: str, statement: str) -> None:
    """Have `statement` give a table of an older version the column that it lacks, whichever process comes first."""
    if any(row[1] == column for row in db.execute(f"PRAGMA table_info({table})")):
        return
    try:
        db.execute(statement)
    except sqlite3.OperationalError as error:
        if "duplicate column" not in str(error):
            raise
