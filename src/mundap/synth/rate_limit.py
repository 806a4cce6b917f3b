"""A language model that is asked no more often than it may be."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from mundap.generate.prompt import Message
from mundap.generate.structured import TOKENS, Completer
from mundap.stopping import pause
from mundap.types import Json


class Paced:
    """Passes on to `completer`, `per_minute` times a minute at most, evenly; 0 is as often as one likes."""

    def __init__(self, completer: Completer, per_minute: int = 0) -> None:
        self.completer = completer
        self._apart = 60 / per_minute if per_minute else 0.0
        self._next = 0.0

    @property
    def name(self) -> str:
        """The model's own."""
        return self.completer.name

    def complete(
        self, messages: Sequence[Message], schema: Mapping[str, Json] | None = None, max_tokens: int = TOKENS
    ) -> str:
        """One reply, as soon as one may be asked for. Raises as the model does."""
        now = time.monotonic()
        if now < self._next:
            pause(self._next - now)
        self._next = max(now, self._next) + self._apart
        return self.completer.complete(messages, schema, max_tokens)
