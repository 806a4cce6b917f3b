"""The lexical leg over Milvus: sparse vectors propose, and counts that are read back from them give the score to the bit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from mundap.index.known_terms import Spans, Terms
from mundap.index.milvus.best import Proposed, best_rows
from mundap.index.milvus.building import softness
from mundap.index.milvus.collections import Entity, Manifest, Part
from mundap.index.milvus.rows import Allowed
from mundap.index.milvus.terms import Term, read_terms
from mundap.index.postings import Local, Postings, PostingsPart, asked_hash, idf
from mundap.index.table import Table, ranks
from mundap.index.widen import Widening
from mundap.korean.everyday import FindEveryday
from mundap.korean.normalize import normalize
from mundap.protocols import Mask, Rows, Scores, Tokenize
from mundap.types import Hit

_REMEMBERED = 100_000  # terms
_UNKNOWN = Term(0)


class MilvusStatistics:
    """How many rows hold which terms. What was asked for is kept at hand, and asked for once."""

    def __init__(self, terms: Part, manifest: Manifest) -> None:
        self._terms = terms
        self._known: dict[int, Term] = {}
        self.rows = manifest.rows
        self.mean = manifest.mean_length

    def holders(self, tokens: Sequence[str]) -> npt.NDArray[np.int64]:
        """How many rows hold each token."""
        return self.of(np.fromiter(map(asked_hash, tokens), np.uint64, len(tokens)))

    def rarity(self, tokens: Sequence[str]) -> list[float]:
        """The inverse document frequency of each token; a token that no row holds is the rarest."""
        rarities: list[float] = idf(self.holders(tokens), self.rows).tolist()
        return rarities

    def rarities(self, tokens: Sequence[str]) -> dict[str, float]:
        """The inverse document frequency of each of these distinct tokens that some row holds."""
        held = self.holders(tokens).tolist()
        return {token: rarity for token, rarity, n in zip(tokens, self.rarity(tokens), held, strict=True) if n}

    def of(self, terms: Terms) -> npt.NDArray[np.int64]:
        """How many rows hold each term; no more than there were, though others that came since are counted already."""
        asked = terms.tolist()
        about = self.about(asked)
        return np.fromiter((min(about[term].holders, self.rows) for term in asked), np.int64, len(asked))

    def about(self, terms: Iterable[int]) -> dict[int, Term]:
        """What is known of each of these terms."""
        wanted, known = {*terms}, self._known  # one read: another thread may replace it
        missing = sorted(wanted - known.keys())
        if missing:
            if len(known) > _REMEMBERED:
                known = self._known = {}
                missing = sorted(wanted)
            known.update(dict.fromkeys(missing, _UNKNOWN) | read_terms(self._terms, missing))
        return {term: known[term] for term in wanted}


class _SomePostings(Postings):
    """The postings of some rows, weighed by the statistics of all."""

    def __init__(self, part: PostingsPart, k1: float, b: float, statistics: MilvusStatistics) -> None:
        super().__init__([part], k1, b)
        self._statistics = statistics
        self.alive = statistics.rows
        self.mean = statistics.mean

    def _holders(self, terms: Terms, spans: Spans) -> npt.NDArray[np.int64]:
        return self._statistics.of(terms)


@dataclass(frozen=True)
class _Row:
    """What a row has of the terms of a question."""

    counts: dict[int, int]
    length: int
    words: int


_ABSENT = _Row({}, 0, 0)


@dataclass
class _Asked:
    """A question: its tokens, the sparse vector whose products no score exceeds, and rows that were read for it."""

    question: str
    normal: str
    tokens: list[str]
    query: dict[int, float]
    terms: dict[int, int]  # number -> hash
    rows: dict[int, _Row] = field(default_factory=dict)


class MilvusWords:
    """BM25 over the words of an index on Milvus, to the bit as over segments."""

    name = "bm25"

    def __init__(
        self,
        words: Part,
        manifest: Manifest,
        statistics: MilvusStatistics,
        table: Table,
        tokenize: Tokenize,
        everyday: FindEveryday | None,
    ) -> None:
        self._words = words
        self._manifest = manifest
        self.statistics = statistics
        self.table = table
        self._tokenize = tokenize
        none = _SomePostings(PostingsPart.build([]), *self._weighing, statistics)
        self.widening = Widening(none, tokenize, everyday) if everyday else None
        self._last = _Asked("", "", [], {}, {})

    @property
    def _weighing(self) -> tuple[float, float]:
        return self._manifest.recipe.k1, self._manifest.recipe.b

    def tokens(self, question: str) -> list[str]:
        """What is searched for: the tokens of the question, repeats kept."""
        return self._asked(question).tokens

    def search(self, question: str, k: int = 10, where: Collection[str] | None = None) -> list[Hit]:
        """The best `k` passages that share something with the question."""
        rows, scores = self.find(question, k, self.table.mask(where))
        return self.table.hits(rows, scores, {self.name: ranks(rows)})

    def find(self, question: str, depth: int, mask: Mask | None = None) -> tuple[Rows, Scores]:
        """The best `depth` rows, in order, with their scores, all above zero."""
        asked = self._asked(question)
        if not asked.query:
            return np.empty(0, np.intp), np.empty(0, np.float32)
        drift = max(1.0, self.statistics.mean / self._manifest.mean)  # by which a score may exceed the stored weights

        def propose(wanted: int, condition: str) -> Proposed:
            found = self._words.search(asked.query, "sparse", wanted, condition, ["row"])
            rows = np.fromiter((one["row"] for one, _ in found), np.intp, len(found))
            return Proposed(rows, found[-1][1] * drift if len(found) == wanted else None)

        allowed = Allowed.of(mask)
        return best_rows(propose, lambda rows: self._scores(asked, rows), depth, allowed, self.table.ids.ties, above=0)

    def score(self, question: str, rows: Rows) -> Scores:
        """The exact score of each of these rows; 0 for one that is not there."""
        return self._scores(self._asked(question), rows)

    def _scores(self, asked: _Asked, rows: Rows) -> Scores:
        if not len(rows) or not asked.query:
            return np.zeros(len(rows), np.float32)
        distinct, places = np.unique(rows, return_inverse=True)
        part = _part(self._read(asked, distinct.tolist()))
        postings = _SomePostings(part, *self._weighing, self.statistics)
        scores = postings.scores(asked.tokens)
        if self.widening:
            scores = self.widening.over(postings).widen(asked.normal, scores)
        return scores[places]

    def _asked(self, question: str) -> _Asked:
        asked = self._last  # one read: another thread may replace it
        if question != asked.question:
            normal = normalize(question)
            [tokens] = self._tokenize([normal])
            asked = self._last = _Asked(question, normal, tokens, *self._query(normal, tokens))
        return asked

    def _query(self, question: str, tokens: Sequence[str]) -> tuple[dict[int, float], dict[int, int]]:
        """The weight of each number in the query, and the term of each number that scores depend on.

        For what documents say instead of an everyday word, the most counts that any of it is worth: no row gains more.
        """
        bounds = self.widening.bounds(question) if self.widening else []
        words = [token for own, said in bounds for some in (own, *(other for _, other in said)) for token in some]
        about = self.statistics.about(map(asked_hash, {*tokens, *words}))
        weights = self._weights(tokens)
        for _, said in bounds:
            most: dict[int, float] = {}
            for worth, some in said:
                for term, weight in self._weights(some).items():
                    most[term] = max(most.get(term, 0.0), worth * weight)
            for term, weight in most.items():
                weights[term] = weights.get(term, 0.0) + weight
        query = {about[term].number: weight for term, weight in weights.items()}
        return query, {known.number: term for term, known in about.items() if known.holders}

    def _weights(self, tokens: Sequence[str]) -> dict[int, float]:
        """What each term that some row holds weighs; repeats count."""
        weights: dict[int, float] = {}
        holders = self.statistics.holders(tokens)
        for token, held, weight in zip(tokens, holders.tolist(), self.statistics.rarity(tokens), strict=True):
            if held > 0:
                term = asked_hash(token)
                weights[term] = weights.get(term, 0.0) + weight
        return weights

    def _read(self, asked: _Asked, rows: Sequence[int]) -> list[_Row]:
        missing = [row for row in rows if row not in asked.rows]
        for one in self._words.where("row", missing, ["row", "length", "words", "sparse"]):
            asked.rows[int(one["row"])] = self._row(one, asked.terms)
        return [asked.rows.get(row, _ABSENT) for row in rows]

    def _row(self, one: Entity, terms: dict[int, int]) -> _Row:
        """Counts of a stored row: a weight is `count / (count + soft)`, and counts are whole."""
        length = int(one["length"])
        soft = softness(length, *self._weighing, self._manifest.mean)
        weights = one["sparse"]
        found = {term: weights[number] for number, term in terms.items() if number in weights}
        counts = {term: max(1, round(soft * w / max(1.0 - w, 1e-7))) for term, w in found.items()}
        return _Row(counts, length, int(one["words"]))


def _part(rows: Sequence[_Row]) -> PostingsPart:
    """The postings of these rows, numbered from 0."""
    held = sorted((term, n, count) for n, row in enumerate(rows) for term, count in row.counts.items())
    terms, firsts = np.unique(np.fromiter((term for term, *_ in held), np.uint64, len(held)), return_index=True)
    numbers: Local = np.fromiter((n for _, n, _ in held), np.int32, len(held))
    counts = np.fromiter((min(count, 65_535) for *_, count in held), np.uint16, len(held))
    lengths, words = (np.asarray([getattr(row, name) for row in rows], np.int32) for name in ("length", "words"))
    return PostingsPart(terms, np.append(firsts, len(held)).astype(np.int64), numbers, counts, lengths, words)
