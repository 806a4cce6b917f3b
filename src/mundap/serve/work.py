"""Work in threads, a bounded number at once, with a bounded number waiting: beyond that a request is refused."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from fastapi import Request

from mundap.serve.error_responses import RETRY_SECONDS, Refused
from mundap.stopping import Stop, Stopped

log = logging.getLogger(__name__)

T = TypeVar("T")


class Gone(Exception):
    """The client has left before it was answered."""


@dataclass(frozen=True)
class _Failed:
    """What was raised instead of a piece."""

    error: BaseException


class Desk:
    """Threads that work, `at_once` of them; at most `waiting` pieces of work may wait for one."""

    def __init__(self, name: str, at_once: int, waiting: int) -> None:
        self._at_once = at_once
        self._waiting = waiting
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix=name)
        self._lock = Lock()
        self._taken = 0
        self._closed = False
        self._flows: WeakSet[Flow[Any]] = WeakSet()

    @property
    def load(self) -> tuple[int, int]:
        """How many are worked on, and how many wait."""
        taken = self._taken
        return min(taken, self._at_once), max(0, taken - self._at_once)

    def close(self) -> None:
        """Take no more work; what was taken is done."""
        self._closed = True
        self._pool.shutdown(wait=False)

    def cut(self, error: Exception) -> None:
        """Have all work end, and its readers hear of `error`."""
        for flow in list(self._flows):
            flow.cut(error)

    def flow(self, make: Callable[[], Iterator[T]]) -> Flow[T]:
        """What the iterator of `make` yields, as it comes; it runs in one thread. Raises Refused if too many wait."""
        with self._lock:
            self._check_open()
            if self._taken >= self._at_once + self._waiting:
                raise Refused(503, "요청이 너무 많습니다. 잠시 후 다시 시도하세요.", RETRY_SECONDS)
            self._taken += 1
        with self._taking():
            flow = Flow(make, self._pool)
        self._flows.add(flow)
        flow.future.add_done_callback(self._give_back)
        return flow

    async def run(self, request: Request, work: Callable[[], T]) -> T:
        """What `work` returns, in a thread. Raises Refused, or Gone when the client leaves; the work is stopped then."""
        flow = self.flow(lambda: iter([work()]))
        try:
            return await unless_gone(request, flow)
        finally:
            flow.close()

    def own(self, work: Callable[[], T]) -> Future[T]:
        """What `work` returns, for the server itself: it waits for its turn as all do, and is never too much. Raises Refused
        if the desk is closed."""
        with self._lock:
            self._check_open()
            self._taken += 1
        with self._taking():
            future = self._pool.submit(work)
        future.add_done_callback(self._give_back)
        return future

    @contextmanager
    def _taking(self) -> Iterator[None]:
        """Raises Refused where the system gives no thread, and counts what was to be done as not taken."""
        try:
            yield
        except RuntimeError as error:
            with self._lock:
                self._taken -= 1
            log.warning("no thread: %s", error)
            raise Refused(503, "요청이 너무 많습니다. 잠시 후 다시 시도하세요.", RETRY_SECONDS) from error

    def _check_open(self) -> None:
        if self._closed:
            raise Refused(503, "서버가 종료되는 중입니다. 잠시 후 다시 시도하세요.", RETRY_SECONDS)

    def _give_back(self, future: Future[Any]) -> None:
        with self._lock:
            self._taken -= 1


class Flow(Generic[T]):
    """Pieces of work that a thread does, read by the event loop in which this is made."""

    def __init__(self, make: Callable[[], Iterator[T]], pool: ThreadPoolExecutor) -> None:
        self._make = make
        self._stop = Stop()
        self._loop = asyncio.get_running_loop()
        self._come: asyncio.Queue[T | _Failed] = asyncio.Queue()
        self._next: asyncio.Task[T | _Failed] | None = None
        self.future = pool.submit(self._work)

    async def next(self, seconds: float | None = None) -> T:
        """The next piece. Raises TimeoutError if none comes within `seconds`, which loses nothing, and
        StopAsyncIteration at the end, or what the work raised."""
        if self._next is None:
            self._next = asyncio.ensure_future(self._come.get())
        done, _ = await asyncio.wait({self._next}, timeout=seconds)
        if not done:
            raise TimeoutError
        come, self._next = self._next.result(), None
        if isinstance(come, _Failed):
            raise come.error
        return come

    def close(self) -> None:
        """Have the work end: nobody reads on. May be called again."""
        if self._next is not None:
            self._next.cancel()
        if not self.future.cancel():
            self._stop.set()

    def cut(self, error: Exception) -> None:
        """Have the work end, and the reader hear of `error` after what has come."""
        self._come.put_nowait(_Failed(error))
        if not self.future.cancel():
            self._stop.set()

    def _work(self) -> None:
        with self._stop.heard():
            try:
                pieces = self._make()
                try:
                    for piece in pieces:
                        if self._stop.is_set():
                            return
                        self._put(piece)
                finally:
                    if isinstance(pieces, Generator):
                        pieces.close()
                self._put(_Failed(StopAsyncIteration()))
            except Stopped:
                pass
            except BaseException as error:  # whatever it is, the reader must hear of it
                self._put(_Failed(error))

    def _put(self, come: T | _Failed) -> None:
        try:
            self._loop.call_soon_threadsafe(self._come.put_nowait, come)
        except RuntimeError:  # the loop is closed: the server has ended
            self._stop.set()


async def unless_gone(request: Request, flow: Flow[T], seconds: float | None = None) -> T:
    """The next piece of `flow`, as its `next` says. Raises Gone when the client leaves first, and what is wrong with a body
    that nobody asked for, such as its size."""
    piece = asyncio.ensure_future(flow.next(seconds))
    gone = asyncio.ensure_future(_gone(request))
    gone.add_done_callback(lambda over: over.cancelled() or over.exception())  # which may be nobody's by then
    try:
        await asyncio.wait({piece, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not piece.done():
            gone.result()
            raise Gone
        return piece.result()
    finally:
        gone.cancel()
        piece.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
