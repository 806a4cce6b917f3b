"""A worker on a queue: takes jobs, has them done by processes of its own, and stores what came of each."""

from __future__ import annotations

import math
import os
import random
import secrets
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Lock, Thread

from mundap.errors import MundapError
from mundap.jobs.child import Child
from mundap.jobs.executor import Failed, answered, refusal, this_version
from mundap.jobs.queue import Claimed, Queue
from mundap.stopping import Stop, Stopped

LEASE = 60.0  # seconds
_FIRST, _LONGEST = 0.02, 1.0  # seconds between two looks at an empty queue
_LARGEST = 512 << 20  # bytes of a reply; a field holds a gigabyte
_ENDING = 1.5  # seconds in which everything is to be given back


def _to_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@dataclass
class Counted:
    """What a worker has done."""

    done: int = 0
    failed: int = 0
    lost: int = 0


class QueueWorker:
    """Works on the queue at `url`, on `processes` jobs at once, until it is told to stop.

    A job is its own for `lease` seconds, renewed all the time: when it is killed, others have it after that. It runs mundap's
    functions and those of the modules `trusted`. Raises as Queue does, where the queue cannot be reached at first; later it
    waits for as long as that takes.
    """

    def __init__(
        self,
        url: str,
        *,
        processes: int = 1,
        lease: float = LEASE,
        trusted: Sequence[str] = (),
        version: str = "",
        tell: Callable[[str], None] = _to_stderr,
    ) -> None:
        self._url = url
        self._processes = processes
        self._lease = lease
        self._trusted = tuple(trusted)
        self._version = version or this_version()
        self._tell = tell
        self._held: dict[bytes, Claimed] = {}
        self._lock = Lock()
        self._stop = Event()
        self._waiting = Stop()  # for a server that is away
        self._error: Exception | None = None
        self.name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self.counted = Counted()
        queue = self._queue()
        self.address = queue.address
        queue.make()
        self._warn_of_versions(queue)
        queue.close()

    def stop(self) -> None:
        """Have `run` end: jobs go back to the queue, as if nobody had had them."""
        self._stop.set()
        self._waiting.set()

    def run(self) -> Counted:
        """Work until `stop`; what was done. Raises what nobody can go on with."""
        targets = (self._beat, *[self._work] * self._processes)
        threads = [Thread(target=self._guarded, args=(target,), daemon=True) for target in targets]
        for thread in threads:
            thread.start()
        try:
            while not self._stop.wait(1.0):
                pass
        finally:
            self.stop()
            until = time.monotonic() + _ENDING
            for thread in threads:
                thread.join(max(until - time.monotonic(), 0))
        if self._error is not None:
            raise self._error
        return self.counted

    def _guarded(self, target: Callable[[], None]) -> None:
        try:
            with self._waiting.heard():
                target()
        except Stopped:
            pass
        except Exception as error:
            self._error = error
            self.stop()

    def _queue(self) -> Queue:
        return Queue(self._url, self._version, math.inf)

    def _work(self) -> None:
        queue, child, wait = self._queue(), Child(self._trusted), _FIRST
        try:
            while not self._stop.is_set():
                job = queue.claim(self.name, self._lease)
                if job is None:
                    self._stop.wait(wait * random.uniform(0.5, 1))
                    wait = min(2 * wait, _LONGEST)
                    continue
                wait = _FIRST
                with self._lock:
                    self._held[job.id] = job
                try:
                    self._do(queue, child, job)
                finally:
                    with self._lock:
                        del self._held[job.id]
        finally:
            child.end()
            queue.close()

    def _do(self, queue: Queue, child: Child, job: Claimed) -> None:
        reply = child.ask(job.function, job.message, self._stop)
        if reply is not None:
            if len(reply) > _LARGEST:
                reply = refusal(ValueError(f"a reply of {len(reply) >> 20} MB, which is too large to store"))
            if queue.answer(job, self.name, reply):
                outcome = answered(job.key, reply, self._trusted) if reply[:1] == b"f" else None
                with self._lock:
                    self.counted.done += outcome is None
                    self.counted.failed += outcome is not None
                if isinstance(outcome, Failed):
                    self._tell(f"작업 {job.key}: {outcome.reason}")
        elif self._stop.is_set():
            with suppress(MundapError, Stopped):  # its lease will do it
                queue.give_back(job, self.name)
        else:
            given_up = queue.fail(job, self.name)
            with self._lock:
                self.counted.lost += 1
            after = "포기했습니다" if given_up else "다시 시도합니다"
            self._tell(f"작업 {job.key}: 프로세스가 종료되었습니다({job.tries}번째). {after}.")

    def _beat(self) -> None:
        queue = self._queue()
        try:
            while True:
                with self._lock:
                    held = list(self._held)
                with suppress(MundapError, Stopped):
                    queue.renew(self.name, held, self._lease)
                    queue.tidy()
                if self._stop.wait(self._lease / 4):
                    break
            with suppress(MundapError, Stopped):
                queue.leave(self.name)
        finally:
            queue.close()

    def _warn_of_versions(self, queue: Queue) -> None:
        if others := queue.other_versions():
            waiting = ", ".join(f"{version} {count}개" for version, count in sorted(others.items()))
            self._tell(
                f"다른 버전의 mundap이 요청한 작업이 기다리고 있습니다({waiting}). 이 worker({self._version})는 같은 버전의"
                " 작업만 처리합니다."
            )
