"""What every framework is given of a hit, a passage or a file: a text, and fields about it that any store can keep."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mundap.ingest.readers import load
from mundap.ingest.split import parents
from mundap.types import Hit, Passage

Fields = dict[str, str | int | float]


def fields_of(passage: Passage) -> Fields:
    """Where the passage is from. A page that the format does not have is left out."""
    found: Fields = {"source": passage.source, "document_id": passage.document_id, "passage_id": passage.id}
    if passage.heading:
        found["heading"] = passage.heading
    if passage.page is not None:
        found["page"] = passage.page
    return found


def fields_of_hit(hit: Hit) -> Fields:
    """Those of its passage, and its rank and score."""
    return fields_of(hit.passage) | {"rank": hit.rank, "score": hit.score}


def passages_in(path: str | Path) -> Iterator[Passage]:
    """The parent passages of a file, or of all readable files below a folder, one file after another."""
    for document in load(path):
        yield from parents(document)
