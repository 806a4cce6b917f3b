"""Questions as people give them to a command: as an argument, or line by line on standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence

PIPED = "-"


def questions(words: str | Sequence[str]) -> Iterator[str]:
    """The question itself, of one word or more, or for PIPED each line of standard input that is not blank."""
    question = words if isinstance(words, str) else " ".join(words)
    if question == PIPED:
        yield from (line for line in piped() if line.strip())
    else:
        yield _text(os.fsencode(question))


def piped() -> Iterator[str]:
    """The lines of standard input, in whatever encoding they are."""
    for raw in sys.stdin.buffer:
        yield _text(raw.rstrip(b"\r\n"))


def _text(raw: bytes) -> str:
    from mundap.ingest.encoding import decode

    try:
        return raw.decode("utf-8")  # echoed as it came; search normalises for itself
    except UnicodeDecodeError:
        return decode(raw, "질문")
