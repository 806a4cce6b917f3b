"""The frame of every request: its name, and an answer even where the code fails."""

from __future__ import annotations

import logging
import re
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mundap.serve.problems import problem

log = logging.getLogger(__name__)

HEADER = "X-Request-ID"
_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")


class Requests:
    """Outermost: names each request by its X-Request-ID, if that is well-formed, else anew, and says so in the answer.

    What the code did not expect is logged and told as 500, without its details.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Frame one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        name = given if _WELL_FORMED.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = name
        started = False

        async def named(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message)[HEADER] = name
            await send(message)

        try:
            await self.app(scope, receive, named)
        except Exception:
            log.exception("request %s failed", name)
            if started:
                raise  # the server cuts the connection, so that half an answer is not taken for a whole one
            await problem(Request(scope), 500, "서버 안에서 잘못된 일이 생겼습니다. 서버의 기록을 확인해 주세요.")(
                scope, receive, named
            )
