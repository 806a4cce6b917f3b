"""The HTTP API: answers, search and keywords over one workspace, in the shapes that other programs script against."""

from __future__ import annotations

from fastapi import FastAPI

import mundap
from mundap.pipeline import Mundap
from mundap.serve import answers, found, problems, state
from mundap.serve.requests import Requests
from mundap.serve.service import Service


def make_app(bot: Mundap) -> FastAPI:
    """The API over `bot`. A generation that was made since the last request is opened first."""
    app = FastAPI(
        title="문답 (mundap)",
        version=mundap.__version__,
        description="문서에서 출처를 밝혀 답하고, 문단을 찾고, 질문의 키워드를 뽑습니다.",
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
    )
    app.state.service = Service(bot)
    problems.install(app)
    app.add_middleware(Requests)
    app.include_router(answers.router)
    app.include_router(found.router)
    app.include_router(state.router)
    return app
