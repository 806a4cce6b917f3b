"""Waiting for what may be long in coming, without being deaf meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator


def with_pauses(source: AsyncGenerator[str], seconds: float) -> Iterator[str]:
    """What `source` gives, and "" whenever it has given nothing for that time, so that its reader may leave.

    The source is closed with the iterator, also while it waits.
    """
    with asyncio.Runner() as runner:
        waiting: asyncio.Task[str | None] | None = None

        async def step() -> bool:
            """Whether something came, or the end."""
            nonlocal waiting
            waiting = waiting or asyncio.create_task(_next(source))
            done, _ = await asyncio.wait({waiting}, timeout=seconds)
            return bool(done)

        async def close() -> None:
            if waiting:
                waiting.cancel()
                await asyncio.wait({waiting})
            await source.aclose()

        try:
            while True:
                if not runner.run(step()):
                    yield ""
                    continue
                assert waiting is not None
                came, waiting = waiting.result(), None
                if came is None:
                    return
                yield came
        finally:
            runner.run(close())


async def _next(source: AsyncGenerator[str]) -> str | None:
    return await anext(source, None)
