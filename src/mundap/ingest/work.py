"""One file from its bytes to its passages: the unit that an ingest hands to a worker."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mundap.errors import MundapError
from mundap.ingest.build import Reading
from mundap.ingest.readers import read
from mundap.ingest.split import MAX_CHARS, PARENT_CHARS, chunks, parents
from mundap.types import Passage


@dataclass(frozen=True)
class Cut:
    """How documents are cut; sizes in characters, as in mundap.ingest.split."""

    parent_chars: int = PARENT_CHARS
    chunk_chars: int = MAX_CHARS
    chunk_overlap: int = 0


@dataclass(frozen=True)
class Job:
    """A file to read. `source` is what its document is known by."""

    path: Path
    source: str
    cut: Cut = Cut()


@dataclass(frozen=True)
class Read:
    """A file that was read. `chunks` holds the wholes that are their own chunk too; `seconds` is how long it took."""

    reading: Reading
    wholes: tuple[Passage, ...]
    chunks: tuple[Passage, ...]
    seconds: float = 0.0


@dataclass(frozen=True)
class Unread:
    """A file that could not be read, and why, in one sentence with the remedy."""

    reason: str
    seconds: float = 0.0


def work(job: Job) -> Read | Unread:
    """Read and cut one file. What is wrong with it comes back as Unread."""
    try:
        reading = read(job.path, job.source)
    except MundapError as error:  # BadFile, and the MissingExtra of a reader's package
        return Unread(str(error))
    wholes = parents(reading.document, job.cut.parent_chars)
    pieces = [piece for whole in wholes for piece in chunks(whole, job.cut.chunk_chars, job.cut.chunk_overlap)]
    return Read(reading, tuple(wholes), tuple(pieces))
