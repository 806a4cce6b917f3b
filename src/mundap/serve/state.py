"""Whether the server lives, whether it can answer, and its figures."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response, status
from starlette.concurrency import run_in_threadpool

from mundap.errors import MundapError
from mundap.redact import hidden
from mundap.serve.error_responses import documented
from mundap.serve.metrics import CONTENT_TYPE
from mundap.serve.page.routes import page, wants_page
from mundap.serve.service import Here
from mundap.serve.shapes import State

router = APIRouter(tags=["상태"])


@router.get("/", include_in_schema=False, response_model=None)
async def root(request: Request, response: Response) -> Response | dict[str, str]:
    """The page for browsers; for programs, where to go from here."""
    if wants_page(request):
        return page(request)
    response.headers["Vary"] = "Accept"
    return {
        "name": "문답 (mundap)",
        "detail": "API 문서는 /docs에 있습니다. 질문은 POST /query 또는 /v1/chat/completions로 보냅니다. 브라우저로 열면 대화 페이지가 표시됩니다.",
        "docs": "/docs",
        "openapi": "/openapi.json",
        "query": "/query",
        "chat": "/v1/chat/completions",
        "health": "/healthz",
        "ready": "/readyz",
    }


@router.get("/healthz", summary="동작 확인(liveness)")
async def health() -> State:
    """서버가 실행 중이면 항상 ok입니다."""
    return State(status="ok")


@router.get("/readyz", summary="준비 상태 확인(readiness)", responses={503: {"model": State}})
async def ready(request: Request, response: Response, service: Here) -> State:
    """시작할 때 검색을 한 번 마쳤고 색인이 열려 있으면 ok입니다. 관리자에게는 `detail`에 조치 방법이 있고, ok여도 디스크 공간이 적으면 알립니다. 서버가 종료되는 동안에는 ok가 아닙니다."""
    if service.leaving:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        return State(status="unavailable", detail="서버가 종료되는 중입니다.")
    try:
        await service.warmed()
        await run_in_threadpool(service.check_ready)
    except MundapError as error:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        asker = request.state.asker
        shown = hidden(str(error)) if asker is not None and asker.operates else "아직 답할 준비가 되지 않았습니다."
        return State(status="unavailable", detail=shown)
    asker = request.state.asker
    low = service.low_disk if asker is not None and asker.operates else ""
    return State(status="ok", detail=low)


@router.get(
    "/metrics",
    summary="Prometheus 지표",
    response_class=Response,
    responses=documented() | {200: {"content": {CONTENT_TYPE: {"schema": {"type": "string"}}}}},
)
def metrics(service: Here) -> Response:
    """요청별·단계별 소요 시간, 답변 수와 답변 보류 수, 대기 요청 수, 메모리 사용량, 디스크의 남은 공간입니다."""
    return Response(service.metrics.page(), media_type=CONTENT_TYPE)
