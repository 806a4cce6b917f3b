"""Whether the server lives, whether it can answer, and its figures."""

from __future__ import annotations

from fastapi import APIRouter, Response, status

from mundap.errors import MundapError
from mundap.serve.error_responses import documented
from mundap.serve.metrics import CONTENT_TYPE
from mundap.serve.service import Here
from mundap.serve.shapes import State

router = APIRouter(tags=["상태"])


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", summary="동작 확인(liveness)")
async def health() -> State:
    """서버가 실행 중이면 항상 ok입니다."""
    return State(status="ok")


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", summary="준비 상태 확인(readiness)", responses={503: {"model": State}})
def ready(response: Response, service: Here) -> State:
    """색인을 열고 검색을 한 번 마치면 ok입니다. 준비되지 않았으면 `detail`에 조치 방법이 있습니다. 서버가 종료되는 동안에는 ok가 아닙니다."""
    if service.leaving:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        return State(status="unavailable", detail="서버가 종료되는 중입니다.")
    try:
        service.newest().warm()
    except MundapError as error:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        return State(status="unavailable", detail=str(error))
    return State(status="ok")


@router.get(
    "/metrics",
    summary="Prometheus 지표",
    response_class=Response,
    responses=documented() | {200: {"content": {CONTENT_TYPE: {"schema": {"type": "string"}}}}},
)
def metrics(service: Here) -> Response:
    """요청별·단계별 소요 시간, 답변 수와 답변 보류 수, 대기 요청 수, 메모리 사용량입니다."""
    return Response(service.metrics.page(), media_type=CONTENT_TYPE)
