"""How large a request may be, counted while it is read: a length that it states may be wrong or missing."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mundap.serve.error_responses import problem


class BodyLimit:
    """Refuses bodies of more than `most` bytes; `paths` gives other limits by path."""

    def __init__(self, app: ASGIApp, most: int, paths: Mapping[str, int]) -> None:
        self.app = app
        self._most = most
        self._paths = paths

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
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise HTTPException(413, detail)
            return message

        await self.app(scope, counted, send)
