"""The process that merges small segments while the server answers, so that no question waits for it.

`python -m mundap.serve.merger ROOT PARENT` merges what is to be merged in the workspace at ROOT, and ends with the process
PARENT, which started it. A kill at any moment leaves the index as it was.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Lock

from mundap.errors import MundapError
from mundap.jobs.worker import die_with_parent
from mundap.workspace import Mundap

log = logging.getLogger(__name__)

_POLITENESS = 10  # of `nice`: questions come first


class Merger:
    """Starts that process for the workspace at `root`, one at a time."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()

    def start(self) -> None:
        """Merge aside what is to be merged, unless that is being done."""
        with self._lock:
            if not self.busy:
                command = [sys.executable, "-m", "mundap.serve.merger", str(self._root), str(os.getpid())]
                try:
                    self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
                except OSError as error:  # no process to be had now: small segments are searched as well
                    log.warning("작은 세그먼트를 합칠 프로세스를 만들지 못했습니다: %s", error)

    @property
    def busy(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def close(self) -> None:
        """End it: what it has not put in place is done again another time."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                self._process.kill()
                self._process.wait()


def main() -> None:
    """Merge, and say only what failed."""
    die_with_parent(int(sys.argv[2]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's
    os.nice(_POLITENESS)
    try:
        Mundap.open(Path(sys.argv[1])).merge()
    except MundapError as error:
        log.warning("작은 세그먼트를 합치지 못했습니다: %s", error)


if __name__ == "__main__":
    main()
