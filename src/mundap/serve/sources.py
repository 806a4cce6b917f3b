"""Sources that documents are kept in step with: when each was looked at last, and having that done now."""

from __future__ import annotations

import time

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from mundap.redact import hidden
from mundap.serve.documents import Refusal
from mundap.serve.error_responses import Refused, documented
from mundap.serve.service import Here, RequestId, Who, Whole
from mundap.serve.syncing import Syncing


class Source(BaseModel):
    """A source of mundap.toml. `last` is "" if it was never looked at; `error` is what was wrong then."""

    name: str
    kind: str
    every: str = Field(description="확인 주기. 빈 문자열이면 직접 동기화할 때만")
    last: str
    error: str
    documents: int
    running: bool


class Sources(BaseModel):
    """In the order of mundap.toml."""

    sources: list[Source]


class Synced(BaseModel):
    """What came of a source, as `mundap sync --json` says it."""

    source: str
    listed: int
    fetched: int
    added: int
    updated: int
    removed: int
    unchanged: int
    skipped: list[Refusal]
    error: str


router = APIRouter(prefix="/sources", tags=["문서"], responses=documented(404))


@router.get("", summary="출처 목록")
def listing(request: Request, bot: Whole) -> Sources:
    """mundap.toml의 [[sources]]와 마지막으로 동기화한 시각, 그때의 오류입니다."""
    syncing: Syncing = request.app.state.syncing
    found = []
    for one in bot.config.sources:
        began, error = bot.fetched.last_run(one.name) or (0.0, "")
        last = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(began)) if began else ""
        count = len(bot.fetched.items(one.name))
        running = one.name in syncing.running
        found.append(
            Source(
                name=one.name,
                kind=one.kind,
                every=one.every,
                last=last,
                error=hidden(error),
                documents=count,
                running=running,
            )
        )
    return Sources(sources=found)


@router.post("/{name}/sync", summary="지금 동기화")
async def sync(name: str, request: Request, service: Here, bot: Whole, who: Who, request_id: RequestId) -> Synced:
    """출처 하나를 동기화하고 색인한 뒤 응답합니다. 이미 동기화하는 중이면 503을 반환합니다."""
    syncing: Syncing = request.app.state.syncing
    settings = next((one for one in bot.config.sources if one.name == name), None)
    if settings is None:
        raise Refused(404, f"'{name}': 없는 출처입니다. GET /sources의 name을 지정하세요.")
    report = await run_in_threadpool(syncing.sync, service.bot, settings)
    service.audit(who, "sync", [name], "failed" if report.error else "ok", request_id)
    return Synced.model_validate({**report.to_json(), "error": hidden(report.error)})
