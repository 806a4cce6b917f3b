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
    """A node of the graph; `asked` marks where the picture begins."""

    id: str
    kind: str
    label: str
    asked: bool = False


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
    """A file that could not be read, and why."""

    file: str
    reason: str


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
    copies: Copied = Copied()


class Report(_Said):
    """An evaluation that was kept."""

    id: str
    kind: str = ""
    time: str = ""
    n: int | None = None


class Reports(_Said):
    """The list of reports, newest first."""

    reports: tuple[Report, ...] = ()
