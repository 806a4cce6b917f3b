"""Waiting for what comes about behind an answer."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(true: Callable[[], object], seconds: float = 120, pause: float = 0.1) -> None:
    """Ask every `pause` seconds until it is so. Raises AssertionError if it is not in time."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds:g} s"
        time.sleep(pause)
