"""mundap.toml: one file, every key known, every value with a default."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mundap.errors import ConfigError, WorkspaceNotFound

FILE = "mundap.toml"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Columns(_Section):
    """What the columns of your sheets are called, by what they mean, beside the names that are known."""

    source: tuple[str, ...] = Field(default=(), strict=False)
    title: tuple[str, ...] = Field(default=(), strict=False)
    passage: tuple[str, ...] = Field(default=(), strict=False)
    question: tuple[str, ...] = Field(default=(), strict=False)
    answer: tuple[str, ...] = Field(default=(), strict=False)


class Ingest(_Section):
    """What is read, and how it is cut.

    `chunking` cuts at headings, then between sentences ("structure"), after a fixed size ("fixed"), at every sentence
    with `chunk_window` neighbours on either side ("window"), or at headings alone ("whole"). Pieces have `chunk_chars`
    characters, or, with `chunk_unit` "tokens", `chunk_tokens` tokens of the encoder; `chunk_overlap` is in the same unit.

    `workers` processes read at once, 0 for one for each processor; a file that takes longer than `file_seconds`, or
    more memory than `file_mb` megabytes, is left out.

    `hidden` also reads hidden sheets, rows and columns, `columns` names columns of sheets, and `follow_links` follows
    links that lead out of the folders.
    """

    paths: tuple[str, ...] = Field(default=("docs",), strict=False)
    chunk_chars: int = Field(default=300, ge=50)
    chunk_overlap: int = Field(default=0, ge=0)
    chunking: Literal["structure", "fixed", "window", "whole"] = "structure"
    chunk_unit: Literal["chars", "tokens"] = "chars"
    chunk_tokens: int = Field(default=100, ge=10)
    chunk_window: int = Field(default=1, ge=1)
    parent_chars: int = Field(default=600, ge=200)
    workers: int = Field(default=0, ge=0)
    file_seconds: float = Field(default=600.0, gt=0)
    file_mb: int = Field(default=2048, ge=256)
    hidden: bool = False
    follow_links: bool = False
    columns: Columns = Columns()


class Index(_Section):
    """How passages are indexed. `user_dictionary` is a Kiwi dictionary file, relative to mundap.toml.

    `encoder` is e5-small, hashed, model:NAME of `mundap train`, or st:, onnx:, static:, gguf: or openai: and where the
    model is. `query_prompt` and `passage_prompt` stand before texts, and `pooling` makes one vector of tokens' states;
    where they are not set, the model's own files say, or what is known of its family.
    """

    encoder: str = "e5-small"
    query_prompt: str | None = None
    passage_prompt: str | None = None
    pooling: str = ""
    k1: float = Field(default=0.9, ge=0)
    b: float = Field(default=0.6, ge=0, le=1)
    joins: bool = True
    bigrams: bool = True
    user_dictionary: str = ""


class Retrieve(_Section):
    """How passages are found. Empty `weights` are those of the fusion.

    `reranker` is "light:NAME" for a model of `mundap train reranker`, cross:, onnx: or late: and a folder, or rerank: and a
    server's URL#model.
    `half_life_days` 0 ignores dates, `duplicates_above` over 1 keeps near duplicates, `diversity` 1 is no MMR.
    """

    legs: tuple[Literal["bm25", "dense", "graph"], ...] = Field(default=("bm25", "dense"), min_length=1, strict=False)
    fusion: Literal["evidence", "zscore", "minmax", "rrf"] = "evidence"
    weights: dict[str, float] = {}
    pool: int = Field(default=100, ge=1)
    k: int = Field(default=5, ge=1, le=100)
    reranker: str = ""
    rerank_depth: int = Field(default=30, ge=1)
    self_query: Literal["off", "rules", "llm"] = "rules"
    follow_up: Literal["rules", "llm"] = "rules"
    multi_query: Literal["off", "rules", "llm"] = "off"
    hyde: bool = False
    half_life_days: float = Field(default=0.0, ge=0)
    duplicates_above: float = Field(default=2.0, gt=0)
    diversity: float = Field(default=1.0, gt=0, le=1)


class Generate(_Section):
    """Who writes the answer, and when it is withheld. An answer needs `min_support`, a probability, by the calibration
    that `mundap train support` named `support`. `reader` names a model of `mundap train reader`, which chooses sentences;
    a language model is shown the passages of at least `min_relevance`, another one.

    `temperature`, `top_p`, `top_k` and `repeat_penalty` say how a language model draws its words (0, 1, 0 and 1: it
    takes the likeliest), and `stop` where it ends. `template` is a prompt template: "alpaca", "kullm" or a JSON file,
    relative to mundap.toml; "" asks by the model's own. `bits` 4 or 8 quantises a model of transformers.

    `reason` lets a language model think before it writes, out of sight; `self_check` has it check its own answer.
    `unsupported` says what becomes of a sentence of its whose figures, dates or names stand in none of the passages.
    `reorder` shows it the best passages first and last. `persona` is how answers sound, a file in personas/; "" is none.
    """

    generator: str = "extractive"
    persona: str = ""
    faq: bool = True
    min_support: float = Field(default=0.42, ge=0, le=1)
    support: str = ""
    reader: str = ""
    min_relevance: float = Field(default=0.02, ge=0, le=1)
    max_tokens: int = Field(default=512, ge=1)
    context_tokens: int = Field(default=4096, ge=256)
    temperature: float = Field(default=0.0, ge=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    top_k: int = Field(default=0, ge=0)
    repeat_penalty: float = Field(default=1.0, gt=0)
    stop: tuple[str, ...] = Field(default=(), strict=False)
    template: str = ""
    bits: Literal[0, 4, 8] = 0
    timeout: float = Field(default=60.0, gt=0)
    reason: bool = False
    self_check: bool = False
    reorder: bool = False
    unsupported: Literal["drop", "mark", "keep"] = "drop"


class Keywords(_Section):
    """How keywords are named: by rules, or by "model:NAME", a model of `mundap train keywords` that was exported.

    `verbs` is a table of "stems<TAB>noun" for the rules, relative to mundap.toml, beside the package's own.
    """

    extractor: str = Field(default="rules", pattern=r"^(rules|model:.+)$")
    verbs: str = ""


class Graph(_Section):
    """The keyword graph. `synonyms` is the table that `mundap graph mine` writes, relative to mundap.toml.

    `relations` between keywords are read by patterns ("rules"), or by the language model of the generator ("llm").
    """

    enabled: bool = True
    synonyms: str = "synonyms.tsv"
    relations: Literal["off", "rules", "llm"] = "rules"


class Serve(_Section):
    """The HTTP API. `answers_at_once` questions are answered at once and `waiting` may wait; more are told to come again.

    A stream that is silent for `heartbeat_seconds` says that it lives. `sessions` conversations of `session_turns` turns
    are kept, and an answer that nobody judged for `answer_days`. A body may have `body_kb` kilobytes, a key (without
    keys, an address other than this machine's) may ask `per_minute` times in a minute (0: as often as it likes), and
    pages of `cors_origins` may ask from a browser. Logs hold the text of questions, masked, only with
    `log_text`. At its end the server tells balancers for `drain_seconds` that it is not ready, then takes no more
    requests and finishes those it has within `shutdown_seconds`.

    An upload of documents has files of at most `upload_mb` megabytes each and `uploads_mb` together, whatever `body_kb` is.
    """

    answers_at_once: int = Field(default=8, ge=1, le=1000)
    waiting: int = Field(default=64, ge=0, le=100_000)
    heartbeat_seconds: float = Field(default=10.0, ge=0.1)
    sessions: int = Field(default=1000, ge=1)
    session_turns: int = Field(default=8, ge=1, le=100)
    answer_days: int = Field(default=90, ge=1)
    body_kb: int = Field(default=1024, ge=16)
    upload_mb: int = Field(default=50, ge=1)
    uploads_mb: int = Field(default=200, ge=1)
    per_minute: int = Field(default=120, ge=0)
    cors_origins: tuple[str, ...] = Field(default=(), strict=False)
    log_text: bool = False
    drain_seconds: float = Field(default=0.0, ge=0)
    shutdown_seconds: float = Field(default=30.0, gt=0)


class Ui(_Section):
    """What the page shows beside answers. Empty texts are those of the language, empty `examples` known questions."""

    title: str = ""
    notice: str = ""
    examples: tuple[str, ...] = Field(default=(), strict=False)


class Config(_Section):
    """The whole file. `language` is what users are spoken to in."""

    language: Literal["ko", "en"] = "ko"
    ingest: Ingest = Ingest()
    index: Index = Index()
    retrieve: Retrieve = Retrieve()
    generate: Generate = Generate()
    keywords: Keywords = Keywords()
    graph: Graph = Graph()
    serve: Serve = Serve()
    ui: Ui = Ui()


def find_workspace(start: Path) -> Path:
    """`start`, or the nearest folder above it, that holds mundap.toml; WorkspaceNotFound if none does."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / FILE).is_file():
            return folder
    raise WorkspaceNotFound(f"{start}: 작업 폴더가 아닙니다({FILE}이 없음). 만들기: mundap init {start}")


def read_config(path: Path) -> Config:
    """Read mundap.toml. Raises ConfigError with the key, what is wrong, and the keys or values that are known."""
    try:
        return Config.model_validate(tomllib.loads(path.read_text("utf-8")))
    except ValidationError as error:
        raise ConfigError(f"{path}: {'; '.join(_explain(problem) for problem in error.errors())}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: TOML로 읽을 수 없습니다({error})") from error
    except OSError as error:
        raise ConfigError(f"{path}: 열 수 없습니다({error.strerror})") from error


def settings(config: Config, path: Path) -> list[tuple[str, Any, str]]:
    """(key, value, where it came from) for every setting."""
    return [*_settings(config, tomllib.loads(path.read_text("utf-8")), "")]


def _settings(model: BaseModel, written: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any, str]]:
    for key in type(model).model_fields:
        value = getattr(model, key)
        if isinstance(value, BaseModel):
            yield from _settings(value, written.get(key, {}), f"{above}{key}.")
        else:
            yield f"{above}{key}", value, FILE if key in written else "default"


def _explain(problem: Any) -> str:
    place = [str(part) for part in problem["loc"]]
    if problem["type"] == "extra_forbidden":
        model: type[BaseModel] = Config
        for part in place[:-1]:
            inner = model.model_fields[part].annotation
            model = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else model
        kind = "키" if model is not Config else "표나 키"
        return f"모르는 {kind} '{'.'.join(place)}'; 아는 것: {', '.join(model.model_fields)}"
    return f"'{'.'.join(place)}' 값 {problem['input']!r}이(가) 맞지 않습니다: {problem['msg']}"
