"""A queue of jobs in a PostgreSQL database, from which any number of workers take what is next.

A job is known by the digest of its function, its version of mundap and what it is called with, so that the same job is there
once, whoever asks for it and however often. A worker has it for a lease, which it renews while it works; after that, somebody
else may have it. What is claimed is told apart by the number of the try: who lost a lease cannot answer for it any more.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from mundap.errors import ConfigError, ExecutorError
from mundap.extras import need
from mundap.jobs.executor import TRIES
from mundap.postgresql import CONNECTION, EXTRA
from mundap.redact import hidden, one_line, shown_address
from mundap.stopping import pause

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

SCHEMES = ("postgresql://", "postgres://")
PATIENCE = 60.0  # seconds for which a server that is away is waited for
_AT_FIRST = 5.0  # the same, where it was never seen
_FIRST, _LONGEST = 0.05, 2.0  # seconds between two tries
_KEPT_DAYS = 7  # that what nobody takes is kept
_MAKING = 0x6D756E6A6F62  # of the lock that one process holds while it makes the tables
_TABLES = """
CREATE SCHEMA IF NOT EXISTS mundap_work;
CREATE TABLE IF NOT EXISTS mundap_work.jobs_1 (
    id bytea PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY,
    version text NOT NULL,
    function text NOT NULL,
    key text NOT NULL,
    message bytea NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'lost')),
    tries integer NOT NULL DEFAULT 0,
    worker text NOT NULL DEFAULT '',
    lease timestamptz,
    reply bytea,
    changed timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS jobs_1_open ON mundap_work.jobs_1 (version, number) WHERE state IN ('waiting', 'running');
CREATE TABLE IF NOT EXISTS mundap_work.workers_1 (
    name text PRIMARY KEY,
    version text NOT NULL,
    until timestamptz NOT NULL
);
"""
_CLAIM = f"""
UPDATE mundap_work.jobs_1
SET state = 'running', worker = %s, tries = tries + 1, lease = now() + make_interval(secs => %s), changed = now()
WHERE id = (
    SELECT id FROM mundap_work.jobs_1
    WHERE version = %s AND (state = 'waiting' OR (state = 'running' AND lease < now() AND tries < {TRIES}))
    ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id, function, key, message, tries
"""
_MINE = "WHERE id = %s AND worker = %s AND tries = %s AND state = 'running'"
T = TypeVar("T")


@dataclass(frozen=True)
class Asked:
    """A job as it is asked for: by its `id`, and by a `key` for people."""

    id: bytes
    function: str
    key: str
    message: bytes


@dataclass(frozen=True)
class Claimed:
    """A job that a worker has; `tries` counts those who had it, this one among them."""

    id: bytes
    function: str
    key: str
    message: bytes
    tries: int


class Queue:
    """The queue at `url`, for jobs of one `version` of mundap. For one thread.

    A server that goes away is waited for `patience` seconds: all that is asked of it may be asked twice. Raises MissingExtra,
    and ConfigError for a URL that is none; its methods raise ExecutorError.
    """

    def __init__(self, url: str, version: str, patience: float = PATIENCE) -> None:
        need("psycopg", EXTRA)
        self._version = version
        self._patience = patience
        self._connection: Connection | None = None
        self._settings = _read(url)
        self.address = shown_address(url)

    def make(self) -> None:
        """Make the tables where they are absent; a server that is not there is not waited for long."""
        self._run(_make, _AT_FIRST)

    # -- for who asks ---------------------------------------------------------------------------------------------

    def add(self, jobs: Sequence[Asked]) -> None:
        """Have these done, if they are not there yet."""
        if not jobs:
            return
        rows = [(job.id, self._version, job.function, job.key, job.message) for job in jobs]
        insert = (
            "INSERT INTO mundap_work.jobs_1 (id, version, function, key, message) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING"
        )
        self._run(lambda db: _many(db, insert, rows))

    def ended(self, ids: Collection[bytes], most: int = 8) -> list[tuple[bytes, bytes | None]]:
        """(id, reply) of those of `ids` that came to an end, at most so many; None for one that was given up."""
        query = (
            "SELECT id, reply FROM mundap_work.jobs_1 WHERE id = ANY(%s) AND state IN ('done', 'lost')"
            " ORDER BY number LIMIT %s"
        )
        return [
            (bytes(id), reply) for id, reply in self._run(lambda db: db.execute(query, (list(ids), most)).fetchall())
        ]

    def there(self, ids: Collection[bytes]) -> set[bytes]:
        """Those of `ids` that are in the queue, in whatever state."""
        query = "SELECT id FROM mundap_work.jobs_1 WHERE id = ANY(%s)"
        return {bytes(row[0]) for row in self._run(lambda db: db.execute(query, (list(ids),)).fetchall())}

    def forget(self, ids: Collection[bytes]) -> None:
        """Take out those of `ids` that ended."""
        query = "DELETE FROM mundap_work.jobs_1 WHERE id = ANY(%s) AND state IN ('done', 'lost')"
        self._run(lambda db: db.execute(query, (list(ids),)))

    def withdraw(self, ids: Collection[bytes]) -> None:
        """Take out those of `ids` that nobody has begun."""
        query = "DELETE FROM mundap_work.jobs_1 WHERE id = ANY(%s) AND state = 'waiting'"
        if ids:
            self._run(lambda db: db.execute(query, (list(ids),)), 0)

    def workers(self) -> dict[str, int]:
        """How many workers are there, by their version."""
        query = "SELECT version, count(*) FROM mundap_work.workers_1 WHERE until > now() GROUP BY version"
        return dict(self._run(lambda db: db.execute(query).fetchall()))

    def tidy(self) -> None:
        """Give up what has ended TRIES workers, and take out what nobody came for."""
        self._run(_tidy)

    # -- for workers ----------------------------------------------------------------------------------------------

    def claim(self, worker: str, lease: float) -> Claimed | None:
        """The next job, for `lease` seconds; None if there is none."""
        values = (worker, lease, self._version)
        row = self._run(lambda db: db.execute(_CLAIM, values).fetchone())
        return Claimed(bytes(row[0]), row[1], row[2], bytes(row[3]), row[4]) if row else None

    def answer(self, job: Claimed, worker: str, reply: bytes) -> bool:
        """Store what came of a job; whether it was still this worker's to answer."""
        query = f"UPDATE mundap_work.jobs_1 SET state = 'done', reply = %s, message = '', lease = NULL, changed = now() {_MINE}"
        return self._run(lambda db: db.execute(query, (reply, job.id, worker, job.tries)).rowcount) > 0

    def fail(self, job: Claimed, worker: str) -> bool:
        """The process that had the job ended: let others try, or give it up after TRIES; whether it was given up."""
        state = "lost" if job.tries >= TRIES else "waiting"
        query = f"UPDATE mundap_work.jobs_1 SET state = %s, lease = NULL, changed = now() {_MINE}"
        self._run(lambda db: db.execute(query, (state, job.id, worker, job.tries)))
        return state == "lost"

    def give_back(self, job: Claimed, worker: str) -> None:
        """Let others have the job, as if this worker had never had it."""
        query = (
            f"UPDATE mundap_work.jobs_1 SET state = 'waiting', tries = tries - 1, lease = NULL, changed = now() {_MINE}"
        )
        self._run(lambda db: db.execute(query, (job.id, worker, job.tries)), 0)

    def renew(self, worker: str, jobs: Collection[bytes], lease: float) -> None:
        """Say that the worker is there, and has these jobs for `lease` seconds more."""

        def say(db: Connection) -> None:
            with db.transaction():
                db.execute(
                    "UPDATE mundap_work.jobs_1 SET lease = now() + make_interval(secs => %s)"
                    " WHERE id = ANY(%s) AND worker = %s AND state = 'running'",
                    (lease, list(jobs), worker),
                )
                db.execute(
                    "INSERT INTO mundap_work.workers_1 VALUES (%s, %s, now() + make_interval(secs => %s))"
                    " ON CONFLICT (name) DO UPDATE SET until = excluded.until",
                    (worker, self._version, lease),
                )

        self._run(say)

    def leave(self, worker: str) -> None:
        """The worker goes."""
        self._run(lambda db: db.execute("DELETE FROM mundap_work.workers_1 WHERE name = %s", (worker,)), 0)

    def other_versions(self) -> dict[str, int]:
        """How many jobs wait for workers of other versions, by version."""
        query = "SELECT version, count(*) FROM mundap_work.jobs_1 WHERE state = 'waiting' AND version <> %s GROUP BY version"
        return dict(self._run(lambda db: db.execute(query, (self._version,)).fetchall()))

    # -- the connection -------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
            self._connection = None

    def _run(self, action: Callable[[Connection], T], patience: float | None = None) -> T:
        """What `action` gives, tried again over a new connection while the server is away. It may have been done before."""
        import psycopg

        until = time.monotonic() + (self._patience if patience is None else patience)
        wait = _FIRST
        while True:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = psycopg.connect(autocommit=True, **self._settings)
                return action(self._connection)
            except psycopg.OperationalError as error:
                self.close()
                if time.monotonic() + wait > until or _is_wrong(error):
                    raise ExecutorError(self._sentence(error)) from error
            except psycopg.Error as error:
                self.close()
                raise ExecutorError(self._sentence(error)) from error
            pause(wait * random.uniform(0.5, 1))
            wait = min(2 * wait, _LONGEST)

    def _sentence(self, error: Exception) -> str:
        return (
            f"작업 대기열({self.address})을 사용할 수 없습니다: {hidden(one_line(str(error), 300))}."
            " 서버와 [jobs] url의 주소, 이름, 암호, 권한을 확인하고 다시 실행하세요. 끝난 작업은 다시 하지 않습니다."
        )


def _read(url: str) -> dict[str, Any]:
    """The settings of a connection. Raises ConfigError for what is no URL."""
    import psycopg

    if not url:
        raise ConfigError(
            "작업 대기열의 주소가 없습니다. mundap.toml에 지정하세요. 예: [jobs] url ="
            ' "postgresql://mundap@db.example:5432/mundap" (암호는 ~/.pgpass나 PGPASSWORD에)'
        )
    try:
        if not url.startswith(SCHEMES):
            raise ValueError(f"{url.partition(':')[0]}:")
        return {**CONNECTION, **psycopg.conninfo.conninfo_to_dict(url)}
    except (psycopg.Error, ValueError) as error:
        raise ConfigError(
            f"jobs.url '{shown_address(url)}'은(는) PostgreSQL 주소가 아닙니다. 예: postgresql://이름@호스트:5432/데이터베이스"
        ) from error


def _make(db: Connection) -> None:
    if db.execute("SELECT to_regclass('mundap_work.workers_1')").fetchone() != (None,):
        return
    with db.transaction():
        db.execute("SELECT pg_advisory_xact_lock(%s)", (_MAKING,))
        db.execute(_TABLES)


def _tidy(db: Connection) -> None:
    with db.transaction():
        db.execute(
            "UPDATE mundap_work.jobs_1 SET state = 'lost', changed = now()"
            " WHERE state = 'running' AND lease < now() AND tries >= %s",
            (TRIES,),
        )
        db.execute(
            "DELETE FROM mundap_work.jobs_1 WHERE state <> 'running' AND changed < now() - make_interval(days => %s)",
            (_KEPT_DAYS,),
        )
        db.execute("DELETE FROM mundap_work.workers_1 WHERE until < now()")


def _many(db: Connection, query: str, rows: Sequence[tuple[object, ...]]) -> None:
    with db.transaction(), db.cursor() as cursor:
        cursor.executemany(query.encode(), rows)


def _is_wrong(error: psycopg.OperationalError) -> bool:
    """Whether the server is there and does not want us, which waiting does not mend."""
    if error.sqlstate:
        return error.sqlstate[:2] in ("28", "3D", "42")
    text = str(error)
    return "FATAL" in text and any(
        word in text for word in ("authentication failed", "does not exist", "no pg_hba.conf entry", "not permitted")
    )
