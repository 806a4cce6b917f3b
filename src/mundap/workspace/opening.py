"""The generation that is searched: opened once for all threads, and replaced while searches run."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock

from mundap.errors import ConfigError, StaleIndex
from mundap.graph.beside import BesideLeg
from mundap.graph.graph import Graph
from mundap.graph.leg import GraphLeg
from mundap.graph.synonyms import Synonym
from mundap.index.bm25 import LexicalLeg
from mundap.index.dense import DenseLeg, NearestLeg
from mundap.index.engine import Lexical, OpenIndex, check_recipe
from mundap.index.generation import REPAIR, Generation, alive
from mundap.index.local import LocalIndex
from mundap.index.postings import Postings
from mundap.index.sparse import SPARSE, SparseLeg, open_weights, weighed
from mundap.index.table import Table
from mundap.index.vectors import VectorIndex
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
    """An index with its legs, and the state of the corpus that its table reflects."""

    state: str
    index: OpenIndex
    table: Table
    lexical: Lexical
    dense: NearestLeg
    graph: GraphLeg | None
    searchers: Mapping[str, Searcher]

    @property
    def generation(self) -> Generation:
        """The segments. Raises ConfigError for an index that has none, because a server keeps it."""
        return _segments(self.index)

    @property
    def legs(self) -> tuple[LexicalLeg, DenseLeg]:
        """The legs of words and of vectors over segments. Raises ConfigError as `generation`."""
        _segments(self.index)
        assert isinstance(self.lexical, LexicalLeg)
        assert isinstance(self.dense, DenseLeg)
        return self.lexical, self.dense


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
                opened.index.restrict(opened.table, self._corpus)
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
        if opened is None or opened.index.name == name:
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
        index = self._indexing.engine.open()
        check_recipe(index, self._indexing.recipe)
        return index.lacks(self._corpus)

    @property
    def name(self) -> str:
        """The name of the generation that is open, or else of the newest; "" without any."""
        opened = self._opened
        return opened.index.name if opened else self.newest or ""

    @property
    def newest(self) -> str | None:
        """The name of the current generation, whether or not it is the one that is open; None without any."""
        return self._indexing.engine.current

    def bare_graph(self) -> Graph:
        """The graph of the current generation, whose synonyms may be others than the table's by now.

        Raises StaleIndex if there is none.
        """
        if beside := self._indexing.graph_beside():
            return _open_graph(beside.bare())
        return _open_graph(_segments(self._indexing.engine.open()))

    def open_with_vectors(self, progress: Progress) -> None:
        """Open the current generation as if it had been built with the encoder of the settings: what it lacks of its
        vectors is computed and kept, and the index of them is in memory alone. Raises StaleIndex."""
        generation = _segments(self._indexing.engine.open())
        encoder, sparse, cache = self._parts.encoder, self._parts.sparse, self._parts.cache
        weights = None
        if generation.recipe.encoder != encoder.name:
            texts = [passage.embedded for passage in passages_of(generation, self._corpus)]
            vectors = cache.vectors(texts, self._parts.spread_encoder, progress)
            index = VectorIndex.of(vectors, generation.vectors.starts)
            if sparse:
                own = [texts[start] for start in generation.vectors.starts[:-1]]
                weights = weighed([*cache.weights(own, sparse, progress)])
            recipe = replace(generation.recipe, encoder=encoder.name)
            generation = replace(generation, recipe=recipe, instead=index)
        self._opened = self._open(self._corpus.state(), LocalIndex(generation), weights)

    def with_synonyms(self, synonyms: Sequence[Synonym]) -> Opening:
        """The same generation as it would be searched with these synonyms. Raises as `open`, and ConfigError without a graph."""
        state = self._corpus.state()
        index = self._indexing.engine.open()
        if not self._parts.has_graph:
            _ = _segments(index)  # raises for an index on a server, where it would have to be asked for
            raise ConfigError("키워드 그래프를 쓰지 않는 작업 폴더라 동의어가 검색에 쓰이지 않습니다.")
        other = Opening(self._indexing, self._corpus, self._parts)
        other.complete = self.complete
        graph = _open_graph(self._with_graph(index)).with_synonyms(synonyms)
        other._opened = other._open(state, index, None, graph)
        return other

    def _with_graph(self, index: OpenIndex) -> Generation:
        """The segments in which the graph is: those of the index, or those beside it, which are made to be of the corpus as it
        is now."""
        beside = self._indexing.graph_beside()
        return beside.open([index.corpus_state]) if beside else _segments(index)

    def _open_generation(self, state: str) -> Opened:
        return self._open(state, self._indexing.engine.open())

    def _open(
        self, state: str, index: OpenIndex, weights: Postings | None = None, instead: Graph | None = None
    ) -> Opened:
        """`weights` are those of tokens if they are not in the segments, `instead` a graph in place of the generation's."""
        parts = self._parts
        check_recipe(index, self._indexing.recipe)
        table = index.table(self._corpus, self._corpus, self.complete)
        everyday = parts.everyday
        lexical = index.lexical(table, parts.tokenizer, everyday)
        dense = index.dense(table, parts.encoder)
        legs: dict[str, Leg] = {"bm25": lexical, "dense": dense}
        settings, wanted = parts.config.retrieve, parts.legs
        if parts.light and not set(legs) <= set(wanted):
            raise ConfigError(f"reranker = '{settings.reranker}'에는 legs가 모두 필요합니다: {', '.join(legs)}")
        graph = None
        if not parts.is_local:
            _check_served(wanted, parts)
        if parts.has_graph:
            held = self._with_graph(index)
            own = table
            if not parts.is_local:
                own = Table(held.ids, self._corpus, alive(held, self._corpus))
            graph = GraphLeg(instead or _open_graph(held), own, parts.names, everyday=everyday)
            legs["graph"] = graph if own is table else BesideLeg(graph, table)
        elif "graph" in wanted:
            raise ConfigError("legs에 graph를 포함하려면 mundap.toml에서 [graph] enabled = true여야 합니다.")
        if parts.sparse and parts.is_local:
            legs[SPARSE] = SparseLeg(weights or _open_weights(_segments(index)), table, parts.sparse)
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
        opened = Opened(state, index, table, lexical, dense, graph, {**legs, "hybrid": hybrid})
        if parts.light:
            hybrid.ranker = LightRanker(parts.light, *opened.legs)
        return opened


def passages_of(generation: Generation, corpus: Corpus) -> list[Passage]:
    """The passage of each vector of a generation, in order; an empty one in the place of each that is gone."""
    ids = [id for segment in generation.segments for id in segment.ids.every()]
    found = corpus.passages(ids)
    return [found.get(id) or Passage(id, "", "", 0, 0) for id in ids]


def _segments(index: OpenIndex) -> Generation:
    if not isinstance(index, LocalIndex):
        raise ConfigError(
            'Milvus 색인으로는 할 수 없는 일입니다. mundap.toml의 [index] engine을 "local"로 바꾸고 mundap index를 실행한 뒤 다시 하세요.'
        )
    return index.generation


def _check_served(wanted: Sequence[str], parts: Components) -> None:
    """Raises ConfigError for what only an index in files of this machine has."""
    kept = ("bm25", "dense", "graph") if parts.has_graph else ("bm25", "dense")
    unknown = [name for name in wanted if name not in kept]
    if unknown:
        raise ConfigError(
            f'Milvus 색인에는 검색 방법 {", ".join(unknown)}이(가) 없습니다. mundap.toml에서 [retrieve] legs = ["bm25", "dense"]로 지정하세요.'
        )
    if parts.light:
        raise ConfigError(
            f"Milvus 색인에서는 reranker = '{parts.config.retrieve.reranker}'를 쓸 수 없습니다. cross:, onnx:, late:, rerank: 중 하나를 쓰거나 비워 두세요."
        )


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
