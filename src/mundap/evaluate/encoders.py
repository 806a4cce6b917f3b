"""Several encoders on the same questions: how well each finds, what it costs, and which one to take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from time import perf_counter
from typing import Any

from mundap.evaluate.compare import BETTER, SHOWN, WORSE, Change, change
from mundap.evaluate.retrieval import LegFigures, RetrievalReport
from mundap.protocols import Encoder, Vectors

DECIDES = "mrr@10"  # of the hybrid: what answers are written from
DENSE, HYBRID = "dense", "hybrid"
TIMED = 12  # texts of each kind


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds for a question, and for a passage, each read by itself; the median of those that were timed."""

    query_ms: float
    passage_ms: float


@dataclass(frozen=True, slots=True)
class Contender:
    """An encoder as mundap.toml names it, its identity, its dimensions, and what was measured of it.

    `changes` of each leg are this one's figures less those of the first contender, over the same questions.
    """

    name: str
    identity: str
    dim: int
    cost: Cost
    legs: Mapping[str, LegFigures]
    changes: Mapping[str, Mapping[str, Change]]

    def as_json(self) -> dict[str, Any]:
        """`{"name", "identity", "dim", "cost": {…}, "legs": {leg: …}, "changes": {leg: {metric: change}}}`."""
        return {
            "name": self.name,
            "identity": self.identity,
            "dim": self.dim,
            "cost": asdict(self.cost),
            "legs": {leg: figures.as_json() for leg, figures in self.legs.items()},
            "changes": {leg: dict(changes) for leg, changes in self.changes.items()},
        }


@dataclass(frozen=True, slots=True)
class Choice:
    """The contenders, the first being what the others are compared with, and the `name` of the one to take."""

    contenders: tuple[Contender, ...]
    name: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        """`{"encoders": […], "take": name, "reason": sentence}`."""
        return {"encoders": [one.as_json() for one in self.contenders], "take": self.name, "reason": self.reason}


def leg_of(name: str, leg: str) -> str:
    """What the report on all encoders calls a leg of one of them."""
    return f"{name} {leg}"


def cost(encoder: Encoder, questions: Sequence[str], passages: Sequence[str]) -> Cost:
    """What `encoder` takes for some of the texts, one by one; what it loads first is not counted."""
    encoder.encode_queries(["준비"])
    return Cost(_median(encoder.encode_queries, questions), _median(encoder.encode_passages, passages))


def _median(encode: Callable[[Sequence[str]], Vectors], texts: Sequence[str]) -> float:
    took = []
    for text in texts[:: max(len(texts) // TIMED, 1)][:TIMED]:
        start = perf_counter()
        encode([text])
        took.append(1000 * (perf_counter() - start))
    return median(took) if took else 0.0


def choose(report: RetrievalReport, found: Mapping[str, tuple[str, int, Cost]]) -> Choice:
    """Compare the encoders of `found`, by name with identity, dimensions and cost, the first being in use.

    Another one is taken only if it is significantly better in DECIDES: the best of those, or of them the one that is
    quickest with a question and not significantly worse than the best.
    """
    names = list(found)
    groups = report.groups() if report.clustered else None

    def against(one: str, other: str, leg: str, metric: str) -> Change:
        return change(report.values(leg_of(one, leg), metric), report.values(leg_of(other, leg), metric), groups)

    contenders = tuple(
        Contender(
            name,
            *about,
            {leg: report.legs[leg_of(name, leg)] for leg in (DENSE, HYBRID)},
            {leg: {m: against(names[0], name, leg, m) for m in SHOWN} for leg in (DENSE, HYBRID)} if number else {},
        )
        for number, (name, about) in enumerate(found.items())
    )
    better = [one for one in contenders[1:] if one.changes[HYBRID][DECIDES]["verdict"] == BETTER]
    if not better:
        return Choice(contenders, names[0], "하이브리드 검색에서 유의하게 더 나은 임베딩이 없습니다.")
    best = max(better, key=lambda one: one.legs[HYBRID].means[DECIDES])
    equal = [o for o in better if o is best or against(best.name, o.name, HYBRID, DECIDES)["verdict"] != WORSE]
    taken = min(equal, key=lambda one: one.cost.query_ms)
    gain = taken.changes[HYBRID][DECIDES]
    reason = f"하이브리드 검색의 MRR@10이 유의하게 높습니다({gain['mean']:+.3f}, p {gain['p']:.4f})."
    if taken is not best:
        reason += f" {best.name}과(와) 유의한 차이가 없고 질문 처리는 더 빠릅니다."
    return Choice(contenders, taken.name, reason)
