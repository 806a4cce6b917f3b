"""What scripts read of a result."""

from __future__ import annotations

import json
from typing import Any, Protocol

from mundap.types import Json


class _Shows(Protocol):
    def to_json(self) -> Json | dict[str, Json]: ...


def shown(result: _Shows) -> Any:
    """The JSON of a result, as it is read from a file."""
    return json.loads(json.dumps(result.to_json(), ensure_ascii=False))
