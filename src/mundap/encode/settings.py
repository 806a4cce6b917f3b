"""How a transformer reads text, in training and in use alike."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from mundap.types import Json


@dataclass(frozen=True)
class EncoderSettings:
    """`pooling` is "mean", "cls" or "lasttoken"; `query` and `passage` stand before texts; `window` tokens are read at once."""

    pooling: str
    query: str
    passage: str
    window: int

    def to_json(self) -> dict[str, Json]:
        """The fields by name."""
        return asdict(self)
