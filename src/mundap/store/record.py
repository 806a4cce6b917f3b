"""The record: what an organisation said and was told, in a SQLite file or at a PostgreSQL server, by the same statements.

A store is opened where its tables lie: at a path, or a `Server` that all stores of a process share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from mundap.store.connections import Connections, add_column
from mundap.store.sight import Sight

Value: TypeAlias = Any  # of a column
Row: TypeAlias = tuple[Value, ...]
Held: TypeAlias = Callable[[], None]  # raises RecordUnreachable once what was held was lost
Values: TypeAlias = Sequence[Value] | Mapping[str, Value]


class Rows(Protocol):
    """What a statement gives."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        ...

    def fetchone(self) -> Value:
        """The next row; None after the last."""
        ...

    def fetchall(self) -> list[Value]:
        """The rows that are left."""
        ...

    def __iter__(self) -> Iterator[Value]: ...


class Record(Protocol):
    """Runs statements, in any thread. They are written for SQLite, with ? or :name for values."""

    every: str  # the schema whose tables hide nothing
    joined: str  # an aggregate: all ids, one a line

    @property
    def total_changes(self) -> int:
        """A number that grows with every row that this thread changes."""
        ...

    def execute(self, query: str, values: Values = (), /) -> Rows:
        """Run a statement: in the transaction that this thread has begun, else in one of its own."""
        ...

    def executemany(self, query: str, rows: Iterable[Sequence[Value]], /) -> None:
        """Run a statement for each of `rows`."""
        ...

    def transaction(self, alone: bool = True) -> AbstractContextManager[None]:
        """All or nothing of what this thread runs within; `alone` keeps others from changing the corpus meanwhile."""
        ...

    def damaged(self) -> list[Path]:
        """The file, if it is one and is damaged."""
        ...

    def close(self) -> None:
        """End; the object is not used again."""
        ...


class Server(Record, Protocol):
    """A record at a server, which every store of a process shares: closing a store leaves it open."""

    address: str  # as it may be shown

    @property
    def unused(self) -> bool:
        """Whether no passage was ever in it."""
        ...

    def seen_by(self, sight: Sight) -> Record:
        """The same record, of which statements see what `sight` does."""
        ...

    def alone(self, what: Iterable[str], seconds: float) -> AbstractContextManager[Held]:
        """Each of `what` for oneself, of all who share the record. Raises WorkspaceBusy if one takes over `seconds`.

        It is lost with the connection, as when the server is; then somebody else may have it, which what is given tells.
        """
        ...

    def reclaim(self) -> None:
        """Have the room of deleted rows overwritten by what comes next."""
        ...

    def end(self) -> None:
        """Close all connections."""
        ...


class File:
    """A record in the SQLite file at `path`; every connection begins with `pragmas`, and sees what `sight` does.

    Raises sqlite3.DatabaseError, as all methods do.
    """

    every = "main"
    joined = "group_concat(id, char(10))"

    def __init__(self, path: Path, *pragmas: str, sight: Sight | None = None) -> None:
        self._connections = Connections(path, *pragmas, prepare=sight)
        self.path = path

    @property
    def total_changes(self) -> int:
        """Rows that this thread's connection has changed."""
        return self._connections.here.total_changes

    def execute(self, query: str, values: Values = (), /) -> Rows:
        """Run a statement."""
        return self._connections.here.execute(query, values)

    def executemany(self, query: str, rows: Iterable[Sequence[Value]], /) -> None:
        """Run a statement for each of `rows`."""
        self._connections.here.executemany(query, rows)

    def executescript(self, script: str) -> None:
        """Run several statements."""
        self._connections.here.executescript(script)

    @contextmanager
    def transaction(self, alone: bool = True) -> Iterator[None]:
        """One that waits for whoever writes before anything is read; a file is always changed alone."""
        db = self._connections.here
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:  # SQLite has rolled back by itself where the disk is full, or cannot be read
                db.execute("ROLLBACK")
            raise

    def add_column(self, table: str, column: str, statement: str) -> None:
        """Have `statement` give a table of an older version the column that it lacks."""
        add_column(self._connections.here, table, column, statement)

    def damaged(self) -> list[Path]:
        """The file, if SQLite finds it damaged."""
        return self._connections.damaged()

    def close(self) -> None:
        """Close the file."""
        self._connections.close()


Place: TypeAlias = Path | Server
