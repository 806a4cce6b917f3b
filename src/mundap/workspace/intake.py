"""Files into the corpus: which have changed, reading those, and what came of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from mundap.access import SIDECAR, tags_of
from mundap.errors import BadFile, UnknownName
from mundap.files import digest, digest_file
from mundap.ingest.grid import TABLE
from mundap.ingest.pdf.ocr import available
from mundap.ingest.readers import reader_version
from mundap.ingest.sheets.sheet import Options
from mundap.jobs.batch import Limits
from mundap.jobs.executor import Executor
from mundap.jobs.in_process import InProcess
from mundap.jobs.reading import read_by
from mundap.jobs.task import Cut, Job, Read, Unread
from mundap.korean.normalize import NORMALIZER, name_of
from mundap.protocols import Progress
from mundap.store.corpus import Corpus
from mundap.types import Json
from mundap.workspace.copies import Copied

State = Literal["added", "updated", "unchanged", "skipped"]
_LARGE = 4 << 20  # bytes; a file of more counts as several in the progress
KEPT_OUT = "kept out"  # in place of the fingerprint of a file whose document was removed
AGAIN = "again"  # in place of the fingerprint of a file that is worth another try as it is


@dataclass(frozen=True)
class Skipped:
    """A file, or a row of it (counted from 1), that did not go in."""

    file: str
    reason: str
    row: int | None = None

    def to_json(self) -> dict[str, Json]:
        """As other programs read it."""
        return {"file": self.file, "reason": self.reason} | ({"row": self.row} if self.row else {})


@dataclass(frozen=True)
class Taken:
    """What came of a file. `pages` is None where its format has none; `reason` says why it was skipped.

    `tables` counts passages that are tables. What is not known of an unchanged or a skipped file is 0.
    """

    file: str
    state: State
    reason: str = ""
    pages: int | None = None
    characters: int = 0
    passages: int = 0
    tables: int = 0
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    left_out: tuple[Skipped, ...] = ()


@dataclass(frozen=True)
class Ingested:
    """What an ingest did. `documents` and `passages` are what the corpus holds now; the others count files.

    `files` has what came of each, and `skipped` what did not go in: files, rows, and paths with nothing there. `copies`
    tells of the passages that came in and say the same as another, or differ from it only in numbers and dates.
    """

    documents: int
    passages: int
    added: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0
    skipped: tuple[Skipped, ...] = ()
    files: tuple[Taken, ...] = ()
    copies: Copied = field(default_factory=Copied)

    def to_json(self) -> dict[str, Json]:
        """As other programs read it."""
        return {
            "documents": self.documents,
            "passages": self.passages,
            "added": self.added,
            "updated": self.updated,
            "removed": self.removed,
            "unchanged": self.unchanged,
            "skipped": [one.to_json() for one in self.skipped],
            "warnings": [{"file": one.file, "warning": warning} for one in self.files for warning in one.warnings],
            "copies": self.copies.to_json(),
        }


def take(
    corpus: Corpus,
    files: Mapping[str, Path],
    cut: Cut,
    limits: Limits,
    progress: Progress,
    options: Options = Options(),
    access: Mapping[str, Sequence[str]] = MappingProxyType({}),
    executor: Executor = InProcess(),
) -> tuple[Taken, ...]:
    """Read what has changed of `files`, by source, into the corpus, one transaction for each; what came of each, in
    the order of `files`. `executor` has them read. What was removed and is kept out is only named. What was read before of
    a file that cannot be read any more stays.

    With a document go the tags that `access` has for its source, so that nobody sees what it was before by the new ones;
    without any it keeps its own. Raises ConfigError for a cut that cannot be made."""
    cut.chunker()  # what is wrong with the settings is said once, and not of every file
    taken: dict[str, Taken] = {}
    changed: dict[str, str] = {}
    for source, file in files.items():
        refused = corpus.refusal(source)
        if refused and refused[0] == KEPT_OUT:
            taken[source] = Taken(source, "skipped", refused[1])
            continue
        try:
            fingerprint = _fingerprint(file, cut, options)
        except OSError as error:
            reason = f"{name_of(file.name)}: 파일을 열 수 없습니다({error.strerror}). 경로와 권한을 확인하세요."
            corpus.refuse(source, AGAIN, reason)
            taken[source] = Taken(source, "skipped", reason)
            continue
        if corpus.fingerprint(source) == fingerprint:
            if refused:
                corpus.forgive(source)
            if source in access:
                corpus.tag(source, access[source])
            taken[source] = Taken(source, "unchanged")
        elif refused and refused[0] == _refused(file, fingerprint):
            taken[source] = Taken(source, "skipped", refused[1])
        else:
            changed[source] = fingerprint
    weights = {source: 1 + _size(file) // _LARGE for source, file in files.items()}
    total = sum(weights.values())
    done = sum(weights[source] for source in taken)
    come: dict[str, int] = {}  # of files that are being read

    def told() -> None:
        progress(done + sum(come.values()), total)

    def watch(job: Job, share: float) -> None:
        come[job.source] = int(share * weights[job.source])
        told()

    told()
    jobs = [Job(files[source], source, cut, options=options) for source in changed]
    with corpus.many_changes():
        for job, outcome in read_by(executor, jobs, limits, watch):
            come.pop(job.source, None)
            taken[job.source] = _put(corpus, job, outcome, changed[job.source], access.get(job.source))
            done += weights[job.source]
            told()
    return tuple(taken[source] for source in files)


def beside(file: Path) -> list[str]:
    """The access tags in the file beside `file` that has its name and one suffix more. Raises BadFile if it cannot be read."""
    sidecar = file.with_name(f"{file.name}{SIDECAR}")
    try:
        return tags_of(sidecar.read_text("utf-8-sig"))
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{name_of(sidecar.name)}: 접근 태그 파일을 읽을 수 없습니다. UTF-8로 저장하세요.") from error


def is_taken(corpus: Corpus, source: str, file: Path, cut: Cut, options: Options) -> bool:
    """Whether the corpus has the document `source` as `take` makes it of this file."""
    try:
        return corpus.fingerprint(source) == _fingerprint(file, cut, options)
    except OSError:
        return False


def _put(corpus: Corpus, job: Job, outcome: Read | Unread, fingerprint: str, access: Sequence[str] | None) -> Taken:
    source = job.source
    if isinstance(outcome, Unread):
        corpus.refuse(source, _refused(job.path, fingerprint) if outcome.lasting else AGAIN, outcome.reason)
        return Taken(source, "skipped", outcome.reason, seconds=outcome.seconds)
    reading = outcome.reading
    state: State = "added" if corpus.fingerprint(source) is None else "updated"
    pieces = reading.long.pieces() if reading.long else ()
    corpus.put(reading.document, outcome.parents, outcome.chunks, fingerprint, pieces, access)
    return Taken(
        source,
        state,
        pages=reading.pages,
        characters=reading.characters,
        passages=len(outcome.parents),
        tables=sum(parent.meta.get("kind") == TABLE for parent in outcome.parents),
        seconds=outcome.seconds,
        warnings=reading.warnings,
        left_out=tuple(Skipped(source, problem.reason, problem.row) for problem in reading.problems),
    )


def _size(file: Path) -> int:
    with suppress(OSError):
        return file.stat().st_size
    return 0


def keep_out(corpus: Corpus, source: str) -> None:
    """Have the next ingests leave out a file that still lies there, and say so."""
    corpus.refuse(
        source, KEPT_OUT, f"{source}: 삭제한 문서이므로 제외했습니다. 다시 추가하려면: mundap ingest --again '{source}'"
    )


def take_back(corpus: Corpus, name: str) -> str:
    """Let the next ingest read a file that was kept out, by its source or the end of that; its source.

    Raises UnknownName, which lists what is kept out.
    """
    kept = [source for source, _ in corpus.refusals() if (corpus.refusal(source) or ("",))[0] == KEPT_OUT]
    named = [source for source in kept if source == name] or [
        source for source in kept if f"/{source}".endswith(f"/{name}")
    ]
    if not named:
        raise UnknownName("kept-out file", name, kept)
    for source in named:
        corpus.forgive(source)
    return ", ".join(named)


def _fingerprint(file: Path, cut: Cut, options: Options) -> str:
    """Of all that decides what becomes of a file. Raises OSError if it cannot be opened."""
    return digest(digest_file(file), f"{reader_version(file)} {NORMALIZER} {cut} {options}", size=16)


def _refused(file: Path, fingerprint: str) -> str:
    """Of all that decides whether a file that could not be read is worth another try: it may have been copied again,
    with the same content, or turn out to be a scan, under whatever name, for which there is a program now."""
    with suppress(OSError):
        return digest(fingerprint, str(file.stat().st_mtime_ns), str(available()))
    return ""


def skipped(taken: Sequence[Taken]) -> tuple[Skipped, ...]:
    """The files, and the rows of others, that did not go in, in order."""
    return tuple(
        each for one in taken for each in ((Skipped(one.file, one.reason),) if one.state == "skipped" else one.left_out)
    )
