"""Passages of a very large file, which go from the process that reads to the one that stores by the disk."""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from mundap.types import Passage

_BATCH = 2000


@dataclass
class Spooled:
    """Passages in a file of their own, read again each time they are gone through. `count` is how many."""

    path: Path
    count: int
    _file: BinaryIO | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Passage]:
        with self.path.open("rb") if self._file is None else os.fdopen(os.dup(self._file.fileno()), "rb") as file:
            file.seek(0)
            while True:
                try:
                    yield from pickle.load(file)
                except EOFError:
                    return

    def taken(self) -> None:
        """Keep the file for this object alone: it is gone from the disk with it, even if this process is killed."""
        self._file = self.path.open("rb")
        self.path.unlink()

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()


def spooled(passages: Iterable[Passage]) -> Spooled:
    """`passages` in a new file."""
    handle, name = tempfile.mkstemp(prefix="mundap-")
    count = 0
    try:
        with os.fdopen(handle, "wb") as file:
            every = iter(passages)
            while batch := tuple(islice(every, _BATCH)):
                count += len(batch)
                file.write(pickle.dumps(batch, pickle.HIGHEST_PROTOCOL))
    except BaseException:  # of memory or of the disk: nothing is left behind
        Path(name).unlink(missing_ok=True)
        raise
    return Spooled(Path(name), count)
