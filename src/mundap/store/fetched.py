"""What came from sources: where each item lies, in which version, and when each source was looked at.

An item is written down once its file is in its place, so a run that was killed goes on where it was.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from mundap.files import digest, sync_folder
from mundap.store.connections import Connections

_FILES = "files"
_COMING = ".building-fetch"  # which no backup takes
_SCHEMA = """
CREATE TABLE IF NOT EXISTS items(
    source TEXT NOT NULL, address TEXT NOT NULL, document TEXT NOT NULL, file TEXT NOT NULL,
    listed TEXT NOT NULL, version TEXT NOT NULL, PRIMARY KEY (source, address)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS items_by_document ON items(document);
CREATE TABLE IF NOT EXISTS runs(source TEXT PRIMARY KEY, began REAL NOT NULL, error TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """An item: `document` is its source in the corpus, `path` its file, which need not be there any more.

    `listed` is the fingerprint that its source told of it, `version` what it told as it was fetched.
    """

    address: str
    document: str
    path: Path
    listed: str
    version: str


class FetchedFiles:
    """The items of all sources, kept in `folder` and listed in the file beside it. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        self._connections = Connections(
            folder.with_suffix(".sqlite"), "journal_mode=WAL", "synchronous=FULL", prepare=_prepare
        )

    def folder(self, source: str) -> Path:
        """The folder of a source, whose name is one of a file."""
        return self._folder / source

    def items(self, source: str) -> dict[str, Kept]:
        """The items of a source by their address."""
        rows = self._connections.here.execute(
            "SELECT address, document, file, listed, version FROM items WHERE source = ?", (source,)
        )
        return {row[0]: Kept(row[0], row[1], self._folder / row[2], *row[3:]) for row in rows}

    def sources(self) -> list[str]:
        """The names of the sources of which there are items."""
        return [row[0] for row in self._connections.here.execute("SELECT DISTINCT source FROM items ORDER BY source")]

    def holder(self, document: str) -> str | None:
        """The name of a source that gave this document."""
        row = self._connections.here.execute("SELECT source FROM items WHERE document = ?", (document,)).fetchone()
        return row[0] if row else None

    def coming(self, source: str) -> Path:
        """A file to write an item into before it is put."""
        folder = self._folder / source / _COMING
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.iterdir():  # by one that was killed: a source is fetched by one process at a time
            left.unlink(missing_ok=True)
        return folder / str(os.getpid())

    def put(self, source: str, address: str, document: str, file: Path, name: str, listed: str, version: str) -> Path:
        """Move the file of an item to its place, over what was there; its path. It is on the disk when this returns."""
        own = self._folder / source / _FILES / digest(address)
        own.mkdir(parents=True, exist_ok=True)
        with file.open("rb") as written:
            os.fsync(written.fileno())
        path = own / name
        file.replace(path)
        sync_folder(own)
        self.note(source, address, document, path, listed, version)
        for other in own.iterdir():
            if other != path:  # of another name before
                other.unlink(missing_ok=True)
        return path

    def note(self, source: str, address: str, document: str, path: Path, listed: str, version: str) -> None:
        """Write down an item that lies at `path`."""
        file = path.relative_to(self._folder) if path.is_relative_to(self._folder) else path
        self._connections.here.execute(
            "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?)",
            (source, address, document, str(file), listed, version),
        )

    def drop(self, source: str, address: str) -> None:
        """Forget an item, and delete its file if it was fetched."""
        self._connections.here.execute("DELETE FROM items WHERE source = ? AND address = ?", (source, address))
        shutil.rmtree(self._folder / source / _FILES / digest(address), ignore_errors=True)

    def drop_document(self, document: str) -> None:
        """Forget the items of a document, and delete their files."""
        rows = self._connections.here.execute("SELECT source, address FROM items WHERE document = ?", (document,))
        for source, address in rows.fetchall():
            self.drop(source, address)

    def drop_source(self, source: str) -> None:
        """Forget a source, and delete all that it keeps."""
        self._connections.here.execute("DELETE FROM items WHERE source = ?", (source,))
        self._connections.here.execute("DELETE FROM runs WHERE source = ?", (source,))
        shutil.rmtree(self._folder / source, ignore_errors=True)

    def orphaned(self, source: str, gone: Collection[str]) -> list[str]:
        """The documents that no item gives any more once those at the addresses `gone` are dropped from a source."""
        items = self.items(source)
        left = {one.document for address, one in items.items() if address not in gone}
        documents = dict.fromkeys(items[address].document for address in gone if address in items)
        return [one for one in documents if one not in left and not self._held_elsewhere(one, source)]

    def _held_elsewhere(self, document: str, source: str) -> bool:
        row = self._connections.here.execute(
            "SELECT 1 FROM items WHERE document = ? AND source <> ? LIMIT 1", (document, source)
        )
        return row.fetchone() is not None

    def ran(self, source: str, began: float, error: str = "") -> None:
        """Write down when a source was looked at (seconds of the epoch), and what was wrong; "" for nothing."""
        self._connections.here.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?)", (source, began, error))

    def last_run(self, source: str) -> tuple[float, str] | None:
        """When a source was looked at last, and what was wrong then; None if it never was."""
        row = self._connections.here.execute("SELECT began, error FROM runs WHERE source = ?", (source,)).fetchone()
        return (row[0], row[1]) if row else None


def _prepare(db: sqlite3.Connection) -> None:
    db.executescript(_SCHEMA)
