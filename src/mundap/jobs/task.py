"""One file from its bytes to its passages: the task that an ingest hands to a worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from mundap.encode import token_counter
from mundap.errors import BadFile, MundapError
from mundap.ingest.build import Part, Reading
from mundap.ingest.chunk import MAX_CHARS, WINDOW, characters, make_chunker, tokens
from mundap.ingest.dated import date_of_document, dated_section
from mundap.ingest.readers import read, read_alone
from mundap.ingest.reading_progress import report
from mundap.ingest.sheets.sheet import NO_OPTIONS, Options
from mundap.ingest.split import PARENT_CHARS, chunks, each_parent, parents, parents_of
from mundap.ingest.spool import Spooled, spooled
from mundap.korean.normalize import name_of, normalize
from mundap.protocols import Chunker
from mundap.types import Passage

_READ = 0.5  # of the work is done when the cells of a sheet are read
_REPORTED = 10_000  # passages
_MANY = 50_000  # sections of a document whose passages are spooled, though it is not long


@dataclass(frozen=True)
class Cut:
    """How documents are cut. `chunking` is one of CHUNKERS; `size` and `overlap` are in characters, or in tokens of
    `encoder` if that is given; `beside` counts sentences; `parent_chars` is as in mundap.ingest.split."""

    parent_chars: int = PARENT_CHARS
    chunking: str = "structure"
    size: int = MAX_CHARS
    overlap: int = 0
    beside: int = WINDOW
    encoder: str = ""

    def chunker(self) -> Chunker:
        """What cuts so. Raises UnknownName, or ConfigError for an encoder that cannot count tokens."""
        measure = tokens(token_counter(self.encoder)) if self.encoder else characters
        return make_chunker(self.chunking, self.size, self.overlap, self.beside, measure)


@dataclass(frozen=True)
class Job:
    """A file to read. `source` is what its document is known by; of a mail that is read `alone`, attachments are only
    named. `options` are for sheets."""

    path: Path
    source: str
    cut: Cut = Cut()
    alone: bool = False
    options: Options = NO_OPTIONS


@dataclass(frozen=True)
class Read:
    """A file that was read. `chunks` holds the passages that are their own chunk too, unless they are spooled, as those of a
    long document are. `seconds` is how long it took."""

    reading: Reading
    parents: tuple[Passage, ...] | Spooled[Passage]
    chunks: tuple[Passage, ...] | Spooled[Passage]
    seconds: float = 0.0

    @property
    def spooled(self) -> tuple[Spooled[Part] | Spooled[Passage], ...]:
        """What of it is on the disk."""
        every = (self.parents, self.chunks, self.reading.long and self.reading.long.parts)
        return tuple(one for one in every if isinstance(one, Spooled))


@dataclass(frozen=True)
class Unread:
    """A file that could not be read, and why, in one sentence with the remedy.

    `lasting` where the fault is in the file, so that reading it again will end in the same way.
    """

    reason: str
    seconds: float = 0.0
    lasting: bool = False


def work(job: Job, spool: bool = False) -> Read | Unread:
    """Read and cut one file. What is wrong with it comes back as Unread. With `spool`, very many passages go to the disk."""
    try:
        return _work(job, spool)
    except MundapError as error:  # BadFile, and the MissingExtra of a reader's package
        lasting = isinstance(error, BadFile) and not isinstance(error.__cause__, OSError)
        return Unread(_one_line(str(error), job), lasting=lasting)
    except MemoryError:
        raise
    except Exception as error:
        return mistaken(job, error)


def mistaken(job: Job, error: Exception) -> Unread:
    """A reader's own mistake, which is one file's problem."""
    try:
        said = f": {error}"
    except Exception:  # an error that cannot even be printed
        said = ""
    reason = f"{job.path.name}: 읽는 중 오류가 발생했습니다({type(error).__name__}{said}). 파일을 다시 저장해 보세요."
    return Unread(_one_line(reason, job))


def _one_line(reason: str, job: Job) -> str:
    """`reason` as it can be printed: what a library quotes from a file, and the file's name, can hold anything."""
    said = normalize(reason.replace(job.path.name, name_of(job.path.name)))
    return " ".join("".join(c if c.isprintable() else " " for c in said).split())


def _work(job: Job, spool: bool) -> Read:
    reading = read_alone(job.path, job.source) if job.alone else read(job.path, job.source, job.options, spool)
    chunker = job.cut.chunker()
    if reading.long or (spool and len(reading.document.sections) > _MANY):
        return _spooled(reading, job, chunker)
    parent_passages = parents(reading.document, job.cut.parent_chars)
    pieces = [piece for parent in parent_passages for piece in chunks(parent, chunker)]
    return Read(reading, tuple(parent_passages), tuple(pieces))


def _spooled(reading: Reading, job: Job, chunker: Chunker) -> Read:
    document, long = reading.document, reading.long
    made: list[Spooled[Part] | Spooled[Passage]] = [long.parts] if long else []
    try:
        if long:
            own = date_of_document(document)
            texts = ((dated_section(section, own), text) for section, text in long.texts())
            passages = _reported(parents_of(document, texts, job.cut.parent_chars), long.sections)
        else:
            passages = _reported(each_parent(document, job.cut.parent_chars), len(document.sections))
        parent_passages = spooled(passages)
        made.append(parent_passages)
        pieces = spooled(
            piece for parent in parent_passages for piece in chunks(parent, chunker) if piece.id != parent.id
        )
    except BaseException:  # of memory or of the disk: nothing is left behind
        for one in made:
            one.discard()
        raise
    return Read(replace(reading, document=replace(document, sections=())), parent_passages, pieces)


def _reported(passages: Iterable[Passage], count: int) -> Iterator[Passage]:
    for number, passage in enumerate(passages):
        if number % _REPORTED == 0:
            report(_READ + (1 - _READ) * number / count)
        yield passage
