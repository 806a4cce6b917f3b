"""The log: one JSON object a line on standard error, with personal numbers masked, and what repeats itself counted."""

from __future__ import annotations

import copy
import json
import logging
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

from mundap.korean.mask import mask
from mundap.redact import hidden
from mundap.types import Json

ACCESS = logging.getLogger("mundap.access")
_WINDOW = 60.0  # seconds in which a line that was written is counted
_MOST = 1000  # different lines that are watched
_REFUSED = (401, 403, 408, 413, 429)  # requests that anybody can send as fast as they like
_ID = re.compile(r"[0-9a-f]{16,}")


class Lines(logging.Formatter):
    """A record as one line; what a request says of itself stands in its `request`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        said: dict[str, Json] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        request = getattr(record, "request", None)
        said |= (
            request if request is not None else {"logger": record.name, "message": hidden(mask(record.getMessage()))}
        )
        if record.exc_info:
            said["traceback"] = hidden(mask(self.formatException(record.exc_info)))
        if repeated := getattr(record, "repeated", 0):
            said["repeated"] = repeated
        return json.dumps(said, ensure_ascii=False)


class Counting(logging.StreamHandler[TextIO]):
    """Writes a line, and counts those like it that come within a minute: the count is written after that, in `repeated`.

    Requests that are answered are all different; those that are refused are alike by who, where and why.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream)
        self._clock = clock
        self._seen: dict[object, tuple[float, int, logging.LogRecord]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write or count one record."""
        now, key = self._clock(), _key(record)
        self._tell(now)
        if key is not None:
            if key in self._seen:
                since, count, _ = self._seen[key]
                self._seen[key] = (since, count + 1, record)
                return
            self._seen[key] = (now, 0, record)
        super().emit(record)

    def close(self) -> None:
        """Write what was counted."""
        self._tell(float("inf"))
        super().close()

    def _tell(self, now: float) -> None:
        """Write the counts whose minute is over; those of the oldest lines too, where there are too many."""
        over = [key for key, (since, _, _) in self._seen.items() if now - since >= _WINDOW]
        for key in over or list(self._seen)[: max(0, len(self._seen) - _MOST)]:
            _, count, last = self._seen.pop(key)
            if count:
                told = copy.copy(last)
                told.repeated = count
                super().emit(told)


def _key(record: logging.LogRecord) -> object:
    """What records have in common that are alike; None for one that is like no other."""
    request = getattr(record, "request", None)
    if request is not None:
        who = tuple(request.get(name) for name in ("method", "route", "status", "key"))
        return who if request.get("status") in _REFUSED else None
    error = record.exc_info[0] if record.exc_info else None
    return record.name, record.levelno, _ID.sub("", record.getMessage()), error


def log_to_stderr() -> None:
    """Have this process log so: requests from INFO, everything else from WARNING."""
    handler = Counting(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    ACCESS.setLevel(logging.INFO)
