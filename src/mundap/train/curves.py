"""Where the curves of a training are drawn while it runs: TensorBoard, or wandb."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from mundap.extras import need

Watch = Callable[[int, Mapping[str, float]], None]


def watcher(report_to: str, logs: Path, name: str, first: bool) -> Watch:
    """Called with a step and its figures. `report_to` is "tensorboard", "wandb" or "none"; only the first process draws.

    Raises MissingExtra without the package.
    """
    if report_to == "none" or not first:
        return lambda step, figures: None
    if report_to == "wandb":
        run = need("wandb", extra="train").init(project="mundap", name=name, dir=str(logs))
        return lambda step, figures: run.log(dict(figures), step=step)
    writer = need("torch.utils.tensorboard", extra="train").SummaryWriter(log_dir=str(logs))

    def draw(step: int, figures: Mapping[str, float]) -> None:
        for figure, value in figures.items():
            writer.add_scalar(figure, value, step)
        writer.flush()

    return draw
