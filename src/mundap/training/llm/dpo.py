"""Teach a language model to prefer the better of two answers: direct preference optimisation.

From top to bottom: the report, the loop, the measurement. The loop is TRL's DPOTrainer (Rafailov et al., NeurIPS 2023,
arXiv:2305.18290). The reference is the model without what is learned, so that it costs no memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from mundap.evaluation.estimates import Comparison, Estimate, compare, estimate
from mundap.extras import Untyped, need
from mundap.protocols import Progress, quiet
from mundap.training.common.curves import Watch, unheard
from mundap.training.common.registry import Trained, Verdict
from mundap.training.common.untyped import Model, Tokenizer
from mundap.training.llm.config import DPOConfig
from mundap.training.llm.data import Preference
from mundap.training.llm.lora import Lora, lora_config, paced, save_adapter, trainable
from mundap.training.llm.policy import Policy, Wording
from mundap.training.llm.preferences import Parts, against_a_coin, comparison_json
from mundap.training.llm.trl_run import TrlRun, curve
from mundap.types import Json

_MEASURED = 8  # pairs at once


@dataclass(frozen=True)
class DPOReport:
    """On held-out pairs: how far the model has moved towards the better answer, beta times nats, and the share of pairs where
    it has; the share of which the better answer is likelier; and the curve of the training.
    """

    parts: Parts
    margin: Estimate
    accuracy: Estimate
    likelier: Comparison
    curve: tuple[Mapping[str, float], ...]

    @property
    def verdict(self) -> Verdict:
        """Whether it has moved towards the better answer more often than by a coin."""
        return against_a_coin(self.accuracy)

    def to_json(self) -> dict[str, Json]:
        """How many pairs, and the fields by name."""
        return {
            **self.parts.to_json(),
            "margin": self.margin.to_json(),
            "accuracy": self.accuracy.to_json(),
            "likelier": comparison_json(self.likelier),
            "curve": self.curve,
        }


def train_dpo(
    parts: Parts,
    config: DPOConfig,
    loaded: tuple[Model, Tokenizer],
    ends: tuple[int, ...],
    work: Path,
    *,
    resume: bool = False,
    watch: Watch = unheard,
    progress: Progress = quiet,
) -> Trained[DPOReport] | None:
    """Learn from `parts.train`. `loaded` is a causal model, or one with the adapter that is learned on, and its tokenizer.

    `work` holds checkpoints until the caller removes it; with `resume` the newest whole one is gone on from. None in every
    process but the first, under torchrun. Raises MundapError.
    """
    torch = need("torch", extra="train")
    run = TrlRun.begin(parts, config, work, resume, watch, progress)
    model, words = loaded
    wording = Wording(words, ends, config.template, config.most_in, config.most_out)
    fresh = lora_config(Lora(config.lora_r, config.lora_alpha, config.dropout))

    class Spelled(run.trl.DPOTrainer):  # type: ignore[misc, name-defined]
        """Takes tokens as they are: TRL's would join the end of the prompt with the answer's first word."""

        def _prepare_dataset(self, dataset: Untyped, *_: object) -> Untyped:
            return dataset

    trainer = Spelled(
        model=model,
        args=run.trl.DPOConfig(
            **paced(config, work),
            beta=config.beta,
            max_length=None,
        ),
        train_dataset=run.datasets.Dataset.from_list([_tokens(wording, pair) for pair in parts.train]),
        processing_class=words,
        peft_config=None if config.adapter else fresh,
        callbacks=[run.watching],
    )
    before = measured(torch, trainer.model, wording, parts.held) if run.first else []
    learned = run.train(trainer)
    if learned is None:
        return None
    after = measured(torch, learned, wording, parts.held)
    margins = [config.beta * one.margin for one in after]
    was, now = ([float(one.likelier) for one in side] for side in (before, after))
    groups = parts.groups
    report = DPOReport(
        parts,
        estimate(margins, groups=groups),
        estimate([float(margin > 0) for margin in margins], groups=groups),
        compare(was, now, groups=groups),
        curve(trainer),
    )

    def save(folder: Path) -> None:
        save_adapter(learned, words, config.base, folder)
        parts.save(folder)

    return Trained(save, trainable(learned), report)


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


def measured(torch: ModuleType, model: Model, wording: Wording, pairs: Sequence[Preference]) -> list[Told]:
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
