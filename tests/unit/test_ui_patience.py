"""A reader of a silent source is not held, and its leaving closes the source."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import closing

import pytest

from mundap.ui.patience import with_pauses


def test_silence_gives_empty_pieces_and_the_end_is_the_end() -> None:
    async def source() -> AsyncGenerator[str]:
        yield "가"
        await asyncio.sleep(0.1)
        yield "나"

    pieces = list(with_pauses(source(), 0.02))
    assert [piece for piece in pieces if piece] == ["가", "나"]
    assert pieces[:2] == ["가", ""]


def test_leaving_closes_a_source_that_waits() -> None:
    closed = []

    async def source() -> AsyncGenerator[str]:
        try:
            await asyncio.sleep(60)
            yield "가"
        finally:
            closed.append(True)

    with closing(with_pauses(source(), 0.01)) as pieces:
        assert next(pieces) == ""
    assert closed


def test_what_the_source_raises_is_raised() -> None:
    async def source() -> AsyncGenerator[str]:
        yield "가"
        raise ValueError("끊김")

    pieces = with_pauses(source(), 1)
    assert next(pieces) == "가"
    with pytest.raises(ValueError, match="끊김"):
        next(pieces)


def test_an_iterator_that_is_left_is_closed_where_another_loop_runs() -> None:
    closed = []

    async def source() -> AsyncGenerator[str]:
        try:
            yield "하나"
            await asyncio.sleep(60)
        finally:
            closed.append(True)

    async def leave() -> None:
        pieces = with_pauses(source(), 0.01)
        assert next(pieces) == "하나"
        pieces.close()

    asyncio.run(leave())
    assert closed == [True]
