"""A part that was trained: what it brought on questions held out, what nonsense brought, and whether it is proved.

Attempts are kept one a line, so that a run that was killed goes on where it stopped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from mundap.evaluation.estimates import (
    BETTER,
    WORSE,
    Comparison,
    Comparisons,
    Difference,
    Estimate,
    differences_json,
)
from mundap.files import sync_folder
from mundap.training.common.measure import HeldOut, verdict_of
from mundap.types import Json
from mundap.workflows.train.plan import SEARCHES

RANKED = ("mrr@10",)  # decides among the metrics of a search
GAINED = "무작위로 섞은 정답으로 학습해도 향상되어(귀무 검사) 믿을 수 없음"
SENSELESS = "무작위로 섞은 정답에서보다 낫지 않음. 질문과 제시문이 서로 맞는지 시트를 확인하세요"
WORSENED = "유의하게 떨어진 지표가 있음"
UNSURE = "새 문서에서 유의하게 향상되지 않음"


@dataclass(frozen=True)
class Attempt:
    """The part of PARTS that was trained as the model `name`, in so many `seconds`.

    `changes` has what it brought, of each split; the first decides. `nonsense` is what the same training gained, by metric,
    where labels were dealt at random. `recommended` is what its own trainer says. `ranks` has what a search came to, by
    split, before being without anything trained, and `dealt` what it came to on nonsense.
    """

    part: str
    name: str
    seconds: float
    changes: Mapping[str, Comparisons]
    nonsense: Mapping[str, Difference]
    recommended: bool
    ranks: Mapping[str, HeldOut] = field(default_factory=dict)
    dealt: HeldOut | None = None

    @property
    def metrics(self) -> tuple[str, ...]:
        """Those that decide."""
        first = next(iter(self.changes.values()))
        return RANKED if self.part in SEARCHES else tuple(first)

    @property
    def doubt(self) -> str:
        """Why it is not proved, in Korean; "" if it is."""
        verdicts = [[one[m].difference.verdict for m in self.metrics] for one in self.changes.values()]
        if any(WORSE in some for some in verdicts):
            return WORSENED
        if BETTER not in verdicts[0] or (self.part not in SEARCHES and not self.recommended):
            return UNSURE
        if any(one.verdict == BETTER for one in self.nonsense.values()):
            return GAINED
        return SENSELESS if self._senseless else ""

    @cached_property
    def _senseless(self) -> bool:
        """Whether the search comes to no more than on nonsense: the sheet's passages do not answer its questions.

        Found below chance before, as where what fits is never named, any training would seem to gain.
        """
        if self.dealt is None:
            return False
        first, dealt = next(iter(self.changes.values())), self.dealt.comparisons()
        return any(first[metric].after.low <= dealt[metric].after.high for metric in self.metrics)

    def beats(self, other: Attempt) -> bool:
        """Whether a search is better beyond chance than another on a split, and worse on none, where both were asked."""
        return verdict_of(self.ranks[split].than(other.ranks[split]).comparisons() for split in self.ranks) == "better"

    def to_json(self) -> dict[str, Json]:
        """The fields by name; figures as reports have them, with their number."""
        return {
            "part": self.part,
            "name": self.name,
            "seconds": round(self.seconds, 1),
            "changes": {
                split: {m: _comparison(one) for m, one in some.items()} for split, some in self.changes.items()
            },
            "nonsense": differences_json(self.nonsense),
            "recommended": self.recommended,
            "doubt": self.doubt,
        }


def decided(attempts: Mapping[str, Attempt]) -> tuple[str, ...]:
    """The parts that are kept: of the searches one, a larger only where it beats the smaller, and what else is proved."""
    best: Attempt | None = None
    for part in SEARCHES:
        one = attempts.get(part)
        if one is not None and not one.doubt and (best is None or one.beats(best)):
            best = one
    others = [part for part, one in attempts.items() if part not in SEARCHES and not one.doubt]
    return (*([best.part] if best else []), *others)


class Attempts:
    """The attempts in the file `path`; a line that was torn when the power went is ignored, and done again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known: dict[str, Attempt] = {}
        raw = path.read_bytes() if path.exists() else b""
        for line in raw.split(b"\n"):
            try:
                one = _read(json.loads(line))
            except (ValueError, KeyError, TypeError):
                continue
            self.known[one.part] = one
        self._torn = not raw.endswith(b"\n") and bool(raw)

    def add(self, one: Attempt) -> None:
        """Keep one more; it is on the disk when this returns."""
        made = not self.path.exists()
        ranks = {split: ranks.to_json() for split, ranks in one.ranks.items()}
        dealt = one.dealt.to_json() if one.dealt else None
        line = json.dumps({**one.to_json(), "ranks": ranks, "dealt": dealt}, ensure_ascii=False)
        with self.path.open("ab") as file:
            file.write((b"\n" if self._torn else b"") + line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._torn = False
        self.known[one.part] = one
        if made:
            sync_folder(self.path.parent)


def _comparison(one: Comparison) -> dict[str, Json]:
    return {"before": one.before.to_json(), "after": one.after.to_json(), "difference": one.difference.to_json()}


def _read(kept: Mapping[str, Any]) -> Attempt:
    changes = {
        split: Comparisons({metric: _read_comparison(one) for metric, one in some.items()})
        for split, some in kept["changes"].items()
    }
    nonsense = {metric: _read_difference(one) for metric, one in kept["nonsense"].items()}
    ranks = {split: HeldOut.from_json(one) for split, one in kept["ranks"].items()}
    dealt = HeldOut.from_json(kept["dealt"]) if kept["dealt"] else None
    return Attempt(kept["part"], kept["name"], kept["seconds"], changes, nonsense, kept["recommended"], ranks, dealt)


def _read_comparison(kept: Mapping[str, Any]) -> Comparison:
    difference = _read_difference(kept["difference"])
    return Comparison(
        _read_estimate(kept["before"], difference.n), _read_estimate(kept["after"], difference.n), difference
    )


def _read_estimate(kept: Mapping[str, Any], n: int) -> Estimate:
    low, high = kept["ci95"]
    return Estimate(kept["mean"], low, high, n)


def _read_difference(kept: Mapping[str, Any]) -> Difference:
    low, high = kept["ci95"]
    return Difference(kept["mean"], low, high, kept["n"], kept["p"])
