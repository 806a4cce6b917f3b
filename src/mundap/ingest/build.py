"""Collects sections into one document, so that every section is a slice of its text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mundap.files import digest
from mundap.types import Document, KnownQuestion, Section

GAP = "\n\n"


@dataclass
class Builder:
    """Appends texts in order; offsets are taken as they land."""

    source: str
    title: str
    meta: dict[str, Any] = field(default_factory=dict)
    _parts: list[str] = field(default_factory=list)
    _length: int = 0
    _sections: list[Section] = field(default_factory=list)
    _questions: list[KnownQuestion] = field(default_factory=list)

    def add(self, text: str, **about: Any) -> int:
        """Append `text` as a section and return its start. `about` are the other fields of Section."""
        start = self._length
        self._parts.append(text)
        self._length += len(text) + len(GAP)
        self._sections.append(Section(start, start + len(text), **about))
        return start

    def known(self, question: str, answer: str, start: int, row: int) -> None:
        """Attach a known question to the section that starts at `start`."""
        self._questions.append(KnownQuestion(question, answer, start, row))

    def document(self) -> Document:
        """The frozen result; its id is a hash of where it came from and what it says."""
        text = GAP.join(self._parts)
        return Document(
            id=digest(self.source, text),
            text=text,
            source=self.source,
            title=self.title,
            meta=self.meta,
            sections=tuple(self._sections),
            questions=tuple(self._questions),
        )
