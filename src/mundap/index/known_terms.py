"""What was looked up of tokens, as arrays: the next question with the same token finds it there."""

from __future__ import annotations

from collections.abc import Callable, Collection
from threading import Lock

import numpy as np
import numpy.typing as npt

from mundap.protocols import Rows

Terms = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]
Rarities = npt.NDArray[np.float64]
Spans = npt.NDArray[np.int64]

LookUp = Callable[[list[str]], tuple[Terms, Counts, Rarities, Spans]]
_FIRST = 256  # for which there is room at first


class KnownTerms:
    """Of each token that was asked for, by its number: its term, how many rows hold it, how rare that makes it, and,
    (parts, 2, numbers), where its postings start and end in each part. Threads may share one."""

    def __init__(self, parts: int) -> None:
        self.terms = np.empty(_FIRST, np.uint64)
        self.holders = np.empty(_FIRST, np.int64)
        self.rarities = np.empty(_FIRST)
        self.spans = np.empty((parts, 2, _FIRST), np.int64)
        self._numbers: dict[str, int] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._numbers)

    def numbers(self, tokens: Collection[str], look_up: LookUp) -> Rows:
        """The number of each token. What is not known yet is looked up."""
        try:
            return np.fromiter(map(self._numbers.__getitem__, tokens), np.intp, len(tokens))
        except KeyError:
            self._learn(tokens, look_up)
            return np.fromiter(map(self._numbers.__getitem__, tokens), np.intp, len(tokens))

    def _learn(self, tokens: Collection[str], look_up: LookUp) -> None:
        with self._lock:
            missing = [token for token in dict.fromkeys(tokens) if token not in self._numbers]
            if not missing:
                return
            first, after = len(self._numbers), len(self._numbers) + len(missing)
            if after > len(self.terms):
                self.terms, self.holders = np.resize(self.terms, 2 * after), np.resize(self.holders, 2 * after)
                self.rarities = np.resize(self.rarities, 2 * after)
                self.spans = np.concatenate([self.spans, np.empty((*self.spans.shape[:2], 2 * after), np.int64)], 2)
            found = look_up(missing)
            for array, values in zip((self.terms, self.holders, self.rarities, self.spans), found, strict=True):
                array[..., first:after] = values
            self._numbers.update(zip(missing, range(first, after), strict=True))  # only now: another thread may look
