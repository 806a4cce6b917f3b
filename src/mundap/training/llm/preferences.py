"""Pairs of a better and a worse answer, parted so that no question is on both sides, and what was measured on them."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mundap.errors import MundapError
from mundap.evaluation.estimates import Comparison, Estimate
from mundap.files import digest, write_atomically
from mundap.korean.normalize import squash
from mundap.training.common.registry import Verdict
from mundap.training.llm.data import Preference
from mundap.types import Json

FEWEST = 4  # questions
HELD_OUT = 0.1  # of the questions
SPLIT = "split.json"


@dataclass(frozen=True)
class Parts:
    """The pairs to learn from, and those to measure on."""

    train: list[Preference]
    held: list[Preference]

    @property
    def digest(self) -> str:
        """Of every pair and its side."""
        texts = (text for side in (self.train, self.held) for p in side for text in (p.prompt, p.chosen, p.rejected))
        return digest(*texts, str(len(self.train)))

    @property
    def groups(self) -> list[str]:
        """What question each held-out pair is of."""
        return [squash(pair.prompt) for pair in self.held]

    def save(self, folder: Path) -> None:
        """Write both sides as JSON."""
        sides = {"train": self.train, "held_out": self.held}
        shown = {name: [asdict(pair) for pair in side] for name, side in sides.items()}
        write_atomically(folder / SPLIT, json.dumps(shown, ensure_ascii=False))

    def to_json(self) -> dict[str, Json]:
        """How many there are: `{"pairs", "held_out", "held_out_questions"}`."""
        return {"pairs": len(self.train), "held_out": len(self.held), "held_out_questions": len(set(self.groups))}


def comparison_json(one: Comparison) -> dict[str, Json]:
    """`{"before": {"mean", "ci95"}, "after": the same, "difference": {"n", "mean", "ci95", "p", "verdict"}}`."""
    return {"before": one.before.to_json(), "after": one.after.to_json(), "difference": one.difference.to_json()}


def against_a_coin(accuracy: Estimate) -> Verdict:
    """Whether pairs are told apart more often than by a coin, or less often, beyond chance."""
    return "better" if accuracy.low > 0.5 else "worse" if accuracy.high < 0.5 else "same"


def parted(pairs: Sequence[Preference], seed: int) -> Parts:
    """A tenth of the questions, with all their pairs, is held out. Raises MundapError if there are too few."""
    prompts = sorted({squash(pair.prompt) for pair in pairs})
    if len(prompts) < FEWEST:
        raise MundapError(
            f"학습 데이터가 부족합니다: 서로 다른 질문 {len(prompts)}개(최소 {FEWEST}개 필요). 선호 쌍(선호 답변과 비선호 답변)을 추가하세요."
        )
    held = set(random.Random(seed).sample(prompts, math.ceil(len(prompts) * HELD_OUT)))
    parts = Parts([], [])
    for pair in pairs:
        (parts.held if squash(pair.prompt) in held else parts.train).append(pair)
    return parts


def parted_prompts(prompts: Sequence[str], held: int, seed: int) -> tuple[list[str], list[str]]:
    """The different prompts to learn from, and those to measure on: `held`, or a fifth if that is less.

    Raises MundapError if there are too few.
    """
    some = list({squash(prompt): prompt for prompt in reversed(prompts)}.values())
    random.Random(seed).shuffle(some)
    kept = min(held, len(some) // 5)
    if not kept:
        raise MundapError(f"학습 데이터가 부족합니다: 서로 다른 질문 {len(some)}개(최소 5개 필요).")
    return some[kept:], some[:kept]
