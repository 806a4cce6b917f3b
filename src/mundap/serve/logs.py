"""The log: one JSON object a line on standard error, with personal numbers masked."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from mundap.korean.mask import mask
from mundap.types import Json

ACCESS = logging.getLogger("mundap.access")


class Lines(logging.Formatter):
    """A record as one line; what a request says of itself stands in its `request`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        said: dict[str, Json] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        request = getattr(record, "request", None)
        said |= request if request is not None else {"logger": record.name, "message": mask(record.getMessage())}
        if record.exc_info:
            said["traceback"] = mask(self.formatException(record.exc_info))
        return json.dumps(said, ensure_ascii=False)


def log_to_stderr() -> None:
    """Have this process log so: requests from INFO, everything else from WARNING."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    ACCESS.setLevel(logging.INFO)
