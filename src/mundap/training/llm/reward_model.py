"""Train a reward model: a language model that gives an answer a number, from pairs of a better and a worse one.

From top to bottom: the recipe, the loop, the measurement. The loop is TRL's RewardTrainer, whose loss is that of Bradley
and Terry (Christiano et al. 2017, arXiv:1706.03741; Ouyang et al. 2022, arXiv:2203.02155).
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
from mundap.generate.causal import load_words, loading, place
from mundap.protocols import Progress, quiet
from mundap.training.common.checkpoints import begin_trainer
from mundap.training.common.curves import Watch, callback
from mundap.training.common.distributed import World, device_of
from mundap.training.common.registry import Trained
from mundap.training.llm.lora import ADAPTER, Lora, paced, save_adapter, trainable, with_lora
from mundap.training.llm.preferences import Parts
from mundap.training.llm.rewards import Reward, Scale, read_scale, reward_of, scored, spelled


@dataclass(frozen=True)
class Recipe:
    """What decides a reward model besides its pairs. `batch` is for each process; an answer with its question is read to
    `most` tokens; every `every` steps there is a checkpoint.
    """

    base: str
    epochs: int = 1
    batch: int = 8
    lr: float = 3e-4
    most: int = 256
    lora_r: int = 16
    lora_alpha: int = 32
    dropout: float = 0.0
    warmup: float = 0.05
    every: int = 50
    seed: int = 0


PRESETS: dict[str, dict[str, Any]] = {
    "laptop": {},
    "original": {"epochs": 1, "batch": 4, "lr": 5e-5, "most": 512, "lora_r": 8, "lora_alpha": 32, "dropout": 0.05},
}


def train_reward(
    parts: Parts,
    recipe: Recipe,
    loaded: tuple[Any, Any],
    work: Path,
    *,
    again: bool = False,
    watch: Watch = lambda step, figures: None,
    progress: Progress = quiet,
) -> Trained[dict[str, Any]] | None:
    """Learn from `parts.train` with an adapter on `loaded`, a classifier of one label and its tokenizer.

    `work` holds checkpoints until the caller removes it; with `again` the newest whole one is gone on from. None in every
    process but the first, under torchrun. Raises MundapError.
    """
    transformers = quiet_transformers()
    trl, datasets = need("trl", extra="train"), need("datasets", extra="train")
    datasets.disable_progress_bars()
    world = World.around()
    wanted = {**asdict(recipe), "data": parts.digest, "processes": world.size}
    checkpoint = begin_trainer(work, wanted, again, world.first)
    model, words = loaded
    rows = {
        side: [
            spelled(words, pair.prompt, text, recipe.most) for pair in pairs for text in (pair.chosen, pair.rejected)
        ]
        for side, pairs in (("train", parts.train), ("held", parts.held))
    }
    before = _preferred(model, words, rows["held"]) if world.first else []
    model = with_lora(model, Lora(recipe.lora_r, recipe.lora_alpha, recipe.dropout), "SEQ_CLS")
    trainer = trl.RewardTrainer(
        model=model,
        args=trl.RewardConfig(
            **paced(asdict(recipe), work),
            max_length=recipe.most,
        ),
        train_dataset=datasets.Dataset.from_dict(
            {"chosen_ids": rows["train"][::2], "rejected_ids": rows["train"][1::2]}
        ),
        processing_class=words,
        callbacks=[callback(transformers, progress, watch)],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if not world.first:
        return None
    learned = trainer.accelerator.unwrap_model(trainer.model)
    after = _preferred(learned, words, rows["held"])
    seen = scored(learned, words, rows["train"])
    scale = Scale(recipe.base, recipe.most, float(np.mean(seen)), float(np.std(seen)))

    def save(folder: Path) -> None:
        save_adapter(learned, words, recipe.base, folder)
        scale.save(folder)
        parts.save(folder)

    report = {
        "pairs": len(parts.train),
        "held_out": len(parts.held),
        "held_out_questions": len(set(parts.groups)),
        "accuracy": _compared(before, after, parts.groups),
        "margin": {"mean": float(np.mean(after)), "ci95": list(mean_interval(after, groups=parts.groups))},
        "curve": [entry for entry in trainer.state.log_history if "loss" in entry],
    }
    return Trained(save, trainable(learned), report)


def load_classifier(base: str, models: Path, seed: int = 0) -> tuple[Any, Any]:
    """A base of `generate.causal`, or an encoder, with a fresh head of one label, and its tokenizer. Raises MundapError."""
    torch = need("torch", extra="train")
    transformers = quiet_transformers()
    name, local = place(base, models)
    words = load_words(base, models)
    transformers.set_seed(seed)
    dtype = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    with loading(base):
        model = transformers.AutoModelForSequenceClassification.from_pretrained(
            name, num_labels=1, local_files_only=local, dtype=dtype
        )
    if len(words) > model.get_input_embeddings().num_embeddings:
        model.resize_token_embeddings(len(words))
    model.config.get_text_config().pad_token_id = words.pad_token_id
    return model.to(device_of(torch)), words


def load_reward(folder: Path, models: Path) -> Reward:
    """A reward model that `mundap train reward` has kept. Raises MundapError."""
    scale = read_scale(folder)
    model, words = load_classifier(scale.base, models)
    with loading(str(folder)):
        model = need("peft", extra="train").PeftModel.from_pretrained(model, folder / ADAPTER)
    return reward_of(model, words, scale)


def worth_it(report: Mapping[str, Any]) -> bool:
    """Whether the better answer is found more often than by a coin, beyond chance."""
    return bool(report["accuracy"]["after"]["ci95"][0] > 0.5)


def _preferred(model: Any, words: Any, rows: Sequence[Sequence[int]]) -> list[float]:
    """For each pair of rows, how much more the first is worth."""
    values = scored(model, words, rows)
    return [better - worse for better, worse in zip(values[::2], values[1::2], strict=True)]


def _compared(before: Sequence[float], after: Sequence[float], groups: Sequence[str]) -> dict[str, Any]:
    """The share of pairs of which the better answer is worth more; pairs of one question are drawn together."""
    was, now = ([float(margin > 0) for margin in margins] for margins in (before, after))
    sides = {
        name: {"mean": float(np.mean(values)), "ci95": list(mean_interval(values, groups=groups))}
        for name, values in (("before", was), ("after", now))
    }
    return {**sides, "difference": dict(change(was, now, groups))}
