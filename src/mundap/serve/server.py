"""The server: it says where it is once it listens, and at its end finishes what it was asked."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from functools import partial
from math import ceil
from types import FrameType

import uvicorn
from fastapi import FastAPI

from mundap.serve.door import Connection, Door
from mundap.serve.service import Service

# Clients keep a connection for less (httpx 5 seconds, nginx 60): the one that closes first must not be the one that is
# asked, or a request that is on its way is lost.
_KEEP_ALIVE = 75  # seconds


class Server(uvicorn.Server):
    """`tell` is called once requests can be answered. SIGTERM and SIGINT end it in good order: `run` returns.

    At first it says that it is not ready, for as long as balancers need to hear of it; then it takes no more
    requests and finishes those that it has, as the settings say. A second SIGINT ends it at once.
    """

    def __init__(self, app: FastAPI, tell: Callable[[], None]) -> None:
        self._service: Service = app.state.service
        settings = self._service.settings
        door = Door(settings.connections, settings.half_open, settings.header_seconds)
        seconds = ceil(settings.shutdown_seconds) + 1  # for what was cut to tell its clients
        super().__init__(
            uvicorn.Config(
                app,
                http=partial(Connection, door=door),  # type: ignore[arg-type]
                ws="none",  # there are none, and they would leave by another door
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=seconds,
                timeout_keep_alive=_KEEP_ALIVE,
            )
        )
        self._tell = tell
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self._tell()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End, for this signal."""
        if self.should_exit:
            self.force_exit = sig == signal.SIGINT
            return
        drains = sig != signal.SIGINT and not self._service.leaving
        self._service.leaving = True
        if drains and self._loop and self._service.settings.drain_seconds:
            self._loop.call_soon_threadsafe(self._loop.call_later, self._service.settings.drain_seconds, self._end)
        else:
            self._end()

    def _end(self) -> None:
        self.should_exit = True
        if self._loop:
            seconds = self._service.settings.shutdown_seconds
            self._loop.call_soon_threadsafe(self._loop.call_later, seconds, self._service.cut)
