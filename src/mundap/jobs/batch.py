"""Many files read at once by worker processes, each file within a limit of time and of memory."""

from __future__ import annotations

import pickle
import queue
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread

from mundap.asides import Aside, sweep
from mundap.cores import cores
from mundap.errors import MundapError
from mundap.ingest.sniff import plain
from mundap.jobs.processes import end_process, next_message
from mundap.jobs.task import Job, Read, Unread, mistaken, work
from mundap.jobs.worker import framed
from mundap.korean.normalize import name_of

Watch = Callable[[Job, float], None]
Done = queue.Queue[tuple[Job, Read | Unread | float]]

_SMALL = 1 << 20  # bytes of plain files under which starting a process takes longer than reading them here
_SHARE = 1 << 18  # bytes of files that keep one worker busy for longer than another takes to start
_MAIL = ".eml"
_ASIDE = "mundap-read-"


@dataclass(frozen=True)
class Limits:
    """`workers` is how many there are at the most, 0 for one for each processor; `seconds` are those in which the reading
    of a file must come further, `megabytes` for each file."""

    workers: int = 0
    seconds: float = 600.0
    megabytes: int = 2048


def unwatched(job: Job, share: float) -> None:
    """For those who do not watch."""


def read_all(
    jobs: Sequence[Job], limits: Limits = Limits(), watch: Watch = unwatched
) -> Iterator[tuple[Job, Read | Unread]]:
    """Each job with what came of it, in the order in which they are done. `watch` is told the share of a large file that
    is done, in [0, 1].

    A few small plain files are read here; all others by worker processes, which are gone when this ends or is closed.
    """
    if quick(jobs):
        for job in jobs:
            began = time.monotonic()
            yield job, replace(work(job), seconds=time.monotonic() - began)
        return
    most = limits.workers or cores()
    yield from _spread(jobs, min(most, len(jobs), 1 + _size(jobs) // _SHARE), limits, watch)


def quick(jobs: Sequence[Job]) -> bool:
    """Whether these are read sooner than a process starts: a few small plain files."""
    return _size(jobs) <= _SMALL and all(plain(job.path) for job in jobs)


def _size(jobs: Sequence[Job]) -> int:
    return sum(job.path.stat().st_size for job in jobs if job.path.exists())


def _spread(jobs: Sequence[Job], count: int, limits: Limits, watch: Watch) -> Iterator[tuple[Job, Read | Unread]]:
    waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)
    done: Done = queue.Queue(2 * count)  # documents that nobody has taken yet
    stop = Event()
    place = Path(tempfile.gettempdir())
    sweep(place, _ASIDE)
    with Aside(place, _ASIDE) as aside:  # for what a killed worker leaves
        about = (waiting, done, stop, limits, str(aside.folder))
        threads = _threads(count, lambda: _serve(*about))
        try:
            left = len(jobs)
            while left:
                job, outcome = done.get()
                if isinstance(outcome, float):
                    watch(job, outcome)
                else:
                    left -= 1
                    yield job, outcome
        finally:
            stop.set()
            while any(thread.is_alive() for thread in threads):
                with suppress(queue.Empty):
                    done.get(timeout=0.02)


def _threads(count: int, work: Callable[[], None]) -> list[Thread]:
    """`count` threads at work, or as many as the system gives. Raises MundapError for none."""
    threads: list[Thread] = []
    for _ in range(count):
        thread = Thread(target=work, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            if not threads:
                raise MundapError(
                    f"작업할 스레드를 만들 수 없습니다({error}). 프로세스 수 제한(ulimit -u)을 확인하세요."
                ) from error
            break
        threads.append(thread)
    return threads


def _serve(waiting: queue.SimpleQueue[Job], done: Done, stop: Event, limits: Limits, folder: str) -> None:
    """One worker at a time, and a new one after each that had to be ended, until no job is left.

    A mail that ended its worker is read once more without what is attached to it.
    """
    held: list[subprocess.Popen[bytes]] = []
    try:
        while not stop.is_set():
            try:
                job = waiting.get_nowait()
            except queue.Empty:
                return
            began = time.monotonic()
            outcome = _answered(held, job, stop, limits, folder, done)
            ended = isinstance(outcome, Unread) and not outcome.lasting and not stop.is_set()
            if ended and job.path.suffix.lower() == _MAIL:
                alone = _answered(held, replace(job, alone=True), stop, limits, folder, done)
                outcome = alone if isinstance(alone, Read) else outcome
            done.put((job, replace(outcome, seconds=time.monotonic() - began)))
    finally:
        for worker in held:
            end_process(worker)


def _answered(
    held: list[subprocess.Popen[bytes]], job: Job, stop: Event, limits: Limits, folder: str, done: Done
) -> Read | Unread:
    """What comes of a job, from the worker that is `held`, or else a new one; one that is spent is held no longer."""
    try:
        if not held:
            held.append(_started(limits.megabytes, folder))
        outcome = _asked(held[0], job, limits.seconds, stop, done) or _ended(held[0], job, limits)
    except TimeoutError:
        end_process(held[0])
        outcome = _late(job, limits)
    except Exception as error:  # no process to be had, or an answer that cannot be opened: no file is lost
        outcome = mistaken(job, error)
        for worker in held:
            end_process(worker)
    held[:] = [worker for worker in held if worker.returncode is None]
    return outcome


def _started(megabytes: int, folder: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "mundap.jobs.worker", str(megabytes), folder]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # so that what a reader has started ends with it
        bufsize=0,
    )


def _asked(worker: subprocess.Popen[bytes], job: Job, seconds: float, stop: Event, done: Done) -> Read | Unread | None:
    """The worker's answer, after the shares of its work that it says are done; None if it never will be there. Ends a
    worker that is spent. Raises TimeoutError where neither an answer nor a larger share comes within `seconds`."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    try:
        worker.stdin.write(framed(pickle.dumps(job)))
    except BrokenPipeError:
        return None
    held = bytearray()
    farthest, deadline = 0.0, time.monotonic() + seconds
    while message := next_message(worker.stdout.fileno(), held, deadline, stop):
        answer: Read | Unread | float
        answer, spent = pickle.loads(message)
        if isinstance(answer, float):
            if answer > farthest:
                farthest, deadline = answer, time.monotonic() + seconds
            done.put((job, answer))
            continue
        if isinstance(answer, Read):
            for one in answer.spooled:
                one.taken()
        if spent:
            end_process(worker)
        return answer
    return None


def _late(job: Job, limits: Limits) -> Unread:
    """Why a worker was ended that came no further."""
    return Unread(
        f"{name_of(job.path.name)}: {limits.seconds:g}초 동안 더 읽지 못해 중단했습니다. 파일을 나누거나 mundap.toml의"
        " ingest.file_seconds를 늘리세요."
    )


def _ended(worker: subprocess.Popen[bytes], job: Job, limits: Limits) -> Unread:
    """End a worker that will not answer, and say why it does not."""
    end_process(worker)
    return Unread(
        f"{name_of(job.path.name)}: 읽는 중에 프로세스가 종료되었습니다(파일 손상 또는 메모리 {limits.megabytes}MB 초과). 원래"
        " 프로그램에서 다시 저장해 보세요."
    )
