"""Stopping work in one thread from another, even while it waits for the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Event, Lock


class Stopped(Exception):
    """Nobody waits for this work any more. Only what made it a task of its own sees this."""


class Stop:
    """The wish that a piece of work ends; made by whom it is done for, heard by what waits within it."""

    def __init__(self) -> None:
        self._event = Event()
        self._lock = Lock()
        self._calls: list[Callable[[], None]] = []

    def set(self) -> None:
        """Have the work end. What it does while it waits is cut off; otherwise it ends at its next piece."""
        with self._lock:
            self._event.set()
            calls = list(self._calls)
        for call in calls:
            call()

    def is_set(self) -> bool:
        """Whether the work is to end."""
        return self._event.is_set()

    @contextmanager
    def heard(self) -> Iterator[None]:
        """What runs inside, in this thread, is the work."""
        token = _CURRENT.set(self)
        try:
            yield
        finally:
            _CURRENT.reset(token)

    @contextmanager
    def _calling(self, call: Callable[[], None]) -> Iterator[None]:
        with self._lock:
            self._calls.append(call)
        if self.is_set():
            call()
        try:
            yield
        finally:
            with self._lock:
                self._calls.remove(call)

    def _wait(self, seconds: float) -> None:
        if self._event.wait(seconds):
            raise Stopped


_NEVER = Stop()
_CURRENT: ContextVar[Stop] = ContextVar("stop", default=_NEVER)


@contextmanager
def on_stop(call: Callable[[], None]) -> Iterator[None]:
    """Inside, `call` is called from another thread when the work is to end; perhaps twice, and at once if it already is."""
    with _CURRENT.get()._calling(call):
        yield


def stopping() -> bool:
    """Whether the work that this thread does is to end."""
    return _CURRENT.get().is_set()


def pause(seconds: float) -> None:
    """Sleep. Raises Stopped as soon as the work is to end."""
    _CURRENT.get()._wait(seconds)
