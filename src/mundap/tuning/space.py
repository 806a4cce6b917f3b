"""What is tuned: the settings, where mundap.toml keeps them, and the values that are tried."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TypeVar

from mundap.config import Config
from mundap.retrieve.fuse import fusion
from mundap.tuning.edit import Value
from mundap.types import Json

Number = TypeVar("Number", int, float)

CHUNK_CHARS = (64, 128, 192, 256, 300, 384, 512, 768, 1024)
OVERLAPS = (0, 50, 100, 150)
K1 = (0.4, 0.6, 0.9, 1.2, 1.5, 2.0)
B = (0.2, 0.4, 0.6, 0.75, 0.9)
POOLS = (25, 50, 100, 200)
RERANK_DEPTHS = (10, 20, 30, 50)
# The weight of BM25, with the rule that gives the dense leg's: 1, or what is left to 1.
LEXICAL = {
    "evidence": (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5),
    "zscore": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7),
    "minmax": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7),
    "rrf": (0.25, 0.5, 0.75, 1.0, 1.5, 2.0),
}
_SHARED = ("zscore", "minmax")  # weights that add up to 1

PARAMETERS = ("chunk", "overlap", "bm25", "fusion", "pool", "rerank", "k")  # in the order in which they are tuned
TITLES = {
    "chunk": "청크 글자 수",
    "overlap": "청크가 겹치는 글자 수",
    "bm25": "BM25 k1·b",
    "fusion": "융합 방법과 가중치",
    "pool": "검색 방법별 후보 수",
    "rerank": "재순위화할 문단 수",
    "k": "답변에 쓰는 문단 수",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a trial searches with. `weights` are those in force, by leg; `rerank_depth` 0 is without the reranker."""

    chunk_chars: int
    k1: float
    b: float
    fusion: str
    weights: tuple[tuple[str, float], ...]
    pool: int
    k: int
    rerank_depth: int = 0
    chunk_overlap: int = 0

    @classmethod
    def of(cls, config: Config) -> Settings:
        """Those of mundap.toml, without the reranker."""
        found = config.retrieve
        weights = fusion(found.fusion, found.legs, found.weights).weights
        pairs = tuple(sorted(weights.items()))
        cut, index = config.ingest, config.index
        made = cls(cut.chunk_chars, index.k1, index.b, found.fusion, pairs, found.pool, found.k)
        return replace(made, chunk_overlap=cut.chunk_overlap)

    @property
    def key(self) -> str:
        """All that decides a ranking, in a form that can be kept; `k` only says how much of it is read."""
        return json.dumps({name: value for name, value in self.to_json().items() if name != "k"}, sort_keys=True)

    def to_json(self) -> dict[str, Json]:
        """The fields by name."""
        return {**asdict(self), "weights": dict(self.weights)}

    def changed(self, before: Settings) -> dict[tuple[str, ...], Value]:
        """The keys of mundap.toml that must change from `before` to these, with their values."""
        places: dict[str, tuple[str, ...]] = {
            "chunk_chars": ("ingest", "chunk_chars"),
            "chunk_overlap": ("ingest", "chunk_overlap"),
            "k1": ("index", "k1"),
            "b": ("index", "b"),
            "fusion": ("retrieve", "fusion"),
            "pool": ("retrieve", "pool"),
            "k": ("retrieve", "k"),
            "rerank_depth": ("retrieve", "rerank_depth"),
        }
        found = {place: getattr(self, n) for n, place in places.items() if getattr(self, n) != getattr(before, n)}
        if (self.fusion, self.weights) != (before.fusion, before.weights):
            found["retrieve", "weights"] = dict(self.weights)
        return found


@dataclass(frozen=True, slots=True)
class Candidate:
    """Settings to try, and where they are drawn: a panel, a line in it, and a place along that line."""

    settings: Settings
    label: str
    panel: str
    series: str = ""


def candidates(parameter: str, now: Settings) -> list[Candidate]:
    """What is tried for one of PARAMETERS but "k", each otherwise as `now`, which is among them."""
    title = TITLES[parameter]
    if parameter == "chunk":
        return [Candidate(replace(now, chunk_chars=n), str(n), title) for n in _with(CHUNK_CHARS, now.chunk_chars)]
    if parameter == "overlap":
        overlaps = [n for n in _with(OVERLAPS, now.chunk_overlap) if n == now.chunk_overlap or 2 * n <= now.chunk_chars]
        return [Candidate(replace(now, chunk_overlap=n), str(n), title) for n in overlaps]
    if parameter == "bm25":
        return [
            Candidate(replace(now, k1=k1, b=b), f"{k1:g}", title, f"b {b:g}")
            for b in _with(B, now.b)
            for k1 in _with(K1, now.k1)
        ]
    if parameter == "pool":
        return [Candidate(replace(now, pool=n), str(n), title) for n in _with(POOLS, now.pool)]
    if parameter == "rerank":
        return [Candidate(replace(now, rerank_depth=n), str(n), title) for n in _with(RERANK_DEPTHS, now.rerank_depth)]
    tried = list(_fusions(now))
    if all(c.settings != now for c in tried):
        shown = ", ".join(f"{leg} {weight:g}" for leg, weight in now.weights)
        tried.append(Candidate(now, shown, f"{now.fusion} (현재)"))
    return tried


def _fusions(now: Settings) -> Iterator[Candidate]:
    held = dict(now.weights)
    for method, grid in LEXICAL.items():
        current = _weights(method, held["bm25"]) == held
        for weight in _with(grid, held["bm25"]) if method == now.fusion and current else grid:
            pairs = tuple(sorted(_weights(method, weight).items()))
            yield Candidate(replace(now, fusion=method, weights=pairs), f"{weight:g}", method)


def _weights(method: str, lexical: float) -> Mapping[str, float]:
    return {"bm25": lexical, "dense": round(1 - lexical, 9) if method in _SHARED else 1.0}


def _with(values: Iterable[Number], current: Number) -> list[Number]:
    return sorted(set(values) | {current})
