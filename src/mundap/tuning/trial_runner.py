"""A workspace's corpus in memory, searched with any settings by the code that serves it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from mundap.errors import MundapError
from mundap.evaluation.questions import Question
from mundap.index.bm25 import LexicalLeg
from mundap.index.dense import DenseLeg
from mundap.index.grouped import GroupedPassages
from mundap.index.postings import Postings
from mundap.index.sparse import SPARSE, SparseLeg, weighed
from mundap.index.table import InMemory, Table
from mundap.index.vectors import VectorIndex
from mundap.index.widen import Widening
from mundap.ingest.split import chunks
from mundap.korean.normalize import normalize, squash
from mundap.protocols import Encoder, Leg, Mask, Progress, Reranker, Rows, Scores, Vectors, quiet
from mundap.retrieve.coverage import untrained
from mundap.retrieve.hybrid import Hybrid
from mundap.retrieve.rerank import make_reranker
from mundap.store.cache import AsQueries, Cache
from mundap.tuning.space import POOLS, RERANK_DEPTHS, Settings
from mundap.tuning.trials import Ranks
from mundap.types import Hit
from mundap.workspace.facade import Mundap, cut_of

# Questions with what was found for each; the hits of each, ranked again.
Reranked = Callable[[Sequence[tuple[str, list[Hit]]]], Iterable[list[Hit]]]
DEPTH = 20  # hits that are looked at: figures need 10, and the choice of k 20
_CELLS = 50_000_000  # scores of one leg that are kept, 200 MB


class TrialRunner:
    """The passages of `bot` and the questions that they will be searched with.

    What a setting needs is computed when a trial first asks for it; `progress` is told of vectors.
    """

    def __init__(
        self,
        bot: Mundap,
        questions: Iterable[Question],
        progress: Progress = quiet,
        reranked: Reranked | None = None,
    ) -> None:
        """`reranked` has hits ranked again by the reranker of the settings, elsewhere. Raises MundapError for an empty corpus, or a
        leg that cannot be tuned."""
        self.names: tuple[str, ...] = bot.components.legs
        if unknown := sorted(set(self.names) - {"bm25", "dense", SPARSE}):
            raise MundapError(
                f"검색 방법 {', '.join(unknown)}은(는) 튜닝할 수 없습니다. [retrieve] legs에서 제외한 뒤 다시 실행하세요."
            )
        self._parents = [p for p in bot.corpus.all_passages() if p.parent_id == p.id]
        if not self._parents:
            raise MundapError("읽어 들인 문서가 없습니다. 먼저 실행하세요: mundap ingest")
        self._bot = bot
        self._progress = progress
        self._rows = GroupedPassages.of(self._parents).rows
        self._squashed = [squash(row.text) for row in self._rows]
        self._table = Table([row.id for row in self._rows], InMemory(self._rows))
        self._asked = list(dict.fromkeys(normalize(q.question) for q in questions))
        self._deepest = max(*POOLS, *RERANK_DEPTHS, DEPTH, bot.config.retrieve.pool, bot.config.retrieve.rerank_depth)
        self._reranked = reranked or self._reranked_here
        self._words: LexicalLeg | None = None  # the leg of words in use, as it is
        self._made: dict[str, tuple[object, Leg]] = {}  # by name: what the leg in use was made with, and the leg

    @property
    def texts(self) -> frozenset[str]:
        """The squashed texts of all parent passages."""
        return frozenset(self._squashed)

    def ranks(self, settings: Settings, questions: Sequence[Question]) -> Ranks:
        """For each question the rank of its first right passage among the first DEPTH, from 1; None for a miss.

        The reranker sees the first `settings.rerank_depth`, as it does when it serves.
        """
        found: Ranks = []
        for question, texts in zip(questions, self._texts(settings, questions), strict=True):
            golds = {squash(gold) for gold in question.gold}
            found.append(next((rank for rank, text in enumerate(texts, 1) if text in golds), None))
        return found

    def _texts(self, settings: Settings, questions: Sequence[Question]) -> Iterator[list[str]]:
        """The squashed texts of what is found for each question, the first DEPTH."""
        hybrid = self.hybrid(settings)
        asked = [normalize(question.question) for question in questions]
        if settings.rerank_depth:
            hits = [(text, hybrid.search(text, settings.rerank_depth)) for text in asked]
            for ranked in self._reranked(hits):
                yield [squash(hit.passage.text) for hit in ranked[:DEPTH]]
            return
        for text in asked:
            rows, _ = hybrid.ordered(text, hybrid.candidates(text, DEPTH))
            yield [self._squashed[row] for row in rows[:DEPTH]]

    def _reranked_here(self, found: Sequence[tuple[str, list[Hit]]]) -> Iterator[list[Hit]]:
        for text, hits in found:
            yield self._reranker.rerank(text, hits)

    def hybrid(self, settings: Settings) -> Hybrid:
        """The search that these settings make. It knows the questions of this runner and no others."""
        makers: dict[str, tuple[object, Callable[[Settings], Leg]]] = {
            "bm25": ((settings.k1, settings.b), self._lexical),
            "dense": ((settings.chunk_chars, settings.chunk_overlap), self._dense),
            SPARSE: ((), self._sparse),
        }
        for name in self.names:
            wanted, make = makers[name]
            if name not in self._made or self._made[name][0] != wanted:
                self._made[name] = (wanted, self._remembered(make(settings)))
        legs = [self._made[name][1] for name in self.names]
        weights = dict(settings.weights)
        return untrained(*legs, lexical=self._words, method=settings.fusion, weights=weights, pool=settings.pool)

    def _lexical(self, settings: Settings) -> Leg:
        postings = self._postings.weighing(settings.k1, settings.b)
        everyday = self._bot.components.everyday
        widening = Widening(postings, self._bot.components.tokenizer, everyday) if everyday else None
        self._words = LexicalLeg(postings, self._table, lambda texts: [self._tokens[text] for text in texts], widening)
        return self._words

    def _dense(self, settings: Settings) -> Leg:
        cut = replace(cut_of(self._bot.config, self._bot.components.models), overlap=settings.chunk_overlap)
        chunker = (cut if cut.encoder else replace(cut, size=settings.chunk_chars)).chunker()
        pieces = [piece for parent in self._parents for piece in chunks(parent, chunker)]
        grouped = GroupedPassages.of([*self._parents, *pieces])
        texts = [p.embedded for p in grouped.passages]
        vectors = self._bot.components.cache.vectors(texts, self._bot.components.spread_encoder, self._progress)
        return DenseLeg(VectorIndex.of(vectors, grouped.starts), self._table, self._encoder)

    def _sparse(self, settings: Settings) -> Leg:
        parts = self._bot.components
        assert parts.sparse is not None  # or the workspace would not have opened
        weights = parts.cache.weights([row.embedded for row in self._rows], parts.sparse, self._progress)
        return SparseLeg(weighed([*weights]), self._table, parts.sparse)

    def _remembered(self, leg: Leg) -> Leg:
        exact = not isinstance(leg, DenseLeg) or leg.vectors.exact
        few = len(self._asked) * len(self._rows) <= _CELLS
        return Remembered(leg, self._asked, self._deepest) if exact and few else leg

    @cached_property
    def _postings(self) -> Postings:
        tokenizer = self._bot.components.tokenizer
        tokens = self._bot.components.cache.tokens([row.worded for row in self._rows], tokenizer.name, tokenizer, quiet)
        return Postings.build(tokens, self._bot.config.index.k1, self._bot.config.index.b)

    @cached_property
    def _tokens(self) -> dict[str, list[str]]:
        return dict(zip(self._asked, self._bot.components.tokenizer(self._asked), strict=True))

    @cached_property
    def _encoder(self) -> Encoder:
        return _KnownQueries(self._bot.components.encoder, self._bot.components.cache, self._asked, self._progress)

    @cached_property
    def _reranker(self) -> Reranker:
        return make_reranker(self._bot.config.retrieve.reranker, self._bot.root)


class Remembered:
    """An exact leg that was asked everything beforehand, `deepest` rows deep: a question costs a look-up."""

    def __init__(self, leg: Leg, questions: Sequence[str], deepest: int) -> None:
        self.name = leg.name
        self.table = leg.table
        self.search = leg.search
        self._deepest = deepest
        self._found: dict[str, tuple[Rows, Scores]] = {}
        self._scores: dict[str, Scores] = {}
        every = np.arange(len(leg.table))
        for question in questions:
            self._found[question] = leg.find(question, deepest)
            self._scores[question] = leg.score(question, every)

    def find(self, question: str, depth: int, mask: Mask | None = None) -> tuple[Rows, Scores]:
        """The best `depth` rows, in order, with their scores: those of the leg. ValueError for what was not asked."""
        if mask is not None or depth > self._deepest:
            raise ValueError(
                f"a remembered leg knows {self._deepest} of all rows: depth {depth}, or a mask, is too much"
            )
        rows, scores = self._found[question]
        return rows[:depth], scores[:depth]

    def score(self, question: str, rows: Rows) -> Scores:
        """The leg's score of each of these rows."""
        return self._scores[question][rows]


class _KnownQueries:
    """An encoder that knows its questions: encoded once and kept, in half precision, to which an index rounds them."""

    def __init__(self, encoder: Encoder, cache: Cache, questions: Sequence[str], progress: Progress) -> None:
        self.name = encoder.name
        self.dim = encoder.dim
        self.encode_passages = encoder.encode_passages
        vectors = cache.vectors(questions, AsQueries(encoder), progress).astype(np.float32)
        self._vectors: dict[str, Vectors] = dict(zip(questions, vectors, strict=True))

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), rows of length one in half precision."""
        return np.stack([self._vectors[text] for text in texts])
