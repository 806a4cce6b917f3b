"""A question for a limit (면세 한도가 얼마, 얼마까지) asked as texts state one: so many 원 or 달러 이하, 초과."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from mundap.types import Hit

_ASKS = re.compile(
    r"\s*(?:최대\s?)?(?:한도|범위|상한|기준)(?:액|금액)?[은는이가]?\s*(?:(?:최대|얼마|알려|어떻|뭐|무엇|어느).*|\W*)$"
    r"|[은는이가]?\s*얼마(?:까지|\s?이하).*$"
)
_STATED = "원 달러 이하 초과"


def limit_query(question: str) -> str:
    """`question` in the words of a passage that states the limit; "" if it asks for none."""
    found = _ASKS.search(question)
    asked = question[: found.start()].strip() if found else ""
    return f"{asked} {_STATED}" if asked else ""


def averaged(first: Sequence[Hit], second: Sequence[Hit], k: int) -> list[Hit]:
    """The best `k` of two searches by their mean score, ties by id; a passage that one lacks has its least score there.

    Scores of both must be of the same kind. `origins` are those of the first search that found the passage.
    """
    if not first or not second:
        return list(first or second)[:k]
    scores = [{hit.passage.id: hit.score for hit in hits} for hits in (first, second)]
    least = [min(found.values()) for found in scores]
    hits = {hit.passage.id: hit for hit in (*second, *first)}
    mean = {id: sum(found.get(id, low) for found, low in zip(scores, least, strict=True)) / 2 for id in hits}
    best = sorted(hits, key=lambda found: (-mean[found], found))[:k]
    return [replace(hits[id], score=mean[id], rank=rank) for rank, id in enumerate(best, 1)]
