"""What a client is told when a request fails: one sentence, the request's name, and OpenAI's shape below /v1."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from mundap.errors import (
    BadFile,
    ConfigError,
    GeneratorError,
    IndexUnavailable,
    MundapError,
    RecordUnreachable,
    Rejected,
    ServerError,
    StaleIndex,
    StorageDamaged,
    StorageFull,
    StorageLocked,
    UnknownFilter,
    UnknownName,
    WorkspaceBusy,
)
from mundap.redact import hidden, one_line
from mundap.serve.asker import Asker
from mundap.serve.validation import of_status, sentences
from mundap.store.trouble import told as storage_error

log = logging.getLogger(__name__)

OPENAI = "/v1/"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
UNEXPECTED = "서버 내부 오류가 발생했습니다. 서버 로그를 확인하세요."
RETRY_SECONDS = 5  # after which a workspace may be ready again
_STATUS = {
    StaleIndex: 503,
    WorkspaceBusy: 503,
    ConfigError: 503,
    BadFile: 503,
    Rejected: 409,
    UnknownFilter: 404,
    UnknownName: 404,
    GeneratorError: 502,
    IndexUnavailable: 503,
    ServerError: 502,
    StorageFull: 507,
    StorageLocked: 503,
    RecordUnreachable: 503,
    StorageDamaged: 503,
}
_INSIDE = {
    500: "서버에서 요청을 처리하지 못했습니다. 관리자에게 요청 ID를 알려 주세요.",
    502: "답변에 사용하는 모델 서버에 문제가 있습니다. 잠시 후 다시 시도하세요. 계속되면 관리자에게 요청 ID를 알려 주세요.",
    507: "저장 공간이 없어 저장하지 못했습니다. 질문에는 계속 답합니다. 관리자에게 요청 ID를 알려 주세요.",
    503: "아직 답할 준비가 되지 않았습니다. 잠시 후 다시 시도하세요. 계속되면 관리자에게 요청 ID를 알려 주세요.",
}
_OPENAI_TYPES = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}


class Problem(BaseModel):
    """What went wrong, in a sentence that says what to do."""

    detail: str = Field(examples=["아직 색인이 없습니다. 실행하세요: mundap index"])
    request_id: str = Field(description="서버 로그에서 이 요청을 찾는 ID")


class OpenAIError(BaseModel):
    """What went wrong, as clients of OpenAI read it."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None
    request_id: str


class OpenAIProblem(BaseModel):
    """An error below /v1."""

    error: OpenAIError


class Refused(MundapError):
    """A request that is refused with this status, a sentence, and perhaps the seconds after which to try again."""

    def __init__(
        self, status: int, detail: str, retry_after: int | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.retry_after = retry_after
        self.headers = dict(headers or {})


def documented(*statuses: int, shape: type[BaseModel] = Problem) -> dict[int | str, dict[str, object]]:
    """The `responses` of a router whose requests can fail with these, and with what any request can fail with."""
    said = {
        400: "잘못된 값",
        401: "API 키가 없거나 올바르지 않음",
        403: "허용되지 않음",
        404: "대상이 없음",
        408: "요청 본문이 제때 오지 않음",
        409: "저장된 내용과 맞지 않음",
        413: "요청이 너무 큼",
        422: "요청 형식 오류",
        429: "요청이 너무 많음",
        500: "서버 오류",
        502: "언어 모델 오류",
        503: "서비스를 사용할 수 없음",
        507: "저장 공간 없음",
    }
    anyone = (400, 401, 403, 408, 413, *((422,) if shape is Problem else ()), 429, 500, 503, 507)
    return {status: {"model": shape, "description": said[status]} for status in sorted({*statuses, *anyone})}


def problem(
    request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None, param: str | None = None
) -> JSONResponse:
    """The answer to a request that failed."""
    name: str = request.state.request_id
    detail = one_line(hidden(detail))
    below = request.url.path.startswith(OPENAI)
    body = openai_problem(status, detail, name, param) if below else Problem(detail=detail, request_id=name)
    return JSONResponse(body.model_dump(), status, headers)


def refusal(request: Request, refused: Refused) -> JSONResponse:
    """The answer to a request that is refused."""
    retry = {} if refused.retry_after is None else {"Retry-After": str(refused.retry_after)}
    return problem(request, refused.status, str(refused), {**refused.headers, **retry})


def openai_problem(status: int, detail: str, request_id: str, param: str | None = None) -> OpenAIProblem:
    """A failure as clients of OpenAI read it."""
    detail = one_line(detail)
    kind = _OPENAI_TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    return OpenAIProblem(error=OpenAIError(message=detail, type=kind, param=param, request_id=request_id))


def status_of(error: MundapError) -> int:
    """The HTTP status that says best what kind of error it is."""
    if isinstance(error, Refused):
        return error.status
    return next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)


def told(request_id: str, asker: Asker | None, error: MundapError) -> str:
    """What the asker may hear of `error`: whoever does not run the server hears nothing of what is inside it, which the
    log has. Of a model's server nobody hears anything."""
    if isinstance(error, Refused | Rejected | UnknownFilter | UnknownName):
        return str(error)
    log.warning("request %s: %s", request_id, error)
    status = status_of(error)
    return str(error) if status != 502 and asker is not None and asker.operates else _INSIDE[status]


def _told(request: Request, error: MundapError) -> str:
    return told(request.state.request_id, getattr(request.state, "asker", None), error)


def install(app: FastAPI) -> None:
    """Have `app` tell its problems so."""

    @app.exception_handler(MundapError)
    async def known(request: Request, error: MundapError) -> JSONResponse:
        status = status_of(error)
        retry = error.retry_after if isinstance(error, Refused) else RETRY_SECONDS if status == 503 else None
        headers = error.headers if isinstance(error, Refused) else {}
        return problem(request, status, _told(request, error), headers | ({"Retry-After": str(retry)} if retry else {}))

    @app.exception_handler(sqlite3.Error)
    @app.exception_handler(OSError)
    async def stored(request: Request, error: sqlite3.Error | OSError) -> JSONResponse:
        trouble = storage_error(error)
        if trouble is None:
            raise error
        return await known(request, trouble)

    @app.exception_handler(RequestValidationError)
    async def misshapen(request: Request, error: RequestValidationError) -> JSONResponse:
        wrong = sentences(error.errors())
        detail = "; ".join(f"{place}: {said}" if place else said for place, said in wrong)
        status = 400 if request.url.path.startswith(OPENAI) else 422
        return problem(request, status, detail, param=wrong[0][0] or None)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        headers = {**(error.headers or {}), "Allow": _allowed(request)} if error.status_code == 405 else error.headers
        return problem(request, error.status_code, of_status(error.status_code, str(error.detail)), headers)


def _allowed(request: Request) -> str:
    """The methods of this path, which may be those of several routes."""
    routes = request.app.routes
    asked = [(method, {**request.scope, "method": method}) for method in METHODS]
    return ", ".join(
        method for method, scope in asked if any(route.matches(scope)[0] == Match.FULL for route in routes)
    )
