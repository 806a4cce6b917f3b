"""Whether the server lives, and whether it can answer."""

from __future__ import annotations

from fastapi import APIRouter, Response, status

from mundap.errors import MundapError
from mundap.serve.service import Here
from mundap.serve.shapes import State

router = APIRouter(tags=["상태"])


@router.get("/healthz", summary="살아 있는지")
async def health() -> State:
    """서버가 돌고 있으면 언제나 ok입니다."""
    return State(status="ok")


@router.get("/readyz", summary="답할 수 있는지", responses={503: {"model": State}})
def ready(response: Response, service: Here) -> State:
    """색인을 열고 한 번 찾아 본 뒤에 ok입니다. 아니면 `detail`이 무엇을 할지 말합니다."""
    try:
        service.newest().warm()
    except MundapError as error:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        return State(status="unavailable", detail=str(error))
    return State(status="ok")
