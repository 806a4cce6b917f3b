"""Files that come over HTTP, in a folder in which a file is whole or not there.

What a process was doing when it was killed can be finished by the next: it lies in a folder of its own until then.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mundap.asides import Aside, abandoned
from mundap.files import sync_folder
from mundap.ingest.readers import exists, nfc_path, spelled

FOLDER = "uploads"
MOVING = ".moving"  # the folder in it for what comes and what goes
_COMES, _GOES = "in-", "out-"


class Uploads:
    """The folder of uploads in the workspace at `root`. It need not be there."""

    def __init__(self, root: Path) -> None:
        self.folder = root / FOLDER

    @staticmethod
    def source(name: str) -> str:
        """What the corpus calls the file of that name."""
        return f"{FOLDER}/{name}"

    @staticmethod
    def holds(source: str) -> bool:
        """Whether a document of this source was uploaded."""
        return source.startswith(f"{FOLDER}/")

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
        """Move a file from `incoming` to its place, over what had its name. Its name is on the disk when this returns."""
        file.replace(self.folder / name)
        sync_folder(self.folder)

    @contextmanager
    def leaving(self, source: str) -> Iterator[None]:
        """The file of a document, if it was uploaded and is there, is deleted if what is done inside succeeds."""
        file = spelled(self.folder / source.removeprefix(f"{FOLDER}/")) if self.holds(source) else None
        if file is None:
            yield
            return
        with Aside(self.folder / MOVING, _GOES) as aside:
            gone = file.replace(aside.folder / file.name)
            sync_folder(file.parent)
            try:
                yield
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
