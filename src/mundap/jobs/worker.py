"""The process that reads files for an ingest, so that a reader that hangs, crashes or eats memory takes nothing along.

`python -m mundap.jobs.worker MEGABYTES FOLDER` takes pickled Jobs from standard input and answers each on standard output,
both as an 8-byte length and that many bytes; before the answer may come shares of the work that are done. What is written to the disk goes to FOLDER. It is started by mundap.jobs.batch alone.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

from mundap.ingest.reading_progress import watched
from mundap.jobs.task import Job, Read, Unread, mistaken, work
from mundap.korean.normalize import name_of

_PR_SET_PDEATHSIG = 1  # Linux
_DATA = "VmData"  # what has been asked for, which importing a library of many threads alone doubles
_RESIDENT = "RssAnon"  # what is in use


def receive(stream: BinaryIO) -> bytes | None:
    """The next message, or None at the end of the stream."""
    head = stream.read(8)
    return stream.read(int.from_bytes(head, "little")) if len(head) == 8 else None


def framed(message: bytes) -> bytes:
    """`message` as it travels."""
    return len(message).to_bytes(8, "little") + message


def main() -> None:
    """Serve until standard input ends."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not come between the replies
    die_with_parent(os.getppid())
    megabytes = int(sys.argv[1])
    tempfile.tempdir = sys.argv[2]
    while (message := receive(sys.stdin.buffer)) is not None:
        job: Job = pickle.loads(message)
        _limit_memory(megabytes)
        try:
            with watched(_Told(replies)):
                reply = _reply(work(job, spool=True), _kilobytes(_RESIDENT) > megabytes << 9)
        except MemoryError:
            reply = _reply(Unread(out_of_memory(name_of(job.path.name), megabytes)), True)
        except Exception as error:  # of pickle: what a reader has made cannot travel
            reply = _reply(mistaken(job, error))
        for piece in (len(reply).to_bytes(8, "little"), reply):  # as `framed`, without a copy of a hundred megabytes
            replies.write(piece)
        replies.flush()


class _Told:
    """Sends how far a file has come, once a second at the most."""

    def __init__(self, replies: BinaryIO) -> None:
        self._replies = replies
        self._last = time.monotonic()

    def __call__(self, share: float) -> None:
        if (now := time.monotonic()) - self._last >= 1:
            self._last = now
            self._replies.write(framed(pickle.dumps((share, False))))
            self._replies.flush()


def _reply(outcome: Read | Unread, spent: bool = False) -> bytes:
    """The outcome, and whether this process holds so much memory that the next file needs a fresh one."""
    return pickle.dumps((outcome, spent))


def out_of_memory(name: str, megabytes: int) -> str:
    """What is said of a file that wanted more memory than it may have."""
    return (
        f"{name}: 메모리 한도 {megabytes}MB를 초과해 중단했습니다. 파일을 나누거나 mundap.toml의 ingest.file_mb를"
        " 늘리세요."
    )


def die_with_parent(parent: int) -> None:
    """Be killed when the process `parent` ends, which started this one, where the system is Linux; end now if it has."""
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None).prctl
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit()


def _kilobytes(name: str) -> int:
    """What the system says of this process's memory; 0 where it is not Linux."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)


def _limit_memory(megabytes: int) -> None:
    """Let this process take `megabytes` more than it has now, where the system is Linux."""
    if held := _kilobytes(_DATA) << 10:
        import resource

        most, hard = held + (megabytes << 20), resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (most if hard < 0 else min(most, hard), hard))


if __name__ == "__main__":
    main()
