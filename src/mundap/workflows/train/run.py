"""A training from its name to the model that is kept: begin, then save."""

from __future__ import annotations

import shlex
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from mundap.evaluation.estimates import Comparisons
from mundap.evaluation.provenance import versions
from mundap.files import digest
from mundap.options import Options
from mundap.protocols import Progress, quiet
from mundap.training.common.curves import Watch, watcher
from mundap.training.common.curves import unheard as unheard
from mundap.training.common.distributed import World
from mundap.training.common.registry import Card, Report, Trained, free_name, register
from mundap.types import Json
from mundap.workflows.train.result import TrainResult
from mundap.workspace import Mundap
from mundap.workspace.components import FOLDER

TRAINING = "training"  # beside models: what is not finished
ReportTo = Literal["auto", "tensorboard", "wandb", "none"]  # where curves are drawn; auto: TensorBoard if it is there
Stages = Callable[[str], Progress]  # the progress of a stage by its title
SPLITS = {
    "by_passage": "새 문서 (제시문을 통째로 제외하고 평가)",
    "by_question": "학습한 문서 (질문만 제외하고 평가)",
}


def utc_now() -> str:
    """The time as cards and reports have it."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())


def silent(title: str) -> Progress:
    """Stages that nobody watches."""
    return quiet


@dataclass(frozen=True)
class Run:
    """A training of what `kind` says, that is to become the model `name` of the workspace. Make one with `begin`.

    `data` is the file that is learned from; None for the questions that the workspace has.
    """

    bot: Mundap
    kind: str
    name: str
    data: Path | None
    config: Options

    @property
    def work(self) -> Path:
        """The folder of the checkpoints of what is not finished; `save` removes it."""
        return self.bot.root / FOLDER / TRAINING / self.name

    @property
    def logs(self) -> Path:
        """The folder of the curves."""
        return self.bot.root / FOLDER / "runs" / f"train-{self.kind}-{self.name}"

    @property
    def file(self) -> Path:
        """The file that is learned from, where there must be one."""
        if self.data is None:
            raise ValueError(f"{self.kind} learns from a file")
        return self.data

    @property
    def folder(self) -> Path:
        """Where the model is kept in the end."""
        return self.bot.components.models / self.name

    def watch(self, report_to: ReportTo, on_log: Watch = unheard, variant: str = "") -> Watch:
        """Draws the curves, in the first process of torchrun, and tells `on_log` of each point."""
        where = report_to if report_to != "auto" else "tensorboard" if find_spec("tensorboard") else "none"
        logs, name = (self.logs / variant, f"{self.name}-{variant}") if variant else (self.logs, self.name)
        draw = watcher(where, logs, name, World.around().first)

        def draw_and_tell(step: int, figures: Mapping[str, float]) -> None:
            draw(step, figures)
            on_log(step, figures)

        return draw_and_tell

    def save(
        self,
        trained: Trained[Report],
        origin: Mapping[str, str],
        *,
        indexed: bool = True,
        packages: Sequence[str] = (),
    ) -> tuple[Path, Card]:
        """Keep the model with its card, and remove what it worked with; its folder, and the card.

        `origin` says where the questions are from. `indexed` says whether the corpus and its index had a part in it;
        `packages`, which others did than those that decide what is found.
        """
        given = ["--data", str(self.data)] if self.data else []
        options = [*given, "--out", self.name, *self.config.to_flags(), "--workspace", str(self.bot.root)]
        recipe: dict[str, Json] = asdict(self.bot.recipe) if indexed else {}
        card = Card(
            kind=self.kind,
            created=utc_now(),
            command=shlex.join(["mundap", "train", self.kind, *options]),
            data=origin,
            corpus_digest=digest(*self.bot.corpus.ids(), size=16) if indexed else "",
            settings=self.bot.config.model_dump(mode="json"),
            recipe=recipe,
            versions=versions(*packages),
            config=self.config.to_card(),
            model=trained.model,
            metrics=trained.report.to_json(),
            recommended=better(trained),
        )
        folder = register(self.bot.components.models, self.name, card, trained.save)
        shutil.rmtree(self.work, ignore_errors=True)
        return folder, card

    def result(
        self,
        trained: Trained[Report],
        origin: Mapping[str, str],
        *,
        use: str | Mapping[str, Json],
        comparisons: Mapping[str, Comparisons],
        summary: str,
        advice: str,
        also: Mapping[str, Json] = MappingProxyType({}),
        indexed: bool = True,
        packages: Sequence[str] = (),
    ) -> TrainResult:
        """Keep the model as `save` does; it with what is told of it, which TrainResult says."""
        folder, card = self.save(trained, origin, indexed=indexed, packages=packages)
        return TrainResult(self.name, folder, card, trained.report, use, comparisons, summary, advice, also)


def better(trained: Trained[Report]) -> bool:
    """Whether the model will be recommended."""
    return trained.report.verdict == "better"


def begin(bot: Mundap, kind: str, out: str, data: str | Path | None, config: Options) -> Run:
    """A training whose model shall have the name `out`. Raises MundapError for a name that it cannot have."""
    return Run(bot, kind, free_name(bot.components.models, out, kind), Path(data) if data is not None else None, config)


def without_reranker(bot: Mundap) -> Mundap:
    """The workspace without its reranker, which may be of another index, and must not be what is measured against."""
    settings = bot.config
    if not settings.retrieve.reranker:
        return bot
    return bot.reconfigured(
        settings.model_copy(update={"retrieve": settings.retrieve.model_copy(update={"reranker": ""})})
    )
