"""The executor whose workers are `mundap worker` processes on any machines, over a queue in PostgreSQL."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from typing import TypeVar

from mundap.errors import ExecutorError, MundapError
from mundap.files import digest
from mundap.jobs.executor import Done, Failed, answered, lost, name_of_function, this_version
from mundap.jobs.message import packed
from mundap.jobs.queue import PATIENCE, Asked, Queue
from mundap.redact import one_line
from mundap.stopping import pause

T = TypeVar("T")
R = TypeVar("R")
_AHEAD = 512  # jobs in the queue for one who asks
_AHEAD_BYTES = 64 << 20
_FIRST, _LONGEST = 0.02, 0.5  # seconds between two looks at the queue
_LOOKED = 5.0  # seconds after which it is seen to that all jobs are there, and workers, too
_SAID = 60.0  # seconds between two remarks that there are none
_NOBODY = 900.0  # seconds without any, after which nobody is waited for any more


def _to_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class PostgresExecutor:
    """Puts batches into the queue at `url` and takes out what workers of the same `version` made of them.

    `trusted` are modules besides mundap's own whose functions and values travel; `tell` is told when there is nobody to do
    the work, and after a quarter of an hour without anybody it is given up. A server is asked when there is work; raises as Queue does.
    """

    name = "postgres"
    here = False

    def __init__(
        self,
        url: str,
        *,
        trusted: Collection[str] = (),
        version: str = "",
        patience: float = PATIENCE,
        tell: Callable[[str], None] = _to_stderr,
    ) -> None:
        self._url = url
        self._trusted = tuple(trusted)
        self._version = version or this_version()
        self._patience = patience
        self._tell = tell
        self._quiet_until = 0.0
        self._alone_since = math.inf
        Queue(url, self._version)  # what is wrong with the URL is said now

    def map(
        self, function: Callable[[T], R], batches: Iterable[T], key: Callable[[T], str]
    ) -> Iterator[Done[R] | Failed]:
        """See Executor. At most 512 batches, or 64 MB of them, are in the queue at once."""
        name = name_of_function(function)
        queue = Queue(self._url, self._version, self._patience)
        queue.make()
        queue.tidy()
        asked: dict[bytes, Asked] = {}
        try:
            jobs = self._jobs(name, batches, key)
            size, wait, looked = 0, _FIRST, time.monotonic()
            while True:
                fresh: list[Asked] = []
                while len(asked) < _AHEAD and (size < _AHEAD_BYTES or not asked) and (job := next(jobs, None)):
                    asked[job.id] = job
                    size += len(job.message)
                    fresh.append(job)
                queue.add(fresh)
                if not asked:
                    return
                came = queue.ended(asked)
                for id, reply in came:
                    job = asked.pop(id)
                    size -= len(job.message)
                    yield answered(job.key, reply, self._trusted) if reply is not None else lost(job.key)
                if came:
                    queue.forget([id for id, _ in came])  # only now: whoever asked has it
                    wait, looked = _FIRST, time.monotonic()
                    continue
                if time.monotonic() - looked >= _LOOKED:
                    looked = time.monotonic()
                    self._look(queue, asked)
                pause(wait)
                wait = min(1.5 * wait, _LONGEST)
        finally:
            with suppress(MundapError):
                queue.withdraw(asked)
            queue.close()

    def _jobs(self, function: str, batches: Iterable[T], key: Callable[[T], str]) -> Iterator[Asked]:
        known: set[str] = set()
        for batch in batches:
            if (named := key(batch)) not in known:
                known.add(named)
                message = packed(batch)
                id = bytes.fromhex(digest(self._version, function, named, message, size=16))
                yield Asked(id, function, one_line(named, 200), message)

    def _look(self, queue: Queue, asked: dict[bytes, Asked]) -> None:
        """Nothing came for a while: put in anew what another who asked for the same took out, and say it if nobody works."""
        queue.tidy()
        there = queue.there(asked)
        queue.add([job for id, job in asked.items() if id not in there])
        workers, now = queue.workers(), time.monotonic()
        self._alone_since = math.inf if self._version in workers else min(self._alone_since, now)
        if now - self._alone_since > _NOBODY:
            raise ExecutorError(
                f"{_NOBODY / 60:g}분 동안 작업을 맡을 worker가 없었습니다({queue.address}). worker를 실행한 뒤 다시 실행하세요:"
                f" mundap worker (버전 {self._version})"
            )
        if self._version in workers or now < self._quiet_until:
            return
        self._quiet_until = now + _SAID
        if workers:
            others = ", ".join(f"{version} {count}개" for version, count in sorted(workers.items()))
            self._tell(
                f"작업을 맡을 worker가 없습니다: 연결된 worker의 mundap 버전({others})이 이 버전({self._version})과 다릅니다."
                " 같은 버전을 설치하고 worker를 다시 실행하세요."
            )
        else:
            self._tell(
                f"작업을 맡을 worker를 기다립니다({queue.address}). 다른 터미널이나 서버에서 실행하세요: mundap worker"
            )
