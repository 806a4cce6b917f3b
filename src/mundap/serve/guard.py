"""Who may ask, and how often."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from ipaddress import ip_address
from math import ceil
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from mundap.serve.error_responses import problem
from mundap.serve.keys import Keys

OPEN = ("/healthz", "/readyz")  # for balancers, which have no key
_MOST = 10_000  # addresses that are watched at once


class Guard:
    """Lets a request through if it brings a key, where one is needed, and does not come too often.

    A key is needed once there is one, and wherever `guarded` says so. Without keys, a browser's page from elsewhere is
    refused, and on this machine alone (`local`) a name that somebody gave this machine's address (DNS rebinding).
    """

    def __init__(
        self, app: ASGIApp, keys: Keys, guarded: bool, local: bool, per_minute: int, origins: Collection[str] = ()
    ) -> None:
        self.app = app
        self._keys = keys
        self._guarded = guarded
        self._local = local
        self._origins = origins
        self._often = Often(per_minute) if per_minute else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or say why not."""
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        refused = self._refusal(request)
        if refused is None:
            await self.app(scope, receive, send)
            return
        status, detail, headers = refused
        await problem(request, status, detail, headers)(scope, receive, send)

    def _refusal(self, request: Request) -> tuple[int, str, dict[str, str]] | None:
        headers = request.headers
        self._guarded = self._guarded or bool(self._keys.all())
        asker = request.client.host if request.client else ""
        if self._guarded:
            name = self._keys.holder(_given(headers))
            if name is None:
                detail = "API 키가 없거나 올바르지 않습니다. Authorization: Bearer <API 키> 헤더를 보내세요. 키를 만들려면: mundap keys add 이름"
                return 401, detail, {"WWW-Authenticate": "Bearer"}
            request.state.key = asker = name
        elif self._local and not loopback(urlsplit(f"//{headers.get('host', '')}").hostname or ""):
            detail = "Host 헤더가 이 컴퓨터의 이름이 아닙니다. 127.0.0.1로 요청하거나 API 키를 만드세요: mundap keys add 이름"
            return 403, detail, {}
        elif not self._from_here(headers):
            return (
                403,
                "다른 사이트의 페이지에서 보낸 요청입니다. mundap.toml의 serve.cors_origins에 그 주소를 추가하세요.",
                {},
            )
        if self._often and (self._guarded or not loopback(asker)) and (wait := self._often.wait(asker)):
            return 429, f"요청이 너무 많습니다. {wait}초 후 다시 시도하세요.", {"Retry-After": str(wait)}
        return None

    def _from_here(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        return origin is None or origin in self._origins or urlsplit(origin).netloc == headers.get("host")


class Often:
    """A bucket of tokens for each asker: `per_minute` at first, and as many more in each minute."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float(per_minute)
        self._rate = per_minute / 60
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def wait(self, asker: str) -> int:
        """0 if the asker may ask now, which is counted; else the seconds after which they may."""
        now = self._clock()
        left, since = self._left.get(asker, (self._most, now))
        left = min(self._most, left + (now - since) * self._rate)
        allowed = left >= 1
        self._left[asker] = (left - allowed, now)
        if len(self._left) > _MOST:  # those who have been silent for a minute have a full bucket again
            self._left = {one: kept for one, kept in self._left.items() if now - kept[1] < 60}
        return 0 if allowed else ceil((1 - left) / self._rate)


def loopback(host: str) -> bool:
    """Whether this name or address can only be this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _given(headers: Headers) -> str:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
