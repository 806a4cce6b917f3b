"""What each key has used up today, and who uploaded what: in a file of its own, so that no ingest makes it wait."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from mundap.store.connections import Connections

FILE = "usage.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS used(
    owner TEXT NOT NULL, day TEXT NOT NULL, what TEXT NOT NULL, amount INTEGER NOT NULL, PRIMARY KEY(owner, day, what));
CREATE TABLE IF NOT EXISTS uploads(source TEXT PRIMARY KEY, owner TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS uploads_by_owner ON uploads(owner);
"""


class Usage:
    """Opens, or makes, the file at `path`. Safe to use from several threads. Raises sqlite3.DatabaseError."""

    def __init__(self, path: Path) -> None:
        self._connections = Connections(path, "journal_mode=WAL", "synchronous=NORMAL")
        self._connections.here.executescript(_SCHEMA)

    def spend(self, owner: str, what: str, amount: int, most: int) -> bool:
        """Count `amount` of today's `most`, or say that so much is not left, and count nothing."""
        day = datetime.now(UTC).date().isoformat()
        spent = self._connections.here.execute(
            "INSERT INTO used SELECT :owner, :day, :what, :amount WHERE :amount <= :most"
            " ON CONFLICT DO UPDATE SET amount = amount + excluded.amount"
            " WHERE amount + excluded.amount <= :most RETURNING amount",
            {"owner": owner, "day": day, "what": what, "amount": amount, "most": most},
        ).fetchone()
        if spent is not None and spent[0] == amount:  # the first of this day
            self._connections.here.execute("DELETE FROM used WHERE day < ?", (day,))
        return spent is not None

    def uploaded(self, source: str, owner: str) -> None:
        """Note who uploaded the document that is at `source` now."""
        self._connections.here.execute("INSERT OR REPLACE INTO uploads VALUES (?,?)", (source, owner))

    def uploads(self, owner: str) -> list[str]:
        """The sources that this owner uploaded last; some may have been deleted since."""
        rows = self._connections.here.execute("SELECT source FROM uploads WHERE owner = ?", (owner,))
        return [row[0] for row in rows]

    def deleted(self, source: str) -> None:
        """Forget who uploaded the document at `source`."""
        self._connections.here.execute("DELETE FROM uploads WHERE source = ?", (source,))

    def close(self) -> None:
        """Close the file; the object is not used again."""
        self._connections.close()
