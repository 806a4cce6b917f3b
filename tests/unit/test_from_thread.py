"""What a model writes in a thread of its own: it comes as it is written, ends when nobody listens, and its failures are told."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from mundap.errors import GeneratorError
from mundap.generate.compose import CUT
from mundap.generate.language_model import from_thread

Put = Callable[[str], None]
Left = Callable[[], bool]


def test_pieces_come_in_their_order_and_from_another_thread() -> None:
    threads = []

    def write(put: Put, left: Left) -> None:
        threads.append(threading.current_thread().name)
        for piece in ("연차는 ", "15일", "입니다."):
            put(piece)

    assert [*from_thread(write, "model")] == ["연차는 ", "15일", "입니다."]
    assert threads == ["model"]


def test_a_piece_is_given_before_the_next_is_written() -> None:
    more = threading.Event()

    def write(put: Put, left: Left) -> None:
        put("첫째")
        assert more.wait(30)
        put("둘째")

    pieces = from_thread(write, "model")
    assert next(pieces) == "첫째"
    more.set()
    assert [*pieces] == ["둘째"]


@pytest.mark.parametrize("error", [MemoryError("부족"), GeneratorError("가득"), ValueError("부족")])
def test_a_failure_is_raised_where_it_is_read_and_after_what_was_written(error: Exception) -> None:
    def write(put: Put, left: Left) -> None:
        put("반")
        raise error

    pieces = from_thread(write, "model")
    assert next(pieces) == "반"
    with pytest.raises(GeneratorError, match=f"context_tokens.*{error}"):
        next(pieces)


def test_who_leaves_ends_the_writing() -> None:
    ended = threading.Event()

    def write(put: Put, left: Left) -> None:
        while not left():
            put("말")
            ended.wait(0.001)
        ended.set()

    pieces = from_thread(write, "model")
    assert next(pieces) == "말"
    pieces.close()
    assert ended.wait(30)


def test_who_writes_too_long_is_cut_and_ended() -> None:
    ended = threading.Event()

    def write(put: Put, left: Left) -> None:
        put("말")
        while not left():
            ended.wait(0.001)
        ended.set()

    assert [*from_thread(write, "model", seconds=0.2)][-1] == CUT
    assert ended.wait(30)
