"""What the settings of a workspace name, each made when it is first needed: encoder, tokenizer, keywords, models.

So are the modules of each imported: who reads files waits for none that answers.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mundap.config import SQLITE, Config
from mundap.config import Graph as GraphSettings
from mundap.encode import make_encoder
from mundap.encode.options import Options
from mundap.errors import ConfigError
from mundap.jobs import make_executor
from mundap.jobs.executor import Executor
from mundap.protocols import Encoder, Generator, Reranker, SparseEncoder
from mundap.store.record import Place

if TYPE_CHECKING:
    from mundap.generate.evidence import Line, ReaderModel
    from mundap.generate.extractive import Extractive
    from mundap.generate.persona import Persona
    from mundap.generate.reading import Reader, Weigh
    from mundap.generate.structured import Completer
    from mundap.index.engine import Engine
    from mundap.index.kept_vectors import KeptVectors
    from mundap.jobs.encoding import SpreadEncoder
    from mundap.korean.everyday import EverydayWords
    from mundap.korean.keyword_model import KeywordModel
    from mundap.korean.keyword_rules import NounRule
    from mundap.korean.tokens import SearchTokenizer
    from mundap.retrieve.light import LightModel
    from mundap.retrieve.likelihood import LikelihoodReranker
    from mundap.store.bucket import Bucket
    from mundap.store.cache import Cache

FOLDER = ".mundap"
CORPUS = "corpus.sqlite"
MODELS = "models"
LIGHT = "light:"  # of a reranker that `mundap train reranker` made


def kept_in(root: Path, config: Config, name: str) -> Place:
    """Place the workspace `root` keeps what is in its file `name`: there, or at the server that the settings name.

    Raises MundapError for a server that cannot be used.
    """
    if config.store.url == SQLITE:
        return root / FOLDER / name
    from mundap.store.postgres import server_at

    return server_at(config.store.url)


def bucket_of(config: Config) -> Bucket:
    """The bucket that the settings name. Raises ConfigError without its keys."""
    from mundap.store.bucket import Bucket

    return Bucket(config.store.files, config.store.endpoint, config.store.region)


class Components:
    """What `config` names, of the workspace `root`. Paths in it, and trained models, are looked for in `words`.

    `weigh` tells how rare words are in what is indexed. A part that cannot be made raises when it is first asked for.
    """

    def __init__(self, root: Path, words: Path, config: Config, weigh: Weigh) -> None:
        self.root = root
        self.words = words
        self.config = config
        self._weigh = weigh

    @cached_property
    def cache(self) -> Cache:
        """Vectors and tokens that were computed before, those in segments of the index among them."""
        from mundap.store.cache import Cache

        return Cache(self.root / FOLDER / "cache.sqlite", lambda keys: self._kept_vectors.find(keys))

    @cached_property
    def engine(self) -> Engine:
        """What keeps the index. Raises ConfigError for an address that none could be."""
        settings = self.config.index
        if settings.engine == "local":
            from mundap.index.local import LocalEngine

            return LocalEngine(self.index_folder)
        from mundap.index.milvus.engine import MilvusEngine
        from mundap.index.milvus.server import TOKEN

        uri = str(self.words / settings.uri) if settings.uri.endswith(".db") else settings.uri
        return MilvusEngine(uri, settings.collection, os.environ.get(TOKEN, ""))

    @cached_property
    def bucket(self) -> Bucket | None:
        """Where uploads are kept that several machines share; None if they are in the folder. Raises ConfigError without keys."""
        return bucket_of(self.config) if self.config.store.files else None

    @property
    def is_local(self) -> bool:
        """Whether the index is kept in files of this machine."""
        return self.config.index.engine == "local"

    @property
    def has_graph(self) -> bool:
        """Whether there is a keyword graph: in files beside segments or, if it is asked for, beside an index on a server."""
        graph = self.config.graph
        asked = self.is_local or "graph" in self.config.retrieve.legs or "enabled" in graph.model_fields_set
        return graph.enabled and asked

    @property
    def index_folder(self) -> Path:
        """The folder of the index."""
        return self.root / FOLDER / "index"

    @property
    def graph_folder(self) -> Path:
        """The folder of the keyword graph beside an index on a server."""
        return self.root / FOLDER / "graph"

    def look_at_segments(self, checked: bool = False) -> None:
        """From now on, take vectors from the segments as they are now; if `checked`, from those that are whole alone."""
        from mundap.index.kept_vectors import KeptVectors

        self.__dict__.pop("_kept_vectors", None)
        if checked:
            self._kept_vectors = KeptVectors(self.index_folder, checked=True)

    @cached_property
    def _kept_vectors(self) -> KeptVectors:
        from mundap.index.kept_vectors import KeptVectors

        return KeptVectors(self.index_folder)

    @property
    def models(self) -> Path:
        """The folder of trained models."""
        return self.words / FOLDER / MODELS

    # -- words ----------------------------------------------------------------------------------------------------

    @cached_property
    def tokenizer(self) -> SearchTokenizer:
        """The tokenizer of the lexical leg. Raises ConfigError if its user dictionary is not there."""
        from mundap.korean.tokens import SearchTokenizer

        settings = self.config.index
        return SearchTokenizer(settings.joins, settings.bigrams, self.user_dictionary)

    @property
    def user_dictionary(self) -> Path | None:
        """The file of words of the user's own, if settings name one. Raises ConfigError if it is not there."""
        name = self.config.index.user_dictionary
        words = self.words / name if name else None
        if words and not words.is_file():
            raise ConfigError(f"{words}: 사용자 사전이 없습니다. mundap.toml의 index.user_dictionary를 확인하세요.")
        return words

    @cached_property
    def everyday(self) -> EverydayWords | None:
        """What finds everyday words in questions; None if settings want none.

        Raises ConfigError if the table of the user's own is not there, BadFile if it is broken.
        """
        from mundap.korean.everyday import EverydayWords, read_pairs, shipped

        settings = self.config.retrieve
        if not settings.everyday:
            return None
        name = settings.everyday_words
        table = self.words / name if name else None
        if table and not table.is_file():
            raise ConfigError(f"{table}: 일상어 표가 없습니다. mundap.toml의 retrieve.everyday_words를 확인해 주세요.")
        return EverydayWords((*(read_pairs(table) if table else ()), *shipped()), self.user_dictionary)

    @property
    def synonyms(self) -> Path:
        """The table of synonyms, which need not be there. Raises ConfigError if a name of one's own is not."""
        name = self.config.graph.synonyms
        table = self.words / name
        if not table.is_file() and name != GraphSettings().synonyms:
            raise ConfigError(f"{table}: 동의어 표가 없습니다. mundap.toml의 graph.synonyms를 확인하세요.")
        return table

    def keywords(self, questions: Sequence[str]) -> list[list[str]]:
        """The distinct keywords of each question, by the extractor of the settings; the corpus is not read.

        Raises ConfigError if the user dictionary or the model is not there, BadFile for a broken table of verbs.
        """
        from mundap.korean.keyword_rules import extract

        if self._keyword_model:
            return self._keyword_model.extract(questions)
        return extract(questions, self.user_dictionary, self._verbs)

    def names(self, questions: Sequence[str]) -> list[list[str]]:
        """What each question names, as the graph calls it: by the model, or keywords and the compounds they make up."""
        from mundap.korean.keyword_rules import names

        if self._keyword_model:
            return [list(dict.fromkeys(word.lower() for word in words)) for words in self.keywords(questions)]
        return names(questions, self.user_dictionary, self._verbs)

    @cached_property
    def _keyword_model(self) -> KeywordModel | None:
        from mundap.korean.keyword_model import KeywordModel

        kind, _, name = self.config.keywords.extractor.partition(":")
        return KeywordModel(self.models / name) if kind == "model" else None

    @cached_property
    def _verbs(self) -> tuple[NounRule, ...]:
        """What verbs ask for. Raises BadFile for a broken table."""
        from mundap.korean.keyword_rules import read_rules

        name = self.config.keywords.verbs
        return read_rules(self.words / name if name else None)

    # -- search ---------------------------------------------------------------------------------------------------

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder that mundap.toml names."""
        return self.encoder_named(self.config.index.encoder)

    @cached_property
    def executor(self) -> Executor:
        """Who does what takes long. Raises ConfigError for an address that is none, and MissingExtra."""
        settings = self.config.jobs
        return make_executor(settings.executor, url=self.config.queue, address=settings.address)

    @property
    def spread_encoder(self) -> SpreadEncoder:
        """The encoder, as an index uses it: passages are encoded by whoever does what takes long."""
        from mundap.jobs.encoding import Model, SpreadEncoder

        settings = self.config.index
        options = Options(settings.query_prompt, settings.passage_prompt, settings.pooling)
        folder = str(self.words.resolve())
        model = Model(self.encoder.name, settings.encoder, str(self.models.resolve()), folder, options)
        return SpreadEncoder(self.encoder, model, self.executor)

    def encoder_named(self, name: str) -> Encoder:
        """The encoder of that name. Raises UnknownName, or ConfigError for a trained one that cannot be used."""
        from mundap.store.cache import CachedEncoder

        settings = self.config.index
        options = Options(settings.query_prompt, settings.passage_prompt, settings.pooling)
        return make_encoder(name, self.models, lambda base: CachedEncoder(base, self.cache), self.words, options)

    @cached_property
    def sparse(self) -> SparseEncoder | None:
        """The encoder, or the one below an adapter, if it weighs tokens too."""
        from mundap.encode.adapter import AdaptedEncoder
        from mundap.store.cache import CachedEncoder

        encoder = self.encoder
        while isinstance(encoder, AdaptedEncoder | CachedEncoder):
            encoder = encoder.base if isinstance(encoder, AdaptedEncoder) else encoder.encoder
        return encoder if isinstance(encoder, SparseEncoder) else None

    @property
    def legs(self) -> tuple[str, ...]:
        """The legs of a hybrid search: those that mundap.toml names, or those by default and what the encoder adds."""
        from mundap.index.sparse import SPARSE

        settings = self.config.retrieve
        return settings.legs if "legs" in settings.model_fields_set or not self.sparse else (*settings.legs, SPARSE)

    @cached_property
    def reranker(self) -> Reranker | None:
        """What ranks the first hits again, unless it is the light one, which ranks inside the hybrid."""
        from mundap.retrieve.rerank import make_reranker

        spec = self.config.retrieve.reranker
        return make_reranker(spec, self.words) if spec and not spec.startswith(LIGHT) else None

    @cached_property
    def likelihood(self) -> LikelihoodReranker | None:
        """What ranks the first hits once more by a language model, if settings name one."""
        settings = self.config.retrieve
        if not settings.likelihood:
            return None
        from mundap.generate.causal import beside
        from mundap.generate.likelihood import Likelihood
        from mundap.retrieve.likelihood import LikelihoodReranker

        model = Likelihood(beside(self.words, settings.likelihood), self.models)
        return LikelihoodReranker(model, settings.likelihood_weight)

    @cached_property
    def light(self) -> LightModel | None:
        """The model of the light reranker, if settings name one."""
        from mundap.retrieve.light import LightModel

        kind, _, name = self.config.retrieve.reranker.partition(":")
        return LightModel.open(self.models / name) if f"{kind}:" == LIGHT else None

    # -- answer ---------------------------------------------------------------------------------------------------

    @cached_property
    def sentence_encoder(self) -> Encoder:
        """What sentences are read with. An adapter learned from parent passages, so it is its base that reads."""
        from mundap.encode.adapter import AdaptedEncoder
        from mundap.store.cache import CachedEncoder

        encoder = self.encoder
        return encoder.base if isinstance(encoder, AdaptedEncoder) else CachedEncoder(encoder, self.cache)

    @cached_property
    def reader(self) -> Reader:
        """What reads hits by the sentence."""
        from mundap.generate.reading import Reader

        return Reader(self._weigh, self.sentence_encoder, self.everyday)

    @cached_property
    def calibration(self) -> Line | None:
        """The user's own calibration of support, if mundap.toml names one. Raises MundapError if it cannot be used."""
        from mundap.generate.support import read_calibration

        name = self.config.generate.support
        return read_calibration(self.models / name, self.sentence_encoder.name) if name else None

    @cached_property
    def reader_model(self) -> ReaderModel | None:
        """The user's own model of what answers, if mundap.toml names one. Raises MundapError if it cannot be used."""
        from mundap.generate.evidence import read_model

        name = self.config.generate.reader
        return read_model(self.models / name, self.sentence_encoder.name) if name else None

    @cached_property
    def extractive(self) -> Extractive:
        """What quotes the passages. It answers always: whether to is decided before."""
        from mundap.generate.extractive import Extractive

        return Extractive(self.reader, 0.0, self.config.language, self.reader_model)

    @cached_property
    def generator(self) -> Generator:
        """The generator that mundap.toml names."""
        settings = self.config.generate
        if settings.generator == "extractive":
            return self.extractive
        from mundap.generate import make_generator
        from mundap.generate.sampling import Sampling
        from mundap.generate.support import refusal

        return make_generator(
            settings.generator,
            folder=self.words,
            max_tokens=settings.max_tokens,
            context_tokens=settings.context_tokens,
            models=self.models,
            template=settings.template,
            bits=settings.bits,
            sampling=Sampling(
                settings.temperature, settings.top_p, settings.top_k, settings.repeat_penalty, settings.stop
            ),
            timeout=settings.timeout,
            time_limit=settings.time_limit,
            threads=settings.threads,
            refusal=refusal(self.config.language),
            reason=settings.reason,
            reorder=settings.reorder,
            unsupported=settings.unsupported,
            language=self.config.language,
        )

    @property
    def completer(self) -> Completer:
        """The generator as a language model that can be asked anything. Raises ConfigError if it is none."""
        from mundap.generate.structured import Completer

        if not isinstance(self.generator, Completer):
            raise ConfigError(
                "multi_query, hyde, follow_up, self_query의 llm과 self_check에는 언어 모델이 필요합니다."
                " mundap.toml의 generate.generator를 gguf:, openai:, transformers: 중 하나로 바꾸세요."
            )
        return self.generator

    @property
    def personas(self) -> tuple[str, ...]:
        """The names of the workspace's personas."""
        from mundap.generate.persona import FOLDER as PERSONAS
        from mundap.generate.persona import personas

        return tuple(personas(self.words / PERSONAS))

    def persona(self, name: str | None = None) -> Persona | None:
        """The persona of that name (default: that of the settings); "" is none.

        Raises UnknownName, or ConfigError for a file that cannot be read.
        """
        from mundap.generate.persona import FOLDER as PERSONAS
        from mundap.generate.persona import find_persona

        name = self.config.generate.persona if name is None else name
        return find_persona(self.words / PERSONAS, name) if name else None
