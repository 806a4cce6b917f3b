"""What every kind of source gives: what is there, with a fingerprint of each, and one of them as a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mundap.errors import MundapError


class SourceError(MundapError):
    """A source that cannot be reached, or that refuses: nothing of it is removed."""


class ItemError(MundapError):
    """One item that cannot be had: it is reported and skipped, and what was had of it before stays."""


class Unreachable(ItemError):
    """An item whose server does not answer, or not in time."""


class Refused(ItemError):
    """An item that a server does not give, by the `status` of HTTP."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class Gone(Refused):
    """An item that is not there any more."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something that a source holds. `address` is what users know it by; `name` the name of its file, with a suffix.

    `fingerprint` changes when it does; "" if that shows only as it is fetched. `path` is where it lies, if that is on this
    machine already. With a `reason`, it is not to be had, and why.
    """

    address: str
    name: str
    fingerprint: str = ""
    size: int = 0
    path: Path | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Had:
    """What was fetched of an item before: where it lies, and its `version` as `fetch` told it."""

    path: Path
    version: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of an item: its `version`, by which a later `fetch` asks whether it has changed, and its file's name."""

    version: str
    name: str


class Source(Protocol):
    """A place that documents come from."""

    def items(self) -> Iterator[Item]:
        """What is there. The caller fetches each, if it does, before it asks for the next: what is there may depend on it.

        Raises SourceError, at any item, if that cannot be told: then what was not listed may be there all the same.
        """
        ...

    def fetch(self, item: Item, into: Path, before: Had | None) -> Fetched | None:
        """Write the item to `into`; None if what was had `before` is still right. Raises ItemError, and SourceError."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...
