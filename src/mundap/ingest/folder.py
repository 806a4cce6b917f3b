"""The files below a folder, and why some of what lies there is not read."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mundap.access import SIDECAR
from mundap.errors import BadFile
from mundap.korean.normalize import name_of

_KINDS = (
    (stat.S_ISFIFO, "파이프(FIFO)"),
    (stat.S_ISSOCK, "소켓"),
    (stat.S_ISCHR, "장치"),
    (stat.S_ISBLK, "장치"),
)


@dataclass(frozen=True)
class Found:
    """A file. With a `reason`, what is there is not read, and why, in one sentence."""

    path: Path
    reason: str = ""


def walk(path: Path, follow_links: bool = False) -> Iterator[Found]:
    """`path` itself if it is a file, else the files below it in order, without hidden and lock files and access tags.

    Links that lead out of the folder are followed only with `follow_links`; a folder that has been met is not entered
    again. A link to nowhere is a file, for its reader to report. Raises BadFile if there is nothing at `path`.
    """
    if not path.exists():
        raise BadFile(f"{path}: 파일이나 폴더가 없습니다. 경로를 확인하세요.")
    if path.is_dir():
        yield from _below(path, Path(os.path.realpath(path)), follow_links, set())
    else:
        yield Found(path, irregular(path))


def irregular(path: Path) -> str:
    """Why what is there is no file that can be read: a pipe, a socket or a device, which would never end. "" for files
    and for what is not there."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return ""
    kind = next((name for test, name in _KINDS if test(mode)), "")
    return f"{name_of(path.name)}: 파일이 아니라 {kind}입니다. 문서 폴더에서 제외하세요." if kind else ""


def _below(folder: Path, top: Path, follow: bool, met: set[tuple[int, int]]) -> Iterator[Found]:
    try:
        about = folder.stat()
        if (about.st_dev, about.st_ino) in met:
            return  # a link back to where we have been
        met.add((about.st_dev, about.st_ino))
        entries = sorted(folder.iterdir(), key=lambda p: unicodedata.normalize("NFC", p.name))
    except OSError as error:
        yield Found(folder, f"{name_of(folder.name)}: 폴더를 열 수 없습니다({error.strerror}). 권한을 확인하세요.")
        return
    for entry in entries:
        if entry.name.startswith((".", "~$")) or entry.name.endswith(SIDECAR):
            continue
        if not follow and entry.is_symlink() and entry.exists() and not _inside(entry, top):
            yield Found(
                entry,
                f"{name_of(entry.name)}: 폴더 밖을 가리키는 링크라 따라가지 않았습니다. 읽으려면 mundap.toml에 [ingest]"
                " follow_links = true",
            )
        elif _is_folder(entry):
            yield from _below(entry, top, follow, met)
        else:
            yield Found(entry, irregular(entry))


def _is_folder(entry: Path) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _inside(entry: Path, top: Path) -> bool:
    return Path(os.path.realpath(entry)).is_relative_to(top)
