"""How large a request may be and how long it may take, counted while it is read: a length that it states may be wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mundap.serve.error_responses import problem

_SLOWEST = 16 * 1024  # bytes a second, at which a large body is given time


class BodyLimit:
    """Refuses bodies of more than `most` bytes; `paths` gives other limits by path. A body has `seconds` to come, and
    more as more of it has come."""

    def __init__(self, app: ASGIApp, most: int, paths: Mapping[str, int], seconds: float) -> None:
        self.app = app
        self._most = most
        self._paths = paths
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or say why not."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        most = self._paths.get(scope["path"], self._most)
        detail = f"요청이 너무 큽니다. 최대 {most // 1024}KB까지 보낼 수 있습니다."
        stated = request.headers.get("content-length", "")
        if stated.isdecimal() and int(stated) > most:
            await problem(request, 413, detail)(scope, receive, send)
            return
        read, ended, began = 0, False, time.monotonic()

        async def counted() -> Message:
            nonlocal read, ended
            if ended:
                return await receive()
            left = self._seconds + read / _SLOWEST - (time.monotonic() - began)
            try:
                message = await asyncio.wait_for(receive(), max(left, 0.001))
            except TimeoutError:
                slow = "요청 본문이 제때 도착하지 않았습니다. 연결 상태를 확인하고 다시 보내세요."
                raise HTTPException(408, slow, {"Connection": "close"}) from None
            read += len(message.get("body", b""))
            ended = not message.get("more_body", False)
            if read > most:
                raise HTTPException(413, detail)
            return message

        await self.app(scope, counted, send)
