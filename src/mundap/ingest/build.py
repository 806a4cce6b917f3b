"""Collects sections into one document, so that every section is a slice of its text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mundap.files import digest
from mundap.ingest.problems import Problem
from mundap.types import Document, KnownQuestion, Section

GAP = "\n\n"
_JOINED = 20_000  # texts


@dataclass(frozen=True)
class Reading:
    """A file as read, the rows that had to be left out, and what its owner should know about the rest.

    `pages` is None where the format has none. `columns` says, for each table of a sheet, which columns were read as what.
    """

    document: Document
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    pages: int | None = None
    columns: tuple[str, ...] = ()


@dataclass
class Builder:
    """Appends texts in order; offsets are taken as they land.

    `starts` is where the texts of a table began, by what stands above it and its columns: each is read once.
    """

    source: str
    title: str
    meta: dict[str, Any] = field(default_factory=dict)
    starts: dict[tuple[tuple[str, ...], tuple[str, ...]], dict[str, int]] = field(default_factory=dict)
    _parts: list[str] = field(default_factory=list)
    _joined: list[str] = field(default_factory=list)
    _length: int = 0
    _sections: list[Section] = field(default_factory=list)
    _questions: list[KnownQuestion] = field(default_factory=list)

    def add(self, text: str, **about: Any) -> int:
        """Append `text` as a section and return its start. `about` are the other fields of Section."""
        span = self.line(text)
        self.cover(span, **about)
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

    def cover(self, span: tuple[int, int], **about: Any) -> None:
        """Make a section of text that has been appended, after all those so far."""
        self._sections.append(Section(*span, **about))

    def known(self, question: str, answer: str, start: int, row: int) -> None:
        """Attach a known question to the section that starts at `start`."""
        self._questions.append(KnownQuestion(question, answer, start, row))

    def document(self) -> Document:
        """The frozen result; its id is a hash of where it came from and what it says."""
        text = GAP.join([*self._joined, *self._parts])
        self._joined.clear()
        self._parts[:] = [text]
        return Document(
            id=digest(self.source, text),
            text=text,
            source=self.source,
            title=self.title,
            meta=self.meta,
            sections=tuple(self._sections),
            questions=tuple(self._questions),
        )
