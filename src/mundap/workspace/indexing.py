"""From the corpus to a generation: what decides an index, and the building of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from mundap.errors import MundapError, StaleIndex
from mundap.files import digest, text_key
from mundap.generate.relations import read_relations, reader_name
from mundap.graph.beside import GraphBeside
from mundap.graph.build import GraphFiles, Relate, Relation
from mundap.graph.relations import relate, unrelated
from mundap.graph.synonyms import in_use, read_synonyms
from mundap.index.annexes import together
from mundap.index.engine import Engine
from mundap.index.generation import Recipe, open_generation
from mundap.index.kept_vectors import vectors_of
from mundap.index.merging import Writing, merge_aside
from mundap.index.near import Halves
from mundap.index.segment import Annex, Deriving
from mundap.index.sparse import SPARSE, SparseFiles
from mundap.index.tiers import Extent, to_merge
from mundap.korean.keyword_rules import names
from mundap.korean.normalize import NORMALIZER
from mundap.protocols import Progress, quiet
from mundap.store.corpus import Corpus
from mundap.store.record import Held
from mundap.workspace.components import Components

_FORGOTTEN = 4096  # vectors at once
_HANDED_OUT = 8192  # passages whose vectors are asked of others at once, so that many have work


class _Summed:
    """Progress over batches, each of which is told as if it were all. `total` is what is expected at least."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._before = 0
        self._here = 0

    def next(self) -> Progress:
        """The progress of the next batch."""
        self._before += self._here
        self._here = 0
        return self._told

    def _told(self, done: int, total: int) -> None:
        self._here = total
        self._progress(self._before + done, max(self._before + total, self._total))


class _Encoded:
    """Vectors for an index, which the cache need not keep once the index does."""

    def __init__(self, parts: Components, steps: _Summed) -> None:
        self._parts = parts
        self._steps = steps
        self._keys = bytearray()

    def __call__(self, texts: list[str]) -> Halves:
        encoder = self._parts.spread_encoder
        self._keys += b"".join(text_key(encoder.name, text) for text in texts)
        return self._parts.cache.vectors(texts, encoder, self._steps.next())

    def forget(self) -> None:
        """The index is promoted: take what it holds out of the cache."""
        for first in range(0, len(self._keys), 16 * _FORGOTTEN):
            some = bytes(self._keys[first : first + 16 * _FORGOTTEN])
            self._parts.cache.drop([some[n : n + 16] for n in range(0, len(some), 16)])


class Indexing:
    """Builds the index of `corpus` with `parts`, whose engine keeps it; segments of generations in the folder `root`."""

    def __init__(self, root: Path, corpus: Corpus, parts: Components) -> None:
        self.root = root
        self._corpus = corpus
        self._parts = parts

    def build(
        self,
        shown: Mapping[str, Progress],
        held: Held,
        *,
        anew: bool = False,
        compact: bool = False,
        merging: bool = True,
    ) -> str:
        """Build and promote a generation, and return its name; the caller holds the workspace's lock, as `held` tells.

        `shown` may have an entry for "tokens", for "keywords" and for "vectors". `anew` uses nothing of the generation
        before but vectors whose files are whole, `compact` drops what is gone, and without `merging` small segments are left
        to `merge`. Raises MundapError for an empty corpus.
        """
        if not self._corpus.has_passages():
            raise MundapError("색인할 문서가 없습니다. 먼저 실행하세요: mundap ingest")
        parts = self._parts
        parts.look_at_segments(checked=anew)
        self._take_back_vectors()
        engine = parts.engine.held(held)
        whole = anew or engine.current is None  # else it is not counted what is mostly indexed
        total, read = (self._corpus.counts()[1], self._corpus.passage_count()) if whole else (0, 0)
        tokens = _Summed(shown.get("tokens", quiet), total)
        encoding = _Summed(shown.get("vectors", quiet), read + (total if parts.sparse else 0))
        vectors = _Encoded(parts, encoding)
        keywords = _Summed(shown.get("keywords", quiet), total)
        deriving = Deriving(
            lambda texts: list(parts.cache.tokens(texts, parts.tokenizer.name, parts.tokenizer, tokens.next())),
            vectors,
            parts.encoder.name,
            self._annex(encoding, keywords),
            0 if parts.executor.here else _HANDED_OUT,
        )
        if beside := self.graph_beside(keywords):
            beside.follow(self.states, anew, compact)
        name = engine.build(self._corpus, self.recipe, deriving, anew=anew, compact=compact, merging=merging)
        if engine.keeps_vectors:
            vectors.forget()
        parts.look_at_segments()
        return name

    def merge(self, writing: Writing) -> None:
        """Merge what is to be merged, aside; see index.merging. Raises MundapError."""
        if not self._parts.is_local:
            return
        annex = self._annex(_Summed(quiet, 0), _Summed(quiet, 0))
        while merge_aside(self.root, self.recipe, annex, writing):
            self._parts.look_at_segments()

    @property
    def unmerged(self) -> bool:
        """Whether the current generation has segments that are to be merged."""
        return bool(to_merge([extent for _, extent, *_ in self.segments]))

    def _take_back_vectors(self) -> None:
        """Keep the vectors of another encoder in the cache: its segments will go, and one may return to it."""
        if not self._parts.is_local:
            return
        try:
            segments = open_generation(self.root).segments
        except StaleIndex:
            return
        for keys, vectors in vectors_of([one for one in segments if one.encoder != self._parts.encoder.name]):
            self._parts.cache.keep(keys, vectors)

    @property
    def done(self) -> bool:
        """Whether the current index is of the corpus as it is now."""
        try:
            return self.engine.open().corpus_state == self._corpus.state()
        except StaleIndex:
            return False

    @property
    def segments(self) -> list[tuple[str, Extent, int, float]]:
        """Of each segment of the current generation its name, how large it is, its bytes, and its recall@100 of vectors;
        none without a generation, and on a server."""
        if not self._parts.is_local:
            return []
        try:
            opened = open_generation(self.root)
        except StaleIndex:
            return []
        return [
            (one.name, extent, one.size, one.recall)
            for one, extent in zip(opened.segments, opened.extents, strict=True)
        ]

    def damaged(self) -> list[Path]:
        """The files of the current index that are damaged."""
        beside = self.graph_beside()
        return [*self.engine.damaged(), *(beside.damaged() if beside else ())]

    def erase(self, held: Held, everything: bool = False) -> None:
        """Delete what is kept of indexes before the current one; with `everything`, that too."""
        self.engine.held(held).erase(everything)
        if beside := self.graph_beside():
            beside.erase(everything)

    @property
    def states(self) -> list[str]:
        """The states of the corpus since which an index on a server asks for changes."""
        try:
            return [] if self._parts.is_local else [self.engine.open().corpus_state]
        except StaleIndex:
            return []

    def graph_beside(self, steps: _Summed | None = None) -> GraphBeside | None:
        """The keyword graph of an index that a server keeps; None if there is none, or if it is in the segments."""
        parts = self._parts
        if parts.is_local or not parts.has_graph:
            return None
        recipe = replace(self.recipe, graph=self._graph_name)
        return GraphBeside(parts.graph_folder, recipe, self._graph(steps or _Summed(quiet, 0)), self._corpus)

    @property
    def names(self) -> tuple[str, ...]:
        """The indexes that are there, by name, oldest first."""
        return self.engine.names

    @property
    def engine(self) -> Engine:
        """What keeps the index."""
        return self._parts.engine

    @property
    def recipe(self) -> Recipe:
        """What decides an index of this workspace besides its passages."""
        parts, settings = self._parts, self._parts.config.index
        graph = self._graph_name if parts.has_graph and parts.is_local else ""
        return Recipe(parts.encoder.name, parts.tokenizer.name, NORMALIZER, settings.k1, settings.b, graph)

    @property
    def _graph_name(self) -> str:
        """What decides the graph, synonyms too."""
        table = self._parts.synonyms
        return f"{self._graph_recipe}-{digest(table.read_bytes() if table.is_file() else b'', size=6)}"

    @property
    def _graph_recipe(self) -> str:
        """What decides the nodes of the graph, and the edges that passages give."""
        kind = self._parts.config.graph.relations
        return f"{self._parts.tokenizer.name}-2-{reader_name(self._parts.completer) if kind == 'llm' else kind}"

    def _annex(self, encoding: _Summed, keywords: _Summed) -> Annex | None:
        """What stands beside the rows of segments."""
        graph = [self._graph(keywords)] if self._parts.has_graph and self._parts.is_local else []
        return together([*self._sparse(encoding), *graph])

    def _sparse(self, steps: _Summed) -> list[SparseFiles]:
        """What weighs the tokens of passages, if the encoder does."""
        cache, sparse = self._parts.cache, self._parts.sparse
        if sparse is None:
            return []
        return [
            SparseFiles(lambda texts: [*cache.weights(texts, sparse, steps.next())], f"{SPARSE}-1-{sparse.name}"),
        ]

    def _graph(self, steps: _Summed) -> GraphFiles:
        table = self._parts.synonyms
        synonyms = in_use(read_synonyms(table)) if table.is_file() else []
        name = partial(names, user_dictionary=self._parts.user_dictionary)
        return GraphFiles(
            name, self._relate, self._graph_recipe, synonyms, lambda done, total: steps.next()(done, total)
        )

    @property
    def _relate(self) -> Relate:
        mode = self._parts.config.graph.relations
        return {"off": unrelated, "rules": relate, "llm": self._relate_by_model}[mode]

    def _relate_by_model(self, texts: Sequence[str], keywords: Sequence[Sequence[str]]) -> Iterator[list[Relation]]:
        """Read by the language model, each passage once: what it said is kept."""
        completer = self._parts.completer
        named = dict(zip(texts, keywords, strict=True))

        def read(some: Sequence[str]) -> list[list[str]]:
            return [[f"{r.head}\t{r.kind}\t{r.tail}" for r in read_relations(completer, t, named[t])] for t in some]

        for lines in self._parts.cache.tokens(texts, reader_name(completer), read, quiet, batch=1):
            yield [Relation(*line.split("\t")) for line in lines]
