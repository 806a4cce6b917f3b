"""How a transformer reads text, in training and in use alike."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Reading:
    """`pooling` is "mean", "cls" or "lasttoken"; `query` and `passage` stand before texts; `window` tokens are read at once."""

    pooling: str
    query: str
    passage: str
    window: int

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)
