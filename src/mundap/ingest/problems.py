"""What could not go in, said so that its owner can mend it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """A row (counted from 1; None for the whole file) that was left out, with the reason and the remedy."""

    row: int | None
    reason: str
