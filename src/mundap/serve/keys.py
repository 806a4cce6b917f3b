"""API keys: made here, shown once, and kept as hashes in a file that only its owner reads, or at the server of the record."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from mundap.access import LONGEST_TAG, is_tag
from mundap.errors import BadOption, MundapError, UnknownName
from mundap.files import sync_folder
from mundap.store.record import Place, Server

FILE = "keys.json"
LENT = "mundap up"  # the name of the key that `mundap up` gives its page
LENT_DIGEST = "MUNDAP_LENT_KEY_DIGEST"  # the variable that tells the API of it
_PREFIX = "mundap-"  # so that a key in a log or a repository is seen for what it is
ROLES = ("ask", "read", "write", "admin")
_FORMER = ("ask", "read", "write")  # what keys could do that were made before there were roles
_LOCK_SECONDS = 30
_SECOND = 1.0  # for which the keys at a server are known


@dataclass(frozen=True)
class Quota:
    """What a key may use up. None is what the settings of the server say, or no limit."""

    per_minute: int | None = None
    per_day: int | None = None
    upload_mb_per_day: int | None = None
    documents: int | None = None

    def over(self, before: Quota) -> Quota:
        """`before`, but for what is not None here."""
        return replace(before, **{name: most for name, most in vars(self).items() if most is not None})


@dataclass(frozen=True)
class Key:
    """What is kept of a key. `digest` is SHA-256: the keys are 256 random bits, which need no salt.

    `roles` are of ROLES; `access` are tags of documents that the holder may see besides those without tags.
    """

    name: str
    digest: str
    added: str
    roles: tuple[str, ...] = _FORMER
    access: tuple[str, ...] = ()
    quota: Quota = Quota()


class Keys:
    """The keys in a file, which is read anew when it changes: a key that is removed opens nothing more. At a server they
    are read anew every second."""

    def __init__(self, where: Place, lent: str = "") -> None:
        """`lent` is the digest of one more key, which is in no file: it opens what the others open."""
        self._server = None if isinstance(where, Path) else where
        self._path = where if isinstance(where, Path) else Path()
        self._lent = (Key(LENT, lent, ""),) if lent else ()
        self._read: tuple[object, tuple[Key, ...]] = (None, ())
        self._looked = -_SECOND

    @property
    def waits(self) -> bool:
        """Whether `all` may have to wait for a server; not within a second after it has given them."""
        return self._server is not None and time.monotonic() - self._looked > _SECOND

    def all(self) -> tuple[Key, ...]:
        """All keys by name. Raises MundapError if they cannot be read."""
        if self._server is not None:
            if self.waits:
                now = time.monotonic()
                self._read = (None, self._rows(self._server))
                self._looked = now
            return self._read[1]
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return ()
        version = (status.st_mtime_ns, status.st_ino, status.st_size)
        if self._read[0] != version:
            try:
                kept = [_key(row) for row in json.loads(self._path.read_text("utf-8"))]
            except (OSError, ValueError, TypeError) as error:
                raise MundapError(
                    f"{self._path}: API 키 파일을 읽을 수 없습니다({error}). 파일을 삭제하고 키를 다시 만드세요: mundap keys add 이름"
                ) from error
            self._read = (version, tuple(sorted(kept, key=lambda key: key.name)))
        return self._read[1]

    @staticmethod
    def _rows(server: Server) -> tuple[Key, ...]:
        return tuple(_key(json.loads(said)) for (said,) in server.execute("SELECT said FROM keys ORDER BY name"))

    def add(
        self, name: str, roles: Iterable[str] = ("ask",), access: Iterable[str] = (), quota: Quota | None = None
    ) -> str:
        """Make a key and return it; it cannot be shown again. Raises MundapError if there is one of that name."""
        if not name.strip() or not name.isprintable() or len(name) > 100:
            raise MundapError(f"'{name}': API 키의 이름은 1자 이상 100자 이하여야 합니다. 예: mundap keys add 홈페이지")
        made = new_key()
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._changing() as kept:
            if any(key.name == name for key in kept):
                raise MundapError(
                    f"이름이 '{name}'인 API 키가 이미 있습니다. 다른 이름을 지정하거나 먼저 삭제하세요: mundap keys remove {name}"
                )
            key = Key(name, digest_of(made), now, _roles(roles), _tags(access), quota or Quota())
            self._write((*kept, key))
        return made

    def change(
        self,
        name: str,
        roles: Iterable[str] | None = None,
        access: Iterable[str] | None = None,
        quota: Quota | None = None,
    ) -> Key:
        """Give a key other rights and limits, where they are not None; it stays the same key. Raises UnknownName."""
        with self._changing() as kept:
            key = _named(kept, name)
            changed = replace(
                key,
                roles=key.roles if roles is None else _roles(roles),
                access=key.access if access is None else _tags(access),
                quota=(quota or Quota()).over(key.quota),
            )
            self._write(tuple(changed if one is key else one for one in kept))
        return changed

    def remove(self, name: str) -> None:
        """Forget a key. Raises UnknownName."""
        with self._changing() as kept:
            gone = _named(kept, name)
            self._write(tuple(key for key in kept if key is not gone))

    @contextmanager
    def _changing(self) -> Iterator[tuple[Key, ...]]:
        """The keys as they are, while nobody else changes them."""
        if self._server is not None:
            with self._server.transaction():
                yield self._rows(self._server)
            self._looked = -_SECOND
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(self._path.with_suffix(".lock"), timeout=_LOCK_SECONDS, mode=0o600):
            self._read = (None, ())  # another process may have written within one tick of the file's clock
            yield self.all()

    def holder(self, given: str) -> Key | None:
        """What is kept of the key that was given, or None. It takes as long for a wrong key as for a right one."""
        digest, found = digest_of(given), None
        for key in (*self.all(), *self._lent):
            if hmac.compare_digest(digest, key.digest):
                found = key
        return found

    def _write(self, keys: tuple[Key, ...]) -> None:
        if self._server is not None:
            self._server.execute("DELETE FROM keys")
            rows = [(key.name, json.dumps(asdict(key), ensure_ascii=False)) for key in keys]
            self._server.executemany("INSERT INTO keys VALUES (?,?)", rows)
            return
        beside = self._path.with_name(f".{FILE}.{os.getpid()}")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump([asdict(key) for key in keys], file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
        sync_folder(self._path.parent)


def new_key() -> str:
    """A key that nobody can guess."""
    return _PREFIX + secrets.token_urlsafe(32)


def digest_of(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _key(row: dict[str, Any]) -> Key:
    """A key as it is kept. One of before there were roles may do what it could, and sees no document with tags."""
    quota = Quota(**row.pop("quota", {}))
    roles, access = tuple(row.pop("roles", _FORMER)), tuple(row.pop("access", ()))
    return Key(**row, roles=roles, access=access, quota=quota)


def _named(keys: Iterable[Key], name: str) -> Key:
    kept = list(keys)
    for key in kept:
        if key.name == name:
            return key
    raise UnknownName("key", name, [key.name for key in kept])


def _roles(given: Iterable[str]) -> tuple[str, ...]:
    known = ROLES
    wanted = split_list(given)
    for role in wanted:
        if role not in known:
            raise UnknownName("role", role, known)
    if not wanted:
        raise BadOption("--role", "''", f"{', '.join(known)} 중 하나 이상을 지정하세요")
    return tuple(role for role in known if role in wanted)


def _tags(given: Iterable[str]) -> tuple[str, ...]:
    tags = split_list(given)
    for tag in tags:
        if not is_tag(tag):
            raise BadOption("--access", f"'{tag}'", f"태그는 {LONGEST_TAG}자 이하의 글자여야 합니다")
    return tuple(tags)


def split_list(given: Iterable[str]) -> list[str]:
    """The distinct values of options that may be given several times, or parted by commas, in order."""
    return list(dict.fromkeys(part.strip() for one in given for part in one.split(",") if part.strip()))
