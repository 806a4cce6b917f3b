"""Collects sections into one document, so that every section is a slice of its text; a very long one in parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypedDict, Unpack

from mundap.files import digest, digest_pieces
from mundap.ingest.problems import Problem
from mundap.ingest.spool import Spool, Spooled
from mundap.ingest.starts import Starts
from mundap.types import Document, Json, KnownQuestion, Meta, Section

GAP = "\n\n"
PART = 20_000  # sections of a part
_JOINED = 20_000  # texts


@dataclass(frozen=True)
class Part:
    """A run of sections, and the text from `start` on that they are slices of; GAP stands before the next part."""

    start: int
    text: str
    sections: tuple[Section, ...]

    def texts(self) -> Iterator[tuple[Section, str]]:
        """Each section with its text."""
        for section in self.sections:
            yield section, self.text[section.start - self.start : section.end - self.start]


@dataclass(frozen=True)
class Long:
    """The text of a document that is too long to be held, in parts. `characters` and `sections` are how many there are."""

    parts: Spooled[Part]
    characters: int
    sections: int

    def pieces(self) -> Iterator[str]:
        """The text, a part at a time."""
        for n, part in enumerate(self.parts):
            yield f"{GAP}{part.text}" if n else part.text

    def texts(self) -> Iterator[tuple[Section, str]]:
        """Each section with its text."""
        for part in self.parts:
            yield from part.texts()


@dataclass(frozen=True)
class Reading:
    """A file as read, the rows that had to be left out, and what its owner should know about the rest.

    `pages` is None where the format has none. `columns` says, for each table of a sheet, which columns were read as what.
    A document that is `long` has its text and its sections there alone.
    """

    document: Document
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    pages: int | None = None
    columns: tuple[str, ...] = ()
    long: Long | None = None

    @property
    def characters(self) -> int:
        """How many the document has."""
        return self.long.characters if self.long else len(self.document.text)


class About(TypedDict, total=False):
    """The fields of a Section besides its span."""

    heading: str
    source: str
    page: int | None
    meta: Meta


class Told(TypedDict, total=False):
    """The fields of a Reading besides its document, and what is `long` of it."""

    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]
    pages: int | None
    columns: tuple[str, ...]


@dataclass
class Builder:
    """Appends texts in order; offsets are taken as they land.

    With `parted`, what is added goes to the disk in parts of PART sections, and a document of several parts is long.
    `starts` is where the texts of tables began: each is read once.
    """

    source: str
    title: str
    meta: dict[str, Json] = field(default_factory=dict)
    parted: bool = False
    starts: Starts = field(default_factory=Starts)
    _parts: list[str] = field(default_factory=list)
    _joined: list[str] = field(default_factory=list)
    _length: int = 0
    _sections: list[Section] = field(default_factory=list)
    _spool: Spool[Part] | None = None
    _spooled: int = 0  # sections
    _bytes: int = 0
    _questions: list[KnownQuestion] = field(default_factory=list)

    def add(self, text: str, **about: Unpack[About]) -> int:
        """Append `text` as a section and return its start. `about` are the other fields of Section."""
        span = self.line(text)
        self.cover(span, **about)
        if self.parted and len(self._sections) == PART:
            self._part()
        return span[0]

    @property
    def length(self) -> int:
        """Where the next text will start."""
        return self._length

    def line(self, text: str) -> tuple[int, int]:
        """Append `text` without making it a section, and return its span."""
        start = self._length
        self._parts.append(text)
        if len(self._parts) == _JOINED:  # a million short texts take thrice the room of one long one
            self._joined.append(GAP.join(self._parts))
            self._parts.clear()
        self._length += len(text) + len(GAP)
        return start, start + len(text)

    def cover(self, span: tuple[int, int], **about: Unpack[About]) -> None:
        """Make a section of text that has been appended, after all those so far."""
        self._sections.append(Section(*span, **about))

    def known(self, question: str, answer: str, start: int, row: int) -> None:
        """Attach a known question to the section that starts at `start`."""
        self._questions.append(KnownQuestion(question, answer, start, row))

    def reading(self, **about: Unpack[Told]) -> Reading:
        """The document, and what `about` says of it in the other fields of Reading."""
        if self._spool is None:
            return Reading(self.document(), **about)
        if self._sections:
            self._part()
        long = Long(self._spool.closed(), self._length - len(GAP), self._spooled)
        count = self._bytes + (len(long.parts) - 1) * len(GAP)
        return Reading(self._document(digest_pieces(self.source, long.pieces(), count), "", ()), long=long, **about)

    def document(self) -> Document:
        """The frozen result; its id is a hash of where it came from and what it says."""
        text = self._text()
        self._parts[:] = [text]
        return self._document(digest(self.source, text), text, tuple(self._sections))

    def _document(self, name: str, text: str, sections: tuple[Section, ...]) -> Document:
        return Document(
            id=name,
            text=text,
            source=self.source,
            title=self.title,
            meta=self.meta,
            sections=sections,
            questions=tuple(self._questions),
        )

    def _text(self) -> str:
        """What has been appended since this was asked for, which is held no longer."""
        text = GAP.join([*self._joined, *self._parts])
        self._joined.clear()
        self._parts.clear()
        return text

    def _part(self) -> None:
        self._spool = self._spool or Spool()
        text = self._text()
        self._spool.put([Part(self._length - len(GAP) - len(text), text, tuple(self._sections))])
        self._spooled += len(self._sections)
        self._bytes += len(text.encode())
        self._sections.clear()
