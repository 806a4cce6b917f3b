"""Passages that say the same as another one, or differ from it only in numbers and dates.

Whoever cites the wrong one of these misleads. They are found in about linear time: texts that are the same when numbers
are masked by their digest, others by the fingerprints that they share.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from mundap.ingest.grid import TABLE
from mundap.korean.normalize import squash
from mundap.types import Meta

Kind = Literal["same", "numbers", "similar", "contained"]
Rows = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

SHINGLE = 5  # characters
SAME_WORDING = 0.8  # Jaccard of shingles; docs/experiments/2026-11-21-duplicates.md
CONTAINED = 0.9  # share of the shingles of the shorter text that the longer one has
LEAST = 20  # letters; a shorter text says too little to be the copy of another
LEAST_CONTAINED = 60  # letters; a shorter text is a phrase that many texts have
_WINDOW = 16  # shingles, of which one is a fingerprint: texts that share 20 characters in a row share one
_NEIGHBOURS = 8  # of the texts with a fingerprint, ordered by likeness, how many each is compared with
_SHARED = 0.4  # of the fingerprints of the one with fewer, that two texts must share to be compared
_BLOCK = 1 << 21  # characters that are read at once

_NUMBER = re.compile(r"[0-9]+(?:[.,:/~-][0-9]+)*")
_FACTORS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F],
                    np.uint64)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Group:
    """Texts that are copies of each other, by their places in order.

    `kind` is "same" where all are equal, white space aside; "numbers" where they are with numbers and dates masked;
    "similar" where their wording is nearly the same; "contained" where the first is a part of the second.
    """

    kind: Kind
    members: tuple[int, ...]


def comparable(meta: Meta) -> bool:
    """Whether a passage can be a copy: rows and tables cannot, which are alike by nature and told apart by their cells."""
    return meta.get("kind") not in ("row", TABLE)


def masked(text: str) -> str:
    """`text`, which is in normal form, in lower case, without white space, and with 0 for every number and date."""
    return _NUMBER.sub("0", "".join(text.split()).lower())


def alike(text: str, other: str) -> bool:
    """Whether the wording of two masked texts is nearly the same: the Jaccard index of their shingles (Broder, 1997)."""
    one, two = _shingles(text), _shingles(other)
    return _alike(one, two)


def copies(texts: Sequence[str], fresh: Sequence[bool] | None = None) -> tuple[Group, ...]:
    """The groups of copies among `texts`, the largest first; with `fresh` only those that a fresh text is in.

    Texts of fewer than LEAST letters are nobody's copies. Where a text is a part of several others, it is so in a group
    with each.
    """
    new = np.ones(len(texts), np.bool_) if fresh is None else np.asarray(fresh, np.bool_)
    buckets: dict[str, list[int]] = defaultdict(list)
    for n, text in enumerate(texts):
        wording = masked(text)
        if _says(wording, LEAST):
            buckets[wording].append(n)
    wordings, members = list(buckets), list(buckets.values())
    has_new = np.array([new[some].any() for some in members], np.bool_)
    leads = list(range(len(wordings)))  # a forest; the root stands for its texts

    def lead(n: int) -> int:
        while leads[n] != n:
            leads[n] = leads[leads[n]]
            n = leads[n]
        return n

    contained: list[tuple[int, int]] = []
    read: dict[int, frozenset[str]] = {}
    for first, second in _candidates(wordings, has_new):
        if lead(first) == lead(second):
            continue
        if first not in read:
            read = {first: _shingles(wordings[first])}  # candidates come by their first text
        one, two = read[first], _shingles(wordings[second])
        if _alike(one, two):
            leads[max(lead(first), lead(second))] = min(lead(first), lead(second))
        elif (inner := _contained(one, two, wordings[first], wordings[second])) is not None:
            contained.append((first, second) if inner == 0 else (second, first))
    joined: dict[int, list[int]] = defaultdict(list)
    for n in range(len(wordings)):
        joined[lead(n)].append(n)
    found = []
    for parts in joined.values():
        rows = sorted(row for part in parts for row in members[part])
        if len(rows) > 1 and new[rows].any():
            found.append(Group("similar" if len(parts) > 1 else _kind([texts[row] for row in rows]), tuple(rows)))
    found.sort(key=lambda group: (-len(group.members), group.members))
    parts_of_others = {(lead(inner), lead(outer)): (inner, outer) for inner, outer in contained}
    for inner, outer in sorted(parts_of_others.values()):
        if lead(inner) != lead(outer) and (has_new[inner] or has_new[outer]):
            found.append(Group("contained", (members[inner][0], members[outer][0])))
    return tuple(found)


def _kind(texts: Sequence[str]) -> Kind:
    return "same" if len({squash(text) for text in texts}) == 1 else "numbers"


def _says(wording: str, letters: int) -> bool:
    """Whether it has so many letters."""
    return any(sum(map(str.isalpha, some)) >= letters for some in (wording[: 4 * letters], wording))


def _shingles(wording: str) -> frozenset[str]:
    return frozenset(wording[start : start + SHINGLE] for start in range(max(len(wording) - SHINGLE + 1, 1)))


def _alike(one: frozenset[str], two: frozenset[str]) -> bool:
    if min(len(one), len(two)) < SAME_WORDING * max(len(one), len(two)):
        return False
    both = len(one & two)
    return both >= SAME_WORDING * (len(one) + len(two) - both)


def _contained(one: frozenset[str], two: frozenset[str], first: str, second: str) -> int | None:
    """Which of two texts is a part of the other: 0, 1, or None if neither is."""
    inner = 0 if len(one) <= len(two) else 1
    shorter = (first, second)[inner]
    if not _says(shorter, LEAST_CONTAINED):
        return None
    return inner if len(one & two) >= CONTAINED * min(len(one), len(two)) else None


def _candidates(wordings: Sequence[str], new: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """The pairs of distinct texts that share enough fingerprints, one of them new, in order."""
    values, owners = _fingerprints(wordings)
    if not len(values):
        return
    counts = np.bincount(owners, minlength=len(wordings))
    # Texts that are alike have the same least fingerprint most often (MinHash), so that they stand side by side.
    least = np.minimum.reduceat(values, np.concatenate([[0], np.flatnonzero(np.diff(owners)) + 1]))
    place = np.argsort(np.argsort(least, kind="stable"), kind="stable")
    if not new.all():
        wanted = np.unique(values[new[owners]])
        if not len(wanted):
            return
        there = wanted[np.searchsorted(wanted, values).clip(max=len(wanted) - 1)] == values
        values, owners = values[there], owners[there]
    order = np.argsort(values, kind="stable")
    values, owners = values[order], owners[order]
    repeated = values[1:] == values[:-1]
    keep = np.concatenate([repeated, [False]]) | np.concatenate([[False], repeated])
    values, owners = values[keep], owners[keep]
    order = np.lexsort((place[owners], values))
    values, owners = values[order], owners[order]
    keys: list[Rows] = []
    for step in range(1, min(_NEIGHBOURS, len(values) - 1) + 1):
        first, second = owners[:-step], owners[step:]
        there = (values[step:] == values[:-step]) & (new[first] | new[second])
        low, high = np.minimum(first[there], second[there]), np.maximum(first[there], second[there])
        keys.append(low << 32 | high)
    if not keys:
        return
    pairs, shared = np.unique(np.concatenate(keys), return_counts=True)
    low, high = pairs >> 32, pairs & 0xFFFFFFFF
    enough = shared >= _SHARED * np.minimum(counts[low], counts[high])
    yield from zip(low[enough].tolist(), high[enough].tolist(), strict=True)


def _fingerprints(wordings: Sequence[str]) -> tuple[Hashes, Rows]:
    """The distinct fingerprints of each text, with its number, in the order of the texts.

    Of every _WINDOW shingles in a row the one of the least hash is chosen (winnowing: Schleimer, Wilkerson & Aiken,
    SIGMOD 2003). Every text has LEAST letters, so that it has one.
    """
    lengths = np.fromiter(map(len, wordings), np.int64, len(wordings))
    cuts = [0, *(np.flatnonzero(np.diff(np.cumsum(lengths) // _BLOCK)) + 1).tolist(), len(wordings)]
    values, owners = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    for start, end in pairwise(cuts):
        some = lengths[start:end]
        codes = np.frombuffer("".join(wordings[start:end]).encode("utf-32-le"), np.uint32).astype(np.uint64)
        size = len(codes) - SHINGLE + 1
        if size < _WINDOW:
            continue
        hashes = np.zeros(size, np.uint64)
        for at, factor in enumerate(_FACTORS):
            hashes += codes[at : at + size] * factor
        hashes ^= hashes >> np.uint64(31)
        hashes *= _FACTORS[0]
        hashes ^= hashes >> np.uint64(29)
        width = 1
        while width < _WINDOW:
            hashes = np.minimum(hashes[:-width], hashes[width:])
            width *= 2
        owner = np.repeat(np.arange(start, end), some)[: len(hashes)]
        ends = np.repeat(np.cumsum(some), some)[: len(hashes)]
        whole = np.arange(len(hashes)) + _WINDOW + SHINGLE - 1 <= ends
        whole[1:] &= (hashes[1:] != hashes[:-1]) | (owner[1:] != owner[:-1])  # windows mostly choose as the one before
        hashes, owner = hashes[whole], owner[whole]
        order = np.lexsort((hashes, owner))
        hashes, owner = hashes[order], owner[order]
        distinct = np.concatenate([[True], (np.diff(owner) != 0) | (hashes[1:] != hashes[:-1])])[: len(hashes)]
        values.append(hashes[distinct])
        owners.append(owner[distinct])
    return np.concatenate(values), np.concatenate(owners)
