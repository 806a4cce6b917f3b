"""How far the reading of a file has come, for whoever waits for a very large one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Share = Callable[[float], None]
_watching: ContextVar[Share | None] = ContextVar("watching", default=None)


@contextmanager
def watched(tell: Share) -> Iterator[None]:
    """Have `tell` called with the share of the work that is done, in [0, 1], now and then while this lasts."""
    token = _watching.set(tell)
    try:
        yield
    finally:
        _watching.reset(token)


def report(share: float) -> None:
    """Say that this share of the work is done, if anybody watches."""
    tell = _watching.get()
    if tell is not None:
        tell(min(max(share, 0.0), 1.0))
