"""Folders of one's own for files that are on their way, which others can tell from those of processes that were killed.

What makes a folder holds a lock on a file in it, which the system lets go of with the process, however that ends.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_CLAIM = ".claim"


class Aside:
    """A new folder in `parent`, which is made too, with a name that begins with `prefix`; it is ours until `close`."""

    def __init__(self, parent: Path, prefix: str) -> None:
        """Raises OSError."""
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        beside = self.folder / f"{_CLAIM}.new"
        self._claim = beside.open("wb")
        fcntl.flock(self._claim, fcntl.LOCK_EX)
        beside.rename(self.folder / _CLAIM)  # which is never there without its lock

    def __enter__(self) -> Aside:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Delete it with what is in it. May be called again."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._claim.close()


def abandoned(parent: Path, prefix: str) -> Iterator[Path]:
    """The folders in `parent` that processes which are gone have left, in order; each is deleted after it was looked at."""
    for folder in sorted(parent.glob(f"{prefix}*")):
        try:
            claim = (folder / _CLAIM).open("rb")
        except OSError:  # it is being made or deleted, is none of these, or another user's
            continue
        with claim:
            try:
                fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield folder
            shutil.rmtree(folder, ignore_errors=True)


def sweep(parent: Path, prefix: str) -> None:
    """Delete those."""
    for _ in abandoned(parent, prefix):
        pass
