"""Access tags of documents and of rows: who sees what has some must have one of them."""

from __future__ import annotations

import unicodedata

ACCESS = "access"  # the key in Passage.meta, of the tags of a row
SIDECAR = ".access"  # the suffix of the file with the tags of the file beside it
LONGEST_TAG = 100


def tags_of(text: str) -> list[str]:
    """The distinct tags in a cell, a line or a field, in order: parted by commas, semicolons, bars or ends of lines."""
    text = composed(text)
    for mark in (";", "|", "\n", "，", "、"):
        text = text.replace(mark, ",")
    return list(dict.fromkeys(tag for part in text.split(",") if (tag := " ".join(part.split()))))


def composed(tag: str) -> str:
    """A tag in the form in which tags are compared: Hangul of macOS is written in letters, and looks the same."""
    return unicodedata.normalize("NFC", tag)


def is_tag(text: str) -> bool:
    """Whether this can be a tag: letters that are seen, at most LONGEST_TAG of them."""
    return 0 < len(text) <= LONGEST_TAG and text.isprintable()
