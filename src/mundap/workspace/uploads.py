"""Files that come over HTTP, in a folder in which a file is whole or not there."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from mundap.files import sync_folder

FOLDER = "uploads"
_INCOMING = ".incoming-"
_FORGOTTEN = 86_400  # seconds after which what came in and was never taken is thrown away


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

    def incoming(self) -> Path:
        """A new folder, beside the uploads and never read as one of them, for files that are to be placed."""
        self.folder.mkdir(exist_ok=True)
        for old in self.folder.glob(f"{_INCOMING}*"):
            with suppress(OSError):
                if time.time() - old.stat().st_mtime > _FORGOTTEN:
                    shutil.rmtree(old, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix=_INCOMING, dir=self.folder))

    def place(self, file: Path, name: str) -> None:
        """Move a file from `incoming` to its place, over what had its name. It is on the disk when this returns."""
        with file.open("rb") as written:
            os.fsync(written.fileno())
        file.replace(self.folder / name)
        sync_folder(self.folder)

    def drop(self, source: str) -> None:
        """Delete the file of a document, if it was uploaded and is there."""
        if self.holds(source):
            (self.folder / source.removeprefix(f"{FOLDER}/")).unlink(missing_ok=True)
