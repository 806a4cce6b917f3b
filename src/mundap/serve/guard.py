"""Who may ask, and how often."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from ipaddress import ip_address
from math import ceil
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from mundap.errors import RecordUnreachable
from mundap.serve.asker import ASKER, Asker, holder, needed, subscriber, visitor
from mundap.serve.error_responses import RETRY_SECONDS, Refused, refusal
from mundap.serve.keys import Keys, Quota
from mundap.serve.login import PATHS as LOGIN
from mundap.serve.logins import Logins
from mundap.serve.page.files import PLACE
from mundap.serve.service import Service
from mundap.serve.together import Together
from mundap.store.audit import Action

log = logging.getLogger(__name__)

# For balancers and browsers, which have no key (yet): the page and the widget hold nothing but their own code.
OPEN = ("/", "/healthz", "/readyz", "/widget.js")
_OPEN_BELOW = f"/{PLACE}/"
_SAFE = ("GET", "HEAD", "OPTIONS")
_ACTIONS: dict[str, Action] = {
    "questions": "answer",
    "synonyms": "synonyms",
    "sources": "sync",
    "config": "settings",
    "erase": "erase",
}
_MOST = 10_000  # askers that are watched at once
_WRONG_PER_MINUTE = 30  # wrong keys from one address; the right one is let through at any time
_SLOW, _SLOWEST = 0.1, 2.0  # seconds that the first wrong key is answered later, which doubles, and the last ones


class Guard:
    """Lets a request through if its asker may do what it asks, and does not come too often.

    A key is needed once there is one, and wherever `guarded` says so. Without keys, a browser's page from elsewhere is
    refused, as it is where a cookie says who asks; and on this machine alone (`local`) a name that somebody gave this machine's address (DNS rebinding). Later
    stages find the asker in the request's state. Wrong keys are answered later and later, and at last not looked at.
    """

    def __init__(
        self,
        app: ASGIApp,
        keys: Keys,
        service: Service,
        guarded: bool,
        local: bool,
        per_minute: int,
        origins: Collection[str] = (),
        logins: Logins | None = None,
    ) -> None:
        self.app = app
        self._logins = logins
        self._keys = keys
        self._service = service
        self._guarded = guarded
        self._local = local
        self._origins = origins
        self._per_minute = per_minute
        record = service.bot.record
        self._often = Often() if isinstance(record, Path) else Together(record)
        self._wrong = Often()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or say why not."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        try:
            if self._keys.waits:  # at a server, which may be away: requests do not wait for one another
                await run_in_threadpool(self._keys.all)
            asker = await self._asker(request)
            request.state.asker = asker
            ASKER.set(asker)
            if asker and asker.name:
                request.state.key = asker.name
            if self._service.bot.shared and request.state.chosen:
                await run_in_threadpool(self._name, request, asker)
            else:
                self._name(request, asker)
            if not self._open(scope["path"]):
                if self._service.bot.shared:
                    await run_in_threadpool(self._check, request, asker)
                else:
                    self._check(request, asker)
        except Refused as refused:
            if refused.status == 401 and _given(request.headers):
                refused = await self._slowed(request, refused)
            await refusal(request, refused)(scope, receive, send)
            return
        except RecordUnreachable as error:
            request.state.asker = None
            if not self._open(scope["path"]):
                log.warning("request %s: %s", request.state.request_id, error)
                said = Refused(503, "데이터베이스에 연결할 수 없습니다. 잠시 후 다시 시도하세요.", RETRY_SECONDS)
                await refusal(request, said)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _open(self, path: str) -> bool:
        """Whether anybody may ask for it."""
        return path in OPEN or path.startswith(_OPEN_BELOW) or (self._logins is not None and path in LOGIN)

    async def _asker(self, request: Request) -> Asker | None:
        """Who asks, or None for someone who would need a key, or to log in, and has not. Raises Refused."""
        self._guarded = self._guarded or self._logins is not None or bool(self._keys.all())
        address = request.client.host if request.client else ""
        visitors = self._service.visitors
        if not self._guarded:
            return visitor(address, loopback(address), visitors)
        given = _given(request.headers)
        key = self._keys.holder(given)
        if key is not None:
            return holder(key, address, visitors)
        if self._logins is None:
            return None
        if given:
            return await self._logins.by_token(given, address, visitors) if given.count(".") == 2 else None
        return self._logins.by_cookie(request, address, visitors)

    def _name(self, request: Request, asker: Asker | None) -> None:
        """Give the request a name of ours, if the one that it brought is that of a request of somebody else."""
        owner = asker.owner if asker else f"@{request.client.host if request.client else ''}"
        if not self._service.names.take(request.state.request_id, owner, request.state.chosen):
            request.state.request_id = uuid4().hex

    def _check(self, request: Request, asker: Asker | None) -> None:
        """Raises Refused."""
        headers, path = request.headers, request.scope["path"]  # the URL also depends on the Host header
        if asker is None:
            raise Refused(
                401,
                "API 키가 없거나 올바르지 않습니다. Authorization: Bearer <API 키> 헤더를 보내세요. 키를 만들려면: mundap keys add 이름"
                if self._logins is None
                else "로그인하거나(/login) 로그인 서버의 토큰 또는 API 키를 Authorization: Bearer 헤더로 보내세요. 토큰의 기한이 지났으면 다시 받으세요.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if asker.login == "cookie" and not self._from_here(request):
            raise Refused(403, "다른 사이트의 페이지에서 보낸 요청입니다. 이 서버의 페이지에서 다시 시도하세요.")
        if not self._guarded:
            if self._local and not loopback(_name(f"//{headers.get('host', '')}")):
                raise Refused(
                    403,
                    "Host 헤더가 이 컴퓨터의 이름이 아닙니다. 127.0.0.1로 요청하거나 API 키를 만드세요: mundap keys add 이름",
                )
            if not self._from_here(request):
                raise Refused(
                    403,
                    "다른 사이트의 페이지에서 보낸 요청입니다. mundap.toml의 serve.cors_origins에 그 주소를 추가하세요.",
                )
        self._count(asker)  # first: what is refused is noted, and too much of it would push other notes out
        role = next((one for one in needed(request.method, path) if not asker.may(one)), None)
        if role is not None:
            if role == "write" and request.method not in _SAFE:
                action = _action(request.method, path)
                what = [path.rpartition("/")[2]] if request.method == "DELETE" else []
                self._service.audit(asker, action, what, "refused", request.state.request_id)
            own = f"mundap keys change '{asker.name}' --role {role}" if asker.name else "mundap keys add 이름"
            own = "mundap.toml의 [oidc] roles" if asker.login else own
            raise Refused(403, f"이 요청에는 '{role}' 권한이 필요합니다. 관리자에게 요청하세요: {own}")

    def _count(self, asker: Asker) -> None:
        """Raises Refused if the asker asks too often."""
        quota = asker.key.quota if asker.key else Quota()
        per_minute = self._per_minute if quota.per_minute is None else quota.per_minute
        if per_minute and (self._guarded or not loopback(asker.address)):
            wait = self._often.wait(asker.owner if asker.key else subscriber(asker.address), per_minute)
            if wait:
                raise Refused(429, f"요청이 너무 많습니다. {wait}초 후 다시 시도하세요.", wait)
        if quota.per_day is not None and not self._service.usage.spend(asker.owner, "requests", 1, quota.per_day):
            wait = until_tomorrow()
            raise Refused(429, f"하루 요청 한도({quota.per_day}회)를 모두 사용했습니다.", wait)

    async def _slowed(self, request: Request, refused: Refused) -> Refused:
        """The refusal of a wrong key, after a while."""
        address = subscriber(request.client.host if request.client else "")
        before = self._wrong.used(address, _WRONG_PER_MINUTE)
        if wait := self._wrong.wait(address, _WRONG_PER_MINUTE):
            return Refused(429, f"틀린 API 키로 너무 많이 요청했습니다. {wait}초 후 다시 시도하세요.", wait)
        await asyncio.sleep(min(_SLOWEST, _SLOW * 2**before))
        return refused

    def _from_here(self, request: Request) -> bool:
        headers = request.headers
        origin = headers.get("origin")
        if origin is None:  # a link that someone follows has none, and changes nothing
            return request.method in _SAFE or headers.get("sec-fetch-site") not in ("cross-site", "same-site")
        return origin in self._origins or origin.partition("://")[2] == headers.get("host")


class Often:
    """A bucket of tokens for each asker: as many as they may use in a minute at first, and as many more in each minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def wait(self, asker: str, per_minute: int) -> int:
        """0 if the asker may ask now, which is counted; else the seconds after which they may."""
        left, now = self._now(asker, per_minute)
        allowed = left >= 1
        self._left[asker] = (left - allowed, now)
        if len(self._left) > _MOST:  # those who have been silent for a minute have a full bucket again
            self._left = {one: kept for one, kept in self._left.items() if now - kept[1] < 60}
        while len(self._left) > _MOST:
            del self._left[next(iter(self._left))]
        return 0 if allowed else ceil((1 - left) * 60 / per_minute)

    def used(self, asker: str, per_minute: int) -> int:
        """How many tokens the asker has used and not got back."""
        return per_minute - int(self._now(asker, per_minute)[0])

    def _now(self, asker: str, per_minute: int) -> tuple[float, float]:
        now = self._clock()
        left, since = self._left.get(asker, (float(per_minute), now))
        return min(per_minute, left + (now - since) * per_minute / 60), now


def _action(method: str, path: str) -> Action:
    """What the audit log calls a request that changes something."""
    first = path.partition("/")[2].partition("/")[0]
    return _ACTIONS.get(first, "delete" if method == "DELETE" else "upload")


def until_tomorrow() -> int:
    """Seconds until the next day begins, by UTC, when daily limits begin anew."""
    return 86_400 - int(time.time()) % 86_400


def loopback(host: str) -> bool:
    """Whether this name or address can only be this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _name(address: str) -> str:
    """The name in an address, without its port; "" for what is no address."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _given(headers: Headers) -> str:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
