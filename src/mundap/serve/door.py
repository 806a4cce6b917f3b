"""Connections: how many there may be, and how long one may take to say what it wants, so that none shuts out others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from mundap.serve.asker import subscriber

_GRACE = 1.0  # seconds that a connection has before it may be closed for the sake of others
_UNREAD = 60.0  # seconds that a client may leave what it is sent unread, to its last 64 KB
_SLOW = 5.0  # and those after which it may be closed for the sake of others


class Door:
    """At most `most` connections are open, and of those whose request is not whole at most `half_open` from one address.

    Where there are more, the oldest of those that are not whole are closed, then the oldest that wait for another
    request, then those whose clients do not read what they are sent; a new connection is closed only if all others are at
    work. A request has `seconds` for its header, and what is sent has `unread` to be taken.
    """

    def __init__(self, most: int, half_open: int, seconds: float, unread: float = _UNREAD) -> None:
        self.seconds = seconds
        self.unread = unread
        self._most = most
        self._half_open = half_open
        self._open: dict[Connection, None] = {}  # in the order in which they came

    def enter(self, come: Connection) -> None:
        """Count a new connection in, and close what is too much."""
        self._open[come] = None
        now = come.loop.time()
        own = [one for one in self._open if one.address == come.address and one.half_since is not None]
        self._close([one for one in own if one.half_for(now) > _GRACE], len(own) - self._half_open)
        half = [one for one in self._open if one.half_for(now) > _GRACE]
        idle = [one for one in self._open if one.idle]
        stuck = [one for one in self._open if one.unread_for(now) > min(_SLOW, self.unread)]
        self._close([*half, *idle, *stuck, come], len(self._open) - self._most)

    def leave(self, gone: Connection) -> None:
        """Count a connection out; one that was closed here is out already."""
        self._open.pop(gone, None)

    def _close(self, some: Iterable[Connection], count: int) -> None:
        for one in list(some)[: max(0, count)]:
            self.leave(one)
            one.end()


class Connection(H11Protocol):
    """A connection of `door`. Its request is not whole from its first moment until header and body are there."""

    def __init__(self, *args: Any, door: Door, **named: Any) -> None:
        super().__init__(*args, **named)
        self.address = ""
        self.half_since: float | None = None
        self._door = door
        self._timer: asyncio.TimerHandle | None = None
        self._unread_since: float | None = None
        self._unread_timer: asyncio.TimerHandle | None = None

    @property
    def idle(self) -> bool:
        """Whether it waits for another request."""
        return self.half_since is None and (self.cycle is None or self.cycle.response_complete)

    def half_for(self, now: float) -> float:
        """Seconds for which its request has not been whole."""
        return 0.0 if self.half_since is None else now - self.half_since

    def unread_for(self, now: float) -> float:
        """Seconds for which nothing more could be sent, because the client does not read."""
        return 0.0 if self._unread_since is None else now - self._unread_since

    def end(self) -> None:
        """Close it; what its client does not read is not waited for."""
        (self.transport.close if self._unread_since is None else self.transport.abort)()

    def pause_writing(self) -> None:
        """Wait for the client to read, for as long as the door says."""
        super().pause_writing()
        self._unread_since = self.loop.time()
        self._unread_timer = self.loop.call_later(self._door.unread, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on."""
        super().resume_writing()
        self._read()

    def _read(self) -> None:
        self._unread_since = None
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, for the header of a first request."""
        super().connection_made(transport)
        self.address = subscriber(self.client[0] if self.client else "")
        self._await_header()
        self._door.enter(self)

    def data_received(self, data: bytes) -> None:
        """Take what has come of a request."""
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            self._await_header()
        else:
            self._header_came()
            if self.conn.their_state is not h11.SEND_BODY:
                self.half_since = None

    def on_response_complete(self) -> None:
        """Wait for the next request, for as long as uvicorn keeps connections."""
        self.half_since = None
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._door.leave(self)
        self._header_came()
        self._read()
        super().connection_lost(exc)

    def _await_header(self) -> None:
        if self.half_since is None:
            self.half_since = self.loop.time()
        if self._timer is None:
            self._timer = self.loop.call_later(self._door.seconds, self.end)

    def _header_came(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
