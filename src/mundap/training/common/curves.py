"""Where the curves of a training are drawn while it runs: TensorBoard, or wandb."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

from mundap.extras import Untyped, need
from mundap.protocols import Progress

Watch = Callable[[int, Mapping[str, float]], None]


def unheard(step: int, figures: Mapping[str, float]) -> None:
    """Points of curves that nobody reads."""


def watcher(report_to: str, logs: Path, name: str, first: bool) -> Watch:
    """Called with a step and its figures. `report_to` is "tensorboard", "wandb" or "none"; only the first process draws.

    Raises MissingExtra without the package.
    """
    if report_to == "none" or not first:
        return unheard
    if report_to == "wandb":
        run = need("wandb", extra="train").init(project="mundap", name=name, dir=str(logs))
        return lambda step, figures: run.log(dict(figures), step=step)
    writer = need("torch.utils.tensorboard", extra="train").SummaryWriter(log_dir=str(logs))

    def draw(step: int, figures: Mapping[str, float]) -> None:
        for figure, value in figures.items():
            writer.add_scalar(figure, value, step)
        writer.flush()

    return draw


def callback(transformers: ModuleType, progress: Progress, watch: Watch) -> Untyped:
    """For a Trainer of transformers: shows how many steps of all are done, and passes on what is logged."""

    class Told(transformers.TrainerCallback):  # type: ignore[misc, name-defined]
        def on_step_end(self, args: object, state: Untyped, control: object, **_: object) -> None:
            progress(state.global_step, state.max_steps)

        def on_log(
            self, args: object, state: Untyped, control: object, logs: Mapping[str, float] | None = None, **_: object
        ) -> None:
            if logs and state.is_world_process_zero and "train_runtime" not in logs:
                watch(state.global_step, {name: float(value) for name, value in logs.items()})

    return Told()
