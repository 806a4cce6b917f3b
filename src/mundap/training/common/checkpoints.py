"""A training that has not ended, in the folder where it works: what it goes on from, and that no other is taken for it.

Our own loops write one file a checkpoint; transformers' Trainer writes a folder. Of both, what a kill cut off is passed
over, and the one before it is used.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mundap.errors import MundapError
from mundap.extras import need
from mundap.files import sync_folder, write_atomically
from mundap.types import Json

RECIPE = "recipe.json"
KEPT = 2  # files of our own loops: the newest, and one before it
STATE = "trainer_state.json"  # transformers writes it last
_ZIPS = ("optimizer.pt", "scheduler.pt")


def begin(work: Path, wanted: Mapping[str, Json], resume: bool, first: bool) -> dict[str, Any] | None:
    """For our own loops: the newest whole checkpoint in `work`, None to begin anew. `wanted` is what must not change in between.

    Raises MundapError for an unfinished training unless `resume`, and for one of other settings.
    """
    found = next((path for path in sorted(work.glob("checkpoint-*.pt"), reverse=True) if _whole_file(path)), None)
    if found:
        _check_same(work, wanted, resume)
        loaded: dict[str, Any] = need("torch", extra="train").load(found, map_location="cpu", weights_only=False)
        return loaded
    if first:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        _remember(work, wanted)
    return None


def save(work: Path, step: int, state: Mapping[str, object]) -> None:
    """Write a checkpoint of our own loops, whole or not at all, and remove those that are not needed any more."""
    aside = work / ".checkpoint"
    with aside.open("wb") as file:
        need("torch", extra="train").save(dict(state), file)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(work / f"checkpoint-{step:08}.pt")
    sync_folder(work)
    for old in sorted(work.glob("checkpoint-*.pt"))[:-KEPT]:
        old.unlink()


def begin_trainer(work: Path, wanted: Mapping[str, Json], resume: bool, first: bool) -> Path | None:
    """For transformers' Trainer: make `work` ready, and the checkpoint to go on from; None to begin anew.

    `wanted` is what must not change in between. The `first` process removes what a kill cut off; whole checkpoints are
    never thrown away unasked. Raises MundapError for an unfinished training unless `resume`, and for one of other settings.
    """
    kept = last_whole(work)
    if kept:
        _check_same(work, wanted, resume)
    if first:
        work.mkdir(parents=True, exist_ok=True)
        for cut in checkpoints(work):
            if kept is None or cut.name not in _until(work, kept):
                shutil.rmtree(cut)
        _remember(work, wanted)
    return kept


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of transformers' Trainer in `folder`, the oldest first, whole or not."""
    found = [(path.name.removeprefix("checkpoint-"), path) for path in folder.glob("checkpoint-*") if path.is_dir()]
    return [path for _, path in sorted((int(step), path) for step, path in found if step.isdigit())]


def last_whole(folder: Path) -> Path | None:
    """The newest whole checkpoint of transformers' Trainer; None if there is none."""
    return next((path for path in reversed(checkpoints(folder)) if whole(path)), None)


def whole(checkpoint: Path) -> bool:
    """Whether every file that transformers' Trainer goes on from is there and readable to its end."""
    try:
        json.loads((checkpoint / STATE).read_text("utf-8"))
        weights = sorted(checkpoint.glob("*.safetensors"))
        zips = [checkpoint / name for name in _ZIPS] + sorted(checkpoint.glob("rng_state*.pth"))
        return len(zips) > len(_ZIPS) and bool(weights) and all(map(_tensors, weights)) and all(map(_zip, zips))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return False


def _check_same(work: Path, wanted: Mapping[str, Json], resume: bool) -> None:
    """Raises MundapError unless the training that was stopped in `work` is to `resume`, and if its settings were others."""
    if not resume:
        raise MundapError(
            f"완료되지 않은 학습이 있습니다. 이어서 하려면 --resume을 지정하고, 새로 시작하려면 폴더를 삭제하세요: {work}"
        )
    before = json.loads((work / RECIPE).read_text("utf-8"))
    plain = json.loads(json.dumps(wanted))
    other = [f"{name} {before.get(name)!r} → {value!r}" for name, value in plain.items() if before.get(name) != value]
    if other:
        raise MundapError(
            f"이어서 학습할 수 없습니다. 중단된 학습과 설정이 다릅니다: {', '.join(other)}. 같은 값을 지정하거나, 새로 시작하려면 폴더를 삭제하세요: {work}"
        )


def _remember(work: Path, wanted: Mapping[str, Json]) -> None:
    """Write down what must not change until the training ends."""
    write_atomically(work / RECIPE, json.dumps(wanted, ensure_ascii=False))


def _until(work: Path, kept: Path) -> list[str]:
    """The names of the checkpoints up to `kept`: what comes after it was cut off."""
    names = [path.name for path in checkpoints(work)]
    return names[: names.index(kept.name) + 1]


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


def _whole_file(path: Path) -> bool:
    try:
        return _zip(path)
    except (OSError, zipfile.BadZipFile):
        return False
