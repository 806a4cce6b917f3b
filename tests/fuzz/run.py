"""Broken files through `read_all`, and what came of each."""

from __future__ import annotations

import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.fuzz.mutate import mutated
from tests.fuzz.seeds import seeds

from mundap.jobs.batch import Limits, read_all
from mundap.jobs.task import Job, Read, Unread

LIMITS = Limits(workers=2, seconds=20, megabytes=1024)
KEPT = Path(__file__).parent / "kept"  # files that a reader failed on; not in the repository
BATCH = 1000
OUTCOMES = ("read", "reported", "time", "memory", "died", "unexpected", "unclear", "wrong", "lost")
GOOD = ("read", "reported")
_REMEDY = re.compile(r"(?:하|보|주|드|으)세요\.|읽는 형식: |pip install|\d행: ")


@dataclass
class Tally:
    """Counts of a family, with the index and the reason of each file that went neither in nor out as it should."""

    family: str
    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[int, str, str]] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    held: list[tuple[int, int]] = field(default_factory=list)  # megabytes and open files, after each batch of requests
    seconds: float = 0.0


def files(family: str, seed: int, numbers: range) -> Iterator[tuple[int, str, bytes]]:
    """(index, suffix, content) of broken files; each depends on `seed` and its own index alone."""
    whole = seeds(family)
    for n in numbers:
        yield n, *mutated(Random(f"{family} {seed} {n}"), whole)


def fuzz(family: str, numbers: range, seed: int = 0, limits: Limits = LIMITS, keep: Path | None = KEPT) -> Tally:
    """Read the files `numbers` of a family. Those that failed are kept in the folder `keep`."""
    tally = Tally(family, seed)
    began = time.monotonic()
    for start in range(numbers.start, numbers.stop, BATCH):
        with tempfile.TemporaryDirectory() as folder:
            _batch(tally, Path(folder), range(start, min(start + BATCH, numbers.stop)), limits, keep)
    tally.seconds = time.monotonic() - began
    return tally


def _batch(tally: Tally, folder: Path, numbers: range, limits: Limits, keep: Path | None) -> None:
    jobs = []
    for n, suffix, content in files(tally.family, tally.seed, numbers):
        path = folder / f"{tally.family}-{tally.seed}-{n}{suffix}"
        path.write_bytes(content)
        jobs.append(Job(path, path.name))
    left = {job.source: job for job in jobs}
    for job, outcome in read_all(jobs, limits):
        left.pop(job.source)
        _count(tally, job, *told(job, outcome), keep)
    for job in left.values():
        _count(tally, job, "lost", "", keep)


def _count(tally: Tally, job: Job, kind: str, reason: str, keep: Path | None) -> None:
    tally.counts[kind] += 1
    if kind == "reported":
        tally.reasons[re.sub(r"[\d,]+", "0", reason.removeprefix(job.source))[:60]] += 1
    if kind not in GOOD:
        tally.failures.append((int(job.path.stem.rpartition("-")[2]), kind, reason))
        if keep is not None:
            keep.mkdir(exist_ok=True)
            (keep / job.path.name).write_bytes(job.path.read_bytes())


def told(job: Job, outcome: Read | Unread) -> tuple[str, str]:
    """The outcome as one of OUTCOMES, and the reason."""
    if isinstance(outcome, Read):
        fault = _fault(outcome)
        return ("wrong", fault) if fault else ("read", "")
    reason = outcome.reason
    for said, kind in (
        ("초 동안 더 읽지 못해 중단했습니다", "time"),
        ("넘게 써서 멈췄습니다", "memory"),
        ("읽던 프로그램이 멈췄습니다", "died"),
        ("읽다가 오류가 났습니다", "unexpected"),
    ):
        if said in reason:
            return kind, reason
    clear = reason.startswith(job.path.name) and _REMEDY.search(reason) and reason.isprintable() and len(reason) < 700
    return ("reported" if clear else "unclear"), reason


def _fault(outcome: Read) -> str:
    """What is wrong with a document that was read; "" for nothing."""
    document = outcome.reading.document
    if re.search("[\0\ud800-\udfff]", document.text + document.title):
        return "letters that no text has"
    if not outcome.chunks:
        return "no passage"
    for passage in (*outcome.parents, *outcome.chunks):
        if document.text[passage.start : passage.end] != passage.text or not passage.text.strip():
            return f"passage {passage.start} is no slice"
        passage.heading.encode()
        passage.source.encode()
    return ""
