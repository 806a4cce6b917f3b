"""The whole product from top to bottom: a workspace that ingests, indexes, searches and answers."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Generator as Iteration
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from threading import Lock

from filelock import FileLock, Timeout

from mundap.config import FILE, Config, find_workspace, read_config
from mundap.config import Graph as GraphSettings
from mundap.encode import base_of, make_encoder
from mundap.encode.adapter import AdaptedEncoder
from mundap.errors import BadFile, ConfigError, MundapError, StaleIndex, UnknownName, WorkspaceBusy
from mundap.files import digest
from mundap.generate import make_generator
from mundap.generate.extractive import Extractive
from mundap.generate.known import Known, KnownAnswers, known_answer
from mundap.generate.persona import FOLDER as PERSONAS
from mundap.generate.persona import Persona, closed, find_persona, personas, refusal_of
from mundap.generate.reading import Reader, Reading
from mundap.generate.relations import read_relations, reader_name
from mundap.generate.relevance import relevant
from mundap.generate.sampling import Sampling
from mundap.generate.selfcheck import checked
from mundap.generate.structured import Completer
from mundap.generate.support import Calibration, read_calibration, refusal, support
from mundap.graph.build import Relate, Relation
from mundap.graph.build import build as build_graph
from mundap.graph.graph import Graph
from mundap.graph.leg import GraphLeg
from mundap.graph.relations import relate, unrelated
from mundap.graph.synonyms import in_use, read_synonyms
from mundap.index.bm25 import LexicalLeg
from mundap.index.dense import DenseLeg
from mundap.index.generation import REPAIR, Generation, Recipe, alive, build, check, current, no_graph, open_generation
from mundap.index.table import Table
from mundap.ingest.readers import exists, files_below, nfc_path
from mundap.intake import Ingested, Skipped, Taken, skipped, take
from mundap.jobs.batch import Limits
from mundap.jobs.reading import Cut
from mundap.korean.keyword_model import KeywordModel
from mundap.korean.keyword_rules import Asked, extract, names, read_asked
from mundap.korean.normalize import NORMALIZER, normalize
from mundap.korean.tokens import SearchTokenizer
from mundap.protocols import Encoder, Generator, Leg, Loads, Progress, Reranker, Searcher, quiet
from mundap.retrieve.after import collapse, mmr, weigh_time
from mundap.retrieve.hybrid import Hybrid
from mundap.retrieve.light import LightModel, LightRanker, seen
from mundap.retrieve.queries import merged
from mundap.retrieve.rerank import make_reranker
from mundap.retrieve.synonyms import reworded
from mundap.store.cache import Cache, CachedEncoder
from mundap.store.corpus import Corpus, Listed
from mundap.store.feedback import Feedback
from mundap.types import Answer, Hit, Passage, Turn
from mundap.understanding import Understanding
from mundap.uploads import Uploads

log = logging.getLogger(__name__)

FOLDER = ".mundap"
MODELS = "models"
LIGHT = "light:"  # of a reranker that `mundap train reranker` made
TURNS = 4  # of the conversation that a generator is shown; more would crowd out passages


@dataclass(frozen=True)
class _Opened:
    """A generation with its legs, and the state of the corpus that its table reflects."""

    state: str
    generation: Generation
    table: Table
    lexical: LexicalLeg
    dense: DenseLeg
    graph: GraphLeg | None
    searchers: Mapping[str, Searcher]


def cut_of(config: Config, models: Path) -> Cut:
    """How the settings have documents cut. `models` holds the trained encoders, whose base is what counts tokens."""
    ingest = config.ingest
    in_tokens = ingest.chunk_unit == "tokens"
    size = ingest.chunk_tokens if in_tokens else ingest.chunk_chars
    encoder = base_of(config.index.encoder, models) if in_tokens else ""
    return Cut(ingest.parent_chars, ingest.chunking, size, ingest.chunk_overlap, ingest.chunk_window, encoder)


class Mundap:
    """An open workspace. Make one with `Mundap.open`."""

    def __init__(self, root: Path, config: Config, words: Path | None = None) -> None:
        """`words` is the folder that the user dictionary is relative to (default: `root`)."""
        self.root = root
        self._words = words or root
        self.config = config
        self.corpus = Corpus(root / FOLDER / "corpus.sqlite")
        self._opened: _Opened | None = None
        self._opening = Lock()
        self._asked_before: tuple[str, KnownAnswers] | None = None

    @classmethod
    def open(cls, path: str | Path = ".") -> Mundap:
        """Open the workspace at `path`, a folder in or below a workspace, or its mundap.toml.

        Raises WorkspaceNotFound or ConfigError.
        """
        given = Path(path)
        root = find_workspace(given.parent if given.name == FILE else given)
        return cls(root, read_config(root / FILE))

    def reconfigured(self, config: Config) -> Mundap:
        """The same workspace under other settings."""
        return Mundap(self.root, config, self._words)

    def trained_on(self, question: str) -> bool:
        """Whether the reranker was trained on this very question: its score would flatter."""
        return self._light is not None and seen(question) in self._light.questions

    # -- ingest ---------------------------------------------------------------------------------------------------

    def ingest(self, paths: Sequence[str | Path] = (), prune: bool = False, progress: Progress = quiet) -> Ingested:
        """Read files and folders (default: those in mundap.toml, and uploads) into the corpus, one transaction a file.

        A file that has not changed is left alone. What cannot be read is reported in `skipped`, and what was read
        of that file before stays. With `prune`, documents whose file is gone are removed.
        """
        missing: list[Skipped] = []
        files: dict[str, Path] = {}
        for path in paths or self._paths:
            try:
                files |= {self._source(file): file for file in files_below(Path(path))}
            except BadFile as error:
                missing.append(Skipped(str(path), str(error)))
        with self._writing():
            taken = self._take(files, progress)
            removed = self._prune() if prune else 0
        return self._ingested(taken, missing, removed)

    def upload(self, files: Mapping[str, Path], progress: Progress = quiet) -> Ingested:
        """Read files that lie in the folder of uploads' `incoming`, by the name they shall have there, and index them.

        What can be read is moved to its place, over what had its name; what cannot is left where it lies, and reported
        in `skipped`. When this returns, what went in can be found.
        """
        with self._writing():
            taken = self._take({self.uploads.source(name): file for name, file in files.items()}, progress)
            for name, one in zip(files, taken, strict=True):
                if one.state == "skipped":
                    self.corpus.forgive(one.file)
                else:
                    self.uploads.place(files[name], name)
            if not self._indexed and self.corpus.counts()[0]:
                self._index({})
        return self._ingested(taken)

    def discard(self, document_id: str) -> Listed | None:
        """Remove a document, and its file if it was uploaded: it is gone from every leg at once. What it was, or None
        if there is none with this id. A file that was not uploaded stays, and the next ingest reads it again."""
        with self._writing():
            listed = self.corpus.document(document_id)
            if listed:
                self.uploads.drop(listed.source)  # first: a file without its document would bring it back
                self.corpus.remove(listed.source)
        return listed

    @cached_property
    def uploads(self) -> Uploads:
        """The files that came over HTTP."""
        return Uploads(self.root)

    @property
    def _paths(self) -> list[Path]:
        named = [self.root / path for path in self.config.ingest.paths]
        return [*named, self.uploads.folder] if self.uploads.folder.is_dir() else named

    def _take(self, files: Mapping[str, Path], progress: Progress) -> tuple[Taken, ...]:
        settings = self.config.ingest
        limits = Limits(settings.workers, settings.file_seconds, settings.file_mb)
        return take(self.corpus, files, cut_of(self.config, self.models), limits, progress)

    def _ingested(self, taken: tuple[Taken, ...], missing: Sequence[Skipped] = (), removed: int = 0) -> Ingested:
        states = Counter(one.state for one in taken)
        return Ingested(
            *self.corpus.counts(),
            added=states["added"],
            updated=states["updated"],
            removed=removed,
            unchanged=states["unchanged"],
            skipped=(*missing, *skipped(taken)),
            files=taken,
        )

    def refused(self) -> list[Skipped]:
        """The files that could not be read when they were last tried, and are still there, with why."""
        return [Skipped(file, reason) for file, reason in self.corpus.refusals() if exists(self.root / file)]

    def remove(self, source_or_id: str) -> str:
        """Remove a document by source, file name, title or id: it is gone from every leg at once. Its source.

        Raises UnknownName if there is no such document, and MundapError if there are several.
        """
        with self._writing():
            named = self.corpus.named(normalize(source_or_id))
            if not named:
                raise UnknownName("document", source_or_id, [listed.source for listed in self.corpus.documents()])
            if len(named) > 1:
                raise MundapError(f"'{source_or_id}' 문서가 여럿입니다. 하나를 골라 주세요: {', '.join(named)}")
            self.corpus.remove(named[0])
        return named[0]

    def _prune(self) -> int:
        gone = [d.source for d in self.corpus.documents() if not exists(self.root / d.source)]
        for source in gone:
            self.corpus.remove(source)
        return len(gone)

    def _source(self, file: Path) -> str:
        whole = file.resolve()
        return nfc_path(whole.relative_to(self.root) if whole.is_relative_to(self.root) else whole)

    # -- index ----------------------------------------------------------------------------------------------------

    def index(self, progress: Mapping[str, Progress] | None = None) -> str:
        """Build and promote a generation of the corpus; returns its name. Only what is new is computed.

        `progress` may have an entry for "tokens", for "keywords" and for "vectors".
        """
        with self._writing():
            return self._index(progress or {})

    def _index(self, shown: Mapping[str, Progress]) -> str:
        state = self.corpus.state()
        passages = self.corpus.all_passages()
        if not passages:
            raise MundapError("색인할 문서가 없습니다. 먼저 실행: mundap ingest")
        return build(
            self._index_root,
            passages,
            self.recipe,
            state,
            lambda texts: list(
                self.cache.tokens(texts, self.tokenizer.name, self.tokenizer, shown.get("tokens", quiet))
            ),
            lambda texts: self.cache.vectors(texts, self.encoder, shown.get("vectors", quiet)),
            self._graph_in(shown.get("keywords", quiet)) if self.config.graph.enabled else no_graph,
        )

    @property
    def _indexed(self) -> bool:
        """Whether the current generation is of the corpus as it is now."""
        try:
            return open_generation(self._index_root).corpus_state == self.corpus.state()
        except StaleIndex:
            return False

    def _graph_in(self, progress: Progress) -> Callable[[Path, Sequence[Passage], Path | None], None]:
        synonyms = in_use(read_synonyms(self.synonyms)) if self.synonyms.is_file() else []
        name, relate = partial(names, user_dictionary=self._user_dictionary), self._relate
        return lambda folder, rows, old: build_graph(
            folder, rows, name, relate, self._graph_recipe, synonyms, old, progress
        )

    @property
    def _relate(self) -> Relate:
        mode = self.config.graph.relations
        return {"off": unrelated, "rules": relate, "llm": self._relate_by_model}[mode]

    def _relate_by_model(self, texts: Sequence[str], keywords: Sequence[Sequence[str]]) -> Iterator[list[Relation]]:
        """Read by the language model, each passage once: what it said is kept."""
        completer = self._completer
        named = dict(zip(texts, keywords, strict=True))

        def read(some: Sequence[str]) -> list[list[str]]:
            return [[f"{r.head}\t{r.kind}\t{r.tail}" for r in read_relations(completer, t, named[t])] for t in some]

        for lines in self.cache.tokens(texts, reader_name(completer), read, quiet, batch=1):
            yield [Relation(*line.split("\t")) for line in lines]

    @property
    def synonyms(self) -> Path:
        """The table of synonyms, which need not be there. Raises ConfigError if a name of one's own is not."""
        name = self.config.graph.synonyms
        table = self._words / name
        if not table.is_file() and name != GraphSettings().synonyms:
            raise ConfigError(f"{table}: 같은말 표가 없습니다. mundap.toml의 graph.synonyms를 확인해 주세요.")
        return table

    @property
    def _graph_recipe(self) -> str:
        """What decides the nodes of the graph, and the edges that passages give."""
        kind = self.config.graph.relations
        return f"{self.tokenizer.name}-1-{reader_name(self._completer) if kind == 'llm' else kind}"

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder that mundap.toml names."""
        return self.encoder_named(self.config.index.encoder)

    def encoder_named(self, name: str) -> Encoder:
        """The encoder of that name. Raises UnknownName, or ConfigError for a trained one that cannot be used."""
        return make_encoder(name, self.models, lambda base: CachedEncoder(base, self.cache))

    @property
    def models(self) -> Path:
        """The folder of trained models."""
        return self._words / FOLDER / MODELS

    @cached_property
    def tokenizer(self) -> SearchTokenizer:
        """The tokenizer of the lexical leg. Raises ConfigError if its user dictionary is not there."""
        settings = self.config.index
        return SearchTokenizer(settings.joins, settings.bigrams, self._user_dictionary)

    @property
    def _user_dictionary(self) -> Path | None:
        name = self.config.index.user_dictionary
        words = self._words / name if name else None
        if words and not words.is_file():
            raise ConfigError(f"{words}: 사용자 사전이 없습니다. mundap.toml의 index.user_dictionary를 확인해 주세요.")
        return words

    def keywords(self, questions: Sequence[str]) -> list[list[str]]:
        """The distinct keywords of each question, by the extractor of the settings; the corpus is not read.

        Raises ConfigError if the user dictionary or the model is not there, BadFile for a broken table of verbs.
        """
        if self._keyword_model:
            return self._keyword_model.extract(questions)
        return extract(questions, self._user_dictionary, self._verbs)

    @cached_property
    def _keyword_model(self) -> KeywordModel | None:
        kind, _, name = self.config.keywords.extractor.partition(":")
        return KeywordModel(self.models / name) if kind == "model" else None

    @property
    def recipe(self) -> Recipe:
        """What decides an index of this workspace besides its passages."""
        settings = self.config.index
        graph = ""
        if self.config.graph.enabled:
            table = self.synonyms
            graph = f"{self._graph_recipe}-{digest(table.read_bytes() if table.is_file() else b'', size=6)}"
        return Recipe(self.encoder.name, self.tokenizer.name, NORMALIZER, settings.k1, settings.b, graph)

    @property
    def _index_root(self) -> Path:
        return self.root / FOLDER / "index"

    # -- search ---------------------------------------------------------------------------------------------------

    def search(
        self,
        question: str,
        k: int = 10,
        leg: str = "hybrid",
        where: Mapping[str, Sequence[str]] | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> list[Hit]:
        """The best `k` whole passages. `where` gives the allowed values of source, title, document_id or a meta key.

        `since` and `until` are ISO dates, inclusive; a passage without a date lies in no period.
        Raises StaleIndex if the index does not match the corpus or the settings; the sentence says what to run.
        """
        allowed = None
        if where is not None or since is not None or until is not None:
            allowed = self.corpus.ids_where((where or {}).items(), since=since, until=until)
        return self._search(normalize(question), k, leg, allowed)

    def _search(self, question: str, k: int, leg: str, allowed: set[str] | None) -> list[Hit]:
        opened = self._open()
        if leg not in opened.searchers:
            raise UnknownName("leg", leg, opened.searchers)
        if leg != "hybrid":
            return opened.searchers[leg].search(question, k, allowed)
        settings = self.config.retrieve
        arranged = self._reranker or settings.half_life_days or settings.duplicates_above <= 1 or settings.diversity < 1
        depth = max(k, settings.rerank_depth) if arranged else k
        hits = self._arranged(question, opened.searchers[leg].search(question, depth, allowed), opened.dense)[:k]
        return opened.graph.explained(question, hits) if opened.graph and "graph" in settings.legs else hits

    def _arranged(self, question: str, hits: list[Hit], dense: DenseLeg) -> list[Hit]:
        """The hits reranked, weighed by their dates, without near duplicates and made diverse, as settings say."""
        settings = self.config.retrieve
        if self._reranker:
            hits = self._reranker.rerank(question, hits)
        if settings.half_life_days:
            hits = weigh_time(hits, date.today(), settings.half_life_days)
        if settings.duplicates_above <= 1:
            hits = list(collapse(hits, dense.vectors_of(hits), settings.duplicates_above).hits)
        if settings.diversity < 1:
            hits = mmr(hits, dense.vectors_of(hits), len(hits), settings.diversity)
        return hits

    @cached_property
    def _reranker(self) -> Reranker | None:
        spec = self.config.retrieve.reranker
        return make_reranker(spec, self._words) if spec and not spec.startswith(LIGHT) else None

    @cached_property
    def _light(self) -> LightModel | None:
        kind, _, name = self.config.retrieve.reranker.partition(":")
        return LightModel.open(self.models / name) if f"{kind}:" == LIGHT else None

    @property
    def legs(self) -> tuple[LexicalLeg, DenseLeg]:
        """The lexical and the dense leg over the current generation. Raises StaleIndex as `search` does."""
        opened = self._open()
        return opened.lexical, opened.dense

    @property
    def searchers(self) -> Mapping[str, Searcher]:
        """The legs and the hybrid over the current generation, by name. Raises StaleIndex as `search` does."""
        return self._open().searchers

    def reload(self) -> None:
        """Open the current generation at the next search."""
        self._opened = None

    def refresh(self) -> None:
        """Open the current generation, if it is another than the one that is open. Searches that run keep theirs.

        One that cannot be opened, as while documents come in that are not indexed yet, leaves the old one in use: it
        is tried again at the next call. Without any generation, StaleIndex is raised at the next search.
        """
        opened, name = self._opened, current(self._index_root)
        if opened is None or opened.generation.name == name:
            return
        if name is None:
            self.reload()
            return
        with self._opening:
            if self._opened is opened:
                try:
                    self._opened = self._open_generation(self.corpus.state())
                except StaleIndex as error:
                    log.warning("새 색인을 아직 열 수 없어 전의 것으로 찾습니다: %s", error)

    @property
    def newest(self) -> str | None:
        """The name of the current generation on the disk, whether or not it is the one that is open; None without any."""
        return current(self._index_root)

    def warm(self) -> None:
        """Load what the first question would wait for. Raises as it would."""
        self.search("준비", k=1)
        self.persona()
        if self.config.generate.faq:
            _ = self._known
        if isinstance(self.generator, Loads):
            self.generator.load()

    def _open(self) -> _Opened:
        state, opened = self.corpus.state(), self._opened
        if opened is not None and opened.state == state:
            return opened
        with self._opening:
            state, opened = self.corpus.state(), self._opened  # perhaps another thread has done it
            if opened is None:
                opened = self._open_generation(state)
            elif opened.state != state:  # something was removed, or added and not indexed yet
                opened.table.restrict(alive(opened.generation, self.corpus.ids()))
                opened = replace(opened, state=state)
            self._opened = opened
            return opened

    def _open_generation(self, state: str) -> _Opened:
        generation = open_generation(self._index_root)
        ids = generation.unit_ids if generation.corpus_state == state else self.corpus.ids()
        table = Table(generation.row_ids, self.corpus, check(generation, self.recipe, ids))
        lexical = LexicalLeg(generation.postings, table, self.tokenizer)
        dense = DenseLeg(generation.vectors, table, self.encoder)
        legs: dict[str, Leg] = {"bm25": lexical, "dense": dense}
        settings = self.config.retrieve
        if self._light and not set(legs) <= set(settings.legs):
            raise ConfigError(f"reranker = '{settings.reranker}'에는 legs가 모두 필요합니다: {', '.join(legs)}")
        graph = None
        if self.config.graph.enabled:
            graph = legs["graph"] = GraphLeg(self._open_graph(generation.folder), table, self.names)
        elif "graph" in settings.legs:
            raise ConfigError("legs에 graph를 쓰려면 mundap.toml에서 [graph] enabled = true여야 합니다.")
        light = LightRanker(self._light, lexical, dense) if self._light else None
        hybrid = Hybrid(
            *(legs[name] for name in settings.legs),
            method=settings.fusion,
            weights=settings.weights,
            pool=settings.pool,
            ranker=light,
        )
        return _Opened(state, generation, table, lexical, dense, graph, {**legs, "hybrid": hybrid})

    def bare_graph(self) -> Graph:
        """The graph of the current generation, whose synonyms may be others than the table's by now.

        Raises StaleIndex if there is none.
        """
        return self._open_graph(open_generation(self._index_root).folder)

    def _open_graph(self, folder: Path) -> Graph:
        try:
            return Graph(folder)
        except (OSError, ValueError, sqlite3.DatabaseError) as error:
            raise StaleIndex(f"키워드 그래프를 읽을 수 없습니다({error}). {REPAIR}") from error

    def names(self, questions: Sequence[str]) -> list[list[str]]:
        """What each question names, as the graph calls it: by the model, or keywords and the compounds they make up."""
        if self._keyword_model:
            return [list(dict.fromkeys(word.lower() for word in words)) for words in self.keywords(questions)]
        return names(questions, self._user_dictionary, self._verbs)

    @cached_property
    def _verbs(self) -> tuple[Asked, ...]:
        """What verbs ask for. Raises BadFile for a broken table."""
        name = self.config.keywords.verbs
        return read_asked(self._words / name if name else None)

    @property
    def graph(self) -> GraphLeg:
        """The graph leg over the current generation. Raises StaleIndex as `search` does, ConfigError if it is off."""
        graph = self._open().graph
        if graph is None:
            raise ConfigError(
                "키워드 그래프를 쓰지 않는 작업 폴더입니다. mundap.toml에서 [graph] enabled = true로 바꾸고 mundap index"
            )
        return graph

    # -- answer ---------------------------------------------------------------------------------------------------

    def ask(
        self,
        question: str,
        history: Sequence[Turn] = (),
        k: int | None = None,
        where: Mapping[str, Sequence[str]] | None = None,
        persona: str | None = None,
    ) -> Answer:
        """The answer with its citations, or an abstention; see `stream`."""
        return next(piece for piece in self.stream(question, history, k, where, persona) if isinstance(piece, Answer))

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        k: int | None = None,
        where: Mapping[str, Sequence[str]] | None = None,
        persona: str | None = None,
    ) -> Iterator[str | Answer]:
        """Yields the answer's text in pieces, then the Answer. `history` resolves a question that leans on it.

        It is written from `k` passages (default: that of the settings) that meet `where`, as in `search`, and sounds
        like `persona`, as in `persona`.
        """
        how = self.persona(persona)
        yield from closed(self._answered(question, history, k, where, how), how)

    @property
    def personas(self) -> tuple[str, ...]:
        """The names of the workspace's personas."""
        return tuple(personas(self._words / PERSONAS))

    def persona(self, name: str | None = None) -> Persona | None:
        """The persona of that name (default: that of the settings); "" is none.

        Raises UnknownName, or ConfigError for a file that cannot be read.
        """
        name = self.config.generate.persona if name is None else name
        return find_persona(self._words / PERSONAS, name) if name else None

    def _answered(
        self,
        question: str,
        history: Sequence[Turn],
        k: int | None,
        where: Mapping[str, Sequence[str]] | None,
        persona: Persona | None,
    ) -> Iteration[str | Answer]:
        began = time.perf_counter()
        alone = self._understanding.alone(normalize(question), history)
        if where is None and (known := self._known_answer(question, alone)):
            yield known.text
            yield replace(known, timings={"retrieve_ms": (time.perf_counter() - began) * 1000, "generate_ms": 0.0})
            return
        hits = self.find(alone, k, where)
        supported = self._support(alone, hits) >= self.config.generate.min_support
        timings = {"retrieve_ms": (time.perf_counter() - began) * 1000}
        if not supported:
            text = refusal_of(persona, refusal(self.config.language))
            yield text
            yield Answer(question, text, (), tuple(hits), True, {**timings, "generate_ms": 0.0}, self.generator.name)
            return
        # The extractive generator sees only what it is asked, and leaves out sentences by itself; a language model has
        # the conversation, and is not shown what has no part in the answer.
        extracts = isinstance(self.generator, Extractive)
        asked, shown = (alone, hits) if extracts else (question, self._relevant(alone, hits))
        for piece in self._written(asked, alone, shown, history[-TURNS:], persona):
            if isinstance(piece, Answer):
                yield replace(piece, question=question, timings={**timings, **piece.timings})
            else:
                yield piece

    def find(self, question: str, k: int | None = None, where: Mapping[str, Sequence[str]] | None = None) -> list[Hit]:
        """The passages that an answer is written from: the question understood as the settings say, then searched.

        Conditions that the question sets for documents become filters; where nothing meets them, all is searched
        that meets `where`.
        """
        settings = self.config.retrieve
        wanted = k or settings.k
        question = normalize(question)
        asked = self._understanding.conditions(question)
        if asked.words:
            fields = [*(where or {}).items(), *asked.where.items()]
            allowed = self.corpus.ids_where(fields, since=asked.since, until=asked.until)
            if hits := self._found(asked.question, wanted, allowed):
                return hits
            log.warning("조건(%s)에 맞는 문서가 없어 전체에서 찾았습니다.", ", ".join(asked.words))
        return self._found(question, wanted, None if where is None else self.corpus.ids_where(where.items()))

    def _found(self, question: str, k: int, allowed: set[str] | None) -> list[Hit]:
        others = self._understanding.others(question)
        if not others:
            return self._search(question, k, "hybrid", allowed)
        pool = self.config.retrieve.pool
        found = [self._search(question, pool, "hybrid", allowed)]
        return merged([*found, *(self._search(other, pool, leg, allowed) for other, leg in others)], k)

    @cached_property
    def _understanding(self) -> Understanding:
        settings = self.config.retrieve
        return Understanding(
            self.corpus,
            lambda: self._completer,
            self._reworded,
            follow_up=settings.follow_up,
            self_query=settings.self_query,
            multi_query=settings.multi_query,
            hyde=settings.hyde,
        )

    def _reworded(self, question: str) -> list[str]:
        return reworded(question, self._light.translations, self.tokenizer) if self._light else []

    def _written(
        self, asked: str, alone: str, hits: Sequence[Hit], history: Sequence[Turn], persona: Persona | None
    ) -> Iterator[str | Answer]:
        """What the generator writes; with `self_check`, the whole text once it is checked."""
        if not self.config.generate.self_check:
            yield from self.generator.stream(asked, hits, history, persona)
            return
        answer = checked(
            lambda kept: self.generator.answer(asked, kept, history, persona),
            alone,
            hits,
            self._completer,
            refusal=refusal_of(persona, refusal(self.config.language)),
        )
        yield answer.text
        yield answer

    @property
    def _completer(self) -> Completer:
        if not isinstance(self.generator, Completer):
            raise ConfigError(
                "multi_query, hyde, follow_up, self_query의 llm과 self_check에는 언어 모델이 필요합니다."
                " mundap.toml의 generate.generator를 gguf:, openai:, transformers: 가운데 하나로 바꿔 주세요."
            )
        return self.generator

    @cached_property
    def generator(self) -> Generator:
        """The generator that mundap.toml names."""
        settings = self.config.generate
        if settings.generator == "extractive":
            return Extractive(self._reader, 0.0, self.config.language)  # whether to answer is decided before
        return make_generator(
            settings.generator,
            folder=self._words,
            max_tokens=settings.max_tokens,
            context_tokens=settings.context_tokens,
            models=self.models,
            template=settings.template,
            bits=settings.bits,
            sampling=Sampling(
                settings.temperature, settings.top_p, settings.top_k, settings.repeat_penalty, settings.stop
            ),
            timeout=settings.timeout,
            refusal=refusal(self.config.language),
            reason=settings.reason,
            reorder=settings.reorder,
        )

    def support(self, question: str) -> float:
        """The probability, in [0, 1], that the corpus answers this question."""
        return self._support(normalize(question), self.find(question))

    def read(self, question: str, hits: Sequence[Hit]) -> Reading:
        """The first hits read by the sentence against the question."""
        return self._reader.read(question, hits)

    def words_held(self, text: str, texts: Sequence[str]) -> list[float]:
        """For each of `texts`, the weight of the words of `text` that it holds, rare ones counting most, in [0, 1]."""
        return self._reader.shares(text, texts)

    def _support(self, question: str, hits: Sequence[Hit]) -> float:
        return support(self._reader.read(question, hits), self.calibration)

    @cached_property
    def calibration(self) -> Calibration | None:
        """The user's own calibration of support, if mundap.toml names one. Raises MundapError if it cannot be used."""
        name = self.config.generate.support
        return read_calibration(self.models / name, self.sentence_encoder.name) if name else None

    def _relevant(self, question: str, hits: list[Hit]) -> list[Hit]:
        """The hits without those that have no part in the answer."""
        least = self.config.generate.min_relevance
        if not least or len(hits) < 2:
            return hits
        near = self._open().dense.near(question, hits)
        shared = self._reader.shares(question, [hit.passage.worded for hit in hits])
        return relevant(hits, near, shared, self.encoder.name, least)

    @cached_property
    def _reader(self) -> Reader:
        return Reader(lambda words: self._open().lexical.postings.rarity(words), self.sentence_encoder)

    @cached_property
    def sentence_encoder(self) -> Encoder:
        """What sentences are read with. An adapter learned from whole passages, so it is its base that reads."""
        encoder = self.encoder
        return encoder.base if isinstance(encoder, AdaptedEncoder) else CachedEncoder(encoder, self.cache)

    @cached_property
    def feedback(self) -> Feedback:
        """Answers that were given over HTTP, and what people said of them."""
        return Feedback(self.root / FOLDER / "corpus.sqlite", self.config.serve.answer_days)

    @cached_property
    def cache(self) -> Cache:
        """Vectors and tokens that were computed before."""
        return Cache(self.root / FOLDER / "cache.sqlite")

    def _known_answer(self, question: str, alone: str) -> Answer | None:
        if not self.config.generate.faq:
            return None
        found = self._known.match(alone)
        passage = self.corpus.passages([found.passage_id]).get(found.passage_id) if found else None
        return known_answer(question, found, passage, self.config.language) if found and passage else None

    @property
    def _known(self) -> KnownAnswers:
        state = self.corpus.state()
        if self._asked_before is None or self._asked_before[0] != state:
            known = [Known(q.question, q.answer, q.passage_id) for q in self.corpus.questions()]
            self._asked_before = (state, KnownAnswers(known))
        return self._asked_before[1]

    @contextmanager
    def _writing(self) -> Iterator[None]:
        lock = FileLock(self.root / FOLDER / "lock", timeout=0)
        try:
            with lock:
                yield
        except Timeout as error:
            raise WorkspaceBusy(f"{self.root}: 다른 mundap이 쓰고 있습니다. 끝난 뒤 다시 실행해 주세요.") from error
