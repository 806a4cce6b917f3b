"""The loops of `sums`, compiled when this module is imported for the first time (extra `fast`)."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, call-arg"
# Compiled functions have no types but those that they are compiled for.

from __future__ import annotations

import numpy as np
from numba import njit

from mundap.index.rank import BLOCK

_CHUNK = 64  # rows of which it is first asked whether any is wanted


@njit(cache=True, nogil=True)
def looked_up(sums, rows, table, slots, weights):
    """The score of each of these rows; see `PartSums`."""
    scores = np.empty(len(rows), np.float32)
    for n in range(len(rows)):
        scores[n] = sums[rows[n]]
    for place in range(len(slots)):
        line, weight = table[slots[place]], weights[place]
        for n in range(len(rows)):
            scores[n] += line[rows[n]] * weight
    return scores


@njit(cache=True, nogil=True)
def _reaching(sums, floor):
    """The rows that reach the floor, ascending. All are at least 0, so that their bits compare as they do."""
    bits, least = sums.view(np.int32), np.full(1, floor, np.float32).view(np.int32)[0]
    chunks, hits, total = np.empty(len(sums) // _CHUNK + 1, np.int32), 0, 0
    for first in range(0, len(sums), _CHUNK):
        chunk = bits[first : first + _CHUNK]
        count = 0
        for n in range(len(chunk)):
            count += chunk[n] >= least
        if count:
            chunks[hits] = first
            hits += 1
            total += count
    rows, count = np.empty(total + 1, np.int64), 0
    for hit in range(hits):
        first = chunks[hit]
        chunk = bits[first : first + _CHUNK]
        for n in range(len(chunk)):
            rows[count] = first + n
            count += chunk[n] >= least
    return rows[:count]


@njit(cache=True, nogil=True)
def _kth(values, k):
    return np.partition(values, len(values) - k)[len(values) - k]


@njit(cache=True, nogil=True)
def best(sums, table, slots, weights, most, slack, depth):
    """Rows among which are the best `depth`, with their scores; none where these cannot be told by `sums`.

    `sums` are not negative, and are more than `depth` times BLOCK.
    """
    width = len(sums) // BLOCK
    peaks = sums[:width].copy()
    for n in range(1, BLOCK):
        block = sums[n * width : (n + 1) * width]
        for place in range(width):
            peaks[place] = max(peaks[place], block[place])
    floor = _kth(peaks, depth)
    rows = _reaching(sums, floor) if floor > 0 else np.empty(0, np.int64)
    scores = looked_up(sums, rows, table, slots, weights)
    if len(rows) and len(slots):
        floor = _kth(scores, depth)
        bound = np.float32(floor * (1 - slack) - most)
        rows = _reaching(sums, bound) if bound > 0 else rows[:0]
        scores = looked_up(sums, rows, table, slots, weights)
        kept = scores >= floor
        return rows[kept], scores[kept]
    return rows, scores
