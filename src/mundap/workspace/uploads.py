"""Files that come over HTTP, in a folder in which a file is whole or not there.

What a process was doing when it was killed can be finished by the next: it lies in a folder of its own until then.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from mundap.asides import Aside, abandoned
from mundap.errors import RecordUnreachable
from mundap.files import digest, sync_folder
from mundap.ingest.readers import exists, nfc_path, spelled

if TYPE_CHECKING:
    from mundap.store.bucket import Bucket

FOLDER = "uploads"
MOVING = ".moving"  # the folder in it for what comes and what goes
AT_HAND = ".mundap/uploads"  # the folder for what was read of a bucket
_COMES, _GOES = "in-", "out-"


class Uploads:
    """The uploads of the workspace at `root`: in a folder, which need not be there, or in a `bucket`, which other machines
    share; then what was read of it is kept in the folder `at_hand`."""

    def __init__(self, root: Path, bucket: Bucket | None = None, at_hand: Path | None = None) -> None:
        self.folder = root / FOLDER
        self._bucket = bucket
        self._at_hand = at_hand or root / AT_HAND
        self._fetching = Lock()

    @staticmethod
    def source(name: str) -> str:
        """What the corpus calls the file of that name."""
        return f"{FOLDER}/{name}"

    @staticmethod
    def holds(source: str) -> bool:
        """Whether a document of this source was uploaded."""
        return source.startswith(f"{FOLDER}/")

    @property
    def elsewhere(self) -> bool:
        """Whether they are in a bucket."""
        return self._bucket is not None

    def files(self) -> dict[str, Path]:
        """All that are in the bucket, by source; none without one: a folder is walked as any other."""
        if self._bucket is None:
            return {}
        return {
            self.source(one.name): file
            for one in self._bucket.files()
            if not one.name.startswith(".") and (file := self._fetched(one.name, one.tag)) is not None
        }

    def file(self, source: str) -> Path | None:
        """Where the file of an uploaded document can be read; None if it is not there."""
        name = source.removeprefix(f"{FOLDER}/")
        if self._bucket is None:
            return spelled(self.folder / name)
        tag = self._bucket.tag(name)
        return None if tag is None else self._fetched(name, tag)

    def has(self, source: str) -> bool:
        """Whether the file of an uploaded document is there."""
        name = source.removeprefix(f"{FOLDER}/")
        return exists(self.folder / name) if self._bucket is None else self._bucket.tag(name) is not None

    def incoming(self) -> Aside:
        """A new folder, beside the uploads and never read as one of them, for files that are to be placed."""
        self.folder.mkdir(exist_ok=True)
        return Aside(self.folder / MOVING, _COMES)

    def keep(self, files: Iterable[Path]) -> None:
        """Have files from `incoming` on the disk, so that placing them is only a new name."""
        for file in files:
            with file.open("rb") as written:
                os.fsync(written.fileno())

    def place(self, file: Path, name: str) -> None:
        """Move a file from `incoming` to its place, over what had its name. Its name is on the disk when this returns, or the
        file in the bucket."""
        if self._bucket is not None:
            self._bucket.put(name, file)
            file.unlink()
            return
        file.replace(self.folder / name)
        sync_folder(self.folder)

    @contextmanager
    def leaving(self, source: str) -> Iterator[None]:
        """The file of a document, if it was uploaded and is there, is deleted if what is done inside succeeds.

        Where nobody can tell whether it did, as when the record was lost in the middle, the file goes, too: left behind,
        it would bring back a document that is gone, and one that is not gone can be deleted again.
        """
        file = self.file(source) if self.holds(source) else None
        if file is None:
            yield
            return
        if self._bucket is not None:
            name = source.removeprefix(f"{FOLDER}/")
            self._bucket.delete(name)
            try:
                yield
            except RecordUnreachable:
                raise
            except BaseException:
                self._bucket.put(name, file)
                raise
            shutil.rmtree(file.parent.parent, ignore_errors=True)
            return
        with Aside(self.folder / MOVING, _GOES) as aside:
            gone = file.replace(aside.folder / file.name)
            sync_folder(file.parent)
            try:
                yield
            except RecordUnreachable:
                raise
            except BaseException:
                gone.replace(file)
                raise

    def arrived(self) -> Iterator[tuple[str, Path]]:
        """The files, by name, that were on their way when the process that took them in was killed. Each is deleted after it
        was looked at, if it is still there."""
        for folder in abandoned(self.folder / MOVING, _COMES):
            yield from ((file.name, file) for file in sorted(folder.glob("*/*")))

    def left(self) -> Iterator[str]:
        """The names of the files that were being deleted when the process that did it was killed."""
        for folder in abandoned(self.folder / MOVING, _GOES):
            names = (nfc_path(Path(file.name)) for file in sorted(folder.iterdir()))
            yield from (name for name in names if not exists(self.folder / name))

    def _fetched(self, name: str, tag: str) -> Path | None:
        """The file of this content, from the bucket unless it is at hand; None if it went meanwhile."""
        assert self._bucket is not None
        place = self._at_hand / digest(name)
        file = place / tag / Path(name).name
        with self._fetching, Aside(self._at_hand, _COMES) as aside:
            if file.is_file():
                return file
            into = aside.folder / file.name
            if not self._bucket.get(name, into):
                return None
            shutil.rmtree(place, ignore_errors=True)  # of older content
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return into.replace(file)
