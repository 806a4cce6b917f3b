"""From the corpus to a generation: what decides an index, and the building of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from mundap.errors import MundapError, StaleIndex
from mundap.files import digest
from mundap.generate.relations import read_relations, reader_name
from mundap.graph.build import Relate, Relation
from mundap.graph.build import build as build_graph
from mundap.graph.relations import relate, unrelated
from mundap.graph.synonyms import in_use, read_synonyms
from mundap.index.generation import Recipe, build, generations, no_graph, open_generation
from mundap.korean.keyword_rules import names
from mundap.korean.normalize import NORMALIZER
from mundap.protocols import Progress, quiet
from mundap.store.corpus import Corpus
from mundap.types import Passage
from mundap.workspace.components import Components


class Indexing:
    """Builds generations of `corpus` in the folder `root`, with `parts`."""

    def __init__(self, root: Path, corpus: Corpus, parts: Components) -> None:
        self.root = root
        self._corpus = corpus
        self._parts = parts

    def build(self, shown: Mapping[str, Progress]) -> str:
        """Build and promote a generation, and return its name; the caller holds the workspace's lock.

        `shown` may have an entry for "tokens", for "keywords" and for "vectors". Raises MundapError for an empty corpus.
        """
        state = self._corpus.state()
        passages = self._corpus.all_passages()
        if not passages:
            raise MundapError("색인할 문서가 없습니다. 먼저 실행하세요: mundap ingest")
        parts = self._parts
        return build(
            self.root,
            passages,
            self.recipe,
            state,
            lambda texts: list(
                parts.cache.tokens(texts, parts.tokenizer.name, parts.tokenizer, shown.get("tokens", quiet))
            ),
            lambda texts: parts.cache.vectors(texts, parts.encoder, shown.get("vectors", quiet)),
            self._graph_in(shown.get("keywords", quiet)) if parts.config.graph.enabled else no_graph,
        )

    @property
    def done(self) -> bool:
        """Whether the current generation is of the corpus as it is now."""
        try:
            return open_generation(self.root).corpus_state == self._corpus.state()
        except StaleIndex:
            return False

    @property
    def names(self) -> tuple[str, ...]:
        """The generations on the disk, by name, oldest first."""
        return generations(self.root)

    @property
    def recipe(self) -> Recipe:
        """What decides an index of this workspace besides its passages."""
        parts, settings = self._parts, self._parts.config.index
        graph = ""
        if parts.config.graph.enabled:
            table = parts.synonyms
            graph = f"{self._graph_recipe}-{digest(table.read_bytes() if table.is_file() else b'', size=6)}"
        return Recipe(parts.encoder.name, parts.tokenizer.name, NORMALIZER, settings.k1, settings.b, graph)

    @property
    def _graph_recipe(self) -> str:
        """What decides the nodes of the graph, and the edges that passages give."""
        kind = self._parts.config.graph.relations
        return f"{self._parts.tokenizer.name}-1-{reader_name(self._parts.completer) if kind == 'llm' else kind}"

    def _graph_in(self, progress: Progress) -> Callable[[Path, Sequence[Passage], Path | None], None]:
        table = self._parts.synonyms
        synonyms = in_use(read_synonyms(table)) if table.is_file() else []
        name, relate = partial(names, user_dictionary=self._parts.user_dictionary), self._relate
        return lambda folder, rows, old: build_graph(
            folder, rows, name, relate, self._graph_recipe, synonyms, old, progress
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
