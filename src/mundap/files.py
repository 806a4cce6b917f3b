"""Hashes, batches, and writes that are either whole or not there."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from hashlib import blake2b, file_digest
from itertools import islice
from pathlib import Path
from secrets import token_hex
from threading import Lock
from tokenize import TokenError
from typing import TYPE_CHECKING, Any, TypeVar

from filelock import FileLock

if TYPE_CHECKING:
    import numpy.typing as npt

_FORGOTTEN = 3600.0  # seconds after which what was being written beside a file was left by a kill
_PARSING = Lock()
_T = TypeVar("_T")
_FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "＝",
    "＋",
    "－",
    "＠",
)  # which begin a formula in one spreadsheet or another


def cell(text: str) -> str:
    """`text` as a cell of a CSV file, which no spreadsheet takes for a formula; `uncell` gives it back."""
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA) else text


def uncell(text: str) -> str:
    """What `cell` was given."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(_FORMULA) else text


def digest(*parts: str | bytes, size: int = 8) -> str:
    """Hex of `size` bytes that depends on every part and on where each ends."""
    hasher = blake2b(digest_size=size)
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        hasher.update(len(raw).to_bytes(8, "little"))
        hasher.update(raw)
    return hasher.hexdigest()


def text_key(name: str, text: str) -> bytes:
    """16 bytes that stand for what the encoder or tokenizer of that name makes of a text."""
    return bytes.fromhex(digest(name, text, size=16))


def digest_pieces(first: str, pieces: Iterable[str], count: int, size: int = 8) -> str:
    """`digest(first, text)` of a text in pieces, of `count` bytes in UTF-8."""
    hasher = blake2b(digest_size=size)
    raw = first.encode()
    hasher.update(len(raw).to_bytes(8, "little") + raw + count.to_bytes(8, "little"))
    for piece in pieces:
        hasher.update(piece.encode())
    return hasher.hexdigest()


def digest_file(path: Path) -> str:
    """Hex of the file's content, read piece by piece. Raises OSError."""
    with path.open("rb") as file:
        return file_digest(file, lambda: blake2b(digest_size=16)).hexdigest()


def batched(rows: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """`rows` in lists of at most `size`."""
    rest = iter(rows)
    while some := list(islice(rest, size)):
        yield some


def write_atomically(path: Path, text: str) -> None:
    """Replace `path` by `text`: a reader, or a power cut, sees the old file or the new one."""
    beside = path.with_name(f".{path.name}.{token_hex(4)}.{os.getpid()}")  # threads write too
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    sync_folder(path.parent)
    for left in path.parent.iterdir():
        if left.name.startswith(f".{path.name}.") and left.suffix[1:].isdecimal() and _forgotten(left):
            left.unlink(missing_ok=True)


def _forgotten(file: Path) -> bool:
    """Whether whoever wrote this is at it no more."""
    with suppress(OSError):
        return time.time() - file.stat().st_mtime > _FORGOTTEN
    return False


def written_once(folder: Path, write: Callable[[Path], None]) -> Path:
    """`folder`, which `write` fills aside if it is not there: whole or not at all, by the first process that asks."""
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        if not folder.is_dir():
            aside = folder.with_name(f".{folder.name}")
            shutil.rmtree(aside, ignore_errors=True)  # a kill left it
            aside.mkdir()
            write(aside)
            aside.rename(folder)
    return folder


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def load_array(path: Path, mapped: bool = True) -> npt.NDArray[Any]:
    """What `numpy.save` wrote, mapped so that pages are read when they are touched, or read whole.

    One thread at a time: numpy parses the header with `ast`, whose depth counter CPython 3.11 shares between
    threads, so that two at once can end in SystemError (https://github.com/python/cpython/issues/106905).
    Raises OSError, or ValueError for a file that is damaged.
    """
    import numpy as np

    with _PARSING:
        try:
            array: npt.NDArray[Any] = np.load(path, mmap_mode="r" if mapped else None)
        except (SyntaxError, TokenError, TypeError, EOFError) as error:  # of a damaged header
            raise ValueError(f"{path.name}: {error}") from error
    return array
