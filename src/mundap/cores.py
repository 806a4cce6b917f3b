"""How many cores of the processor are this process's own."""

from __future__ import annotations

import os


def cores() -> int:
    """Those that it may run on, where the system tells; else all that the machine has."""
    if hasattr(os, "sched_getaffinity"):  # on Linux alone
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
