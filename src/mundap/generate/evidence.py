"""How likely each sentence that was read holds the answer: a logistic model over what was found in it.

The weights that ship (reader.json) were fitted on questions of our own over statutes, a rule book and sample documents
(benchmarks/reader.py); `mundap train reader` fits them to the answers of a sheet.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import NotRequired, TypedDict

import numpy as np
import numpy.typing as npt

from mundap.errors import MundapError
from mundap.generate.reading import CLOSELY, Evidence
from mundap.korean.lists import announces, item
from mundap.korean.wanted import denies
from mundap.types import Json

Floats = npt.NDArray[np.float64]

FEATURES = (
    "shared",  # the question's words that the sentence holds
    "within",  # and with what governs it
    "named",  # the share of the question's nouns in it and what governs it
    "near",  # cosine with the question
    "above",  # how far that is above the mean of its passage
    "governor",  # the nearest of what governs it, or itself
    "neighbour",  # the nearer of its neighbours
    "offers",  # whether it has what is asked for
    "offered",  # or what governs it has
    "denies",  # of a question about what is not: whether it says no
    "item",
    "lead",
    "first",  # of its passage
    "length",  # logarithm of its characters
    "fragment",  # fewer than 15 characters
    "rank",  # of its passage
    "behind",  # its passage's score less the first one's, at most 0
)
_FRAGMENT = 15
_FARTHEST = -4.0  # scores further behind mean the same


class LineJson(TypedDict):
    """A `Line` as a file keeps it."""

    bias: float
    weights: dict[str, float]


class ModelJson(TypedDict):
    """A `ReaderModel` as a file keeps it."""

    sentences: LineJson
    support: LineJson
    best: NotRequired[LineJson]


@dataclass(frozen=True)
class Line:
    """A logistic model: `bias` and the weight of each named feature; features without one count nothing."""

    weights: Mapping[str, float]
    bias: float

    def logits(self, features: Floats, names: Sequence[str]) -> Floats:
        """(n,) log-odds of the rows of `features`, (n, len(names))."""
        found: Floats = features @ np.array([self.weights.get(name, 0.0) for name in names]) + self.bias
        return found

    def to_json(self) -> dict[str, Json]:
        """`{"bias", "weights": {feature: weight}}`."""
        return {"bias": self.bias, "weights": dict(self.weights)}

    @classmethod
    def from_json(cls, kept: LineJson) -> Line:
        """What `to_json` gave. Raises KeyError, TypeError or ValueError for anything else."""
        return cls({str(name): float(weight) for name, weight in kept["weights"].items()}, float(kept["bias"]))


@dataclass(frozen=True)
class ReaderModel:
    """What evidence is judged by: `sentences` says which holds the answer, `support` whether any does.

    `best` says which sentence support takes for the best: `sentences` (None), or those beside which it was fitted.
    """

    sentences: Line
    support: Line
    best: Line | None = None

    def to_json(self) -> dict[str, Json]:
        """`{"sentences", "support"}`, and "best" where it is another line."""
        best: dict[str, Json] = {"best": self.best.to_json()} if self.best else {}
        return {"sentences": self.sentences.to_json(), "support": self.support.to_json(), **best}

    @classmethod
    def from_json(cls, kept: ModelJson) -> ReaderModel:
        """What `to_json` gave. Raises as `Line.from_json`."""
        best = Line.from_json(kept["best"]) if "best" in kept else None
        return cls(Line.from_json(kept["sentences"]), Line.from_json(kept["support"]), best)


WORDS = "words"  # in reader.json: the model that reads without meaning


@cache
def shipped() -> dict[str, ReaderModel]:
    """The models that ship, by the name of the encoder whose cosines they know, and WORDS."""
    kept = json.loads(files("mundap.generate").joinpath("reader.json").read_text("utf-8"))
    return {name: ReaderModel.from_json(model) for name, model in kept.items()}


def default_model(encoder: str) -> ReaderModel:
    """The model for cosines of this encoder; by words alone if it is none that ships, for a cosine's unit is its own."""
    return next((model for name, model in shipped().items() if encoder.startswith(name)), shipped()[WORDS])


def knows(encoder: str) -> bool:
    """Whether a model that ships knows the cosines of this encoder."""
    return default_model(encoder) is not shipped()[WORDS]


def read_model(folder: Path, encoder: str) -> ReaderModel:
    """The model that was kept in `folder`. Raises MundapError if it is not there, or of another encoder."""
    again = f"다시 학습하려면: mundap train reader --data 질문파일 --out {folder.name}"
    try:
        kept = json.loads((folder / "reader.json").read_text("utf-8"))
        model, of = ReaderModel.from_json(kept), str(kept["encoder"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise MundapError(f"{folder}: 문장 선택 모델을 읽을 수 없습니다({error}). {again}") from error
    if of != encoder:
        raise MundapError(f"문장 선택 모델은 임베딩 {of}(으)로 학습했지만 현재 임베딩은 {encoder}입니다. {again}")
    return model


def logits(evidence: Evidence, model: ReaderModel | None = None) -> Floats:
    """(n,) the log-odds of each sentence to hold the answer."""
    if not evidence.sentences:
        return np.zeros(0)
    return (model or default_model(evidence.encoder)).sentences.logits(features(evidence), FEATURES)


def features(evidence: Evidence) -> Floats:
    """(n, len(FEATURES)) what is known of each sentence. Without an encoder all cosines are 0."""
    found = evidence.sentences
    best = max((s.hit.score for s in found), default=0.0)
    rows: list[list[float]] = []
    for _, group in groupby(range(len(found)), key=lambda n: found[n].hit.passage.id):
        places = list(group)
        mean = sum(found[n].nearness for n in places) / len(places)
        for n in places:
            sentence, near = found[n], found[n].nearness
            governors = [found[place] for place in sentence.governors]
            beside = [found[place].nearness for place in (n - 1, n + 1) if place in places]
            rows.append(
                [
                    sentence.shared,
                    sentence.within,
                    evidence.named(n),
                    near,
                    near - mean,
                    max((governor.nearness for governor in governors), default=near),
                    max(beside, default=near),
                    sentence.offers,
                    max([sentence.offers, *(governor.offers for governor in governors)]),
                    float(evidence.asked.negative and denies(sentence.text)),
                    float(bool(item(sentence.text))),
                    float(announces(sentence.text)),
                    float(n == places[0]),
                    math.log1p(sentence.end - sentence.start),
                    float(sentence.end - sentence.start < _FRAGMENT),
                    float(min(sentence.hit.rank, CLOSELY + 1)),
                    max(sentence.hit.score - best, _FARTHEST),
                ]
            )
    return np.array(rows, np.float64).reshape(len(rows), len(FEATURES))
