"""The values passed between stages: each stage has its own frozen type, joined by ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TypeAlias

# What JSON is made of, as reports and answers are handed out.
Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
Meta: TypeAlias = Mapping[str, Json]
SPOKEN = "spoken"  # the key in Passage.meta


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document that forms one parent passage: a 제시문, an article, a table row.

    `start` and `end` are character offsets into the document's text; `source` is what a reader
    is shown as the origin (출처), or "" for the document's own title.
    """

    start: int
    end: int
    heading: str = ""
    source: str = ""
    page: int | None = None
    meta: Meta = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KnownQuestion:
    """A question included in the documents, and the offset of the section that answers it.

    `answer` is "" where the sheet gives none. `row` is the row in its file, counted from 1.
    """

    question: str
    answer: str
    start: int
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One file as text in NFC. `source` is its path; `sections` are its parent passages, in order."""

    id: str
    text: str
    source: str
    title: str = ""
    meta: Meta = field(default_factory=dict)
    sections: tuple[Section, ...] = ()
    questions: tuple[KnownQuestion, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A slice of a document: `document.text[start:end] == text`.

    `parent_id` names the parent passage that this chunk was cut from; a parent passage names itself.
    """

    id: str
    document_id: str
    text: str
    start: int
    end: int
    heading: str = ""
    page: int | None = None
    source: str = ""
    parent_id: str = ""
    meta: Meta = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.parent_id:
            object.__setattr__(self, "parent_id", self.id)

    @property
    def spoken(self) -> str:
        """The text in spoken form: rows of a table as "column: value", anything else unchanged."""
        return str(self.meta.get(SPOKEN) or self.text)

    @property
    def headed(self) -> str:
        """The text below its heading path, which often names the subject: what a language model is shown."""
        return f"{self.heading}\n{self.text}" if self.heading else self.text

    @property
    def embedded(self) -> str:
        """What the dense leg reads: the heading path and the text in spoken form."""
        return f"{self.heading}\n{self.spoken}" if self.heading else self.spoken

    @property
    def worded(self) -> str:
        """What the lexical leg reads: `embedded` preceded by the source name, whose words people use."""
        return f"{self.source}\n{self.embedded}" if self.source else self.embedded


@dataclass(frozen=True, slots=True)
class Link:
    """Why the keyword graph found a passage: `asked`, from the question, leads to `said`, which the passage mentions.

    `kind` is the type of edge between the two, `score` its contribution to the passage, and `shown` the evidence for the edge.
    """

    asked: str
    kind: str
    said: str
    score: float
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved passage. `rank` counts from 1; higher `score` is better.

    `origins` gives the rank in each leg that found it, counted from 1; `links` are present if the graph was searched.
    """

    passage: Passage
    score: float
    rank: int
    origins: Mapping[str, int] = field(default_factory=dict)
    links: tuple[Link, ...] = ()

    @property
    def source(self) -> str:
        """Where its passage is from, as users are shown it."""
        return self.passage.source


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote that occurs in the cited passage, ignoring white space.

    Answers of a workspace also record where, so that they can be verified later: the document, the digest of its full text
    (store.corpus.Corpus.text_digest), and the offsets of the quote in it, `text[start:end] == quote`.
    """

    passage_id: str
    source: str
    quote: str
    document_id: str = ""
    document_digest: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of an answer as it appears in the text, and the indices in `Answer.citations` that support it.

    A greeting, a refusal or a closing phrase has none.
    """

    text: str
    citations: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One case that a broad question may refer to: its label, and the passage that answers it."""

    label: str
    passage_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """`timings` are milliseconds by stage; `model` names the generator that wrote the text.

    `support` is the probability, in [0, 1], that the passages answer the question; `kind` is the question type
    (korean.wanted.Kind, or "smalltalk"), "" if not determined; `choices` are present for a broad question.

    `sentences` hold the whole text except its markers, in order; `generation` names the index that was searched. Both are
    empty for an answer created without a workspace.

    `searched` is the corrected question if the question had typos, "" if it was used unchanged. `truncated`: a limit of
    tokens or of time ended the text, at its last whole sentence and with a note.
    """

    question: str
    text: str
    citations: tuple[Citation, ...] = ()
    hits: tuple[Hit, ...] = ()
    abstained: bool = False
    timings: Mapping[str, float] = field(default_factory=dict)
    model: str = ""
    support: float = 0.0
    kind: str = ""
    choices: tuple[Choice, ...] = ()
    sentences: tuple[Statement, ...] = ()
    generation: str = ""
    searched: str = ""
    truncated: bool = False

    def _repr_html_(self) -> str:
        quotes = "".join(f"<li>{escape(one.source)}: “{escape(one.quote)}”</li>" for one in self.citations)
        return f"<p style='white-space: pre-wrap'>{escape(self.text)}</p>{f'<ul>{quotes}</ul>' if quotes else ''}"


@dataclass(frozen=True, slots=True)
class Turn:
    """One exchange of a conversation."""

    question: str
    answer: str
