"""The sparse leg: what an encoder says tokens weigh, kept in segments as postings are, and summed over those shared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mundap.index.grouped import GroupedPassages
from mundap.index.posting_runs import RunsWriter, merge
from mundap.index.postings import Postings, PostingsPart, term_hash
from mundap.index.scored import ScoredLeg
from mundap.index.segment import Segment
from mundap.index.table import InMemory, Table
from mundap.korean.normalize import normalize
from mundap.protocols import Mask, Scores, SparseEncoder, TokenWeights
from mundap.types import Passage

SPARSE = "sparse"  # the leg, and the folder of its postings in that of a segment
_UNIT = 4096  # a weight is kept as a count of as many parts of one (impacts as counts: Lin & Ma 2021, arXiv:2106.14807)
_MOST = np.iinfo(np.uint16).max

Weigh = Callable[[list[str]], Sequence[TokenWeights]]


class WeightsBuilder:
    """Collects rows as the weights of their tokens, and sorts them."""

    def __init__(self) -> None:
        self.tokens = 0
        self._rows: list[TokenWeights] = []

    def add(self, row: TokenWeights) -> None:
        """Add a row. A weight beyond 15.99 is kept as that."""
        self._rows.append(row)
        self.tokens += len(row.ids)

    def part(self) -> PostingsPart:
        """The postings of the rows; a token counts as often as a weight has parts."""
        ids = np.concatenate([np.empty(0, np.int32), *(row.ids for row in self._rows)])
        weights = np.concatenate([np.empty(0, np.float32), *(row.weights for row in self._rows)])
        counts = np.clip(np.rint(weights * _UNIT), 0, _MOST).astype(np.uint16)
        lengths = np.fromiter((len(row.ids) for row in self._rows), np.int32, len(self._rows))
        known, places = np.unique(ids, return_inverse=True)
        hashes = np.fromiter((term_hash(_token(id)) for id in known.tolist()), np.uint64, len(known))
        order = np.argsort(hashes)
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        terms, rows = rank[places], np.repeat(np.arange(len(lengths)), lengths)
        sort = np.lexsort((rows, terms))
        starts = np.searchsorted(terms[sort], np.arange(len(known) + 1))
        return PostingsPart(hashes[order], starts, rows[sort].astype(np.int32), counts[sort], lengths, lengths)


@dataclass(frozen=True)
class SparseFiles:
    """The weights as what stands beside the rows of a segment (index.segment.Annex): `weigh` gives those of texts, and
    `recipe` tells what decides them."""

    weigh: Weigh
    recipe: str

    def writer(self, folder: Path) -> SparseWriter:
        """One that weighs passages."""
        return SparseWriter(folder / SPARSE, self.weigh)

    def merge(self, folder: Path, sources: Sequence[tuple[Path, Mask]]) -> None:
        """Write into `folder` the weights in the folders of `sources` of the passages that are kept."""
        (folder / SPARSE).mkdir()
        parts = [PostingsPart.open(source / SPARSE) for source, _ in sources]
        merge(parts, [kept for _, kept in sources], folder / SPARSE)

    def describe(self, folder: Path) -> None:
        """There is nothing that is no segment's."""


class SparseWriter:
    """Writes the weights of one segment into `folder`."""

    def __init__(self, folder: Path, weigh: Weigh) -> None:
        folder.mkdir()
        self._weigh = weigh
        self._postings = RunsWriter(folder, WeightsBuilder)

    def add(self, rows: Sequence[Passage]) -> None:
        """Add these passages, headings included."""
        self._postings.add(self._weigh([row.embedded for row in rows]))

    def finish(self) -> None:
        """Write what is left."""
        self._postings.finish()


def weighed(weights: Sequence[TokenWeights]) -> Postings:
    """An index in memory; the n-th text gets row n."""
    builder = WeightsBuilder()
    for row in weights:
        builder.add(row)
    return Postings([builder.part()], k1=0, b=0)


def open_weights(segments: Sequence[Segment], gone: Sequence[np.ndarray]) -> Postings:
    """The weights in these segments, of whose rows some are `gone`. Raises OSError or ValueError for damaged files."""
    return Postings([PostingsPart.open(segment.folder / SPARSE) for segment in segments], k1=0, b=0, gone=gone)


class SparseLeg(ScoredLeg):
    """The sum over the tokens that a question shares with a passage, of the products of their weights. Finds nothing that
    shares none."""

    name = SPARSE

    def __init__(self, weights: Postings, table: Table, encoder: SparseEncoder) -> None:
        self.weights = weights
        self.table = table
        self.encoder = encoder
        self._asked: tuple[str, Scores] = ("", np.zeros(len(table), np.float32))

    def _scores(self, question: str) -> Scores:
        asked = self._asked  # one read: another thread may replace it
        if question != asked[0]:
            parts = self._parts(normalize(question)) if any(map(str.isalnum, question)) else {}
            asked = self._asked = (question, self.weights.weighed(parts).astype(np.float32))
        return asked[1]

    def _parts(self, question: str) -> dict[str, float]:
        [(ids, weights)] = self.encoder.sparse_queries([question])
        return {_token(id): weight / _UNIT for id, weight in zip(ids.tolist(), weights.tolist(), strict=True)}


class Sparse(SparseLeg):
    """A sparse leg over passages in memory."""

    def __init__(self, passages: Sequence[Passage], encoder: SparseEncoder) -> None:
        rows = GroupedPassages.of(passages).rows
        weights = weighed(encoder.sparse_passages([row.embedded for row in rows]))
        super().__init__(weights, Table([row.id for row in rows], InMemory(rows)), encoder)


def _token(id: int) -> str:
    """What stands for a token's number among terms."""
    return str(id)
