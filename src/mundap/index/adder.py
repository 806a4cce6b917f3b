"""The inner loop of BM25: NumPy in the base install, compiled where the extra `fast` is installed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec

import numpy as np

from mundap.index.term_shares import Counts, Local, Places, Shares, Slots, TermShares, shares
from mundap.protocols import Scores

# Postings under which compiled code saves less than the half second that loading its compiler takes.
COMPILED_ABOVE = 2_000_000
_TOGETHER = 1000  # postings of a term, up to which those of all terms are taken in one go: calls cost more than they do
_BLOCK = 32_768  # rows whose scores, and what is needed for them, stay near the processor

_Loop = Callable[[Scores, Local, Counts, Scores, Places, Places, Scores, Slots, Shares], None]


def add(scores: Scores, terms: TermShares, starts: Places, ends: Places, weights: Scores, slots: Slots) -> None:
    """Add to `scores`, for each term n in order and its postings from starts[n] to ends[n], its share times weights[n].

    A term has each row, ascending, at most once, and the slot that `terms` gives it.
    """
    loop = _compiled() if compiles(terms) else None
    if loop:
        loop(scores, terms.rows, terms.counts, terms.soft, starts, ends, weights, slots, terms.table)
    else:
        _add(scores, terms, starts, ends, weights, slots)


def compiles(terms: TermShares) -> bool:
    """Whether compiled code is to add these."""
    return len(terms.rows) > COMPILED_ABOVE and _compiled() is not None


def _add(scores: Scores, terms: TermShares, starts: Places, ends: Places, weights: Scores, slots: Slots) -> None:
    long = np.flatnonzero((ends - starts > _TOGETHER) | (slots >= 0))
    head = int(long[0]) if len(long) else len(starts)
    if head:
        _add_together(scores, terms, starts[:head], ends[:head], weights[:head])
    gained = np.empty_like(scores) if len(long) and slots.max() >= 0 else scores
    rest = zip(starts[head:].tolist(), ends[head:].tolist(), slots[head:].tolist(), weights[head:], strict=True)
    for start, end, slot, weight in rest:
        if slot >= 0:
            scores += np.multiply(terms.table[slot], weight, out=gained)
        elif end > start:  # a term that is in other segments only begins where another does
            rows, known = terms.listed(start, end)
            np.add.at(scores, rows, known * weight)


def _add_together(scores: Scores, terms: TermShares, starts: Places, ends: Places, weights: Scores) -> None:
    sizes = ends - starts
    places = np.repeat(starts - (np.cumsum(sizes) - sizes), sizes)
    places += np.arange(len(places))
    rows = terms.rows[places].astype(np.intp)
    np.add.at(scores, rows, shares(terms.counts[places], terms.soft[rows]) * np.repeat(weights, sizes))


@cache
def _compiled() -> _Loop | None:
    if find_spec("numba") is None:
        return None
    from numba import njit

    def loop(scores, rows, counts, soft, starts, ends, weights, slots, table):  # type: ignore[no-untyped-def]
        places = starts.copy()
        for first in range(0, len(scores), _BLOCK):
            here = scores[first : first + _BLOCK]
            after = first + len(here)
            for term in range(len(starts)):
                weight, slot = weights[term], slots[term]
                if slot >= 0:
                    known = table[slot, first:after]
                    for place in range(len(here)):
                        here[place] += known[place] * weight
                    continue
                n, end = places[term], ends[term]
                while n < end:
                    row = np.uint64(rows[np.uint64(n)])  # without a sign, which numba would look at
                    if row >= after:
                        break
                    count = np.float32(counts[np.uint64(n)])
                    scores[row] += count / (count + soft[row]) * weight
                    n += 1
                places[term] = n

    compiled: _Loop = njit(loop, cache=True, nogil=True)
    return compiled
