"""What verbs of `mundap train` do around a training: where it works, its curves, the model that is kept, its figures."""

from __future__ import annotations

import shlex
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from mundap.cli import show
from mundap.cli.train_options import ReportTo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from mundap.training.common.curves import Watch
    from mundap.workspace import Mundap

TRAINING = "training"  # beside models: what is not finished
SPLITS = {
    "by_passage": "새 문서 (제시문을 통째로 제외하고 평가)",
    "by_question": "학습한 문서 (질문만 제외하고 평가)",
}


def plain(bot: Mundap) -> Mundap:
    """The workspace without its reranker, which may be of another index, and must not be what is measured against."""
    settings = bot.config
    return bot.reconfigured(
        settings.model_copy(update={"retrieve": settings.retrieve.model_copy(update={"reranker": ""})})
    )


def filled(preset: Mapping[str, Any], **given: Any) -> dict[str, Any]:
    """The preset, and before it what was given."""
    return {**preset, **{name: value for name, value in given.items() if value is not None}}


def work_of(bot: Mundap, name: str) -> Path:
    """The folder of the checkpoints of what is not finished."""
    from mundap.workspace.components import FOLDER

    return bot.root / FOLDER / TRAINING / name


def logs_of(bot: Mundap, kind: str, name: str) -> Path:
    """The folder of the curves."""
    from mundap.workspace.components import FOLDER

    return bot.root / FOLDER / "runs" / f"train-{kind}-{name}"


def reporter(report_to: ReportTo) -> str:
    """What `auto` means here."""
    if report_to is not ReportTo.auto:
        return report_to.value
    return "tensorboard" if find_spec("tensorboard") else "none"


def curves(report_to: ReportTo, logs: Path, name: str) -> Watch:
    """Draws the curves, in the first process of torchrun."""
    from mundap.training.common.curves import watcher
    from mundap.training.common.distributed import World

    return watcher(reporter(report_to), logs, name, World.around().first)


def watch(report_to: ReportTo, logs: Path, name: str) -> Watch:
    """Draws the curves, and says each point beside the progress."""
    draw = curves(report_to, logs, name)

    def draw_and_say(step: int, figures: Mapping[str, float]) -> None:
        draw(step, figures)
        show.note(" ".join([f"스텝 {step}:", *(f"{name} {value:.4g}" for name, value in figures.items())]))

    return draw_and_say


def options_of(flags: Mapping[str, str], values: Mapping[str, Any]) -> tuple[str, ...]:
    """The options of a command that gives those of the `values` that have a flag."""
    return tuple(str(part) for name, flag in flags.items() if name in values for part in (flag, values[name]))


def keep_trained(
    bot: Mundap,
    kind: str,
    name: str,
    data: Path | None,
    origin: Mapping[str, str],
    model: Mapping[str, Any],
    report: Mapping[str, Any],
    recommended: bool,
    write: Callable[[Path], None],
    options: Sequence[str] = (),
    *,
    indexed: bool = True,
    packages: Sequence[str] = (),
) -> Path:
    """Keep what `write` writes as the model `name`, with its card; its folder.

    `options` are those of the command that its kind has. `indexed` says whether the corpus and its index had a part in
    it; `packages`, which others did than those that decide what is found.
    """
    from dataclasses import asdict

    from mundap.evaluate.about import versions
    from mundap.files import digest
    from mundap.training.common.registry import Card, keep

    given = ["--data", str(data)] if data else []
    command = ["mundap", "train", kind, *given, "--out", name, *options, "--workspace", str(bot.root)]
    card = Card(
        kind=kind,
        created=time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
        command=shlex.join(command),
        data=origin,
        corpus_digest=digest(*bot.corpus.ids(), size=16) if indexed else "",
        settings=bot.config.model_dump(mode="json"),
        recipe=asdict(bot.recipe) if indexed else {},
        versions=versions(*packages),
        config={},
        model=model,
        metrics=report,
        recommended=recommended,
    )
    return keep(bot.models, name, card, write)


def emit_kept(report: Mapping[str, Any], model: Mapping[str, Any], folder: Path, use: str, recommended: bool) -> None:
    """A model that was kept, as JSON; `use` is how settings or another command name it."""
    show.emit({**report, **model, "folder": str(folder), "use": use, "recommended": recommended})


def print_changes(title: str, rows: Mapping[str, Any], width: int = 8) -> None:
    """Under the title a line for each metric, whose name has `width` places: before, after, the difference, and its p."""
    print(f"\n{title}\n{'':{width}}{'학습 전':>21}{'학습 후':>21}{'차이':>24}{'p':>9}")
    for metric, change in rows["difference"].items():
        print(
            f"{metric:{width}}{_figure(rows['before'][metric])}{_figure(rows['after'][metric])}"
            f"{_figure(change, '+')}{change['p']:>9.4f}"
        )


def _figure(figure: Mapping[str, Any], sign: str = "") -> str:
    low, high = figure["ci95"]
    return f"{figure['mean']:>{sign}9.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"
