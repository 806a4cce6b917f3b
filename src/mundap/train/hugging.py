"""What every training by a Trainer of transformers' needs: its folder made ready, its progress, and its curves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mundap.errors import MundapError
from mundap.files import write_atomically
from mundap.protocols import Progress
from mundap.train.checkpoints import checkpoints, last_whole
from mundap.train.curves import Watch
from mundap.train.resume import RECIPE


def begin(work: Path, wanted: Mapping[str, Any], again: bool, first: bool) -> Path | None:
    """Make `work` ready, and the checkpoint to go on from. Whole checkpoints are never thrown away unasked.

    `wanted` is what must not change in between. Raises MundapError for an unfinished training unless `again`, and for
    one of other settings.
    """
    plain = json.loads(json.dumps(wanted))
    kept = last_whole(work)
    if kept and not again:
        raise MundapError(
            f"끝나지 않은 학습이 있습니다. 이어서 하려면 --resume을 붙이고, 새로 하려면 폴더를 지워 주세요: {work}"
        )
    if kept:
        before = json.loads((work / RECIPE).read_text("utf-8"))
        other = [
            f"{name} {before.get(name)!r} → {value!r}" for name, value in plain.items() if before.get(name) != value
        ]
        if other:
            raise MundapError(
                f"이어 갈 수 없습니다. 멈춘 학습과 다릅니다: {', '.join(other)}. 같게 주거나, 새로 하려면 폴더를 지워 주세요: {work}"
            )
    if first:
        work.mkdir(parents=True, exist_ok=True)
        names = [path.name for path in checkpoints(work)]
        good = names[: names.index(kept.name) + 1] if kept else []
        for cut in checkpoints(work):
            if cut.name not in good:
                shutil.rmtree(cut)
        write_atomically(work / RECIPE, json.dumps(plain, ensure_ascii=False))
    return kept


def callback(transformers: Any, progress: Progress, watch: Watch) -> Any:
    """Shows how many steps of all are done, and passes on what is logged."""

    class Told(transformers.TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            progress(state.global_step, state.max_steps)

        def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **_: Any) -> None:
            if logs and state.is_world_process_zero and "train_runtime" not in logs:
                watch(state.global_step, {name: float(value) for name, value in logs.items()})

    return Told()
