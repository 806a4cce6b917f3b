"""The process in which a worker has functions run, so that one that crashes takes only itself along.

`python -m mundap.jobs.runner MODULE…` takes from standard input pairs of messages, a function's name and what it is called
with, and answers each pair with one; see mundap.jobs.worker for how messages travel. It runs mundap's own functions and those
of the modules that are named.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import BinaryIO

from mundap.jobs.executor import perform
from mundap.jobs.worker import die_with_parent, framed, receive


def main() -> None:
    """Serve until standard input ends."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not come between the replies
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the worker says when to end
    die_with_parent(os.getppid())
    with suppress(BrokenPipeError):  # the worker is gone
        _serve(replies)
    os._exit(0)  # with nothing left to say


def _serve(replies: BinaryIO) -> None:
    while (function := receive(sys.stdin.buffer)) is not None and (message := receive(sys.stdin.buffer)) is not None:
        replies.write(framed(perform(function.decode(), message, sys.argv[1:])))
        replies.flush()


if __name__ == "__main__":
    main()
