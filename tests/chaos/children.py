"""Commands in forked processes, which begin at once, and are killed in the middle of what they do."""

from __future__ import annotations

import gc
import os
import pkgutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch
from warnings import catch_warnings, simplefilter

import httpx

import mundap

_LATE = ("mundap.integrations", "mundap.ui", "mundap.mcp", "mundap.training")  # with packages that few commands load
TOUCHING = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate", "sqlite3.connect"}


def preload() -> None:
    """Load what every command needs, here, where no thread may begin: a process that is forked then begins in no time."""
    import kiwipiepy

    from mundap.korean.kiwi import kiwi

    for module in pkgutil.walk_packages(mundap.__path__, "mundap."):
        if not module.name.startswith(_LATE) and not module.name.endswith("_compiled"):
            import_module(module.name)

    class Alone(kiwipiepy.Kiwi):  # type: ignore[misc]
        """Kiwi without threads of its own, whose model is loaded here."""

        def __init__(self, num_workers: int, **options: Any) -> None:
            with catch_warnings():
                simplefilter("ignore", DeprecationWarning)  # 0 meant something else once
                super().__init__(num_workers=0, **options)
            super().tokenize("준비")

    for name in ("analyze", "space", "split_into_sents", "tokenize"):
        setattr(Alone, name, _one_by_one(getattr(kiwipiepy.Kiwi, name)))
    with patch("kiwipiepy.Kiwi", Alone):
        kiwi()
    gc.collect()
    gc.freeze()  # or each process would copy all memory as it looks through it
    assert len([*Path("/proc/self/task").iterdir()]) == 1, "a forked process would lack the threads of this one"


def _one_by_one(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of Kiwi that takes a text or many, which needs no thread for many."""

    def called(self: Any, text: str | Iterable[str], *arguments: Any, **options: Any) -> Any:
        if isinstance(text, str):
            return method(self, text, *arguments, **options)
        return (method(self, one, *arguments, **options) for one in text)

    return called


class Child:
    """A forked process that runs `work` in a process group of its own, with its output in `log`."""

    def __init__(self, work: Callable[[], None], log: Path) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        self.began = time.monotonic()
        self.log = log
        log.touch()
        self.pid = os.fork()
        if not self.pid:
            _be(work, log)
        with suppress(OSError):  # here too: it may be killed before it comes to that
            os.setpgid(self.pid, self.pid)
        self.code: int | None = None

    def running(self) -> bool:
        """Whether it has not ended."""
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is None

    def wait(self, seconds: float) -> bool:
        """Whether it ends within so many seconds."""
        end = time.monotonic() + seconds
        while self.running():
            if time.monotonic() >= end:
                return False
            time.sleep(0.002)
        return True

    def kill(self) -> bool:
        """SIGKILL it and all that it has started; whether it was still running."""
        alive = self.running()
        if alive:
            os.killpg(self.pid, signal.SIGKILL)
            _, status = os.waitpid(self.pid, 0)
            self.code = os.waitstatus_to_exitcode(status)
        return alive


def command(arguments: list[str], log: Path, kill_at: int = 0, below: Path | None = None) -> Child:
    """`mundap` with these arguments; it is killed as it touches a file below `below` for the time `kill_at`."""

    def run() -> None:
        from mundap.cli import main

        if kill_at:
            sys.addaudithook(_Fuse(kill_at, str(below)))
        sys.argv = ["mundap", *arguments]
        main()

    return Child(run, log)


class Served:
    """`mundap serve`, forked, and its address once it listens."""

    def __init__(self, root: Path, log: Path) -> None:
        self.child = command(["serve", "--port", "0", "--workspace", str(root)], log)
        self.address = ""

    def ready(self, seconds: float) -> str:
        """ "" once it says that it is ready, or what it says instead when `seconds` are over."""
        end, said = time.monotonic() + seconds, "no address"
        while time.monotonic() < end:
            if not self.child.running():
                return f"ended with {self.child.code}: {self.child.log.read_text('utf-8', 'replace')[-400:]}"
            self.address = self.address or next(
                (line for line in self.child.log.read_text("utf-8", "replace").splitlines() if line.startswith("http")),
                "",
            )
            if self.address:
                try:
                    got = httpx.get(f"{self.address}/readyz", timeout=seconds, verify=False)
                except httpx.HTTPError as error:
                    said = repr(error)
                else:
                    if got.status_code == 200:
                        return ""
                    said = got.text
            time.sleep(0.01)
        return said


class _Fuse:
    """Counts the touches of files below a folder, and kills the process group at one of them."""

    def __init__(self, kill_at: int, below: str) -> None:
        self._left = kill_at
        self._below = below

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in TOUCHING and arguments and self._below in str(arguments[0]):
            self._left -= 1
            if self._left == 0:
                os.killpg(0, signal.SIGKILL)


def _be(work: Callable[[], None], log: Path) -> None:
    """What the forked process is from here on."""
    code = 1
    try:
        os.setpgid(0, 0)
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        work()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)
