"""Files that come over HTTP: names that cannot point elsewhere, and a folder in which a file is whole or not there."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
import unicodedata
from contextlib import suppress
from pathlib import Path

from mundap.errors import MundapError
from mundap.files import digest, sync_folder

FOLDER = "uploads"
LONGEST = 180  # bytes of a name: file systems take 255, and programs that save files put marks around them
_INCOMING = ".incoming-"
_FORGOTTEN = 86_400  # seconds after which what came in and was never taken is thrown away
_FORBIDDEN = re.compile(r'[<>:"|?*]')  # in names, on Windows
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}$")


def safe_name(name: str) -> str:
    """What a client calls a file, as the name of a file in one folder: composed Hangul, no path, nothing unseen, no
    hidden file, no device of Windows, at most LONGEST bytes. Idempotent.

    A name that was too long ends in a hash, so that two of them stay two. Raises MundapError if nothing is left.
    """
    last = re.split(r"[/\\]", name)[-1]
    seen = "".join(letter for letter in last if unicodedata.category(letter) not in _UNSEEN or letter.isspace())
    plain = _FORBIDDEN.sub("_", " ".join(unicodedata.normalize("NFC", seen).split())).lstrip(". ~$").rstrip(". ")
    if not plain:
        raise MundapError(f"{name!r:.80}: 파일 이름으로 쓸 수 없습니다. 이름을 바꿔서 올려 주세요.")
    if _DEVICE.match(plain):
        plain = f"_{plain}"
    return plain if len(plain.encode()) <= LONGEST else _shortened(plain)


def _shortened(name: str) -> str:
    found = _SUFFIX.search(name)
    suffix = found.group() if found else ""
    mark = f"~{digest(name)}{suffix}"
    stem = name.removesuffix(suffix).encode()[: LONGEST - len(mark)].decode("utf-8", "ignore")
    return f"{stem.rstrip('. ')}{mark}"


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
