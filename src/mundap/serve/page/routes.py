"""Where the page, its files and the widget are."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from mundap.serve.error_responses import Refused
from mundap.serve.page.files import ANEW, FOR_EVER, PLACE, answer, file, version

# Nothing runs, is loaded or is told but by the files beside this one; text can never become code (trusted types).
_POLICY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'; trusted-types 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_FOR_OTHERS = {"Cross-Origin-Resource-Policy": "cross-origin"}  # the widget stands on pages of other sites

router = APIRouter(include_in_schema=False)


def wants_page(request: Request) -> bool:
    """Whether who asks is a browser that shows what it gets, rather than a program that reads it."""
    return "text/html" in request.headers.get("accept", "")


def page(request: Request) -> Response:
    """The page itself."""
    found = file("index.html")
    assert found is not None
    return answer(request, found, ANEW, _POLICY)


@router.get("/widget.js")
async def widget(request: Request) -> Response:
    """The script that other sites name. Its address never changes, so it is asked for anew each time."""
    found = file("widget.js")
    assert found is not None
    return answer(request, found, ANEW, _FOR_OTHERS)


@router.get(f"/{PLACE}/{{of}}/{{name}}")
async def part(of: str, name: str, request: Request) -> Response:
    """A file of the page. That of another version is not kept: while servers are replaced, it may come from a new one."""
    found = file(name)
    if found is None:
        raise Refused(404, f"'{name}': 없는 파일입니다. 페이지를 새로 고치세요.")
    return answer(request, found, FOR_EVER if of == version() else ANEW, _FOR_OTHERS)
