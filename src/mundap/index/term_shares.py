"""What terms bring to the rows of a segment, kept at hand: questions share most of their longest lists.

A handful of terms has three quarters of a question's postings. Of one that a sixteenth of all rows hold there is a line
with what it brings to each row, so that it can be looked up for the few rows that may be among the best (index/sums.py). Of
others the rows and what they gain are kept as they are.
"""

from __future__ import annotations

from threading import Lock

import numpy as np
import numpy.typing as npt

from mundap.protocols import Rows, Scores

SHARE = 16  # a term in more than one of so many rows is frequent
LEAST = 4096  # rows of a segment, below which nothing is gained
_A_CELL, _A_POSTING = 4, 12  # bytes that are kept

Local = npt.NDArray[np.int32]
Counts = npt.NDArray[np.uint16]
Places = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float32]
Slots = npt.NDArray[np.int64]


class TermShares:
    """Of the postings `rows` and `counts` of a segment, whose terms begin at `starts`, what each brings before its term is
    weighed: count / (count + soft[row]). Threads may share one.

    `table[slot]` has it for every row, 0 where the term is not, for terms that are frequent. About `most` bytes are kept of
    them, and as many of others.
    """

    def __init__(self, rows: Local, counts: Counts, starts: Places, soft: Scores, most: int) -> None:
        self.rows, self.counts, self.soft = rows, counts, soft
        self._bar, count = _bar(starts, len(soft), most // (_A_CELL * max(len(soft), 1)))
        self._most = most // _A_POSTING
        self.table: Shares = np.empty((count, len(soft)), np.float32)  # which takes memory as it is filled
        self.most: Shares = np.zeros(count, np.float32)  # that each slot brings to any row
        self._slots: dict[int, int] = {}  # by where the postings of a term start
        self._lock = Lock()
        self._lists: dict[int, tuple[Rows, Shares]] = {}
        self._listed = 0

    def slots(self, starts: Places, ends: Places) -> Slots:
        """The slot of each term with postings from start to end; -1 for one that has none."""
        spans = zip(starts.tolist(), ends.tolist(), strict=True)
        return np.array([self._slot(start, end) if end - start >= self._bar else -1 for start, end in spans], np.int64)

    def listed(self, start: int, end: int) -> tuple[Rows, Shares]:
        """The rows of a term, and what it brings to each."""
        held = self._lists.get(start)
        if held is None:
            wide = self.rows[start:end].astype(np.intp)  # what NumPy would do at each use
            held = wide, shares(self.counts[start:end], self.soft[wide])
            if self._listed + len(wide) > self._most:
                self._lists, self._listed = {}, 0
            self._lists[start] = held
            self._listed += len(wide)
        return held

    def _slot(self, start: int, end: int) -> int:
        held = self._slots.get(start)
        if held is not None:
            return held
        with self._lock:
            slot = self._slots.get(start, len(self._slots))
            if slot == len(self._slots):
                rows = self.rows[start:end]
                self.table[slot] = 0
                self.table[slot, rows] = brought = shares(self.counts[start:end], self.soft[rows])
                self.most[slot] = brought.max(initial=0)
                self._slots[start] = slot  # only now: another thread may look
            return slot


def shares(counts: Counts, soft: Scores) -> Shares:
    """What each posting brings before its term is weighed, in (0, 1)."""
    times = counts.astype(np.float32)
    found: Shares = times / (times + soft)
    return found


def _bar(starts: Places, rows: int, most: int) -> tuple[int, int]:
    """(postings from which a term is frequent, so that no more than `most` are; how many are)."""
    if rows < LEAST:
        return rows + 1, 0
    sizes = np.diff(starts)
    longest = np.sort(sizes[sizes > rows // SHARE])[::-1]
    bar = int(longest[most]) + 1 if len(longest) > most else rows // SHARE + 1
    return bar, int(np.count_nonzero(longest >= bar))
