"""Conversations by name, so that one outlives a reload of the page: the name stands in the address."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar
from uuid import uuid4

T = TypeVar("T")

MOST = 500  # that are kept; those that nobody came back to for longest are forgotten


class Conversations(Generic[T]):
    """The turns of each conversation, for all who have the page open. Safe to use from several threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[str, list[T]] = OrderedDict()
        self._lock = Lock()

    def find(self, name: str) -> list[T] | None:
        """The turns of that conversation, which the caller may add to; None if it is not known."""
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
            return self._kept.get(name)

    def keep(self, turns: list[T]) -> str:
        """Keep a conversation; a name for it that nobody can guess."""
        name = uuid4().hex
        with self._lock:
            self._kept[name] = turns
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return name
