"""Whether the server lives, whether it can answer, and its figures."""

from __future__ import annotations

from fastapi import APIRouter, Response, status

from mundap.errors import MundapError
from mundap.serve.metrics import CONTENT_TYPE
from mundap.serve.problems import documented
from mundap.serve.service import Here
from mundap.serve.shapes import State

router = APIRouter(tags=["상태"])


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", summary="살아 있는지")
async def health() -> State:
    """서버가 돌고 있으면 언제나 ok입니다."""
    return State(status="ok")


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", summary="답할 수 있는지", responses={503: {"model": State}})
def ready(response: Response, service: Here) -> State:
    """색인을 열고 한 번 찾아 본 뒤에 ok입니다. 아니면 `detail`이 무엇을 할지 말합니다. 서버가 끝나는 동안에도 아닙니다."""
    if service.leaving:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        return State(status="unavailable", detail="서버가 끝나는 중입니다.")
    try:
        service.newest().warm()
    except MundapError as error:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        return State(status="unavailable", detail=str(error))
    return State(status="ok")


@router.get(
    "/metrics",
    summary="프로메테우스가 읽는 숫자",
    response_class=Response,
    responses=documented() | {200: {"content": {CONTENT_TYPE: {"schema": {"type": "string"}}}}},
)
def metrics(service: Here) -> Response:
    """요청과 단계마다 걸린 시간, 답한 수와 거둔 수, 기다리는 수, 메모리입니다."""
    return Response(service.metrics.page(), media_type=CONTENT_TYPE)
