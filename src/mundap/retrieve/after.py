"""What may happen to hits after search: age, diversity, duplicates, and the order in which a model reads them.

Pure functions over hits. Each takes a ranking, best first, and leaves the hits it was given as they are.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from math import log
from statistics import fmean

import numpy as np

from mundap.korean.normalize import squash
from mundap.protocols import Vectors
from mundap.types import Hit

FLOOR = 0.3  # of its odds that a passage keeps however old it is
SHINGLE = 5  # characters
SAME_WORDING = 0.8  # Jaccard of shingles; docs/experiments/2026-11-21-duplicates.md

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_TELLING = re.compile(r"[0-9]+(?:[.,][0-9]+)*|[A-Za-z]+")  # what tells 제5조 from 제6조, and A구장 from B구장


@dataclass(frozen=True, slots=True)
class Collapsed:
    """The hits that stay, and for the id of each dropped passage the id of the kept one that it repeats."""

    hits: tuple[Hit, ...]
    dropped: Mapping[str, str]


def ranked(hits: Sequence[Hit]) -> list[Hit]:
    """The hits by falling score, ties by passage id, with ranks from 1."""
    return _numbered(sorted(hits, key=lambda hit: (-hit.score, hit.passage.id)))


def weigh_time(hits: Sequence[Hit], today: date, half_life_days: float, floor: float = FLOOR) -> list[Hit]:
    """The hits ranked again, old ones lowered: the exponential prior of Li & Croft (CIKM 2003), with a floor.

    A score is read as log-odds, which BM25 and a cross-encoder's logit are and other scores are near enough to: the
    odds of a passage are multiplied by floor + (1 - floor) * 2 ** (-age / half_life_days), in (0, 1], so its logarithm
    is added. Age is counted in days from the end of `meta["date"]` (see `period_end`); the future counts as today.
    A passage without a date gets the mean of what the dated ones are given, so that having none is neither a merit
    nor a fault. Raises ValueError unless half_life_days > 0 and 0 < floor <= 1.
    """
    if half_life_days <= 0 or not 0 < floor <= 1:
        raise ValueError(f"half_life_days {half_life_days} must be above 0, and floor {floor} in (0, 1]")
    days = [period_end(hit.passage.meta.get("date")) for hit in hits]
    priors = [
        None if day is None else log(floor + (1 - floor) * 2.0 ** (-max((today - day).days, 0) / half_life_days))
        for day in days
    ]
    dated = [prior for prior in priors if prior is not None]
    usual = fmean(dated) if dated else 0.0
    return ranked(
        [
            replace(hit, score=hit.score + (usual if prior is None else prior))
            for hit, prior in zip(hits, priors, strict=True)
        ]
    )


def period_end(value: object) -> date | None:
    """The last day of "YYYY", "YYYY-MM" or "YYYY-MM-DD"; None for anything that is no such date."""
    written = _DATE.fullmatch(str(value).strip())
    if written is None:
        return None
    year, month, day = int(written[1]), int(written[2] or 12), written[3]
    try:
        return date(year, month, int(day) if day else monthrange(year, month)[1])
    except ValueError:
        return None


def mmr(hits: Sequence[Hit], vectors: Vectors, k: int, trade: float) -> list[Hit]:
    """At most `k` hits, each relevant and unlike those before it (Carbonell & Goldstein, SIGIR 1998).

    The next hit is that with the highest trade * relevance - (1 - trade) * (cosine with the nearest hit chosen);
    relevance is the score, min-max scaled within `hits` to [0, 1]. `vectors` is (len(hits), dim), unit rows;
    `trade` is in (0, 1], and 1 leaves a ranking as it is. Ties go to the higher score, then by passage id.
    Hits keep their scores, which therefore need not fall. Raises ValueError for another `trade` or shape.
    """
    if not 0 < trade <= 1 or len(vectors) != len(hits):
        raise ValueError(f"trade {trade} must be in (0, 1], and {len(vectors)} vectors as many as {len(hits)} hits")
    if not hits:
        return []
    order = sorted(range(len(hits)), key=lambda n: (-hits[n].score, hits[n].passage.id))
    scores = np.asarray([hits[n].score for n in order], np.float64)
    spread = scores[0] - scores[-1]
    relevance = (scores - scores[-1]) / (spread or 1)
    rows = np.asarray(vectors, np.float64)[order]
    nearest, left = np.zeros(len(hits)), np.ones(len(hits), np.bool_)
    chosen: list[Hit] = []
    while len(chosen) < min(k, len(hits)):
        gains = np.where(left, trade * relevance - (1 - trade) * nearest, -np.inf)
        pick = int(gains.argmax())
        left[pick] = False
        # Row by row, not as a matrix product, whose last bits depend on where a row stands: equal rows must tie.
        similar = (rows * rows[pick]).sum(axis=1)
        nearest = np.maximum(nearest, similar) if chosen else similar
        chosen.append(hits[order[pick]])
    return _numbered(chosen)


def collapse(hits: Sequence[Hit], vectors: Vectors, threshold: float) -> Collapsed:
    """Drop every hit that repeats an earlier one that stays.

    It does if heading and text are the same but for white space; or if the cosine of the two is at least `threshold`,
    they hold the same numbers and Latin words, and their wording is nearly the same: the Jaccard index of their
    5-character shingles (Broder, 1997) reaches SAME_WORDING. The cosine alone calls two articles on one subject the
    same, and an amended article differs from the old one in a number. `vectors` is (len(hits), dim), unit rows, or
    ValueError is raised.
    """
    if len(vectors) != len(hits):
        raise ValueError(f"{len(vectors)} vectors for {len(hits)} hits")
    rows = np.asarray(vectors, np.float32)
    wordings = [_Wording(hit.passage.embedded) for hit in hits]
    kept: list[int] = []
    dropped: dict[str, str] = {}
    for n, hit in enumerate(hits):
        near = rows[kept] @ rows[n] >= threshold
        repeated = next(
            (
                m
                for m, close in zip(kept, near, strict=True)
                if wordings[m].text == wordings[n].text or (close and wordings[m].nearly(wordings[n]))
            ),
            None,
        )
        if repeated is None:
            kept.append(n)
        else:
            dropped[hit.passage.id] = hits[repeated].passage.id
    return Collapsed(tuple(_numbered([hits[n] for n in kept])), dropped)


def _numbered(hits: Sequence[Hit]) -> list[Hit]:
    return [replace(hit, rank=rank) for rank, hit in enumerate(hits, 1)]


class _Wording:
    """A text without white space, and what is compared of it, worked out when it is first asked for."""

    def __init__(self, text: str) -> None:
        self.text = squash(text)
        self._read = text

    def nearly(self, other: _Wording) -> bool:
        if self._telling != other._telling:
            return False
        return len(self._shingles & other._shingles) >= SAME_WORDING * len(self._shingles | other._shingles)

    @cached_property
    def _telling(self) -> frozenset[str]:
        return frozenset(_TELLING.findall(self._read))

    @cached_property
    def _shingles(self) -> frozenset[str]:
        return frozenset(self.text[start : start + SHINGLE] for start in range(max(len(self.text) - SHINGLE + 1, 1)))
