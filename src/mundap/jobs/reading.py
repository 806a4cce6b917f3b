"""Files read by whoever works for an executor: their bytes go out, so that no folder has to be shared, and passages come back."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mundap.asides import Aside, sweep
from mundap.errors import BadFile
from mundap.ingest.sheets.sheet import Options
from mundap.jobs.batch import Limits, Watch, quick, read_all, unwatched
from mundap.jobs.executor import Executor, Failed
from mundap.jobs.task import Cut, Job, Read, Unread
from mundap.korean.normalize import name_of

_LARGEST = 32 << 20  # bytes of a file that travels
_ASIDE = "mundap-file-"


@dataclass(frozen=True)
class File:
    """A Job, and the Limits of it, with the bytes of the file in place of its path."""

    name: str
    content: bytes
    source: str
    cut: Cut
    options: Options
    seconds: float
    megabytes: int


@dataclass(frozen=True)
class TooLong:
    """In place of what was read, where that is so long that it would lie on the disk."""


def read_file(file: File) -> Read | Unread | TooLong:
    """Read the file, as `read_all` does. Raises BadFile for a name that is none in a folder: it says where this is written."""
    if file.name in ("", ".", "..") or not {"/", "\\", "\0"}.isdisjoint(file.name):
        raise BadFile(f"{name_of(file.name)!r:.80}: 파일 이름이 아닙니다.")
    place = Path(tempfile.gettempdir())
    sweep(place, _ASIDE)
    with Aside(place, _ASIDE) as aside:
        (aside.folder / "file").mkdir()  # apart from what is not the file's
        path = aside.folder / "file" / file.name
        path.write_bytes(file.content)
        job = Job(path, file.source, file.cut, options=file.options)
        [(_, outcome)] = read_all([job], Limits(1, file.seconds, file.megabytes))
        return TooLong() if isinstance(outcome, Read) and outcome.spooled else outcome


def read_by(
    executor: Executor, jobs: Sequence[Job], limits: Limits = Limits(), watch: Watch = unwatched
) -> Iterator[tuple[Job, Read | Unread]]:
    """As `read_all`, by whoever works for `executor`; very large and very long files, and a few small ones, are read here.

    Workers read with the packages that they have. Raises as the executor does.
    """
    if executor.here or quick(jobs):
        yield from read_all(jobs, limits, watch)
        return
    by_source = {job.source: job for job in jobs}
    here: list[Job] = []

    def files() -> Iterator[File]:
        for job in jobs:
            try:
                if job.path.stat().st_size <= _LARGEST:
                    content = job.path.read_bytes()
                    about = (job.source, job.cut, job.options, limits.seconds, limits.megabytes)
                    yield File(job.path.name, content, *about)
                    continue
            except OSError:  # which is told of where it is read
                pass
            here.append(job)

    for outcome in executor.map(read_file, files(), lambda file: file.source):
        job = by_source[outcome.key]
        if isinstance(outcome, Failed):
            yield job, Unread(f"{name_of(job.path.name)}: {outcome.reason}")
        elif isinstance(outcome.value, TooLong):
            here.append(job)
        else:
            yield job, outcome.value
    yield from read_all(here, limits, watch)
