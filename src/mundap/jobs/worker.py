"""The process that reads files for an ingest, so that a reader that hangs, crashes or eats memory takes nothing along.

`python -m mundap.jobs.worker MEGABYTES` takes pickled Jobs from standard input and answers each on standard output,
both as an 8-byte length and that many bytes. It is started by mundap.jobs.batch alone.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import sys
from pathlib import Path
from typing import BinaryIO

from mundap.jobs.reading import Unread, work

_PR_SET_PDEATHSIG = 1  # Linux


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
    _die_with_parent()
    _limit_memory(int(sys.argv[1]))
    while (message := receive(sys.stdin.buffer)) is not None:
        job = pickle.loads(message)
        try:
            reply = pickle.dumps(work(job))
        except MemoryError:
            reply = pickle.dumps(Unread(out_of_memory(job.path.name, int(sys.argv[1]))))
        except Exception as error:  # a reader's mistake is one file's problem
            reason = (
                f"{job.path.name}: 읽다가 오류가 났습니다({type(error).__name__}: {error}). 파일을 다시 저장해 보세요."
            )
            reply = pickle.dumps(Unread(" ".join(reason.split())))
        replies.write(framed(reply))
        replies.flush()


def out_of_memory(name: str, megabytes: int) -> str:
    """What is said of a file that wanted more memory than it may have."""
    return (
        f"{name}: 읽는 데 메모리를 {megabytes}MB 넘게 써서 멈췄습니다. 파일을 나누거나 mundap.toml의 ingest.file_mb를"
        " 늘려 주세요."
    )


def _die_with_parent() -> None:
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _limit_memory(megabytes: int) -> None:
    """Let this process take `megabytes` more than it has now, where the system is Linux."""
    status = Path("/proc/self/status")
    if not status.exists():
        return
    import resource

    held = next(int(line.split()[1]) << 10 for line in status.read_text().splitlines() if line.startswith("VmData"))
    most = held + (megabytes << 20)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


if __name__ == "__main__":
    main()
