"""What each key has used up today, and who uploaded what: in a file of its own, so that no ingest makes it wait; or at the server of the record."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from mundap.store import schema
from mundap.store.record import File, Place, Record

FILE = "usage.sqlite"


class Usage:
    """Opens, or makes, the file, or takes a server. Safe to use from several threads. Raises sqlite3.DatabaseError, or what
    a server raises."""

    def __init__(self, where: Place) -> None:
        self._db: Record
        if isinstance(where, Path):
            self._db = file = File(where, "journal_mode=WAL", "synchronous=NORMAL")
            file.executescript(schema.USAGE)
        else:
            self._db = where

    def spend(self, owner: str, what: str, amount: int, most: int) -> bool:
        """Count `amount` of today's `most`, or say that so much is not left, and count nothing."""
        day = datetime.now(UTC).date().isoformat()
        spent = self._db.execute(
            "INSERT INTO used SELECT :owner, :day, :what, :amount WHERE :amount <= :most"
            " ON CONFLICT (owner, day, what) DO UPDATE SET amount = used.amount + excluded.amount"
            " WHERE used.amount + excluded.amount <= :most RETURNING amount",
            {"owner": owner, "day": day, "what": what, "amount": amount, "most": most},
        ).fetchone()
        if spent is not None and spent[0] == amount:  # the first of this day
            self._db.execute("DELETE FROM used WHERE day < ?", (day,))
        return spent is not None

    def uploaded(self, source: str, owner: str) -> None:
        """Note who uploaded the document that is at `source` now."""
        self._db.execute(
            "INSERT INTO uploads VALUES (?,?) ON CONFLICT (source) DO UPDATE SET owner = excluded.owner",
            (source, owner),
        )

    def uploads(self, owner: str) -> list[str]:
        """The sources that this owner uploaded last; some may have been deleted since."""
        rows = self._db.execute("SELECT source FROM uploads WHERE owner = ?", (owner,))
        return [row[0] for row in rows]

    def deleted(self, source: str) -> None:
        """Forget who uploaded the document at `source`."""
        self._db.execute("DELETE FROM uploads WHERE source = ?", (source,))

    def close(self) -> None:
        """Close the file; the object is not used again."""
        self._db.close()
