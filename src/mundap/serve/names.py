"""Names of requests, which clients may choose: nobody gets one that was another's."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

_MOST = 20_000  # of the latest requests; answers are looked up beyond that


class Names:
    """Whose each request is. `answered` gives the owner of an answer that is kept, or None."""

    def __init__(self, answered: Callable[[str], str | None]) -> None:
        self._answered = answered
        self._owners: OrderedDict[str, str] = OrderedDict()

    def take(self, name: str, owner: str, chosen: bool) -> bool:
        """Note that `owner` makes a request of this name, unless somebody else has. One that was not `chosen` by a client is
        new."""
        before = self._owners.get(name) or (self._answered(name) if chosen else None)
        if before is not None and before != owner:
            return False
        self._owners[name] = owner
        self._owners.move_to_end(name)
        while len(self._owners) > _MOST:
            self._owners.popitem(last=False)
        return True
