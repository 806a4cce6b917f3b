"""What the API says, as frozen values. Fields that the page does not use are passed over."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Settings(_Said):
    """What the API offers. `personas` is empty where it knows none."""

    language: Literal["ko", "en"]
    title: str
    notice: str
    examples: tuple[str, ...] = ()
    legs: tuple[str, ...]
    top_k: int
    personas: tuple[str, ...] = ()


class Message(_Said):
    """One side of a conversation: what was asked, or what was answered."""

    role: Literal["user", "assistant"]
    text: str


class Citation(_Said):
    """A quote that stands in its passage, white space aside."""

    passage_id: str
    source: str
    quote: str


class Link(_Said):
    """Why the keyword graph found a passage: `asked`, of the question, leads to `said`, which the passage names."""

    asked: str
    kind: str
    said: str


class Hit(_Said):
    """A passage that was found. `origins` has its rank in each leg that proposed it."""

    rank: int
    score: float
    passage_id: str
    document_id: str
    source: str
    heading: str | None = ""
    page: int | None = None
    text: str
    origins: dict[str, int] = {}
    links: tuple[Link, ...] = ()


class Answer(_Said):
    """An answer. `text` is all that was written; `support` is the probability that the passages answer, `kind` what was
    asked for."""

    text: str
    request_id: str = ""
    citations: tuple[Citation, ...] = ()
    hits: tuple[Hit, ...] = ()
    abstained: bool = False
    support: float = 0.0
    kind: str = ""
    searched: str = ""


class Passage(_Said):
    """A passage in its document: `before` and `after` are the neighbouring text."""

    passage_id: str
    document_id: str
    source: str
    title: str | None = ""
    heading: str | None = ""
    page: int | None = None
    text: str
    before: str = ""
    after: str = ""


class Node(_Said):
    """A node of the graph; `asked` marks where the picture begins. `weight` of a keyword is the number of passages that name
    it."""

    id: str
    kind: str
    label: str
    shown: str = ""
    asked: bool = False
    weight: int | None = None


class Edge(_Said):
    """An edge between two nodes, by id, and what is the evidence of it."""

    source: str
    target: str
    relation: str
    shown: str = ""


class Graph(_Said):
    """The part of the keyword graph around some words."""

    found: bool
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()


class Document(_Said):
    """A document. `added` is an ISO time."""

    document_id: str
    source: str
    title: str | None = ""
    passages: int
    added: str | None = ""
    uploaded: bool = False


class Skipped(_Said):
    """A file that could not be read, or a row of one, and why."""

    file: str
    reason: str
    row: int | None = None


class Warned(_Said):
    """What is to be known of a file that was read."""

    file: str
    warning: str


class Copy(_Said):
    """A passage that has a copy."""

    source: str
    text: str


class CopyExample(_Said):
    """Two passages that are copies of each other."""

    passages: tuple[Copy, ...]


class Copied(_Said):
    """How many passages say the same as another, or differ from it only in numbers and dates."""

    passages: int = 0
    example: CopyExample | None = None


class Documents(_Said):
    """A page of the list of documents; `total` counts all that match."""

    total: int
    documents: tuple[Document, ...]
    skipped: tuple[Skipped, ...] = ()
    copies: Copied = Copied()


class Removed(_Said):
    """What came of a removal; `note` says if the document will come back."""

    note: str = ""


class Ingested(_Said):
    """What became of uploaded files."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[Warned, ...] = ()
    copies: Copied = Copied()


class Chunk(_Said):
    """A part of a passage that has a vector of its own: its place in the passage."""

    start: int
    end: int


class Indexed(_Said):
    """A passage as it is indexed."""

    passage_id: str
    heading: str = ""
    page: int | None = None
    kind: str = ""
    source: str
    text: str
    chunks: tuple[Chunk, ...] = ()
    keywords: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


class Passages(_Said):
    """Some of the passages of a document; `total` counts all."""

    total: int
    passages: tuple[Indexed, ...] = ()


class Source(_Said):
    """What documents are kept in step with."""

    name: str
    kind: str
    every: str = ""
    last: str = ""
    error: str = ""
    documents: int = 0
    running: bool = False


class Sources(_Said):
    """All of them."""

    sources: tuple[Source, ...] = ()


class Synced(_Said):
    """What came of a source."""

    added: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0
    skipped: tuple[Skipped, ...] = ()
    error: str = ""


class NearPassage(_Said):
    """A passage that an answer was written from."""

    passage_id: str
    source: str
    heading: str = ""
    page: int | None = None
    text: str


class OpenQuestion(_Said):
    """A question that waits for somebody."""

    id: str
    question: str
    times: int = 0
    abstained: int = 0
    ups: int = 0
    downs: int = 0
    last: str = ""
    comments: tuple[str, ...] = ()
    corrections: tuple[str, ...] = ()
    answer: str = ""
    passages: tuple[NearPassage, ...] = ()


class Worklist(_Said):
    """Some of those, the worst first; `total` counts all."""

    total: int
    questions: tuple[OpenQuestion, ...] = ()


class StaffAnswer(_Said):
    """A question that the staff answered."""

    id: str
    question: str
    answer: str
    source: str = ""
    access: tuple[str, ...] = ()


class StaffAnswers(_Said):
    """All of them."""

    questions: tuple[StaffAnswer, ...] = ()


class Synonym(_Said):
    """A row of the table of synonyms."""

    asked: str
    said: str
    score: float = 1.0
    state: str = ""
    origin: str = ""
    evidence: str = ""


class Synonyms(_Said):
    """The table."""

    rows: tuple[Synonym, ...] = ()
    version: str = ""


class Figures(_Said):
    """How search does over some questions."""

    top1: float
    top3: float
    mrr10: float


class Effect(_Said):
    """What a change does to one search."""

    leg: str
    before: Figures
    after: Figures
    p: float = 1.0


class Moved(_Said):
    """A question whose right passage has another rank; None is beyond the twentieth."""

    question: str
    leg: str
    before: int | None = None
    after: int | None = None


class Effects(_Said):
    """What a change does."""

    n: int
    legs: tuple[Effect, ...] = ()
    better: int = 0
    worse: int = 0
    moved: tuple[Moved, ...] = ()


class Setting(_Said):
    """A setting that can be changed."""

    key: str
    kind: str
    help: str = ""
    value: bool | int | float | str
    default: bool = True
    choices: tuple[str, ...] = ()


class Config(_Said):
    """All of them."""

    settings: tuple[Setting, ...] = ()


class Load(_Said):
    """How many are worked on, and how many wait."""

    working: int = 0
    waiting: int = 0


class Training(_Said):
    """A training that has not ended."""

    name: str
    changed: str = ""
    active: bool = False


class Activity(_Said):
    """What the server does just now."""

    answers: Load = Load()
    searches: Load = Load()
    writes: Load = Load()
    unindexed: bool = False
    merging: bool = False
    syncing: tuple[str, ...] = ()
    trainings: tuple[Training, ...] = ()
    disk: str = ""


class Model(_Said):
    """A trained model. `metrics` depend on its kind."""

    name: str
    kind: str
    created: str = ""
    recommended: bool = False
    used: bool = False
    command: str = ""
    metrics: object = None


class Models(_Said):
    """All of them."""

    models: tuple[Model, ...] = ()


class Erased(_Said):
    """How much was erased of each kind."""

    documents: int = 0
    passages: int = 0
    answers: int = 0
    votes: int = 0
    turns: int = 0
    reports: int = 0
    left: tuple[str, ...] = ()


class Entry(_Said):
    """Who did what."""

    time: str
    who: str = ""
    address: str = ""
    action: str = ""
    what: tuple[str, ...] = ()
    result: str = ""


class Entries(_Said):
    """Newest first."""

    entries: tuple[Entry, ...] = ()


class Me(_Said):
    """Who asks the API, and what they may do. `operates` says that they run the server."""

    name: str = ""
    roles: tuple[str, ...] = ()
    operates: bool = False

    def may(self, role: str) -> bool:
        """Whether they have this role."""
        return role in self.roles or "admin" in self.roles


class Report(_Said):
    """An evaluation that was kept."""

    id: str
    kind: str = ""
    time: str = ""
    n: int | None = None


class Reports(_Said):
    """The list of reports, newest first."""

    reports: tuple[Report, ...] = ()
