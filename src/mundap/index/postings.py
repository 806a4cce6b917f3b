"""An inverted index as flat arrays: exact BM25 whose impacts are computed when it is built.

Terms are kept as 64-bit hashes in order, so that opening an index reads nothing: two of a million terms
collide once in 37 million indexes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mundap.files import load_array
from mundap.index.adder import adder
from mundap.korean.tokens import BIGRAM
from mundap.protocols import Rows, Scores

_ARRAYS = ("terms", "starts", "rows", "counts", "impacts", "lengths", "words")
Terms = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Postings:
    """`rows[starts[t]:starts[t+1]]` are the rows that hold term t, ascending; counts and impacts run beside.
    A row has `lengths[row]` tokens, `words[row]` of them no bigrams.

    The score of a row is the sum of its impacts over the query's tokens (Lucene's BM25: Robertson & Zaragoza 2009
    without the constant factor k1 + 1; idf is ln(1 + (N - n + .5) / (n + .5)), never negative).
    """

    terms: Terms
    starts: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int32]
    counts: npt.NDArray[np.uint16]
    impacts: npt.NDArray[np.float32]
    lengths: npt.NDArray[np.int32]
    words: npt.NDArray[np.int32]

    @classmethod
    def build(
        cls,
        texts: Iterable[Sequence[str]],
        k1: float,
        b: float,
        old: Postings | None = None,
        moved: npt.NDArray[np.int64] | None = None,
        fresh: npt.NDArray[np.int64] | None = None,
    ) -> Postings:
        """Index token lists. With `old`, carry its postings over instead of tokenising again.

        `moved[row]` is the new row of an old row, or -1 where it is gone; `fresh[n]` is the new row of the
        n-th text. Without `old`, the n-th text gets row n.
        """
        listed = _listed(texts)
        if old is not None and moved is not None and fresh is not None:
            listed = _merged(old, moved, listed, fresh)
        starts = np.searchsorted(listed.places, np.arange(len(listed.terms) + 1))
        counts = np.minimum(listed.counts, np.iinfo(np.uint16).max).astype(np.uint16)
        impacts = _impacts(starts, listed.rows, counts, listed.lengths, k1, b)
        return cls(listed.terms, starts, listed.rows.astype(np.int32), counts, impacts, listed.lengths, listed.words)

    def scores(self, tokens: Iterable[str]) -> Scores:
        """The score of every row for these tokens; repeats count. Zero where no token occurs."""
        result = np.zeros(len(self.lengths), np.float32)
        add = adder(len(self.rows))
        for start, end, times in self.matches(tokens):
            add(result, self.rows[start:end], self.impacts[start:end], np.float32(times))
        return result

    def rarity(self, tokens: Sequence[str]) -> list[float]:
        """The inverse document frequency of each token; a token that no row holds is the rarest."""
        rarities: list[float] = _idf(self.holders(tokens), len(self.lengths)).tolist()
        return rarities

    def holders(self, tokens: Sequence[str]) -> npt.NDArray[np.int64]:
        """How many rows hold each token."""
        if not len(self.terms):
            return np.zeros(len(tokens), np.int64)
        wanted = np.fromiter(map(term_hash, tokens), np.uint64, len(tokens))
        places = np.minimum(np.searchsorted(self.terms, wanted), len(self.terms) - 1)
        counts = self.starts[places + 1] - self.starts[places]
        return np.where(self.terms[places] == wanted, counts, 0).astype(np.int64)

    def matches(self, tokens: Iterable[str]) -> list[tuple[int, int, int]]:
        """(start, end, how often the query says it) for each distinct known token, in the order of terms."""
        if not len(self.terms):
            return []
        asked = Counter(term_hash(token) for token in tokens)
        wanted = np.fromiter(sorted(asked), np.uint64, len(asked))
        places = np.minimum(np.searchsorted(self.terms, wanted), len(self.terms) - 1)
        return [
            (int(self.starts[place]), int(self.starts[place + 1]), asked[int(term)])
            for term, place in zip(wanted, places, strict=True)
            if self.terms[place] == term
        ]

    def span(self, token: str) -> tuple[int, int]:
        """Where the token's postings start and end; the same place twice for an unknown one."""
        term = np.uint64(term_hash(token))
        place = int(np.searchsorted(self.terms, term))
        if place == len(self.terms) or self.terms[place] != term:
            return 0, 0
        return int(self.starts[place]), int(self.starts[place + 1])

    def holding(self, tokens: Sequence[str]) -> Rows:
        """The rows that hold every one of these tokens, ascending; none for no tokens."""
        spans = sorted((self.span(token) for token in set(tokens)), key=lambda span: span[1] - span[0])
        if not spans:
            return np.empty(0, np.intp)
        held = self.rows[slice(*spans[0])]
        for start, end in spans[1:]:
            held = held[_among(held, self.rows[start:end])]
        return held.astype(np.intp)

    def scores_in(self, tokens: Iterable[str], rows: Rows) -> Scores:
        """The score of each of these rows, ascending, for these tokens; repeats count."""
        result = np.zeros(len(rows), np.float32)
        for start, end, times in self.matches(tokens):
            listed = self.rows[start:end]
            there = _among(rows, listed)
            places = start + np.searchsorted(listed, rows[there])
            result[there] += np.float32(times) * self.impacts[places]
        return result

    def weighed(self, weights: Mapping[str, float]) -> npt.NDArray[np.float64]:
        """For each row, the sum of its tokens' weights; a token without one has none."""
        total = np.zeros(len(self.lengths))
        for token, weight in weights.items():
            start, end = self.span(token)
            total[self.rows[start:end]] += weight * self.counts[start:end]
        return total

    def save(self, folder: Path) -> None:
        """Write each array as its own file."""
        for name in _ARRAYS:
            np.save(folder / f"lexical-{name}.npy", getattr(self, name))

    @classmethod
    def open(cls, folder: Path) -> Postings:
        """Map what `save` wrote; pages are read when a query touches them."""
        # As plain arrays, which stay mapped: cutting a piece out of a memmap is ten times slower.
        return cls(*(np.asarray(load_array(folder / f"lexical-{name}.npy")) for name in _ARRAYS))


def term_hash(token: str) -> int:
    """The 64 bits that stand for a token."""
    return int.from_bytes(blake2b(token.encode(), digest_size=8).digest(), "little")


def _among(rows: npt.NDArray[np.integer], listed: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Which of `rows` are in `listed`, both ascending."""
    if not len(listed):
        return np.zeros(len(rows), np.bool_)
    places = np.minimum(np.searchsorted(listed, rows), len(listed) - 1)
    found: npt.NDArray[np.bool_] = listed[places] == rows
    return found


@dataclass(frozen=True)
class _Listed:
    """Postings in order of term and row: term `terms[places[n]]` stands `counts[n]` times in row `rows[n]`."""

    terms: Terms
    places: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int32]
    words: npt.NDArray[np.int32]


def _listed(texts: Iterable[Sequence[str]]) -> _Listed:
    known: defaultdict[str, int] = defaultdict()
    known.default_factory = known.__len__
    parts, words = [], []
    for tokens in texts:
        parts.append(np.fromiter(map(known.__getitem__, tokens), np.int64, len(tokens)))
        words.append(sum(not token.startswith(BIGRAM) for token in tokens))
    lengths = np.fromiter(map(len, parts), np.int32, len(parts))
    hashes = np.fromiter(map(term_hash, known), np.uint64, len(known))
    order = np.argsort(hashes)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    flat = rank[np.concatenate(parts)] if parts else np.empty(0, np.int64)
    keys = flat * len(parts) + np.repeat(np.arange(len(parts)), lengths)
    keys.sort()
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    counts = np.diff(first, append=len(keys))
    places, rows = np.divmod(keys[first], max(len(parts), 1))
    return _Listed(hashes[order], places, rows, counts, lengths, np.asarray(words, np.int32))


def _merged(old: Postings, moved: npt.NDArray[np.int64], new: _Listed, fresh: npt.NDArray[np.int64]) -> _Listed:
    total = int((moved >= 0).sum()) + len(fresh)
    lengths = np.zeros(total, np.int32)
    lengths[moved[moved >= 0]] = old.lengths[moved >= 0]
    lengths[fresh] = new.lengths
    words = np.zeros(total, np.int32)
    words[moved[moved >= 0]] = old.words[moved >= 0]
    words[fresh] = new.words
    kept = moved[old.rows]
    terms = np.union1d(old.terms, new.terms)
    places = np.concatenate(
        [
            np.repeat(np.searchsorted(terms, old.terms), np.diff(old.starts))[kept >= 0],
            np.searchsorted(terms, new.terms)[new.places],
        ]
    )
    rows = np.concatenate([kept[kept >= 0], fresh[new.rows]])
    counts = np.concatenate([old.counts[kept >= 0].astype(np.int64), new.counts])
    # Both halves are in order already, and a stable sort merges them in linear time.
    order = np.argsort(places * total + rows, kind="stable")
    used, places = np.unique(places[order], return_inverse=True)
    return _Listed(terms[used], places, rows[order], counts[order], lengths, words)


def _impacts(
    starts: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    counts: npt.NDArray[np.uint16],
    lengths: npt.NDArray[np.int32],
    k1: float,
    b: float,
) -> npt.NDArray[np.float32]:
    holders = np.diff(starts)
    idf = _idf(holders, len(lengths)).astype(np.float32)
    mean = float(lengths.mean()) if len(lengths) else 1.0
    soft = (k1 * (1 - b + b * lengths / max(mean, 1e-9))).astype(np.float32)
    times = counts.astype(np.float32)
    impacts: npt.NDArray[np.float32] = np.repeat(idf, holders) * times / (times + soft[rows])
    return impacts


def _idf(holders: npt.NDArray[np.int64], rows: int) -> npt.NDArray[np.float64]:
    idf: npt.NDArray[np.float64] = np.log1p((rows - holders + 0.5) / (holders + 0.5))
    return idf
