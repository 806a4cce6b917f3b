"""Real failures of SQLite and the system, told as what they are."""

from __future__ import annotations

import errno
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mundap.errors import MundapError, StorageDamaged, StorageFull, StorageLocked, WorkspaceBusy
from mundap.store import trouble
from mundap.store.record import File
from mundap.store.trouble import told


@contextmanager
def storage(path: Path) -> Iterator[None]:
    """What SQLite or the system raises inside, as it is told."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        if known := told(error, path):
            raise known from error
        raise


def database(path: Path, rows: int = 200) -> Path:
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE t(a TEXT)")
        made.executemany("INSERT INTO t VALUES (?)", [("가" * 500,)] * rows)
        made.commit()
    return path


def failing(path: Path, statement: str, *pragmas: str) -> MundapError:
    def fail() -> None:
        with closing(sqlite3.connect(path, timeout=0.05)) as db, storage(path):
            for pragma in pragmas:
                db.execute(f"PRAGMA {pragma}")
            db.execute(statement).fetchall()
            db.commit()

    with pytest.raises(MundapError) as caught:
        fail()
    return caught.value


def test_a_full_database_is_full(tmp_path: Path) -> None:
    path = database(tmp_path / "a.sqlite")
    error = failing(path, "INSERT INTO t SELECT a FROM t", "max_page_count=1")
    assert isinstance(error, StorageFull)
    assert str(path) in str(error)


@pytest.mark.parametrize(("left", "kind"), [(4096, StorageFull), (1 << 30, StorageDamaged), (-1, StorageDamaged)])
def test_what_cannot_be_written_on_a_disk_without_room_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: int, kind: type[MundapError]
) -> None:
    monkeypatch.setattr(trouble, "free", lambda path: left)
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_SHMSIZE"
    assert isinstance(told(error, tmp_path / "a.sqlite"), kind)


def test_what_sqlite_has_rolled_back_itself_is_told_as_it_was(tmp_path: Path) -> None:
    """As it does where a disk fills up within a transaction."""
    file = File(tmp_path / "a.sqlite")
    file.execute("CREATE TABLE t(a TEXT UNIQUE)")
    file.execute("INSERT INTO t VALUES ('가')")
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"), file.transaction():
        file.execute("INSERT OR ROLLBACK INTO t VALUES ('나'), ('가')")
    assert file.execute("SELECT count(*) FROM t").fetchone() == (1,)
    file.close()


def test_a_file_that_is_no_database_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    path.write_bytes(b"not a database, but long enough to have a header" * 50)
    assert isinstance(failing(path, "SELECT * FROM t"), StorageDamaged)


def test_a_damaged_page_is_damaged(tmp_path: Path) -> None:
    path = database(tmp_path / "a.sqlite")
    raw = bytearray(path.read_bytes())
    raw[4096:] = b"\xff" * (len(raw) - 4096)
    path.write_bytes(raw)
    error = failing(path, "SELECT count(a) FROM t")
    assert isinstance(error, StorageDamaged)
    assert "mundap restore" in str(error)


def test_what_may_only_be_read_is_locked(tmp_path: Path) -> None:
    path = database(tmp_path / "a.sqlite")
    assert isinstance(failing(path, "DELETE FROM t", "query_only=ON"), StorageLocked)
    assert isinstance(failing_to_open(tmp_path / "none" / "a.sqlite"), StorageLocked)


def failing_to_open(path: Path) -> MundapError:
    with pytest.raises(MundapError) as caught, storage(path):
        sqlite3.connect(path)
    return caught.value


def test_what_another_holds_is_busy(tmp_path: Path) -> None:
    path = database(tmp_path / "a.sqlite")
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert isinstance(failing(path, "DELETE FROM t"), WorkspaceBusy)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EROFS, StorageLocked),
        (errno.EACCES, StorageLocked),
        (errno.EIO, StorageDamaged),
        (errno.ENAMETOOLONG, MundapError),
    ],
)
def test_errors_of_the_system(number: int, kind: type[MundapError]) -> None:
    error = told(OSError(number, os.strerror(number), "/자료/색인"))
    assert isinstance(error, kind)
    assert "색인" in str(error)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM])
def test_what_is_used_up_may_be_had_again(number: int) -> None:
    error = told(OSError(number, os.strerror(number)))
    assert isinstance(error, WorkspaceBusy)
    assert "제한" in str(error)


def test_other_errors_pass(tmp_path: Path) -> None:
    assert told(FileNotFoundError(errno.ENOENT, "없음")) is None
    assert told(ValueError()) is None
    with (
        closing(sqlite3.connect(database(tmp_path / "a.sqlite"))) as db,
        pytest.raises(sqlite3.OperationalError),
        storage(tmp_path),
    ):
        db.execute("SELECT nothing FROM nowhere")


def test_a_write_that_the_system_cuts_off_is_full(tmp_path: Path) -> None:
    """A limit on the size of files is what a full disk is, without one."""
    code = f"""
import resource, signal
from mundap.store.trouble import told
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    with open({str(tmp_path / "big")!r}, "wb") as file:
        file.write(b"x" * 400_000)
except OSError as error:
    raise told(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "StorageFull" in done.stderr
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
