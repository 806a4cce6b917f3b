"""Teach a language model to prefer the better of two answers: direct preference optimisation.

From top to bottom: the recipe, the loop, the measurement. The loop is TRL's DPOTrainer (Rafailov et al., NeurIPS 2023,
arXiv:2305.18290). The reference is the model without what is learned, so that it costs no memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mundap.evaluate.bootstrap import mean_interval
from mundap.evaluate.compare import change
from mundap.extras import need, quiet_transformers
from mundap.protocols import Progress, quiet
from mundap.training.common.checkpoints import begin_trainer
from mundap.training.common.curves import Watch, callback
from mundap.training.common.distributed import World
from mundap.training.common.registry import Trained
from mundap.training.llm.data import Preference
from mundap.training.llm.lora import Lora, lora_config, paced, save_adapter, trainable
from mundap.training.llm.policy import TEMPLATE, Policy, Wording
from mundap.training.llm.preferences import Parts

_MEASURED = 8  # pairs at once


@dataclass(frozen=True)
class Recipe:
    """What decides a model besides its pairs. `batch` is for each process; `beta` is how dear it is to leave the reference;
    every `every` steps there is a checkpoint.
    """

    base: str
    adapter: str = ""
    epochs: int = 1
    batch: int = 8
    lr: float = 5e-5
    beta: float = 0.1
    most_in: int = 96
    most_out: int = 160
    template: str = TEMPLATE
    lora_r: int = 16
    lora_alpha: int = 32
    dropout: float = 0.0
    warmup: float = 0.05
    every: int = 50
    seed: int = 0


# "original" has the adapter of the system that asked for this; rate and beta are those of TRL's recipes for LoRA.
PRESETS: dict[str, dict[str, Any]] = {
    "laptop": {},
    "original": {"epochs": 3, "lr": 5e-6, "most_in": 512, "most_out": 512, "lora_r": 8, "dropout": 0.05},
}


def train_dpo(
    parts: Parts,
    recipe: Recipe,
    loaded: tuple[Any, Any],
    ends: tuple[int, ...],
    work: Path,
    *,
    again: bool = False,
    watch: Watch = lambda step, figures: None,
    progress: Progress = quiet,
) -> Trained[dict[str, Any]] | None:
    """Learn from `parts.train`. `loaded` is a causal model, or one with the adapter that is learned on, and its tokenizer.

    `work` holds checkpoints until the caller removes it; with `again` the newest whole one is gone on from. None in every
    process but the first, under torchrun. Raises MundapError.
    """
    torch = need("torch", extra="train")
    transformers = quiet_transformers()
    trl, datasets = need("trl", extra="train"), need("datasets", extra="train")
    datasets.disable_progress_bars()
    world = World.around()
    wanted = {**asdict(recipe), "data": parts.digest, "processes": world.size}
    checkpoint = begin_trainer(work, wanted, again, world.first)
    model, words = loaded
    wording = Wording(words, ends, recipe.template, recipe.most_in, recipe.most_out)
    fresh = lora_config(Lora(recipe.lora_r, recipe.lora_alpha, recipe.dropout))

    class Spelled(trl.DPOTrainer):  # type: ignore[misc, name-defined]
        """Takes tokens as they are: TRL's would join the end of the prompt with the answer's first word."""

        def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
            return dataset

    trainer = Spelled(
        model=model,
        args=trl.DPOConfig(
            **paced(asdict(recipe), work),
            beta=recipe.beta,
            max_length=None,
        ),
        train_dataset=datasets.Dataset.from_list([_tokens(wording, pair) for pair in parts.train]),
        processing_class=words,
        peft_config=None if recipe.adapter else fresh,
        callbacks=[callback(transformers, progress, watch)],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    before = measured(torch, trainer.model, wording, parts.held) if world.first else []
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if not world.first:
        return None
    learned = trainer.accelerator.unwrap_model(trainer.model)
    after = measured(torch, learned, wording, parts.held)
    margins = [recipe.beta * one.margin for one in after]
    was, now = ([float(one.likelier) for one in side] for side in (before, after))
    groups = parts.groups

    def figure(values: Sequence[float]) -> dict[str, Any]:
        return {"mean": float(np.mean(values)), "ci95": list(mean_interval(values, groups=groups))}

    report = {
        "pairs": len(parts.train),
        "held_out": len(parts.held),
        "held_out_questions": len(set(groups)),
        "margin": figure(margins),
        "accuracy": figure([float(margin > 0) for margin in margins]),
        "likelier": {
            "before": figure(was),
            "after": figure(now),
            "difference": dict(change(was, now, groups)),
        },
        "curve": [entry for entry in trainer.state.log_history if "loss" in entry],
    }

    def save(folder: Path) -> None:
        save_adapter(learned, words, recipe.base, folder)
        parts.save(folder)

    return Trained(save, trainable(learned), report)


def worth_it(report: Mapping[str, Any]) -> bool:
    """Whether held-out pairs are told apart more often than by a coin, beyond chance."""
    return bool(report["accuracy"]["ci95"][0] > 0.5)


@dataclass(frozen=True)
class Told:
    """Of a pair: how many nats more than the reference the model prefers the better answer, and whether it finds each
    token of it likelier in the mean."""

    margin: float
    likelier: bool


def _tokens(wording: Wording, pair: Preference) -> dict[str, list[int]]:
    return {
        "prompt_ids": wording.prompt(pair.prompt),
        "chosen_ids": wording.response(pair.chosen),
        "rejected_ids": wording.response(pair.rejected),
    }


def measured(torch: Any, model: Any, wording: Wording, pairs: Sequence[Preference]) -> list[Told]:
    """What a model with an adapter makes of each pair."""
    policy = Policy(model, wording)
    training = model.training
    model.eval()
    told = []
    for first in range(0, len(pairs), _MEASURED):
        rows = [_tokens(wording, pair) for pair in pairs[first : first + _MEASURED]]
        prompts = [row["prompt_ids"] for row in rows] * 2
        responses = [row[side] for side in ("chosen_ids", "rejected_ids") for row in rows]
        with torch.no_grad():
            now, _, mask = policy.judged(prompts, responses)
            with policy.reference():
                was, _, _ = policy.judged(prompts, responses)
        moved = ((now - was) * mask).sum(1).view(2, -1).tolist()
        each = (now.sum(1) / mask.sum(1)).view(2, -1).tolist()
        told += [Told(a - b, c > d) for a, b, c, d in zip(*moved, *each, strict=True)]
    model.train(training)
    return told
