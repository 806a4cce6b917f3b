"""The HTTP API: answers, search and keywords over one workspace, in the shapes that other programs script against."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from importlib.util import find_spec

from fastapi import FastAPI, Request, Response
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute

import mundap
from mundap.config import Serve
from mundap.serve import (
    answers,
    chat,
    docs_page,
    documents,
    embeddings,
    error_responses,
    feedback,
    found,
    login,
    questions,
    sources,
    state,
    synonyms,
    upkeep,
    views,
)
from mundap.serve.asker import ASKER
from mundap.serve.body import BodyLimit
from mundap.serve.error_responses import told
from mundap.serve.guard import Guard
from mundap.serve.keys import FILE as KEYS
from mundap.serve.keys import Keys
from mundap.serve.logins import Logins
from mundap.serve.page import originals
from mundap.serve.page import routes as page_routes
from mundap.serve.requests import HEADER, Requests
from mundap.serve.service import Service
from mundap.serve.syncing import Syncing
from mundap.serve.well_formed import CLIENT_CLOSED, WellFormed
from mundap.serve.work import Gone
from mundap.workspace import Mundap


def make_app(bot: Mundap, settings: Serve, guarded: bool = False, local: bool = True, lent: str = "") -> FastAPI:
    """The API over `bot`. A generation that was made since the last request is opened first.

    `guarded` has every request bring one of the workspace's keys, even while there are none; `local` says that only
    this machine can ask (guard.Guard). `lent` is the digest of a key that is kept in no file.
    """
    service = Service(bot, settings)
    syncing = Syncing(service)

    agents, serving_agents = _agents(service)
    logins = Logins(bot.config.oidc, bot.kept_in("")) if bot.config.oidc.issuer else None

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.begin()
        syncing.begin()
        async with serving_agents():
            yield
        syncing.end()
        service.close()
        await service.warmed()
        if logins is not None:
            await logins.issuer.close()

    app = FastAPI(
        title="문답 (mundap)",
        version=mundap.__version__,
        description="문서에 근거해 출처와 함께 답하고, 문단을 검색하고, 질문의 키워드를 추출합니다.",
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.service = service
    app.state.logins = logins
    app.state.syncing = syncing
    describe = app.openapi
    error_responses.install(app)

    @app.exception_handler(Gone)
    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, error: Gone | ClientDisconnect) -> Response:
        return Response(status_code=CLIENT_CLOSED)

    app.openapi = lambda: embeddings.described(describe(), service.bot.components.encoder.dim)  # type: ignore[method-assign]
    keys = Keys(bot.kept_in(KEYS), lent)
    app.add_middleware(WellFormed, raw=("documents",))
    app.add_middleware(
        BodyLimit,
        most=settings.body_kb * 1024,
        paths=dict.fromkeys(("/documents", "/synonyms", "/synonyms/effect"), settings.uploads_mb << 20),
        seconds=settings.body_seconds,
    )
    app.add_middleware(
        Guard,
        keys=keys,
        service=service,
        guarded=guarded,
        local=local,
        per_minute=settings.per_minute,
        origins=settings.cors_origins,
        logins=logins,
    )
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=[HEADER, "Retry-After", originals.PAGE, originals.MARK],
        )
    app.add_middleware(Requests, service=service, log_text=settings.log_text)
    for router in (
        answers.router,
        chat.router,
        documents.router,
        embeddings.router,
        feedback.router,
        login.router,
        found.router,
        views.router,
        questions.router,
        synonyms.router,
        sources.router,
        upkeep.router,
        originals.router,
        page_routes.router,
        state.router,
        docs_page.router,
    ):
        app.include_router(router)
    app.router.routes.extend(agents)
    return app


def _agents(service: Service) -> tuple[Sequence[BaseRoute], Callable[[], AbstractAsyncContextManager[None]]]:
    """The routes of the MCP server, and what is to be entered while they are served; none without the extra `mcp`."""
    if find_spec("mcp") is None:
        return (), nullcontext
    from mundap.mcp.server import make_http

    def newest() -> Mundap:
        asker = ASKER.get()
        return service.newest().seen_by(asker.access if asker else ())

    return make_http(newest, lambda error: told("agent", ASKER.get(), error), service.settings.answers_at_once)
