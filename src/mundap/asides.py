"""Folders of one's own for files that are on their way, which others can tell from those of processes that were killed.

What makes a folder holds a lock on a file in it, which the system lets go of with the process, however that ends.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

_CLAIM = ".claim"


class Aside:
    """A new folder in `parent`, which is made too, with a name that begins with `prefix`; it is ours until `close`."""

    def __init__(self, parent: Path, prefix: str) -> None:
        """Raises OSError."""
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            self.folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
            self._claim = _lock(self.folder)
            with suppress(FileNotFoundError):  # it was taken for abandoned before it was locked
                self._claim.acquire()  # also makes the folder again, if it was found without its lock
                break

    def __enter__(self) -> Aside:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Delete it with what is in it. May be called again."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._claim.release()
        shutil.rmtree(self.folder, ignore_errors=True)  # again: Windows deletes no file that is open


def abandoned(parent: Path, prefix: str) -> Iterator[Path]:
    """The folders in `parent` that processes which are gone have left, in order; each is deleted after it was looked at."""
    for folder in sorted(parent.glob(f"{prefix}*")):
        if not (folder / _CLAIM).is_file():  # it is being made, or deleted, or none of these
            continue
        try:
            with _lock(folder).acquire(timeout=0):
                yield folder
                shutil.rmtree(folder, ignore_errors=True)  # while nobody else can take it
        except OSError:  # it is held, or another user's
            continue
        if sys.platform == "win32":  # which deletes no file that is open
            shutil.rmtree(folder, ignore_errors=True)


def sweep(parent: Path, prefix: str) -> None:
    """Delete those."""
    for _ in abandoned(parent, prefix):
        pass


def _lock(folder: Path) -> FileLock:
    return FileLock(folder / _CLAIM, mode=0o600, thread_local=False)
