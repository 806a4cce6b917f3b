"""What SQLite and the system say of a disk, as what it is: full, read-only, damaged, missing, busy; and of what else there is
only so much of. Each with its remedy."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

from mundap.errors import MundapError, StorageDamaged, StorageFull, StorageLocked, WorkspaceBusy
from mundap.store.space import free

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_LOCKED = {errno.EROFS, errno.EACCES, errno.EPERM}
_WORN = {errno.EIO}
_SPENT = {  # what there may be only so much of, by the system's limit
    errno.EMFILE: "열 수 있는 파일 수 제한(ulimit -n)",
    errno.ENFILE: "시스템 전체의 열린 파일 수 제한(fs.file-max)",
    errno.EAGAIN: "프로세스와 스레드 수 제한(ulimit -u)",
    errno.ENOMEM: "메모리 제한",
}
_SCANT = 1 << 20  # bytes left of a disk that is as good as full: what SQLite could not write needed more
_SHOWN = 40  # characters of a name that is too long
_NAMES = {  # https://www.sqlite.org/rescode.html, without what follows the primary code
    "SQLITE_FULL": StorageFull,
    "SQLITE_READONLY": StorageLocked,
    "SQLITE_PERM": StorageLocked,
    "SQLITE_AUTH": StorageLocked,
    "SQLITE_CANTOPEN": StorageLocked,
    "SQLITE_CORRUPT": StorageDamaged,
    "SQLITE_NOTADB": StorageDamaged,
    "SQLITE_IOERR": StorageDamaged,
    "SQLITE_BUSY": WorkspaceBusy,
    "SQLITE_LOCKED": WorkspaceBusy,
}


def told(error: BaseException, path: Path | None = None) -> MundapError | None:
    """The error of storage that `error` is, in a sentence; None if it is none. `path` is the file, where `error` names none."""
    if isinstance(error, sqlite3.Error):
        name = str(getattr(error, "sqlite_errorname", "") or "")
        kind = next((kind for code, kind in _NAMES.items() if name == code or name.startswith(f"{code}_")), None)
        if name.startswith("SQLITE_IOERR") and path is not None and 0 <= free(path) < _SCANT:
            kind = StorageFull  # a disk that fills up within a write is an error of input and output to SQLite
        return None if kind is None else _sentence(kind, path, error)
    if isinstance(error, OSError):
        where = Path(os.fsdecode(error.filename)) if isinstance(error.filename, (str, bytes)) else path
        if error.errno in _FULL:
            return _sentence(StorageFull, where, error)
        if error.errno in _LOCKED:
            return _sentence(StorageLocked, where, error)
        if error.errno in _WORN:
            return _sentence(StorageDamaged, where, error)
        if error.errno == errno.ENAMETOOLONG:
            return MundapError(
                f"{where.name[:_SHOWN] if where else ''}…: 이름이 너무 깁니다. 파일과 폴더의 이름은 255바이트(한글 85자)까지입니다."
                " 짧은 이름을 지정하세요."
            )
        if error.errno in _SPENT:
            return WorkspaceBusy(
                f"{_SPENT[error.errno]}에 도달했습니다. 잠시 후 다시 시도하고, 계속되면 제한을 늘리세요."
            )
    return None


def _sentence(kind: type[MundapError], path: Path | None, error: BaseException) -> MundapError:
    where = f"{path}: " if path else ""
    if kind is StorageFull:
        return StorageFull(
            f"{where}디스크에 남은 공간이 없어 쓰지 못했습니다. 공간을 비우고 다시 실행하세요. 저장된 것은 그대로 있습니다."
        )
    if kind is StorageLocked:
        return StorageLocked(f"{where}쓸 수 없습니다({error}). 폴더의 권한과, 디스크가 읽기 전용인지 확인하세요.")
    if kind is StorageDamaged:
        return StorageDamaged(
            f"{where}파일이 손상되었거나 디스크에서 읽을 수 없습니다({error}). 디스크를 확인하고 백업에서 되살리세요:"
            " mundap restore FILE 새폴더"
        )
    return WorkspaceBusy(f"{where}다른 프로세스가 사용하고 있습니다. 잠시 후 다시 실행하세요.")
