"""The checkpoints of transformers' Trainer: one that a kill cut off is passed over, and the one before it is used."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mundap.train.unfinished import check_same, remember

STATE = "trainer_state.json"  # transformers writes it last
_ZIPS = ("optimizer.pt", "scheduler.pt")


def begin(work: Path, wanted: Mapping[str, Any], resume: bool, first: bool) -> Path | None:
    """Make `work` ready, and the checkpoint to go on from; None to begin anew. `wanted` is what must not change in between.

    The `first` process removes what a kill cut off; whole checkpoints are never thrown away unasked. Raises MundapError
    for an unfinished training unless `resume`, and for one of other settings.
    """
    kept = last_whole(work)
    if kept:
        check_same(work, wanted, resume)
    if first:
        work.mkdir(parents=True, exist_ok=True)
        for cut in checkpoints(work):
            if kept is None or cut.name not in _until(work, kept):
                shutil.rmtree(cut)
        remember(work, wanted)
    return kept


def _until(work: Path, kept: Path) -> list[str]:
    """The names of the checkpoints up to `kept`: what comes after it was cut off."""
    names = [path.name for path in checkpoints(work)]
    return names[: names.index(kept.name) + 1]


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of transformers' Trainer in `folder`, the oldest first, whole or not."""
    found = [(path.name.removeprefix("checkpoint-"), path) for path in folder.glob("checkpoint-*") if path.is_dir()]
    return [path for _, path in sorted((int(step), path) for step, path in found if step.isdigit())]


def last_whole(folder: Path) -> Path | None:
    """The newest whole checkpoint; None if there is none."""
    return next((path for path in reversed(checkpoints(folder)) if whole(path)), None)


def whole(checkpoint: Path) -> bool:
    """Whether every file that a training goes on from is there and readable to its end."""
    try:
        json.loads((checkpoint / STATE).read_text("utf-8"))
        weights = sorted(checkpoint.glob("*.safetensors"))
        zips = [checkpoint / name for name in _ZIPS] + sorted(checkpoint.glob("rng_state*.pth"))
        return len(zips) > len(_ZIPS) and bool(weights) and all(map(_tensors, weights)) and all(map(_zip, zips))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return False


def _tensors(path: Path) -> bool:
    """Whether a safetensors file is as long as its header says."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > path.stat().st_size:
            return False
        header = json.loads(file.read(length))
    ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
    return 8 + length + max(ends, default=0) == path.stat().st_size


def _zip(path: Path) -> bool:
    """Whether an archive of torch's is there and its checksums are right."""
    with zipfile.ZipFile(path) as archive:
        return archive.testzip() is None
