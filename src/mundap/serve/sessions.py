"""Conversations of those who ask over HTTP, so that a question may lean on the one before."""

from __future__ import annotations

from collections import OrderedDict, deque
from threading import Lock

from mundap.types import Turn

TURNS = 8  # kept of each conversation
SESSIONS = 1000  # the one that is silent the longest is forgotten first


class Sessions:
    """The last turns of the latest conversations, by name, in memory. Safe to use from several threads."""

    def __init__(self, turns: int = TURNS, sessions: int = SESSIONS) -> None:
        """Keeps at most `turns` turns of each of at most `sessions` conversations."""
        self._turns = turns
        self._sessions = sessions
        self._kept: OrderedDict[str, deque[Turn]] = OrderedDict()
        self._lock = Lock()

    def history(self, name: str | None) -> tuple[Turn, ...]:
        """The turns of this conversation, oldest first; none for None or a name that is not known."""
        with self._lock:
            return tuple(self._kept.get(name, ())) if name is not None else ()

    def add(self, name: str | None, turn: Turn) -> None:
        """Remember a turn, unless it is in no conversation."""
        if name is None:
            return
        with self._lock:
            turns = self._kept.setdefault(name, deque(maxlen=self._turns))
            turns.append(turn)
            self._kept.move_to_end(name)
            if len(self._kept) > self._sessions:
                self._kept.popitem(last=False)
