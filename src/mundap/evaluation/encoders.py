"""Several encoders on the same questions: how well each finds, what it costs, and which one to take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from mundap.evaluation.estimates import BETTER, WORSE, Difference, Differences, differences_json, paired_difference
from mundap.evaluation.markup import notebook_table
from mundap.evaluation.retrieval import COMPARED, LegReport, RetrievalReport
from mundap.protocols import Encoder, Vectors
from mundap.types import Json

DECIDES = "mrr@10"  # of the hybrid: what answers are written from
DENSE, HYBRID = "dense", "hybrid"
TIMED = 12  # texts of each kind


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds for a question, and for a passage, each read by itself; the median of those that were timed.

    What this process computes for it is told too: on a busy machine it is what compares, but of a server it says nothing.
    """

    query_ms: float
    passage_ms: float
    query_cpu_ms: float = 0.0
    passage_cpu_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Contender:
    """An encoder as mundap.toml names it, its identity, its dimensions, and what was measured of it.

    `differences` of each leg are this one's figures less those of the first contender, over the same questions.
    """

    name: str
    identity: str
    dim: int
    cost: Cost
    legs: Mapping[str, LegReport]
    differences: Mapping[str, Differences]

    def to_json(self) -> dict[str, Json]:
        """`{"name", "identity", "dim", "cost": {…}, "legs": {leg: …}, "changes": {leg: {metric: change}}}`."""
        return {
            "name": self.name,
            "identity": self.identity,
            "dim": self.dim,
            "cost": asdict(self.cost),
            "legs": {leg: figures.to_json() for leg, figures in self.legs.items()},
            "changes": {leg: differences_json(found) for leg, found in self.differences.items()},
        }


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """The contenders, the first being what the others are compared with, and the `name` of the one to take. `run` is where
    all is kept."""

    contenders: tuple[Contender, ...]
    name: str
    reason: str
    run: Path | None = None

    def to_json(self) -> dict[str, Json]:
        """`{"encoders": […], "take": name, "reason": sentence, "run": folder}`."""
        shown: dict[str, Json] = {"encoders": [one.to_json() for one in self.contenders]}
        return shown | {"take": self.name, "reason": self.reason} | ({"run": str(self.run)} if self.run else {})

    def _repr_html_(self) -> str:
        rows = [
            [one.name, str(one.legs[HYBRID].figures[DECIDES]), f"{one.cost.query_ms:.1f}", f"{one.cost.passage_ms:.1f}"]
            for one in self.contenders
        ]
        return notebook_table([self.name, f"{HYBRID} {DECIDES}", "question, ms", "passage, ms"], rows)


def leg_of(name: str, leg: str) -> str:
    """What the report on all encoders calls a leg of one of them."""
    return f"{name} {leg}"


def cost(encoder: Encoder, questions: Sequence[str], passages: Sequence[str]) -> Cost:
    """What `encoder` takes for some of the texts, one by one; what it loads first is not counted."""
    encoder.encode_queries(["준비"])
    encoder.encode_passages(["준비"])
    query, query_cpu = _medians(encoder.encode_queries, questions)
    passage, passage_cpu = _medians(encoder.encode_passages, passages)
    return Cost(query, passage, query_cpu, passage_cpu)


def _medians(encode: Callable[[Sequence[str]], Vectors], texts: Sequence[str]) -> tuple[float, float]:
    """Milliseconds that went by, and that this process computed."""
    took, computed = [], []
    for text in texts[:: max(len(texts) // TIMED, 1)][:TIMED]:
        start, worked = perf_counter(), process_time()
        encode([text])
        took.append(1000 * (perf_counter() - start))
        computed.append(1000 * (process_time() - worked))
    return (median(took), median(computed)) if took else (0.0, 0.0)


def choose(report: RetrievalReport, found: Mapping[str, tuple[str, int, Cost]]) -> EncoderChoice:
    """Compare the encoders of `found`, by name with identity, dimensions and cost, the first being in use.

    Another one is taken only if it is significantly better in DECIDES: the best of those, or of them the one that is
    quickest with a question and not significantly worse than the best.
    """
    names = list(found)
    groups = report.groups() if report.clustered else None

    def against(one: str, other: str, leg: str, metric: str) -> Difference:
        return paired_difference(
            report.values(leg_of(one, leg), metric), report.values(leg_of(other, leg), metric), groups=groups
        )

    contenders = tuple(
        Contender(
            name,
            *about,
            {leg: report.legs[leg_of(name, leg)] for leg in (DENSE, HYBRID)},
            {leg: {m: against(names[0], name, leg, m) for m in COMPARED} for leg in (DENSE, HYBRID)} if number else {},
        )
        for number, (name, about) in enumerate(found.items())
    )
    better = [one for one in contenders[1:] if one.differences[HYBRID][DECIDES].verdict == BETTER]
    if not better:
        return EncoderChoice(contenders, names[0], "하이브리드 검색에서 유의하게 더 나은 임베딩이 없습니다.")
    best = max(better, key=lambda one: one.legs[HYBRID].figures[DECIDES].mean)
    equal = [o for o in better if o is best or against(best.name, o.name, HYBRID, DECIDES).verdict != WORSE]
    taken = min(equal, key=lambda one: one.cost.query_ms)
    gain = taken.differences[HYBRID][DECIDES]
    reason = f"하이브리드 검색의 MRR@10이 유의하게 높습니다({gain.mean:+.3f}, p {gain.p:.4f})."
    if taken is not best:
        reason += f" {best.name}과(와) 유의한 차이가 없고 질문 처리는 더 빠릅니다."
    return EncoderChoice(contenders, taken.name, reason)
