"""API keys: made here, shown once, and kept as hashes in a file that only its owner reads."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mundap.errors import MundapError, UnknownName

FILE = "keys.json"
LENT = "mundap up"  # the name of the key that `mundap up` gives its page
LENT_DIGEST = "MUNDAP_LENT_KEY_DIGEST"  # the variable that tells the API of it
_PREFIX = "mundap-"  # so that a key in a log or a repository is seen for what it is


@dataclass(frozen=True)
class Key:
    """What is kept of a key. `digest` is SHA-256: the keys are 256 random bits, which need no salt."""

    name: str
    digest: str
    added: str


class Keys:
    """The keys in the file at `path`, which is read anew when it changes: a key that is removed opens nothing more."""

    def __init__(self, path: Path, lent: str = "") -> None:
        """`lent` is the digest of one more key, which is in no file: it opens what the others open."""
        self._path = path
        self._lent = (Key(LENT, lent, ""),) if lent else ()
        self._read: tuple[object, tuple[Key, ...]] = (None, ())

    def all(self) -> tuple[Key, ...]:
        """All keys by name. Raises MundapError if the file cannot be read."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return ()
        version = (status.st_mtime_ns, status.st_ino, status.st_size)
        if self._read[0] != version:
            try:
                kept = [Key(**row) for row in json.loads(self._path.read_text("utf-8"))]
            except (OSError, ValueError, TypeError) as error:
                raise MundapError(
                    f"{self._path}: API 키 파일을 읽을 수 없습니다({error}). 파일을 삭제하고 키를 다시 만드세요: mundap keys add 이름"
                ) from error
            self._read = (version, tuple(sorted(kept, key=lambda key: key.name)))
        return self._read[1]

    def add(self, name: str) -> str:
        """Make a key and return it; it cannot be shown again. Raises MundapError if there is one of that name."""
        if not name.strip() or not name.isprintable() or len(name) > 100:
            raise MundapError(f"'{name}': API 키의 이름은 1자 이상 100자 이하여야 합니다. 예: mundap keys add 홈페이지")
        kept = self.all()
        if any(key.name == name for key in kept):
            raise MundapError(
                f"이름이 '{name}'인 API 키가 이미 있습니다. 다른 이름을 지정하거나 먼저 삭제하세요: mundap keys remove {name}"
            )
        made = new_key()
        self._write((*kept, Key(name, digest_of(made), datetime.now(UTC).isoformat(timespec="seconds"))))
        return made

    def remove(self, name: str) -> None:
        """Forget a key. Raises UnknownName."""
        kept = self.all()
        if all(key.name != name for key in kept):
            raise UnknownName("key", name, [key.name for key in kept])
        self._write(tuple(key for key in kept if key.name != name))

    def holder(self, given: str) -> str | None:
        """The name of the key that was given, or None. It takes as long for a wrong key as for a right one."""
        digest, name = digest_of(given), None
        for key in (*self.all(), *self._lent):
            if hmac.compare_digest(digest, key.digest):
                name = key.name
        return name

    def _write(self, keys: tuple[Key, ...]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_name(f".{FILE}.{os.getpid()}")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump([vars(key) for key in keys], file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)


def new_key() -> str:
    """A key that nobody can guess."""
    return _PREFIX + secrets.token_urlsafe(32)


def digest_of(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
