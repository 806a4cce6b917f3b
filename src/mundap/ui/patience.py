"""Waiting for what may be long in coming, without being deaf meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, suppress
from queue import Empty, SimpleQueue
from threading import Thread, current_thread

_CLOSING = 5.0  # seconds that the end of a source may take before its reader goes on


def with_pauses(source: AsyncGenerator[str], seconds: float) -> Generator[str]:
    """What `source` gives, and "" whenever it has given nothing for that time, so that its reader may leave.

    The source is closed with the iterator, also while it waits. It runs in a thread of its own, because an iterator that
    is left may be closed anywhere, even where another event loop runs.
    """
    arrived: SimpleQueue[str | Exception | None] = SimpleQueue()
    loop = asyncio.new_event_loop()
    pumping = loop.create_task(_pump(source, arrived))

    def run() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(pumping)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    thread = Thread(target=run, name="mundap-ui-stream", daemon=True)
    thread.start()
    try:
        while True:
            try:
                came = arrived.get(timeout=seconds)
            except Empty:
                came = ""
            if came is None:
                return
            if isinstance(came, Exception):
                raise came
            yield came
    finally:
        with suppress(RuntimeError):  # it has ended
            loop.call_soon_threadsafe(pumping.cancel)
        if current_thread() is not thread:
            thread.join(_CLOSING)


async def _pump(source: AsyncGenerator[str], arrived: SimpleQueue[str | Exception | None]) -> None:
    try:
        async with aclosing(source):
            async for piece in source:
                arrived.put(piece)
    except Exception as error:
        arrived.put(error)
    else:
        arrived.put(None)
