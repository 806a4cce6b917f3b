"""One process at a time that runs functions for this one, and a new one after each that ended."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Sequence
from threading import Event

from mundap.jobs.processes import end_process, next_message
from mundap.jobs.worker import framed


class Child:
    """Runs mundap's functions, and those of the modules `trusted`, in a process of its own, started when it is needed."""

    def __init__(self, trusted: Sequence[str] = ()) -> None:
        self._command = [sys.executable, "-m", "mundap.jobs.runner", *trusted]
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, function: str, message: bytes, stop: Event) -> bytes | None:
        """The reply, for `executor.answered`; None if the process ended over it, or was ended because of `stop`."""
        if self._process is None:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # so that what a function has started ends with it
                bufsize=0,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            for part in (function.encode(), message):
                rest = memoryview(framed(part))
                while rest:
                    rest = rest[self._process.stdin.write(rest) :]
            reply = next_message(self._process.stdout.fileno(), bytearray(), math.inf, stop)
        except BrokenPipeError:
            reply = b""
        if not reply:
            self.end()
        return reply or None

    def end(self) -> None:
        """End the process."""
        if self._process is not None:
            end_process(self._process)
            self._process = None
