"""A training on preference pairs by one of TRL's trainers: what is the same whichever it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from mundap.extras import Untyped, need, quiet_transformers
from mundap.protocols import Progress
from mundap.training.common.checkpoints import begin_trainer
from mundap.training.common.curves import Watch, callback
from mundap.training.common.distributed import World
from mundap.training.common.untyped import Model
from mundap.training.llm.config import DPOConfig, RewardConfig
from mundap.training.llm.preferences import Parts


@dataclass(frozen=True)
class TrlRun:
    """The libraries, the checkpoint that is gone on from, and what watches; `first` is the process that measures and keeps."""

    transformers: ModuleType
    trl: ModuleType
    datasets: ModuleType
    first: bool
    checkpoint: Path | None
    watching: Untyped

    @classmethod
    def begin(
        cls,
        parts: Parts,
        config: DPOConfig | RewardConfig,
        work: Path,
        resume: bool,
        watch: Watch,
        progress: Progress,
    ) -> TrlRun:
        """Make `work` ready. Raises MundapError as `begin_trainer` does."""
        transformers = quiet_transformers()
        trl, datasets = need("trl", extra="train"), need("datasets", extra="train")
        datasets.disable_progress_bars()
        world = World.around()
        wanted = {**config.to_card(), "data": parts.digest, "processes": world.size}
        checkpoint = begin_trainer(work, wanted, resume, world.first)
        return cls(transformers, trl, datasets, world.first, checkpoint, callback(transformers, progress, watch))

    def train(self, trainer: Untyped) -> Model | None:
        """The model after training; None in every process but the first."""
        trainer.remove_callback(self.transformers.PrinterCallback)
        trainer.train(resume_from_checkpoint=str(self.checkpoint) if self.checkpoint else None)
        return trainer.accelerator.unwrap_model(trainer.model) if self.first else None


def curve(trainer: Untyped) -> tuple[Mapping[str, float], ...]:
    """The logged steps of a trainer that have a loss."""
    return tuple(entry for entry in trainer.state.log_history if "loss" in entry)
