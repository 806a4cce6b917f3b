"""The frame of every request: its name, its line in the log, and an answer even where the code fails."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mundap.korean.mask import mask
from mundap.serve.error_responses import METHODS, RETRY_SECONDS, UNEXPECTED, problem
from mundap.serve.logs import ACCESS
from mundap.serve.service import Service
from mundap.types import Answer, Json

log = logging.getLogger(__name__)

HEADER = "X-Request-ID"
_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")
_QUIET = ("/healthz", "/readyz", "/metrics")  # asked every few seconds: counted, and logged only when they fail


class Requests:
    """Outermost: names each request by its X-Request-ID, if that is well-formed, else anew, and says so in the answer.

    What the code did not expect is logged and told as 500, without its details.
    """

    def __init__(self, app: ASGIApp, service: Service, log_text: bool) -> None:
        self.app = app
        self._service = service
        self._log_text = log_text

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Frame one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        given = Headers(scope=scope).get(HEADER, "")
        name = given if _WELL_FORMED.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {}).update(request_id=name, chosen=name == given)
        status = 0

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = scope["state"]["request_id"]  # the guard may give another
            await send(message)

        try:
            await self.app(scope, receive, named)
        except asyncio.CancelledError:  # the server ends, and has waited for it as long as it may
            if not self._service.leaving:
                raise
            if not status:
                detail = "서버가 종료되어 답하지 못했습니다. 잠시 후 다시 시도하세요."
                await problem(Request(scope), 503, detail, {"Retry-After": str(RETRY_SECONDS)})(scope, receive, named)
        except Exception:
            log.exception("request %s failed", scope["state"]["request_id"])
            if status:
                raise  # the server cuts the connection, so that half an answer is not taken for a whole one
            await problem(Request(scope), 500, UNEXPECTED)(scope, receive, named)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "")
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._service.metrics.request(method, route, status, seconds)
        if route in _QUIET and status < 400:
            return
        state = scope["state"]
        said: dict[str, Json] = {
            "request_id": state["request_id"],
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
        }
        if key := state.get("key"):
            said["key"] = key
        answer: Answer | None = state.get("answer")
        if answer is not None:
            said |= {"abstained": answer.abstained, "model": answer.model}
            said["timings"] = {stage: round(ms, 1) for stage, ms in answer.timings.items()}
            if self._log_text:
                said["question"] = mask(answer.question)
        ACCESS.info("request", extra={"request": said})
