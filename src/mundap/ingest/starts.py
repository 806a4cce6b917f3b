"""Where the texts of tables began that were read already: on the disk, for a sheet can have millions of them."""

from __future__ import annotations

import sqlite3

_CACHE_KB = 8_000


class Starts:
    """The start of each text by a digest of what tells it from others. Their file has no name, and is gone with this object."""

    def __init__(self) -> None:
        self._db: sqlite3.Connection | None = None

    def get(self, told: str) -> int | None:
        """Where the text began; None if it has not been read."""
        if self._db is None:
            return None
        found = self._db.execute("SELECT start FROM starts WHERE told = ?", (told,)).fetchone()
        return None if found is None else int(found[0])

    def put(self, told: str, start: int) -> None:
        """Keep where a text begins that has not been read before."""
        if self._db is None:
            self._db = sqlite3.connect("", isolation_level=None)
            self._db.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
            self._db.execute("CREATE TABLE starts (told TEXT PRIMARY KEY, start INTEGER NOT NULL) WITHOUT ROWID")
            self._db.execute("BEGIN")  # which is never committed: nobody else reads it
        self._db.execute("INSERT INTO starts VALUES (?, ?)", (told, start))

    def __del__(self) -> None:
        if self._db is not None:
            self._db.close()
