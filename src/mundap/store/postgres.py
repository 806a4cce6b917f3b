"""A record at a PostgreSQL server: one pool of connections for a process, statements as SQLite has them, and lost connections.

What only reads, and the beginning of a transaction, is tried again while the server is away; what was begun is not, for
nobody can tell whether it was done: it ends in RecordUnreachable, and whoever asked for it asks again.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from threading import Lock, Semaphore, local
from typing import TYPE_CHECKING, TypeVar

from mundap.errors import ConfigError, MundapError, RecordUnreachable, StorageFull, StorageLocked, WorkspaceBusy
from mundap.extras import need
from mundap.files import batched
from mundap.postgresql import CONNECTION, EXTRA
from mundap.store import schema
from mundap.store.record import Held, Record, Row, Rows, Value, Values
from mundap.store.sight import Sight

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[Row]

_CONNECTIONS = 16  # of one process
_PATIENCE = 10.0  # seconds for which a server that is away is waited for
_FIRST, _LONGEST = 0.05, 1.0  # seconds between two tries
_ROWS = 1000  # that are sent together
_FRESH = 1.0  # seconds for which a connection is taken to be there still
_MIGRATING = 0x6D756E646170  # of the lock that one process holds while it makes or changes tables
_ALONE = 0x6D756E64  # of the locks that whoever shares the record takes in turn
# A machine that is gone lets go of its lock soon, and not after the hours that the system waits for it.
_NOTICED = (
    b"SET LOCAL tcp_keepalives_idle = 5; SET LOCAL tcp_keepalives_interval = 2; SET LOCAL tcp_keepalives_count = 3;"
    b" SET LOCAL idle_in_transaction_session_timeout = 0"
)
_TABLES = ("answers", "feedback", "turns", "documents", "texts", "passages", "questions", "changes")
_SETTINGS = f"SET search_path TO {schema.SCHEMA}; SET lock_timeout = '30s'".encode()
# Of SQLSTATE: the server ends, starts or has too many connections; it is a standby (that will be promoted).
_AWAY = ("08", "57P01", "57P02", "57P03", "57P05", "53300", "25006")
_PLACE = re.compile(r"'(?:[^']|'')*'|%|\?|(?<!:):([a-z_]+)")

T = TypeVar("T")


class PostgresServer:
    """The record at `url`; its tables are made, or brought to this version. Safe to use from several threads.

    Raises MissingExtra without psycopg, ConfigError for a URL, name or password that is wrong, and RecordUnreachable for a
    server that is not there for `patience` seconds, as all methods do.
    """

    every = schema.SCHEMA
    joined = "string_agg(id, chr(10))"

    def __init__(self, url: str, patience: float = _PATIENCE) -> None:
        need("psycopg", EXTRA)
        self._settings = _read(url)
        self._patience = patience
        self.address = _address(self._settings)
        self._free: list[tuple[float, Connection]] = []
        self._lock = Lock()
        self._room = Semaphore(_CONNECTIONS)
        self._mine = local()
        try:
            self._migrate()
        except BaseException:
            self.end()
            raise

    # -- statements -----------------------------------------------------------------------------------------------

    @property
    def total_changes(self) -> int:
        """Rows that this thread has changed."""
        return int(getattr(self._mine, "changes", 0))

    def execute(self, query: str, values: Values = (), /) -> Rows:
        """Run a statement."""
        return self.run(query, values)

    def run(self, query: str, values: Values = (), sight: Mapping[str, str] | None = None) -> Rows:
        """Run a statement that sees what the settings `sight` show; None sees all."""
        mine: Connection | None = getattr(self._mine, "connection", None)
        if mine is not None and sight is None:  # what is seen in part is read apart: its settings hold for it alone
            with self._told():
                return self._counted(mine.execute(_translated(query), values))
        if sight is None and query.lstrip()[:6].upper() != "SELECT":
            with self.transaction(alone=False):
                return self.execute(query, values)

        def read() -> Rows:
            with self._borrowed() as connection:
                if sight is None:
                    return connection.execute(_translated(query), values)
                with connection.transaction():
                    connection.execute(_LOOK, (schema.SEEN, sight[schema.SEES], sight[schema.CLOSED]))
                    return connection.execute(_translated(query), values)

        return self._patiently(read)

    def executemany(self, query: str, rows: Iterable[Sequence[Value]], /) -> None:
        """Run a statement for each of `rows`."""
        mine: Connection | None = getattr(self._mine, "connection", None)
        if mine is None:
            with self.transaction(alone=False):
                self.executemany(query, rows)
            return
        for some in batched(rows, _ROWS):  # what makes the rows may ask for others on the same connection
            with self._told(), mine.cursor() as cursor:
                cursor.executemany(_translated(query), some)
                self._counted(cursor)

    @contextmanager
    def transaction(self, alone: bool = True) -> Iterator[None]:
        """All or nothing of what this thread runs within; `alone` keeps others from changing the corpus."""
        if getattr(self._mine, "connection", None) is not None:  # within one that has begun
            yield
            return
        connection = self._patiently(lambda: self._begun(alone))
        self._mine.connection = connection
        try:
            yield
            with self._told():
                connection.execute("COMMIT")
        except BaseException:
            with suppress(Exception):
                connection.execute("ROLLBACK")
            raise
        finally:
            self._mine.connection = None
            self._give_back(connection)

    @property
    def unused(self) -> bool:
        """Whether no passage was ever in it: the last change is always kept."""
        return not self.execute("SELECT EXISTS (SELECT 1 FROM changes)").fetchone()[0]

    def seen_by(self, sight: Sight) -> Record:
        """The same record, of which statements see what `sight` does."""
        return Seen(self, sight)

    @contextmanager
    def alone(self, what: Iterable[str], seconds: float) -> Iterator[Held]:
        """See Server."""
        import psycopg

        keys = sorted(
            {zlib.crc32(one.encode()) - (1 << 31) for one in what}
        )  # in one order, or two would wait for each other

        def locked() -> Connection:
            connection = self._connected()  # of its own: the lock goes with it
            try:
                connection.execute("BEGIN")  # or a pooler would give the connection to others
                connection.execute(_NOTICED)
                connection.execute(f"SET LOCAL lock_timeout = {max(int(seconds * 1000), 1)}".encode())
                for key in keys:
                    connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (_ALONE, key))
            except BaseException:
                connection.close()
                raise
            return connection

        connection = self._patiently(locked)

        def check() -> None:
            try:
                connection.execute("SELECT 1")
            except psycopg.Error as error:
                raise self._sentence(error) from error

        try:
            yield check
        finally:
            with suppress(psycopg.Error):
                connection.execute("ROLLBACK")
            connection.close()

    def reclaim(self) -> None:
        """Have the room of deleted rows overwritten by what comes next."""

        def vacuum() -> None:
            with self._borrowed() as connection:
                connection.execute(f"VACUUM {', '.join(_TABLES)}".encode())

        self._patiently(vacuum)

    def damaged(self) -> list[Path]:
        """None: the server looks after its files."""
        return []

    def close(self) -> None:
        """Nothing: other stores of this process use it."""

    def end(self) -> None:
        """Close the connections that nobody uses."""
        with self._lock:
            for _, connection in self._free:
                connection.close()
            self._free.clear()

    # -- connections ----------------------------------------------------------------------------------------------

    def _begun(self, alone: bool) -> Connection:
        connection = self._taken()
        try:
            connection.execute("BEGIN")
            if alone:
                connection.execute("SELECT token FROM state FOR UPDATE")
        except BaseException:
            self._give_back(connection)
            raise
        return connection

    @contextmanager
    def _borrowed(self) -> Iterator[Connection]:
        connection = self._taken()
        try:
            yield connection
        finally:
            self._give_back(connection)

    def _taken(self) -> Connection:
        self._room.acquire()
        try:
            while True:
                with self._lock:
                    used, connection = self._free.pop() if self._free else (0.0, None)
                if connection is None:
                    return self._connected()
                if time.monotonic() - used < _FRESH or _lives(connection):
                    return connection
                connection.close()
        except BaseException:
            self._room.release()
            raise

    def _give_back(self, connection: Connection) -> None:
        import psycopg

        idle = psycopg.pq.TransactionStatus.IDLE
        if connection.closed or connection.info.transaction_status != idle:
            connection.close()
        else:
            with self._lock:
                self._free.append((time.monotonic(), connection))
        self._room.release()

    def _connected(self) -> Connection:
        import psycopg

        connection = psycopg.connect(autocommit=True, **self._settings)
        try:
            connection.execute(_SETTINGS)
            connection.adapters.register_dumper(str, _without_nul())
        except BaseException:
            connection.close()
            raise
        return connection

    def _patiently(self, action: Callable[[], T]) -> T:
        """What `action` gives, tried again while the server is away."""
        import psycopg

        until, pause = time.monotonic() + self._patience, _FIRST
        while True:
            try:
                return action()
            except psycopg.Error as error:
                if not _is_away(error) or time.monotonic() + pause > until:
                    raise self._sentence(error) from error
                with self._lock:  # those of before the server went away
                    stale, self._free = self._free, []
                for _, connection in stale:
                    connection.close()
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST)

    @contextmanager
    def _told(self) -> Iterator[None]:
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            raise self._sentence(error) from error

    def _counted(self, cursor: psycopg.Cursor[Row]) -> Rows:
        if cursor.statusmessage and not cursor.statusmessage.startswith("SELECT"):
            self._mine.changes = self.total_changes + max(cursor.rowcount, 0)
        return cursor

    # -- tables ---------------------------------------------------------------------------------------------------

    def _migrate(self) -> None:
        """Make the tables, or bring them to this version."""
        newest = len(schema.MIGRATIONS)

        def migrate() -> None:
            with self._borrowed() as connection:
                if _version(connection) == newest:
                    return
                with connection.transaction():
                    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATING,))
                    before = _version(connection)
                    if before > newest:
                        raise ConfigError(
                            f"{self.address}: 더 새로운 mundap이 만든 데이터입니다(형식 {before}, 이 버전은 {newest}까지). mundap을"
                            " 업데이트하세요. (made by a newer mundap; update mundap)"
                        )
                    if before == newest:  # another process was faster
                        return
                    self._check_encoding(connection)
                    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema.SCHEMA}".encode())
                    connection.execute(f"SET LOCAL search_path TO {schema.SCHEMA}".encode())
                    for version in range(before + 1, newest + 1):
                        connection.execute(schema.migration(version).encode())
                    connection.execute(schema.VIEWS.encode())
                    connection.execute("CREATE TABLE IF NOT EXISTS version(number BIGINT NOT NULL)")
                    connection.execute("DELETE FROM version")
                    connection.execute("INSERT INTO version VALUES (%s)", (newest,))

        self._patiently(migrate)

    def _check_encoding(self, connection: Connection) -> None:
        row = connection.execute("SHOW server_encoding").fetchone()
        if row is None or row[0] != "UTF8":
            raise ConfigError(
                f"{self.address}: 데이터베이스의 인코딩이 UTF8이 아닙니다({row and row[0]}). 새로 만드세요: createdb"
                " --encoding=UTF8 --template=template0 이름 (the database must be encoded in UTF8)"
            )

    def _sentence(self, error: psycopg.Error) -> MundapError:
        """The error with its remedy. What the driver says has no password in it; lines are joined."""
        state = error.sqlstate or ""
        said = " ".join(str(error).split())
        where = self.address
        if state in ("28P01", "28000") or (not state and _refused(error)):
            return ConfigError(
                f"{where}: PostgreSQL이 접속을 허용하지 않습니다({said}). [store] url이나 MUNDAP_STORE_URL의 사용자, 비밀번호,"
                " 데이터베이스 이름을 확인하세요. (the server refuses user, password or database)"
            )
        if _is_away(error):
            return RecordUnreachable(
                f"{where}: PostgreSQL에 연결할 수 없거나 연결이 끊겼습니다({said}). 서버를 확인하고 다시 실행하세요. 끊기기 전에"
                " 저장된 것은 그대로 있습니다. (the server cannot be reached, or the connection was lost; try again)"
            )
        if state.startswith("53"):
            return StorageFull(
                f"{where}: PostgreSQL에 공간이나 메모리가 부족합니다({said}). 서버의 디스크를 확인하세요."
            )
        if state == "42501":
            return StorageLocked(
                f"{where}: 권한이 없습니다({said}). 데이터베이스의 소유자로 접속하거나 권한을 받으세요: GRANT CREATE ON DATABASE …"
            )
        if state in ("55P03", "40P01", "40001"):
            return WorkspaceBusy(f"{where}: 다른 프로세스가 사용하고 있습니다. 잠시 후 다시 실행하세요.")
        return MundapError(f"{where}: PostgreSQL 오류입니다({state or type(error).__name__}: {said}).")


class Seen:
    """The record at `server` as somebody sees it who has the tags of `sight`. Nothing is changed through it."""

    joined = PostgresServer.joined
    every = PostgresServer.every
    total_changes = 0

    def __init__(self, server: PostgresServer, sight: Sight) -> None:
        self._server = server
        self._settings = {
            schema.SEES: json.dumps(sorted(sight.tags)),
            schema.CLOSED: json.dumps(sorted(sight.closed)),
        }

    def execute(self, query: str, values: Values = (), /) -> Rows:
        """Run a statement that reads."""
        return self._server.run(query, values, self._settings)

    def executemany(self, query: str, rows: Iterable[Sequence[Value]], /) -> None:
        """Never: what is seen in part cannot be changed. Raises TypeError."""
        raise TypeError("a corpus that is seen in part cannot be changed")

    @contextmanager
    def transaction(self, alone: bool = True) -> Iterator[None]:
        """Never: what is seen in part cannot be changed. Raises TypeError."""
        raise TypeError("a corpus that is seen in part cannot be changed")
        yield

    def damaged(self) -> list[Path]:
        """None: the server looks after its files."""
        return []

    def close(self) -> None:
        """Nothing: other stores of this process use the server."""


_LOOK = (
    f"SELECT set_config('search_path', %s || ', {schema.SCHEMA}', true), set_config('{schema.SEES}', %s, true),"
    f" set_config('{schema.CLOSED}', %s, true)"
).encode()
_open: dict[tuple[int, str], PostgresServer] = {}
_opening = Lock()


def server_at(url: str) -> PostgresServer:
    """The server at this URL, which all of this process share. Raises as PostgresServer does."""
    with _opening:
        key = (os.getpid(), url)  # a child that was forked must not use its parent's connections
        if key not in _open:
            _open[key] = PostgresServer(url)
        return _open[key]


@atexit.register
def _end() -> None:
    for (process, _), server in _open.items():
        if process == os.getpid():
            server.end()


@lru_cache(maxsize=1024)
def _translated(query: str) -> bytes:
    """A statement with the marks of psycopg for values: %s for ?, and %(name)s for :name."""

    def said(found: re.Match[str]) -> str:
        if found[0] == "?":
            return "%s"
        return f"%({found[1]})s" if found[1] else found[0].replace("%", "%%")

    return _PLACE.sub(said, query).encode()


def _read(url: str) -> dict[str, Value]:
    """What the URL says, for psycopg. Raises ConfigError, which repeats nothing of it."""
    import psycopg

    try:
        given = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        raise ConfigError(
            "[store] url(MUNDAP_STORE_URL)을 PostgreSQL의 주소로 읽을 수 없습니다. 예: postgresql://사용자:비밀번호@호스트:5432/"
            "데이터베이스 (특수 문자는 %40처럼 적습니다; not a URL of PostgreSQL)"
        ) from None
    return {**CONNECTION, **{name: value for name, value in given.items() if value is not None}}


def _address(settings: Mapping[str, Value]) -> str:
    """The server and the database, without user and password."""
    hosts = str(settings.get("host") or settings.get("hostaddr") or "localhost").split(",")
    ports = str(settings.get("port") or "5432").split(",")
    ports = ports if len(ports) == len(hosts) else ports[:1] * len(hosts)
    named = ",".join(f"{host}:{port}" for host, port in zip(hosts, ports, strict=True))
    return f"postgresql://{named}/{settings.get('dbname') or ''}"


@lru_cache(maxsize=1)
def _without_nul() -> type[psycopg.abc.Dumper]:
    """How text is sent: without the character that PostgreSQL keeps in none, and that only a request can bring."""
    from psycopg.types.string import StrDumper

    class WithoutNul(StrDumper):
        def dump(self, obj: str) -> bytes | bytearray | memoryview | None:
            return super().dump(obj.replace("\0", "") if "\0" in obj else obj)

    return WithoutNul


def _lives(connection: Connection) -> bool:
    with suppress(Exception):
        connection.execute("SELECT 1")
        return True
    return False


def _version(connection: Connection) -> int:
    """The version of the tables; 0 without any."""
    row = connection.execute("SELECT to_regclass(%s)", (f"{schema.SCHEMA}.version",)).fetchone()
    if row is None or row[0] is None:
        return 0
    kept = connection.execute(f"SELECT max(number) FROM {schema.SCHEMA}.version".encode()).fetchone()
    return int(kept[0] or 0) if kept else 0


def _is_away(error: psycopg.Error) -> bool:
    """Whether the server, and not what was asked of it, is what is wrong."""
    import psycopg

    if error.sqlstate:
        return error.sqlstate.startswith(_AWAY)
    return isinstance(error, psycopg.OperationalError) and not _refused(error)


def _refused(error: psycopg.Error) -> bool:
    """Whether a connection that failed was refused by a server that is there: of such an error only the text is known."""
    said = str(error)
    known = (
        "password authentication failed",
        "no password supplied",
        "pg_hba.conf",
        "does not exist",
        "authentication",
    )
    return not error.sqlstate and any(one in said for one in known)
