"""Talking to a process that works for this one, and ending it."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from threading import Event

_PIECE = 1 << 20


def next_message(handle: int, held: bytearray, deadline: float, stop: Event) -> bytes:
    """The next message, b"" if it never will be there. `held` is what was received of it, and then of the one after it.

    Raises TimeoutError if it is not there by the deadline.
    """
    with selectors.DefaultSelector() as ready:  # select() itself knows no more than 1,024 open files
        ready.register(handle, selectors.EVENT_READ)
        while len(held) < 8 or len(held) < 8 + int.from_bytes(held[:8], "little"):
            if stop.is_set():
                return b""
            if time.monotonic() > deadline:
                raise TimeoutError
            if ready.select(0.1):
                piece = os.read(handle, _PIECE)
                if not piece:
                    return b""
                held += piece
    size = 8 + int.from_bytes(held[:8], "little")
    message = bytes(memoryview(held)[8:size])
    del held[:size]
    return message


def end_process(worker: subprocess.Popen[bytes]) -> None:
    """End a process that was started in a session of its own, with all that it has started, and close its pipes."""
    with suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(worker.pid, signal.SIGKILL)
        else:  # Windows has no groups of processes
            worker.kill()
    worker.wait()
    for stream in (worker.stdin, worker.stdout):
        if stream is not None:
            stream.close()
