"""What a very large file holds, which goes from the process that reads to the one that stores by the disk."""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

T = TypeVar("T")
_BATCH = 2000


@dataclass
class Spooled(Generic[T]):
    """Items in a file of their own, read again each time they are gone through. `count` is how many."""

    path: Path
    count: int
    _file: BinaryIO | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[T]:
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

    def discard(self) -> None:
        """Take the file from the disk."""
        self.path.unlink(missing_ok=True)

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()


class Spool(Generic[T]):
    """A new file that items are put into. What is not `closed` is gone from the disk with this object."""

    def __init__(self) -> None:
        handle, name = tempfile.mkstemp(prefix="mundap-")
        self._path = Path(name)
        self._file = os.fdopen(handle, "wb")
        self._count = 0
        self._closed = False

    def put(self, items: Iterable[T]) -> None:
        """Append all of them."""
        every = iter(items)
        while batch := tuple(islice(every, _BATCH)):
            self._count += len(batch)
            self._file.write(pickle.dumps(batch, pickle.HIGHEST_PROTOCOL))

    def closed(self) -> Spooled[T]:
        """What has been put."""
        self._file.close()
        self._closed = True
        return Spooled(self._path, self._count)

    def __del__(self) -> None:
        if not self._closed:
            self._file.close()
            self._path.unlink(missing_ok=True)


def spooled(items: Iterable[T]) -> Spooled[T]:
    """`items` in a new file, which is gone if they cannot all be put there."""
    spool = Spool[T]()
    spool.put(items)
    return spool.closed()
