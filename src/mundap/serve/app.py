"""The HTTP API: answers, search and keywords over one workspace, in the shapes that other programs script against."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response

import mundap
from mundap.config import Serve
from mundap.pipeline import Mundap
from mundap.serve import answers, chat, embeddings, feedback, found, problems, state
from mundap.serve.requests import Requests
from mundap.serve.service import Service
from mundap.serve.work import Gone

_CLIENT_CLOSED = 499  # nobody reads it; logs and metrics do


def make_app(bot: Mundap, settings: Serve) -> FastAPI:
    """The API over `bot`. A generation that was made since the last request is opened first."""
    service = Service(bot, settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = FastAPI(
        title="문답 (mundap)",
        version=mundap.__version__,
        description="문서에서 출처를 밝혀 답하고, 문단을 찾고, 질문의 키워드를 뽑습니다.",
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        max_body_size=settings.body_kb * 1024,
    )
    app.state.service = service
    problems.install(app)

    @app.exception_handler(Gone)
    async def gone(request: Request, error: Gone) -> Response:
        return Response(status_code=_CLIENT_CLOSED)

    app.add_middleware(Requests)
    for router in (answers.router, chat.router, embeddings.router, feedback.router, found.router, state.router):
        app.include_router(router)
    return app
