"""Processes that a verb starts, waits for and stops: whichever signal ends it, none of them is left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from mundap.errors import MundapError

_GRACE = 60.0  # seconds from being asked to end until being made to; the API finishes its answers first
_LOOK = 0.2  # seconds between looks at children
_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Died(MundapError):
    """A child ended by itself."""


@dataclass(frozen=True)
class Child:
    """A running process, by the name that people know it by."""

    name: str
    process: subprocess.Popen[str]

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return as soon as `ready()`; Died if the child ends first, or is not ready after that time."""
        end = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > end:
                raise Died(f"{self.name}: {seconds:.0f}초 안에 시작되지 않았습니다. 다시 실행해 보세요.")
            time.sleep(_LOOK)

    def check(self) -> None:
        """Raise Died if it has ended."""
        code = self.process.poll()
        if code is not None:
            raise Died(
                f"{self.name}: 비정상 종료되었습니다(종료 코드 {code}). 위의 오류 메시지를 확인하고 다시 실행하세요."
            )


@contextmanager
def children() -> Iterator[Callable[..., Child]]:
    """Gives what starts a child; all are stopped at the end of the block.

    SIGTERM and a closed terminal end the block as Ctrl+C does, which is its end and no error. Children are in groups of
    their own, so that Ctrl+C reaches this process alone.
    """
    started: list[Child] = []

    def start(name: str, arguments: Sequence[str], variables: Mapping[str, str], told: bool = False) -> Child:
        """A child from a command of Python and its variables; what it prints can be read only if it is `told`."""
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if told else subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONUNBUFFERED": "1", **variables},
            start_new_session=True,
        )
        started.append(Child(name, process))
        return started[-1]

    former = {number: signal.signal(number, _interrupt) for number in _ENDING}
    try:
        yield start
    except KeyboardInterrupt:
        print("mundap: 종료합니다.", file=sys.stderr, flush=True)
    finally:
        for number in _ENDING:  # a second Ctrl+C must not leave a child behind
            signal.signal(number, signal.SIG_IGN)
        for child in started:
            child.process.terminate()
        for child in started:
            _end(child.process)
        for number, handler in former.items():
            signal.signal(number, handler)


def free_port(host: str, port: int) -> int:
    """The port, or for 0 one that nobody listens on now. Raises MundapError if it is taken."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError as error:
            raise MundapError(
                f"{host}:{port}에서 시작할 수 없습니다({error.strerror}). 다른 포트를 지정하세요: --port 0"
            ) from error
        found: int = tried.getsockname()[1]
        return found


def _end(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:  # Windows has no groups of processes
            process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
