"""An inverted index over segments: exact BM25 from counts and lengths, by the statistics of the rows that are there.

Terms are kept as 64-bit hashes in order, so that opening an index reads nothing: two of a million terms
collide once in 37 million indexes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mundap.files import load_array
from mundap.index.adder import add, compiles
from mundap.index.arrays import among
from mundap.index.known_terms import KnownTerms, Spans, Terms
from mundap.index.sums import PartSums, Sums
from mundap.index.term_shares import TermShares, shares
from mundap.korean.tokens import BIGRAM
from mundap.protocols import Mask, Rows, Scores

ARRAYS = ("terms", "starts", "rows", "counts", "lengths", "words")
Local = npt.NDArray[np.int32]  # rows of one segment, ascending
Counts = npt.NDArray[np.uint16]
_NONE = np.empty(0, np.int32)
_MOST = np.iinfo(np.uint16).max
_REMEMBERED = 100_000  # tokens whose terms were looked up, in one part
_AT_HAND = 64 << 20  # bytes that are kept of what frequent terms bring, and as many of others
_A_ROW = 64  # or so many for each row, where that is more: a dozen terms have most of the postings at any size
_FEW = 32  # postings a row that is gone, above which it is sought among them and not they among the rows that are gone


@dataclass(frozen=True)
class PostingsPart:
    """The postings of one segment: `rows[starts[t]:starts[t+1]]` are the rows that hold term t, ascending, and counts run
    beside. A row has `lengths[row]` tokens, `words[row]` of them no bigrams."""

    terms: Terms
    starts: npt.NDArray[np.int64]
    rows: Local
    counts: Counts
    lengths: npt.NDArray[np.int32]
    words: npt.NDArray[np.int32]

    @classmethod
    def build(cls, texts: Iterable[Sequence[str]]) -> PostingsPart:
        """Index token lists; the n-th gets row n."""
        builder = PostingsBuilder()
        for tokens in texts:
            builder.add(tokens)
        return builder.part()

    def spans(self, terms: Terms) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Where the postings of each term start and end; the same place twice for an unknown one."""
        if not len(self.terms):
            return np.zeros(len(terms), np.int64), np.zeros(len(terms), np.int64)
        places = np.minimum(np.searchsorted(self.terms, terms), len(self.terms) - 1)
        starts = self.starts[places]
        return starts, np.where(self.terms[places] == terms, self.starts[places + 1], starts)

    def save(self, folder: Path) -> None:
        """Write each array as its own file."""
        for name in ARRAYS:
            np.save(folder / f"lexical-{name}.npy", getattr(self, name))

    @classmethod
    def open(cls, folder: Path) -> PostingsPart:
        """Map what `save` wrote; pages are read when a query touches them."""
        # As plain arrays, which stay mapped: cutting a piece out of a memmap is ten times slower.
        return cls(*(np.asarray(load_array(folder / f"lexical-{name}.npy")) for name in ARRAYS))


class PostingsBuilder:
    """Collects rows as numbers of terms, and sorts them."""

    def __init__(self) -> None:
        self.tokens = 0
        self._known: defaultdict[str, int] = defaultdict()
        self._known.default_factory = self._known.__len__
        self._rows: list[npt.NDArray[np.int32]] = []

    def add(self, tokens: Sequence[str]) -> None:
        """Add a row. A count beyond 65,535 is kept as that."""
        self._rows.append(np.fromiter(map(self._known.__getitem__, tokens), np.int32, len(tokens)))
        self.tokens += len(tokens)

    def part(self) -> PostingsPart:
        """The postings of the rows."""
        lengths = np.fromiter(map(len, self._rows), np.int32, len(self._rows))
        hashes = np.fromiter(map(term_hash, self._known), np.uint64, len(self._known))
        order = np.argsort(hashes)
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        said = np.concatenate([_NONE, *self._rows])
        keys = rank[said]
        keys *= len(self._rows)
        keys += np.repeat(np.arange(len(self._rows)), lengths)
        keys.sort()
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        counts = np.minimum(np.diff(first, append=len(keys)), _MOST).astype(np.uint16)
        places, rows = np.divmod(keys[first], max(len(self._rows), 1))
        starts = np.searchsorted(places, np.arange(len(hashes) + 1))
        return PostingsPart(hashes[order], starts, rows.astype(np.int32), counts, lengths, self._words(said, lengths))

    def _words(self, said: Local, lengths: Local) -> Local:
        """How many tokens of each row are no bigrams; `said` are the numbers of the tokens of all rows."""
        plain = np.fromiter((not token.startswith(BIGRAM) for token in self._known), np.bool_, len(self._known))
        before = np.concatenate([np.zeros(1, np.int32), np.cumsum(plain[said], dtype=np.int32)])
        ends = np.cumsum(lengths)
        words: Local = before[ends] - before[ends - lengths]
        return words


class Postings:
    """BM25 over `parts`, whose rows are numbered one part behind the other; `gone[n]` are rows of the n-th, ascending,
    that do not count any more.

    The score of a row is the sum of idf * count / (count + k1 * (1 - b + b * length / mean length)) over the query's
    tokens (Lucene's BM25: Robertson & Zaragoza 2009 without the constant factor k1 + 1; idf is
    ln(1 + (N - n + .5) / (n + .5)), never negative). N, n and the mean length are those of the rows that count, so
    that it does not matter how they are spread over parts. Rows that are gone have scores too: a mask hides them.
    """

    def __init__(self, parts: Sequence[PostingsPart], k1: float, b: float, gone: Sequence[Local] = ()) -> None:
        self.parts = tuple(parts)
        self.k1, self.b = k1, b
        self.gone = tuple(gone) or (_NONE,) * len(self.parts)
        self._known = KnownTerms(len(self.parts))
        self.offsets = np.cumsum([0, *(len(part.lengths) for part in self.parts)])
        self.alive = int(self.offsets[-1]) - sum(map(len, self.gone))

    @classmethod
    def build(cls, texts: Iterable[Sequence[str]], k1: float, b: float) -> Postings:
        """Index token lists in memory; the n-th gets row n."""
        return cls([PostingsPart.build(texts)], k1, b)

    def weighing(self, k1: float, b: float) -> Postings:
        """The same postings, weighed otherwise."""
        return Postings(self.parts, k1, b, self.gone)

    def __len__(self) -> int:
        """How many rows there are, those that are gone included."""
        return int(self.offsets[-1])

    @cached_property
    def words(self) -> npt.NDArray[np.int32]:
        """How many tokens of each row are no bigrams."""
        return self.parts[0].words if len(self.parts) == 1 else np.concatenate([_NONE, *(p.words for p in self.parts)])

    @cached_property
    def mean(self) -> float:
        """The mean length of the rows that count."""
        total = sum(int(p.lengths.sum()) - int(p.lengths[g].sum()) for p, g in zip(self.parts, self.gone, strict=True))
        return total / self.alive if self.alive else 1.0

    def scores(self, tokens: Iterable[str]) -> Scores:
        """The score of every row for these tokens; repeats count. Zero where no token occurs."""
        return self.sums(tokens).every()

    def sums(self, tokens: Iterable[str]) -> Sums:
        """The same, of which what frequent terms add is looked up when it is asked for."""
        sums = np.zeros(len(self), np.float32)
        spans, weights = self._weighed(tokens)
        parts = []
        for terms, (starts, ends), first in zip(self._term_shares, spans, self.offsets.tolist(), strict=False):
            here = sums[first : first + len(terms.soft)]
            slots = terms.slots(starts, ends)
            others = np.flatnonzero((slots < 0) & (ends > starts))
            split = int(others[-1]) + 1 if len(others) else 0  # from which on all have a slot, or are not in this part
            add(here, terms, starts[:split], ends[:split], weights[:split], slots[:split])
            frequent = np.flatnonzero(slots[split:] >= 0) + split
            slots, worth = slots[frequent], weights[frequent]
            parts.append(PartSums(here, terms.table, slots, worth, float(terms.most[slots] @ worth), compiles(terms)))
        return Sums(parts, self.offsets)

    def rarity(self, tokens: Sequence[str]) -> list[float]:
        """The inverse document frequency of each token; a token that no row holds is the rarest."""
        known, numbers = self._looked_up(tokens)
        rarities: list[float] = known.rarities[numbers].tolist()
        return rarities

    def rarities(self, tokens: Sequence[str]) -> dict[str, float]:
        """The inverse document frequency of each of these distinct tokens that some row holds."""
        known, numbers = self._looked_up(tokens)
        about = zip(tokens, known.rarities[numbers].tolist(), known.holders[numbers].tolist(), strict=True)
        return {token: rarity for token, rarity, n in about if n}

    def holders(self, tokens: Sequence[str]) -> npt.NDArray[np.int64]:
        """How many rows hold each token."""
        known, numbers = self._looked_up(tokens)
        held: npt.NDArray[np.int64] = known.holders[numbers]
        return held

    def listed(self, token: str) -> tuple[Rows, Counts]:
        """The rows that hold the token, ascending, and how often each does."""
        found = list(self._listed(np.asarray([asked_hash(token)], np.uint64)))
        rows = np.concatenate([np.empty(0, np.intp), *(self.offsets[n] + rows for n, rows, _ in found)])
        return rows, np.concatenate([np.empty(0, np.uint16), *(counts for _, _, counts in found)])

    def impacts(self, token: str) -> tuple[Rows, Scores]:
        """The rows that hold the token, ascending, and what it adds to the score of each."""
        found = list(self._listed(np.asarray([asked_hash(token)], np.uint64)))
        rarity = np.float32(idf(np.asarray(sum(len(rows) for _, rows, _ in found)), self.alive))
        rows = np.concatenate([np.empty(0, np.intp), *(self.offsets[n] + rows for n, rows, _ in found)])
        gains = (shares(counts, self._soft[n][rows]) for n, rows, counts in found)
        return rows, rarity * np.concatenate([np.empty(0, np.float32), *gains])

    def holding(self, tokens: Sequence[str]) -> Rows:
        """The rows that hold every one of these tokens, ascending; none for no tokens."""
        terms = np.fromiter({asked_hash(token) for token in tokens}, np.uint64)
        found = [np.empty(0, np.intp)]
        for n, part in enumerate(self.parts if len(terms) else ()):
            starts, ends = part.spans(terms)
            order = np.argsort(ends - starts)
            held = part.rows[starts[order[0]] : ends[order[0]]]
            for place in order[1:]:
                held = held[among(held, part.rows[starts[place] : ends[place]])]
            found.append(held[~self._are_gone(n, held)] + self.offsets[n])
        return np.concatenate(found)

    def scores_in(self, tokens: Iterable[str], rows: Rows) -> Scores:
        """The score of each of these rows, ascending, for these tokens; repeats count."""
        result = np.zeros(len(rows), np.float32)
        spans, weights = self._weighed(tokens)
        bounds = np.searchsorted(rows, self.offsets)
        for n, part in enumerate(self.parts):
            wanted = rows[bounds[n] : bounds[n + 1]] - self.offsets[n]
            here = result[bounds[n] : bounds[n + 1]]
            for start, end, weight in zip(*spans[n], weights, strict=True):
                listed = part.rows[start:end]
                there = among(wanted, listed)
                places = start + np.searchsorted(listed, wanted[there])
                here[there] += shares(part.counts[places], self._soft[n][wanted[there]]) * weight
        return result

    def weighed(self, weights: Mapping[str, float]) -> npt.NDArray[np.float64]:
        """For each row, the sum of its tokens' weights; a token without one has none."""
        total = np.zeros(len(self))
        for token, weight in weights.items():
            rows, counts = self.listed(token)
            total[rows] += weight * counts
        return total

    def _weighed(self, tokens: Iterable[str]) -> tuple[Spans, Scores]:
        """The distinct terms of these tokens that some row holds: (parts, 2, terms) where the postings of each start and end
        in each part, and what each weighs in the query.

        The rarest come first: an order that is the same for all parts, so that a row scores the same to the bit in whatever
        part it is, that puts the short lists together, and that leaves to the end what need not be added to all rows.
        """
        asked = Counter(tokens)
        known, numbers = self._looked_up(asked)
        holders = known.holders[numbers]
        order = np.lexsort((known.terms[numbers], holders))[len(holders) - np.count_nonzero(holders) :]
        weights = known.rarities[numbers[order]].astype(np.float32)
        if len(weights) < sum(asked.values()):
            weights *= np.fromiter(asked.values(), np.float32, len(asked))[order]
        return known.spans.take(numbers[order], axis=2), weights

    def _looked_up(self, tokens: Collection[str]) -> tuple[KnownTerms, Rows]:
        """(what is known of terms, the number of each of these tokens there)."""
        known = self._known  # one read: another thread may replace it
        if len(known) > _REMEMBERED // max(len(self.parts), 1):
            known = self._known = KnownTerms(len(self.parts))
        return known, known.numbers(tokens, self._look_up)

    def _look_up(self, tokens: list[str]) -> tuple[Terms, npt.NDArray[np.int64], npt.NDArray[np.float64], Spans]:
        terms = np.fromiter(map(asked_hash, tokens), np.uint64, len(tokens))
        spans = np.empty((len(self.parts), 2, len(terms)), np.int64)
        for n, part in enumerate(self.parts):
            spans[n] = part.spans(terms)
        holders = self._holders(terms, spans)
        return terms, holders, idf(holders, self.alive), spans

    def _holders(self, terms: Terms, spans: Spans) -> npt.NDArray[np.int64]:
        """How many rows that count hold each term."""
        total: npt.NDArray[np.int64] = (spans[:, 1] - spans[:, 0]).sum(axis=0)
        for n, part in enumerate(self.parts):
            if len(self.gone[n]):
                for place, (start, end) in enumerate(zip(*spans[n].tolist(), strict=True)):
                    total[place] -= np.count_nonzero(self._are_gone(n, part.rows[start:end]))
        return total

    def _listed(self, term: Terms) -> Iterator[tuple[int, Local, Counts]]:
        """(number of the part, its rows that hold the one term and count, how often each does)."""
        for n, part in enumerate(self.parts):
            [start], [end] = part.spans(term)
            rows, counts = part.rows[start:end], part.counts[start:end]
            if len(self.gone[n]) and len(rows):
                there = ~self._are_gone(n, rows)
                rows, counts = rows[there], counts[there]
            if len(rows):
                yield n, rows, counts

    def _are_gone(self, part: int, rows: Local) -> Mask:
        """Which of these rows of a part, ascending, are gone."""
        gone = self.gone[part]
        if len(gone) * _FEW > len(rows):
            return self._gone_masks[part][rows]
        found = np.zeros(len(rows), np.bool_)
        found[np.searchsorted(rows, gone[among(gone, rows)])] = True
        return found

    @cached_property
    def _gone_masks(self) -> list[Mask]:
        masks = [np.zeros(len(part.lengths), np.bool_) for part in self.parts]
        for mask, gone in zip(masks, self.gone, strict=True):
            mask[gone] = True
        return masks

    @cached_property
    def _soft(self) -> list[Scores]:
        """Of each part: how softly a count of each row counts."""
        k1, b, mean = self.k1, self.b, max(self.mean, 1e-9)
        return [(k1 * (1 - b + b * part.lengths / mean)).astype(np.float32) for part in self.parts]

    @cached_property
    def _term_shares(self) -> list[TermShares]:
        """Of each part: what its terms bring."""
        a_row = max(_AT_HAND / max(len(self), 1), _A_ROW)
        parts = zip(self.parts, self._soft, strict=True)
        return [TermShares(p.rows, p.counts, p.starts, soft, int(a_row * len(soft))) for p, soft in parts]


def term_hash(token: str) -> int:
    """The 64 bits that stand for a token."""
    return int.from_bytes(blake2b(token.encode(), digest_size=8).digest(), "little")


asked_hash = lru_cache(_REMEMBERED)(term_hash)  # of questions, each of whose tokens is asked for several times


def idf(holders: npt.NDArray[np.int64], rows: int) -> npt.NDArray[np.float64]:
    """The inverse document frequency of terms that so many of `rows` hold."""
    rarity: npt.NDArray[np.float64] = np.log1p((rows - holders + 0.5) / (holders + 0.5))
    return rarity
