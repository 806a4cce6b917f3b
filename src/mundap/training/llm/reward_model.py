"""Train a reward model: a language model that gives an answer a number, from pairs of a better and a worse one.

From top to bottom: the report, the loop, the measurement. The loop is TRL's RewardTrainer, whose loss is that of Bradley
and Terry (Christiano et al. 2017, arXiv:1706.03741; Ouyang et al. 2022, arXiv:2203.02155).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mundap.evaluation.estimates import Comparison, Estimate, compare, estimate
from mundap.extras import need, quiet_transformers
from mundap.generate.causal import load_words, loading, place
from mundap.protocols import Progress, quiet
from mundap.training.common.curves import Watch, unheard
from mundap.training.common.distributed import device_of
from mundap.training.common.registry import Trained, Verdict
from mundap.training.common.untyped import Model, Tokenizer
from mundap.training.llm.config import RewardConfig
from mundap.training.llm.lora import ADAPTER, Lora, paced, save_adapter, trainable, with_lora
from mundap.training.llm.preferences import Parts, against_a_coin, comparison_json
from mundap.training.llm.rewards import Reward, Scale, read_scale, reward_of, scored, spelled
from mundap.training.llm.trl_run import TrlRun, curve
from mundap.types import Json


@dataclass(frozen=True)
class RewardReport:
    """On held-out pairs: the share of which the better answer is worth more, by how much, and the curve of the training."""

    parts: Parts
    accuracy: Comparison
    margin: Estimate
    curve: tuple[Mapping[str, float], ...]

    @property
    def verdict(self) -> Verdict:
        """Whether the better answer is found more often than by a coin."""
        return against_a_coin(self.accuracy.after)

    def to_json(self) -> dict[str, Json]:
        """How many pairs, and the fields by name."""
        return {
            **self.parts.to_json(),
            "accuracy": comparison_json(self.accuracy),
            "margin": self.margin.to_json(),
            "curve": self.curve,
        }


def train_reward(
    parts: Parts,
    config: RewardConfig,
    loaded: tuple[Model, Tokenizer],
    work: Path,
    *,
    resume: bool = False,
    watch: Watch = unheard,
    progress: Progress = quiet,
) -> Trained[RewardReport] | None:
    """Learn from `parts.train` with an adapter on `loaded`, a classifier of one label and its tokenizer.

    `work` holds checkpoints until the caller removes it; with `resume` the newest whole one is gone on from. None in every
    process but the first, under torchrun. Raises MundapError.
    """
    run = TrlRun.begin(parts, config, work, resume, watch, progress)
    model, words = loaded
    rows = {
        side: [
            spelled(words, pair.prompt, text, config.most) for pair in pairs for text in (pair.chosen, pair.rejected)
        ]
        for side, pairs in (("train", parts.train), ("held", parts.held))
    }
    before = _preferred(model, words, rows["held"]) if run.first else []
    model = with_lora(model, Lora(config.lora_r, config.lora_alpha, config.dropout), "SEQ_CLS")
    trainer = run.trl.RewardTrainer(
        model=model,
        args=run.trl.RewardConfig(
            **paced(config, work),
            max_length=config.most,
        ),
        train_dataset=run.datasets.Dataset.from_dict(
            {"chosen_ids": rows["train"][::2], "rejected_ids": rows["train"][1::2]}
        ),
        processing_class=words,
        callbacks=[run.watching],
    )
    learned = run.train(trainer)
    if learned is None:
        return None
    after = _preferred(learned, words, rows["held"])
    seen = scored(learned, words, rows["train"])
    scale = Scale(config.base, config.most, float(np.mean(seen)), float(np.std(seen)))

    def save(folder: Path) -> None:
        save_adapter(learned, words, config.base, folder)
        scale.save(folder)
        parts.save(folder)

    accuracy = ([float(margin > 0) for margin in margins] for margins in (before, after))
    groups = parts.groups
    report = RewardReport(parts, compare(*accuracy, groups=groups), estimate(after, groups=groups), curve(trainer))
    return Trained(save, trainable(learned), report)


def load_classifier(base: str, models: Path, seed: int = 0) -> tuple[Model, Tokenizer]:
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


def _preferred(model: Model, words: Tokenizer, rows: Sequence[Sequence[int]]) -> list[float]:
    """For each pair of rows, how much more the first is worth."""
    values = scored(model, words, rows)
    return [better - worse for better, worse in zip(values[::2], values[1::2], strict=True)]
