"""Work that waits for a thread, where the system gives none."""

from __future__ import annotations

import asyncio
from threading import Thread
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")

from mundap.errors import MundapError
from mundap.jobs import batch
from mundap.serve.error_responses import Refused
from mundap.serve.work import Desk


def no_thread(*_: Any) -> None:
    raise RuntimeError("can't start new thread")


def test_what_got_no_thread_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> int:
        desk = Desk("answer", 1, 1)
        with monkeypatch.context() as without:
            without.setattr(Thread, "start", no_thread)
            for _ in range(5):
                with pytest.raises(Refused) as refused:
                    desk.flow(lambda: iter([1]))
                assert refused.value.status == 503
                with pytest.raises(Refused):
                    desk.own(lambda: 1)
        assert desk.load == (0, 0)
        found = await desk.flow(lambda: iter([2])).next()
        desk.close()
        return found

    assert asyncio.run(asyncio.wait_for(work(), 30)) == 2


def test_files_are_read_by_as_many_threads_as_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Thread] = []
    true = Thread.start

    def start(thread: Thread) -> None:
        if len(started) == 2:
            no_thread()
        started.append(thread)
        true(thread)

    monkeypatch.setattr(Thread, "start", start)
    assert len(batch._threads(8, lambda: None)) == 2
    with pytest.raises(MundapError, match="ulimit -u"):
        batch._threads(8, lambda: None)
