"""Requests as the routes read them: text that is text, JSON whatever its Content-Type says, and HEAD as GET.

Pages of other sites can send text/plain without asking first; the guard refuses them by their Origin.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from fastapi.responses import Response
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mundap.serve.error_responses import OPENAI, Refused, problem, refusal

CLIENT_CLOSED = 499  # nobody reads it; logs and metrics do
_DEEPEST = 32  # levels of a JSON body; what the API is asked has five
_WITH_BODY = ("POST", "PUT", "PATCH")
_BROKEN = "올바르지 않은 문자가 있습니다({what}). 이모지나 글자가 중간에서 잘리지 않았는지 확인하세요."
_UTF8 = "요청은 UTF-8로 인코딩해야 합니다."


class WellFormed:
    """Innermost: what it lets through can be encoded, stored and shown. `raw` are first parts of paths whose bodies are no JSON."""

    def __init__(self, app: ASGIApp, raw: tuple[str, ...]) -> None:
        self.app = app
        self._raw = raw

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or say why not."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        inner = {**scope, "method": "GET" if scope["method"] == "HEAD" else scope["method"]}
        try:
            _check_address(scope)
            if scope["method"] in _WITH_BODY and scope["path"].split("/")[1:2] != list(self._raw):
                body = await _body(receive)
                if body is None:
                    await Response(status_code=CLIENT_CLOSED)(scope, receive, send)
                    return
                if body:
                    _check(body, 400 if scope["path"].startswith(OPENAI) else 422)
                inner["headers"] = list(scope["headers"])
                MutableHeaders(scope=inner)["content-type"] = "application/json"
                receive = _again(body, receive)
        except Refused as refused:
            await refusal(request, refused)(scope, receive, send)
            return
        except HTTPException as error:  # too large, or too slow
            await problem(request, error.status_code, str(error.detail), error.headers)(scope, receive, send)
            return
        try:
            await self.app(inner, receive, send)
        finally:
            if "route" in inner:
                scope["route"] = inner["route"]  # which the log names


def _check_address(scope: Scope) -> None:
    """Raises Refused for an address that is not UTF-8, or has a NUL."""
    for place, raw in (("경로", scope.get("raw_path") or b""), ("쿼리", scope["query_string"])):
        try:
            text = unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
        except UnicodeDecodeError:
            raise Refused(400, f"{place}: {_UTF8}") from None
        if "\0" in text:
            raise Refused(400, f"{place}: {_BROKEN.format(what='NUL')}")


async def _body(receive: Receive) -> bytes | None:
    """The whole body, or None if the client left before its end."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    given = iter([body])

    async def replayed() -> Message:
        for part in given:
            return {"type": "http.request", "body": part, "more_body": False}
        return await receive()

    return replayed


def _check(body: bytes, status: int) -> None:
    """Raises Refused for what is no JSON (with `status`), and for JSON with text that is none."""
    try:
        value = json.loads(body, parse_constant=_constant)
    except UnicodeDecodeError:
        raise Refused(400, f"요청 본문: {_UTF8}") from None
    except json.JSONDecodeError as error:
        raise Refused(
            status, f"요청 본문을 JSON으로 해석할 수 없습니다({error.lineno}행 {error.colno}열). 형식을 확인하세요."
        ) from None
    except RecursionError:
        raise Refused(
            400, f"요청 본문이 너무 깊게 중첩되어 있습니다. 최대 {_DEEPEST}단계까지 보낼 수 있습니다."
        ) from None
    except ValueError:  # a number of thousands of digits
        raise Refused(status, "요청 본문에 해석할 수 없는 숫자가 있습니다.") from None
    for place, depth, text in _texts(value):
        if depth > _DEEPEST:
            raise Refused(400, f"{place[:80]}: 너무 깊게 중첩되어 있습니다. 최대 {_DEEPEST}단계까지 보낼 수 있습니다.")
        if what := broken(text):
            raise Refused(400, f"{place[:80] or '요청 본문'}: {_BROKEN.format(what=what)}")


def broken(text: str) -> str:
    """What makes `text` unfit to be stored or sent, "" if nothing does."""
    if "\0" in text:
        return "NUL"
    return (
        "" if text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text) else "짝이 없는 서로게이트"
    )


def _texts(value: object) -> Iterator[tuple[str, int, str]]:
    """Every text of a JSON value, keys too, with its place and its depth; a value that is too deep is not gone into."""
    left: list[tuple[str, int, object]] = [("", 0, value)]
    while left:
        place, depth, one = left.pop()
        if isinstance(one, str) or depth > _DEEPEST:
            yield place, depth, one if isinstance(one, str) else ""
        elif isinstance(one, list):
            left += [(f"{place}[{n}]", depth + 1, each) for n, each in enumerate(one)]
        elif isinstance(one, dict):
            for key, each in one.items():
                shown = key.encode("utf-8", "replace").decode().replace("\0", "?")[:40]
                yield place, depth, key
                left.append((f"{place}.{shown}" if place else shown, depth + 1, each))


def _constant(name: str) -> object:
    raise ValueError(name)
