"""The generation that is searched: opened once for all threads, and replaced while searches run."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock

from mundap.errors import ConfigError, StaleIndex
from mundap.graph.graph import Graph
from mundap.graph.leg import GraphLeg
from mundap.graph.synonyms import Synonym
from mundap.index.bm25 import LexicalLeg
from mundap.index.dense import DenseLeg
from mundap.index.generation import REPAIR, Generation, alive, check, current, lacks, open_generation
from mundap.index.postings import Postings
from mundap.index.sparse import SPARSE, SparseLeg, open_weights, weighed
from mundap.index.table import Table
from mundap.index.vectors import VectorIndex
from mundap.index.widen import Widening
from mundap.protocols import Leg, Progress, Searcher
from mundap.retrieve.coverage import untrained
from mundap.retrieve.light import LightRanker
from mundap.store.corpus import Corpus
from mundap.types import Passage
from mundap.workspace.components import Components
from mundap.workspace.indexing import Indexing

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opened:
    """A generation with its legs, and the state of the corpus that its table reflects."""

    state: str
    generation: Generation
    table: Table
    lexical: LexicalLeg
    dense: DenseLeg
    graph: GraphLeg | None
    searchers: Mapping[str, Searcher]


class Opening:
    """Opens what `indexing` has built of `corpus`, with `parts`. Threads may share one."""

    def __init__(self, indexing: Indexing, corpus: Corpus, parts: Components) -> None:
        self._indexing = indexing
        self._corpus = corpus
        self._parts = parts
        self._opened: Opened | None = None
        self._lock = Lock()
        self.complete = (
            True  # whether an index that lacks passages of the corpus is refused, or searched for what it has
        )

    def open(self) -> Opened:
        """What is open, as the corpus is now. Raises StaleIndex if the index does not match it or the settings."""
        state, opened = self._corpus.state(), self._opened
        if opened is not None and opened.state == state:
            return opened
        with self._lock:
            state, opened = self._corpus.state(), self._opened  # perhaps another thread has done it
            if opened is None:
                opened = self._open_generation(state)
            elif opened.state != state:  # something was removed, or added and not indexed yet
                opened.table.restrict(alive(opened.generation, self._corpus))
                opened = replace(opened, state=state)
            self._opened = opened
            return opened

    def reload(self) -> None:
        """Open the current generation at the next search."""
        self._opened = None

    def refresh(self) -> None:
        """Open the current generation, if it is another than the one that is open. Searches that run keep theirs.

        One that cannot be opened, as while documents come in that are not indexed yet, leaves the old one in use: it
        is tried again at the next call. Without any generation, StaleIndex is raised at the next search.
        """
        opened, name = self._opened, self.newest
        if opened is None or opened.generation.name == name:
            return
        if name is None:
            self.reload()
            return
        with self._lock:
            if self._opened is opened:
                try:
                    self._opened = self._open_generation(self._corpus.state())
                except StaleIndex as error:
                    log.warning("새 색인을 아직 열 수 없어 이전 색인으로 검색합니다: %s", error)

    def unindexed(self) -> bool:
        """Whether the corpus has passages that the current generation lacks, or any if there is none.

        Raises StaleIndex if it does not match the settings, or cannot be read.
        """
        if self.newest is None:
            return self._corpus.counts()[0] > 0
        generation = open_generation(self._indexing.root)
        check(generation, self._indexing.recipe, self._corpus, complete=False)
        return lacks(generation, self._corpus)

    @property
    def name(self) -> str:
        """The name of the generation that is open, or else of the newest; "" without any."""
        opened = self._opened
        return opened.generation.name if opened else self.newest or ""

    @property
    def newest(self) -> str | None:
        """The name of the current generation on the disk, whether or not it is the one that is open; None without any."""
        return current(self._indexing.root)

    def bare_graph(self) -> Graph:
        """The graph of the current generation, whose synonyms may be others than the table's by now.

        Raises StaleIndex if there is none.
        """
        return _open_graph(open_generation(self._indexing.root))

    def open_with_vectors(self, progress: Progress) -> None:
        """Open the current generation as if it had been built with the encoder of the settings: what it lacks of its
        vectors is computed and kept, and the index of them is in memory alone. Raises StaleIndex."""
        generation = open_generation(self._indexing.root)
        encoder, sparse, cache = self._parts.encoder, self._parts.sparse, self._parts.cache
        weights = None
        if generation.recipe.encoder != encoder.name:
            texts = [passage.embedded for passage in passages_of(generation, self._corpus)]
            vectors = cache.vectors(texts, encoder, progress)
            index = VectorIndex.of(vectors, generation.vectors.starts)
            if sparse:
                own = [texts[start] for start in generation.vectors.starts[:-1]]
                weights = weighed([*cache.weights(own, sparse, progress)])
            recipe = replace(generation.recipe, encoder=encoder.name)
            generation = replace(generation, recipe=recipe, instead=index)
        self._opened = self._open(self._corpus.state(), generation, weights)

    def with_synonyms(self, synonyms: Sequence[Synonym]) -> Opening:
        """The same generation as it would be searched with these synonyms. Raises as `open`, and ConfigError without a graph."""
        state = self._corpus.state()
        generation = open_generation(self._indexing.root)
        if not self._parts.config.graph.enabled:
            raise ConfigError("키워드 그래프를 쓰지 않는 작업 폴더라 동의어가 검색에 쓰이지 않습니다.")
        other = Opening(self._indexing, self._corpus, self._parts)
        other.complete = self.complete
        other._opened = other._open(state, generation, None, _open_graph(generation).with_synonyms(synonyms))
        return other

    def _open_generation(self, state: str) -> Opened:
        return self._open(state, open_generation(self._indexing.root))

    def _open(
        self, state: str, generation: Generation, weights: Postings | None = None, instead: Graph | None = None
    ) -> Opened:
        """`weights` are those of tokens if they are not in the segments, `instead` a graph in place of the generation's."""
        parts = self._parts
        table = Table(
            generation.ids, self._corpus, check(generation, self._indexing.recipe, self._corpus, self.complete)
        )
        everyday = parts.everyday
        widening = Widening(generation.postings, parts.tokenizer, everyday) if everyday else None
        lexical = LexicalLeg(generation.postings, table, parts.tokenizer, widening)
        dense = DenseLeg(generation.vectors, table, parts.encoder)
        legs: dict[str, Leg] = {"bm25": lexical, "dense": dense}
        settings, wanted = parts.config.retrieve, parts.legs
        if parts.light and not set(legs) <= set(wanted):
            raise ConfigError(f"reranker = '{settings.reranker}'에는 legs가 모두 필요합니다: {', '.join(legs)}")
        graph = None
        if parts.config.graph.enabled:
            graph = legs["graph"] = GraphLeg(instead or _open_graph(generation), table, parts.names, everyday=everyday)
        elif "graph" in wanted:
            raise ConfigError("legs에 graph를 포함하려면 mundap.toml에서 [graph] enabled = true여야 합니다.")
        if parts.sparse:
            legs[SPARSE] = SparseLeg(weights or _open_weights(generation), table, parts.sparse)
        elif SPARSE in wanted:
            raise ConfigError(
                f"legs의 {SPARSE}에는 토큰 가중치도 출력하는 임베딩(bge-m3)이 필요합니다. 현재 임베딩: {parts.config.index.encoder}"
            )
        hybrid = untrained(
            *(legs[name] for name in wanted),
            lexical=lexical,
            method=settings.fusion,
            weights=settings.weights,
            pool=settings.pool,
        )
        if parts.light:
            hybrid.ranker = LightRanker(parts.light, lexical, dense)
        return Opened(state, generation, table, lexical, dense, graph, {**legs, "hybrid": hybrid})


def passages_of(generation: Generation, corpus: Corpus) -> list[Passage]:
    """The passage of each vector of a generation, in order; an empty one in the place of each that is gone."""
    ids = [id for segment in generation.segments for id in segment.ids.every()]
    found = corpus.passages(ids)
    return [found.get(id) or Passage(id, "", "", 0, 0) for id in ids]


def _open_weights(generation: Generation) -> Postings:
    try:
        return open_weights(generation.segments, generation.gone)
    except (OSError, ValueError) as error:
        raise StaleIndex(f"토큰 가중치를 읽을 수 없습니다({error}). {REPAIR}") from error


def _open_graph(generation: Generation) -> Graph:
    try:
        return Graph(generation.folder, [segment.folder for segment in generation.segments], generation.gone)
    except (OSError, ValueError, TypeError, sqlite3.DatabaseError) as error:
        raise StaleIndex(f"키워드 그래프를 읽을 수 없습니다({error}). {REPAIR}") from error
