"""Logging in at the issuer and out again, for pages of this server: the code flow with PKCE, and a cookie at its end."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
from base64 import urlsafe_b64encode
from typing import Annotated
from urllib.parse import quote, urlencode, urlsplit

import httpx
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from mundap.serve.error_responses import Refused, documented
from mundap.serve.logins import SECRET, SESSION, Logins
from mundap.serve.oidc import BadToken
from mundap.serve.service import Who

log = logging.getLogger(__name__)

PATHS = ("/login", "/login/callback", "/logout")  # for those who have not logged in
_PENDING = "mundap_login"
_PENDING_SECONDS = 600
_FAILED = "로그인하지 못했습니다. 다시 로그인하세요: /login"


class Me(BaseModel):
    """Who asks, and what they may do."""

    name: str
    roles: list[str]
    access: list[str]
    operates: bool = Field(description="서버를 관리할 수 있는지 여부(설정, 완전 삭제, 감사 기록)")


router = APIRouter(tags=["로그인"])


@router.get("/login", summary="로그인", status_code=302, response_class=RedirectResponse, responses=documented(404))
async def login(
    request: Request, next: Annotated[str, Query(max_length=2000, description="돌아올 경로")] = "/"
) -> Response:
    """로그인 서버로 보냅니다. 로그인한 뒤 `next`로 돌아옵니다."""
    logins = _logins(request)
    issuer, settings = logins.issuer, logins.settings
    verifier, state, nonce = (secrets.token_urlsafe(48) for _ in range(3))
    asked = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": _callback(request, logins),
        "scope": " ".join(dict.fromkeys(("openid", *settings.scopes))),
        "state": state,
        "nonce": nonce,
        "code_challenge": urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    address = await issuer.endpoint("authorization_endpoint")
    to = RedirectResponse(f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}", 302)
    said = {"state": state, "nonce": nonce, "verifier": verifier, "then": _local(next)}
    _set(to, request, logins, _PENDING, logins.sealed(said, _PENDING, _PENDING_SECONDS), _PENDING_SECONDS)
    return to


@router.get(
    "/login/callback",
    status_code=303,
    response_class=RedirectResponse,
    include_in_schema=False,
    responses=documented(404),
)
async def callback(request: Request, code: str = "", state: str = "", error: str = "") -> Response:
    """Where the issuer sends people back. Raises Refused for what answers no log-in that this browser began."""
    logins = _logins(request)
    said = logins.opened(request.cookies.get(_PENDING, ""), _PENDING)
    if said is None or not state or not secrets.compare_digest(state.encode(), str(said["state"]).encode()):
        raise Refused(400, _FAILED)
    if error or not code:
        log.info("a log-in was refused by the issuer: %s", error)
        raise Refused(403, "로그인 서버가 로그인을 거부했습니다. 다시 로그인하세요: /login")
    token = await _token(request, logins, code, str(said["verifier"]))
    try:
        person = await logins.issuer.person(token, (logins.settings.client_id,), str(said["nonce"]))
    except BadToken as wrong:
        log.warning("the issuer sent an ID token that cannot be used: %s", wrong)
        raise Refused(403, _FAILED) from wrong
    cookie, seconds = logins.session(person)
    to = RedirectResponse(str(said["then"]), 303)
    to.delete_cookie(_PENDING)
    _set(to, request, logins, SESSION, cookie, seconds)
    return to


@router.post("/logout", summary="로그아웃", status_code=303, response_class=RedirectResponse, responses=documented(404))
async def logout(request: Request) -> Response:
    """이 서버의 로그인을 끝냅니다. 로그인 서버의 로그인은 그대로입니다."""
    _logins(request)
    to = RedirectResponse("/", 303)
    to.delete_cookie(SESSION)
    return to


@router.get("/me", summary="내 권한 확인", responses=documented())
async def me(who: Who) -> Me:
    """요청한 사람의 이름(키 이름 또는 로그인 ID), 권한, 접근 태그입니다."""
    return Me(name=who.name, roles=sorted(who.roles), access=sorted(who.access or ()), operates=who.operates)


async def _token(request: Request, logins: Logins, code: str, verifier: str) -> str:
    """The ID token for a code."""
    settings, secret = logins.settings, os.environ.get(SECRET, "")
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _callback(request, logins),
        "code_verifier": verifier,
        **({} if secret else {"client_id": settings.client_id}),
    }
    auth = httpx.BasicAuth(quote(settings.client_id), quote(secret)) if secret else None  # RFC 6749, section 2.3.1
    try:
        address = await logins.issuer.endpoint("token_endpoint")
        answer = await logins.issuer.http.post(address, data=form, auth=auth or httpx.USE_CLIENT_DEFAULT)
        answer.raise_for_status()
        token: str = answer.json()["id_token"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        log.warning("the issuer gave no ID token for a code: %s", error)
        raise Refused(403, _FAILED) from error
    return token


def _logins(request: Request) -> Logins:
    logins: Logins | None = request.app.state.logins
    if logins is None:
        raise Refused(
            404, "로그인을 사용하지 않는 서버입니다. API 키를 보내세요. 사용하려면 mundap.toml에 [oidc]를 설정하세요."
        )
    return logins


def _base(request: Request, logins: Logins) -> str:
    return (logins.settings.url or str(request.base_url)).rstrip("/")


def _callback(request: Request, logins: Logins) -> str:
    return f"{_base(request, logins)}/login/callback"


def _local(then: str) -> str:
    """A path of this server, or / for anything else: a link must not lead elsewhere after the log-in."""
    parts = urlsplit(then)
    plain = then.startswith("/") and not then.startswith(("//", "/\\")) and then.isprintable() and "\\" not in then
    return then if plain and not (parts.scheme or parts.netloc) else "/"


def _set(response: Response, request: Request, logins: Logins, name: str, value: str, seconds: int) -> None:
    secure = _base(request, logins).startswith("https://")
    response.set_cookie(name, value, max_age=seconds, httponly=True, secure=secure, samesite="lax", path="/")
