"""mundap.toml: one file, every key known, every value with a default."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_serializer, field_validator

from mundap.access import composed
from mundap.errors import ConfigError, WorkspaceNotFound
from mundap.redact import hidden, shown_address
from mundap.source_settings import KINDS, Sources
from mundap.wrong_values import sentence

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

FILE = "mundap.toml"
STORE_URL = "MUNDAP_STORE_URL"  # the variable that comes before [store] url
SQLITE = "sqlite"
QUEUE_VARIABLE = "MUNDAP_JOBS_URL"
_AGE = r"^([1-9][0-9]{0,4}\s*(d|일))?$"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Access(_Section):
    """Who may see which documents over HTTP. A document without tags is seen by all; one with tags by API keys with one of
    them (`mundap keys add NAME --access TAG`) and by admin keys.

    Tags come from a file NAME.access beside a document, a column of a sheet, an upload, or from `folders`, which gives
    the tags of the documents below some folders, "." for all. `visitors` are the tags of those without a key, and of the page of
    `mundap up`.
    """

    folders: dict[str, list[str]] = Field(default={}, strict=False)
    visitors: tuple[str, ...] = Field(default=(), strict=False)

    @field_validator("folders")
    @classmethod
    def _composed_folders(cls, given: dict[str, list[str]]) -> dict[str, list[str]]:
        return {name: [composed(tag) for tag in tags] for name, tags in given.items()}

    @field_validator("visitors")
    @classmethod
    def _composed_visitors(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(composed(tag) for tag in given)


class Columns(_Section):
    """Additional column names of your sheets, by meaning, besides the names that are recognised."""

    source: tuple[str, ...] = Field(default=(), strict=False)
    title: tuple[str, ...] = Field(default=(), strict=False)
    passage: tuple[str, ...] = Field(default=(), strict=False)
    question: tuple[str, ...] = Field(default=(), strict=False)
    answer: tuple[str, ...] = Field(default=(), strict=False)
    access: tuple[str, ...] = Field(default=(), strict=False)


class Ingest(_Section):
    """What is read, and how it is split into chunks.

    `chunking` splits at headings and then between sentences ("structure"), at a fixed size ("fixed"), at every sentence
    with `chunk_window` neighbours on either side ("window"), or at headings only ("whole"). Chunks have `chunk_chars`
    characters, or `chunk_tokens` tokens of the encoder if `chunk_unit` is "tokens"; `chunk_overlap` is in the same unit.

    `workers` processes read in parallel (0: one per processor); a file whose reading comes no further for
    `file_seconds`, or that takes more memory than `file_mb` megabytes, is skipped.

    `hidden` includes hidden sheets, rows and columns, `columns` adds column names of sheets, and `follow_links` follows
    links that point outside the folders.
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

    `engine` keeps the index in files of this machine ("local") or on the Milvus at `uri` (extra `milvus`), in collections
    whose names begin with `collection`, which no other workspace uses; its token, or NAME:PASSWORD, is in the variable
    MUNDAP_MILVUS_TOKEN. A `uri` that ends in .db is a file, relative to mundap.toml, that Milvus Lite opens.

    `encoder` is e5-small, hashed, model:NAME of `mundap train`, or st:, onnx:, static:, gguf: or openai: and where the
    model is. `query_prompt` and `passage_prompt` stand before texts, and `pooling` makes one vector of tokens' states;
    where they are not set, the model's own files say, or what is known of its family.
    """

    engine: Literal["local", "milvus"] = "local"
    uri: str = ""
    collection: str = Field(default="mundap", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")
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
    """How passages are searched. Empty `weights` use the defaults of the fusion. Where `legs` are not set, an encoder that
    weighs tokens too (bge-m3) adds the leg "sparse".

    `reranker` is "light:NAME" for a model trained by `mundap train reranker`, cross:, onnx: or late: followed by a folder,
    or rerank: followed by a server's URL#model.
    `likelihood` is a causal language model (a folder, a GGUF file, a hub's name, "gemma3-270m") by which the first five are
    ranked once more, by how probable it finds the question after each; `likelihood_weight` is what a nat of that counts.
    `everyday` also searches for what documents say for the everyday words of a question; `everyday_words` is a table of your
    own beside the package's, relative to mundap.toml.
    `half_life_days` 0 ignores dates, `duplicates_above` greater than 1 keeps near duplicates, `diversity` 1 disables MMR.
    """

    legs: tuple[Literal["bm25", "dense", "graph", "sparse"], ...] = Field(
        default=("bm25", "dense"), min_length=1, strict=False
    )
    fusion: Literal["evidence", "zscore", "minmax", "rrf"] = "evidence"
    weights: dict[str, float] = {}
    pool: int = Field(default=100, ge=1)
    k: int = Field(default=5, ge=1, le=100)
    everyday: bool = True
    everyday_words: str = ""
    reranker: str = ""
    rerank_depth: int = Field(default=30, ge=1)
    likelihood: str = ""
    likelihood_weight: float = Field(default=0.1, ge=0)
    self_query: Literal["off", "rules", "llm"] = "rules"
    follow_up: Literal["rules", "llm"] = "rules"
    multi_query: Literal["off", "rules", "llm"] = "off"
    hyde: bool = False
    half_life_days: float = Field(default=0.0, ge=0)
    duplicates_above: float = Field(default=2.0, gt=0)
    diversity: float = Field(default=1.0, gt=0, le=1)


class Generate(_Section):
    """How the answer is generated, and when it is withheld. An answer requires a support of at least `min_support`, a
    probability, calibrated by the model `support` of `mundap train support`. `reader` names a model of `mundap train reader`, which selects sentences;
    a language model is shown only passages with a relevance (also a probability) of at least `min_relevance`.

    `temperature`, `top_p`, `top_k` and `repeat_penalty` control sampling (0, 1, 0 and 1: the most
    likely token is taken), and `stop` ends generation. `template` is a prompt template: "alpaca", "kullm" or a JSON file,
    relative to mundap.toml; "" uses the model's own chat template. `bits` 4 or 8 quantises a transformers model.

    llama.cpp uses `threads` (0: as many as it finds useful). A server may be silent for `timeout` seconds; a language model
    may write for `time_limit` seconds (0: without limit), after which its text ends as with `max_tokens`.

    `reason` lets a language model reason before answering, hidden from users; `self_check` has it check its own answer.
    `unsupported` decides what happens to generated sentences whose figures, dates or names occur in none of the passages.
    `reorder` puts the best passages first and last. `persona` names a file in personas/ that sets the tone; "" is none.
    """

    generator: str = "extractive"
    persona: str = ""
    faq: bool = True
    min_support: float = Field(default=0.43, ge=0, le=1)
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
    time_limit: float = Field(default=0.0, ge=0)
    threads: int = Field(default=0, ge=0, le=1024)
    reason: bool = False
    self_check: bool = False
    reorder: bool = False
    unsupported: Literal["drop", "mark", "keep"] = "drop"


class Keywords(_Section):
    """How keywords are extracted: by rules, or by "model:NAME", an exported model of `mundap train keywords`.

    `verbs` is an additional table of "stems<TAB>noun" for the rules, relative to mundap.toml.
    """

    extractor: str = Field(default="rules", pattern=r"^(rules|model:.+)$")
    verbs: str = ""


class Graph(_Section):
    """The keyword graph, in the segments of the index; beside an index on Milvus it is made only where `enabled` is written or
    `legs` have it. `synonyms` is the table that `mundap graph mine` writes, relative to mundap.toml.

    `relations` between keywords are extracted by patterns ("rules") or by the generator's language model ("llm").
    """

    enabled: bool = True
    synonyms: str = "synonyms.tsv"
    relations: Literal["off", "rules", "llm"] = "rules"


class Serve(_Section):
    """The HTTP API. `answers_at_once` questions are answered concurrently and `waiting` may queue; further ones get 503.

    A stream that is silent for `heartbeat_seconds` sends a heartbeat. `sessions` conversations of `session_turns` turns
    are kept. A request body may have `body_kb` kilobytes; an API key (without
    keys, an address other than this machine's) may send `per_minute` requests a minute (0: unlimited), and
    pages of `cors_origins` may send requests from a browser. Logs contain the masked text of questions only with
    `log_text`. Questions are kept with personal numbers and mail addresses masked, unless `keep_personal`. On shutdown the server reports not ready to load balancers for `drain_seconds`, then accepts no more
    requests and finishes the pending ones within `shutdown_seconds`.

    `connections` may be open at once, and from one address `half_open` whose request is not whole yet; a request has
    `header_seconds` for its header, and `body_seconds` (more for what is large) for its body.

    Uploaded files may have at most `upload_mb` megabytes each and `uploads_mb` in total, regardless of `body_kb`.
    """

    answers_at_once: int = Field(default=8, ge=1, le=1000)
    waiting: int = Field(default=64, ge=0, le=100_000)
    heartbeat_seconds: float = Field(default=10.0, ge=0.1)
    sessions: int = Field(default=1000, ge=1)
    session_turns: int = Field(default=8, ge=1, le=100)
    body_kb: int = Field(default=1024, ge=16)
    connections: int = Field(default=512, ge=1)
    half_open: int = Field(default=32, ge=1)
    header_seconds: float = Field(default=10.0, gt=0)
    body_seconds: float = Field(default=30.0, gt=0)
    upload_mb: int = Field(default=50, ge=1)
    uploads_mb: int = Field(default=200, ge=1)
    per_minute: int = Field(default=120, ge=0)
    cors_origins: tuple[str, ...] = Field(default=(), strict=False)
    log_text: bool = False
    keep_personal: bool = False
    drain_seconds: float = Field(default=0.0, ge=0)
    shutdown_seconds: float = Field(default=30.0, gt=0)


class Store(_Section):
    """Where the record is: documents, passages, known questions, answers, feedback, conversations and API keys.

    `url` is "sqlite" for files in the workspace, or postgresql://USER:PASSWORD@HOST:5432/DATABASE for a database of its own at
    a PostgreSQL server (extra `postgres`), which several servers may share. The variable MUNDAP_STORE_URL comes before it;
    a password may also be in PGPASSWORD or ~/.pgpass. `mundap migrate --to URL` moves a workspace there.

    Uploaded files are in the folder `uploads` of the workspace, or in the bucket `files` ("s3://BUCKET/PREFIX"), so that
    several servers need no folder in common: at `endpoint`, or at Amazon's in `region`. The keys are in the variables
    AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
    """

    url: str = Field(default=SQLITE, pattern=r"^(sqlite|postgres(ql)?://.+)$", repr=False)
    files: str = Field(default="", pattern=r"^(s3://[^/]+(/.*)?)?$")
    endpoint: str = Field(default="", pattern=r"^(https?://.+)?$")
    region: str = "us-east-1"

    @field_serializer("url")
    def _without_password(self, url: str) -> str:
        return url if url == SQLITE else shown_address(url)


class Jobs(_Section):
    """Who does what takes long: encoding passages at `mundap index`, reading files at `mundap ingest`, questions at `mundap
    evaluate`, `synth` and `graph mine`, and reranking at `mundap tune`.

    "local" is this machine. "postgres" hands the work, by a queue in the PostgreSQL database `url` (extra `postgres`), to any
    number of `mundap worker` processes on any machines; a job whose worker is killed is another's after `lease_seconds`. Without `url` it is the record's database.
    "ray" hands it to a Ray cluster (extra `ray`) at `address`: "auto" on a machine of the cluster, "HOST:PORT" there, or
    "ray://HOST:10001" from elsewhere. Workers have the same version of mundap. The variable MUNDAP_JOBS_URL comes before
    `url`; a password may also be in PGPASSWORD or ~/.pgpass.
    """

    executor: Literal["local", "postgres", "ray"] = "local"
    url: str = Field(default="", repr=False)
    address: str = "auto"
    lease_seconds: float = Field(default=60.0, ge=1, le=86_400)

    @field_serializer("url")
    def _without_password(self, url: str) -> str:
        return shown_address(url) if url else ""


class Tracing(_Section):
    """Spans of each question for OpenTelemetry (extra `otel`), with questions and answers in them only with `text`.

    They go to `endpoint` by OTLP over HTTP (http://127.0.0.1:4318/v1/traces), or where OTEL_EXPORTER_OTLP_ENDPOINT says.
    """

    enabled: bool = False
    text: bool = False
    endpoint: str = Field(default="", pattern=r"^(https?://.*)?$")


class Oidc(_Section):
    """Logging in at an OpenID Connect issuer (Keycloak, Entra ID, Google, Okta, …), beside API keys; "" as `issuer` is off.

    Requests bring a token as `Authorization: Bearer`, which is for one of `audience` (default: `client_id`); pages log in at
    /login and keep a session of `session_hours`. `roles` gives the roles of each value of the claim `roles_claim`
    (`realm_access.roles` is one within another), `everyone` those of all who can log in, and `access_claim` holds access
    tags. `url` is the address of this server as browsers see it (default: as they asked), registered at the issuer as
    URL/login/callback. The secret of the client is in the variable MUNDAP_OIDC_CLIENT_SECRET.
    """

    issuer: str = ""
    client_id: str = ""
    audience: tuple[str, ...] = Field(default=(), strict=False)
    scopes: tuple[str, ...] = Field(default=("profile",), strict=False)
    roles_claim: str = "roles"
    roles: dict[str, list[Literal["ask", "read", "write", "admin"]]] = {}
    everyone: tuple[Literal["ask", "read", "write", "admin"], ...] = Field(default=(), strict=False)
    access_claim: str = ""
    url: str = ""
    session_hours: float = Field(default=8.0, gt=0, le=720)


class Retention(_Section):
    """How long what people asked and were told is kept, in days such as "30d"; "" keeps it until it is erased.

    `answers` are those that nobody judged, `feedback` those that somebody did, with their votes, and `turns` what a
    conversation remembers; a forgotten answer is in no conversation either. A server erases what is older every hour, and
    `mundap erase --expired` at once.
    """

    answers: str = Field(default="90d", pattern=_AGE)
    feedback: str = Field(default="", pattern=_AGE)
    turns: str = Field(default="90d", pattern=_AGE)


class Ui(_Section):
    """The web page and the widget. Empty texts use the defaults of the language, empty `examples` known questions.

    With `download`, visitors may download the original file of a document of which they may see everything.
    """

    title: str = ""
    notice: str = ""
    examples: tuple[str, ...] = Field(default=(), strict=False)
    download: bool = False


class Config(_Section):
    """The whole file. `language` is the language of the messages to users.

    Files of the workspace are made so that only their owner can read them, unless `private` is off. A disk with less than
    `low_disk_mb` megabytes of room is warned of (0: never).
    """

    language: Literal["ko", "en"] = "ko"
    private: bool = True
    low_disk_mb: int = Field(default=1024, ge=0)
    ingest: Ingest = Ingest()
    index: Index = Index()
    retrieve: Retrieve = Retrieve()
    generate: Generate = Generate()
    keywords: Keywords = Keywords()
    graph: Graph = Graph()
    serve: Serve = Serve()
    retention: Retention = Retention()
    store: Store = Store()
    access: Access = Access()
    oidc: Oidc = Oidc()
    ui: Ui = Ui()
    jobs: Jobs = Jobs()
    tracing: Tracing = Tracing()
    sources: Sources = Field(default=(), strict=False)

    @property
    def queue(self) -> str:
        """Where the queue of jobs is: what the variable says, jobs.url, or the server of the record; "" if there is none."""
        record = "" if self.store.url == SQLITE else self.store.url
        return os.environ.get(QUEUE_VARIABLE) or self.jobs.url or record

    @field_validator("sources")
    @classmethod
    def _are_named_apart(cls, value: Sources) -> Sources:
        names = [one.name for one in value]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"name이 같은 출처가 있습니다: {', '.join(twice)}")
        return value


def find_workspace(start: Path) -> Path:
    """`start`, or the nearest folder above it, that holds mundap.toml; WorkspaceNotFound if none does."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / FILE).is_file():
            return folder
    raise WorkspaceNotFound(f"{start}: 작업 폴더가 아닙니다({FILE} 없음). 만들려면: mundap init {start}")


def read_config(path: Path) -> Config:
    """Read mundap.toml. Raises ConfigError with the key, what is wrong, and the keys or values that are known."""
    try:
        return parse_config(path.read_text("utf-8"), path)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: TOML로 읽을 수 없습니다({error})") from error
    except OSError as error:
        raise ConfigError(f"{path}: 열 수 없습니다({error.strerror})") from error


def parse_config(text: str, path: Path, instead: Mapping[str, Any] = {}) -> Config:
    """What the mundap.toml at `path` would mean with this text, and with other values `instead` of some, by their dotted keys.
    Raises ConfigError as `read_config`."""
    try:
        written = tomllib.loads(text)
        for key, value in instead.items():
            *above, last = key.split(".")
            table = written
            for name in above:
                table = table.setdefault(name, {})
            table[last] = value
        return Config.model_validate(_with_environment(written))
    except ValidationError as error:
        raise ConfigError(f"{path}: {'; '.join(_explain(problem) for problem in error.errors())}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: TOML로 읽을 수 없습니다({error})") from error


def settings(config: Config, path: Path) -> list[tuple[str, object, str]]:
    """(key, value, where it came from) for every setting; an address without its password."""
    found = [*_settings(config, tomllib.loads(path.read_text("utf-8")), "")]
    address = config.store.model_dump()["url"]
    variable = STORE_URL if os.environ.get(STORE_URL) else ""
    shown: dict[str, tuple[object, str]] = {
        "store.url": (address, variable),
        "jobs.url": (config.jobs.model_dump()["url"], ""),
    }
    return [
        (key, shown[key][0], shown[key][1] or origin) if key in shown else (key, value, origin)
        for key, value, origin in found
    ]


def _with_environment(written: dict[str, Any]) -> dict[str, Any]:
    """What a file says, and the environment over it."""
    url = os.environ.get(STORE_URL)
    if url and isinstance(written.setdefault("store", {}), dict):
        written["store"]["url"] = url
    return written


def _settings(model: BaseModel, written: Mapping[str, Any], above: str) -> Iterator[tuple[str, object, str]]:
    for key in type(model).model_fields:
        value = getattr(model, key)
        if isinstance(value, BaseModel):
            yield from _settings(value, written.get(key, {}), f"{above}{key}.")
        elif key == "sources":
            for number, source in enumerate(value):
                yield from _settings(source, written[key][number], f"{above}{key}.{source.name}.")
        else:
            yield f"{above}{key}", value, FILE if key in written else "default"


def _explain(problem: ErrorDetails) -> str:
    place = [str(part) for part in problem["loc"]]
    model: type[BaseModel] = Config
    within = place[:-1]
    if place[0] == "sources" and len(place) > 2:  # sources, number, kind, key
        model, within = KINDS[place[2]], []
        place = ["sources", f"{int(place[1]) + 1}번째", *place[3:]]
    if problem["type"].startswith("union_tag"):
        return f"'{'.'.join(place)}'의 kind를 지정하세요. 사용할 수 있는 값: {', '.join(KINDS)}"
    if problem["type"] == "missing":
        return f"'{'.'.join(place)}' 값이 필요합니다"
    if problem["type"] == "extra_forbidden":
        for part in within:
            inner = model.model_fields[part].annotation
            model = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else model
        kind = "키" if model is not Config else "테이블이나 키"
        return f"알 수 없는 {kind} '{'.'.join(place)}'입니다. 사용할 수 있는 키: {', '.join(model.model_fields)}"
    if place == ["store", "url"]:  # a password may stand anywhere in what is no address
        return (
            f"'store.url'({STORE_URL})은 \"{SQLITE}\" 또는 postgresql://사용자:비밀번호@호스트:5432/데이터베이스여야 합니다"
            " (store.url is sqlite or postgresql://…)"
        )
    return f"'{'.'.join(place)}' 값 {hidden(repr(problem['input']))}이(가) 올바르지 않습니다: {sentence(problem)}"
