"""txt and Markdown: paragraphs, and sections under their heading path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mundap.files import digest
from mundap.ingest.encoding import decode
from mundap.korean.normalize import normalize
from mundap.types import Document, Section

_BLOCK = re.compile(r"\S(?:.*?\S)??(?=\s*\Z|[^\S\n]*\n[^\S\n]*\n)", re.DOTALL)
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r"^ {0,3}(```|~~~)")


def read_txt(path: Path, source: str) -> Document:
    """One section for each block between blank lines."""
    text = decode(path.read_bytes(), path.name)
    title = normalize(path.stem)
    sections = tuple(Section(m.start(), m.end()) for m in _BLOCK.finditer(text))
    return Document(digest(source, text), text, source, title, sections=sections)


def read_markdown(path: Path, source: str) -> Document:
    """One section for each heading with text below it; its heading is the path of headings above."""
    text = decode(path.read_bytes(), path.name)
    sections = tuple(_markdown_sections(text))
    first = next((s.meta["title"] for s in sections if s.meta.get("title")), normalize(path.stem))
    return Document(digest(source, text), text, source, str(first), sections=sections)


def _markdown_sections(text: str) -> Iterator[Section]:
    path: list[tuple[int, str]] = []
    title = ""
    body = 0
    lone = (0, 0)  # the span of a heading that has nothing below it
    for start, end, level, name in [*_headings(text), (len(text), len(text), 0, "")]:
        span = _strip(text, body, start)
        if span:
            yield Section(*span, heading=_shown(path, title), meta={"title": title})
        elif path and level <= path[-1][0]:
            yield Section(*lone, heading=_shown(path[:-1], title), meta={"title": title})
        path = [*(p for p in path if p[0] < level), (level, name)]
        title = title or (name if level == 1 else "")
        body, lone = end, (start, end)


def _shown(path: list[tuple[int, str]], title: str) -> str:
    return " > ".join(name for _, name in path if name != title) or title


def _headings(text: str) -> Iterator[tuple[int, int, int, str]]:
    """(start, end, level, name) of each heading line outside fenced code."""
    fence = ""
    offset = 0
    for line in text.splitlines(keepends=True):
        bare = line.rstrip("\n")
        mark = _FENCE.match(bare)
        if mark and (not fence or mark.group(1) == fence):
            fence = "" if fence else mark.group(1)
        elif not fence and (found := _HEADING.match(bare)):
            yield offset, offset + len(bare), len(found.group(1)), found.group(2)
        offset += len(line)


def _strip(text: str, start: int, end: int) -> tuple[int, int] | None:
    piece = text[start:end]
    if not piece.strip():
        return None
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())
