"""What a training that was stopped goes on from: one file, put in place by a rename, and passed over if it is not whole."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mundap.extras import need
from mundap.files import sync_folder
from mundap.train.unfinished import check_same, remember

KEPT = 2  # the newest, and one before it


def begin(work: Path, wanted: Mapping[str, Any], resume: bool, first: bool) -> dict[str, Any] | None:
    """The newest whole checkpoint in `work`, None to begin anew. `wanted` is what must not change in between.

    Raises MundapError for an unfinished training unless `resume`, and for one of other settings.
    """
    found = _last(work)
    if found:
        check_same(work, wanted, resume)
        loaded: dict[str, Any] = need("torch", extra="train").load(found, map_location="cpu", weights_only=False)
        return loaded
    if first:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        remember(work, wanted)
    return None


def save(work: Path, step: int, state: Mapping[str, Any]) -> None:
    """Write a checkpoint, whole or not at all, and remove those that are not needed any more."""
    aside = work / ".checkpoint"
    with aside.open("wb") as file:
        need("torch", extra="train").save(dict(state), file)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(work / f"checkpoint-{step:08}.pt")
    sync_folder(work)
    for old in sorted(work.glob("checkpoint-*.pt"))[:-KEPT]:
        old.unlink()


def _last(work: Path) -> Path | None:
    return next((path for path in sorted(work.glob("checkpoint-*.pt"), reverse=True) if _whole(path)), None)


def _whole(path: Path) -> bool:
    """Whether the checksums of everything in the file are right."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (OSError, zipfile.BadZipFile):
        return False
