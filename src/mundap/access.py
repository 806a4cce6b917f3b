"""Access tags of documents and of rows: who sees what has some must have one of them."""

from __future__ import annotations

ACCESS = "access"  # the key in Passage.meta, of the tags of a row
SIDECAR = ".access"  # the suffix of the file with the tags of the file beside it


def tags_of(text: str) -> list[str]:
    """The distinct tags in a cell, a line or a field, in order: parted by commas, semicolons, bars or ends of lines."""
    for mark in (";", "|", "\n", "，", "、"):
        text = text.replace(mark, ",")
    return list(dict.fromkeys(tag for part in text.split(",") if (tag := " ".join(part.split()))))
