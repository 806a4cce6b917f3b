"""Who changed what, when, and what came of it: JSON lines that are only appended to, in files of bounded size."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from filelock import FileLock

from mundap.files import sync_folder
from mundap.korean.mask import mask
from mundap.store.record import Place

FILE = "audit.jsonl"
_LARGEST = 10 << 20  # bytes of a file, after which another is begun
_FILES = 20  # that are kept besides the one that is written
_LINES = 1_000_000  # at a server
_LOCK_SECONDS = 10

Action = Literal[
    "upload",
    "delete",
    "key add",
    "key change",
    "key remove",
    "promote",
    "erase",
    "answer",
    "synonyms",
    "settings",
    "sync",
]


@dataclass(frozen=True)
class Actor:
    """Who did it: the name of a key, "" without one, and the address; of the command line the user of the machine."""

    name: str
    address: str


class Audit:
    """The audit log in `folder`, or at a server, which keeps the last million lines. Safe to use from several threads and
    processes. Raises OSError, or what a server raises."""

    def __init__(self, folder: Place, largest: int = _LARGEST, files: int = _FILES) -> None:
        self._server = None if isinstance(folder, Path) else folder
        self._file = folder / FILE if isinstance(folder, Path) else Path()
        self._largest = largest
        self._files = files

    def record(self, actor: Actor, action: Action, what: Sequence[str], result: str, request_id: str = "") -> None:
        """Append a line, on the disk when this returns. `what` names documents, files, keys or models, and no texts."""
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "who": actor.name,
            "address": actor.address,
            "action": action,
            "what": [mask(one) for one in what],
            "result": result,
            **({"request_id": request_id} if request_id else {}),
        }
        raw = f"{json.dumps(line, ensure_ascii=False)}\n".encode("utf-8", "backslashreplace")
        if self._server is not None:
            [[number]] = self._server.execute(
                "INSERT INTO audit(said) VALUES (?) RETURNING id", (raw.decode(),)
            ).fetchall()
            self._server.execute("DELETE FROM audit WHERE id <= ?", (number - _LINES,))
            return
        with FileLock(self._file.with_suffix(".lock"), timeout=_LOCK_SECONDS, mode=0o600):
            self._rotate(len(raw))
            handle = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, raw)
                os.fsync(handle)
            finally:
                os.close(handle)

    def latest(self, count: int) -> list[dict[str, object]]:
        """The last `count` lines, newest first, from as many of the files as it takes; a line that a power cut tore is left
        out."""
        found: list[dict[str, object]] = []
        if self._server is not None:
            rows = self._server.execute("SELECT said FROM audit ORDER BY id DESC LIMIT ?", (count,))
            return [json.loads(said) for (said,) in rows]
        for path in (self._file, *(self._numbered(number) for number in range(1, self._files + 1))):
            if len(found) >= count or not path.is_file():
                break
            for line in reversed(path.read_text("utf-8", "replace").splitlines()):
                try:
                    found.append(json.loads(line))
                except ValueError:
                    continue
        return found[:count]

    def _rotate(self, coming: int) -> None:
        """Begin another file where this one would get too large; the oldest goes."""
        try:
            if self._file.stat().st_size + coming <= self._largest:
                return
        except FileNotFoundError:
            return
        for number in range(self._files, 1, -1):
            older = self._numbered(number - 1)
            if older.exists():
                older.replace(self._numbered(number))
        self._file.replace(self._numbered(1))
        sync_folder(self._file.parent)

    def _numbered(self, number: int) -> Path:
        return self._file.with_name(f"{FILE}.{number}")


def local_actor() -> Actor:
    """Whoever runs this process on this machine."""
    try:
        return Actor(getpass.getuser(), "local")
    except (OSError, KeyError):  # a container's user may have no name
        return Actor(str(os.getuid()) if hasattr(os, "getuid") else "local", "local")
