"""What was used last, kept in memory within a number of bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """The values of the keys that were asked for last, `room` bytes at most as `size` counts them. Threads may share one."""

    def __init__(self, room: int, size: Callable[[Value], int]) -> None:
        self.room = room
        self.held = 0
        self._size = size
        self._kept: OrderedDict[Hashable, Value] = OrderedDict()
        self._lock = Lock()

    def of(self, keys: Sequence[Hashable], make: Callable[[Sequence[int]], Sequence[Value]]) -> list[Value]:
        """The value of each of these keys; `make` is asked for those that are not kept, by their places among the keys."""
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
            for key in found:
                self._kept.move_to_end(key)
        missing = [place for place, key in enumerate(keys) if key not in found]
        if missing:
            made = {keys[place]: value for place, value in zip(missing, make(missing), strict=True)}
            self._keep(made)
            found |= made
        return [found[key] for key in keys]

    def _keep(self, made: dict[Hashable, Value]) -> None:
        with self._lock:
            for key, value in made.items():
                if key not in self._kept:  # another thread may have come first
                    self._kept[key] = value
                    self.held += self._size(value)
            while self.held > self.room:
                self.held -= self._size(self._kept.popitem(last=False)[1])
