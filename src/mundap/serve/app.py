"""The HTTP API: answers, search and keywords over one workspace, in the shapes that other programs script against."""

from __future__ import annotations

from uuid import uuid4

from fastapi import FastAPI, Request, Response, status
from fastapi.responses import JSONResponse

import mundap
from mundap.errors import MundapError, StaleIndex, UnknownName, WorkspaceBusy
from mundap.pipeline import Mundap
from mundap.serve.sessions import Sessions
from mundap.serve.shapes import Answered, Found, Keywords, OldAnswer, OldPrompt, Prompt, Query, Search, State
from mundap.shapes import answer_json, hit_json
from mundap.types import Turn

_UNAVAILABLE = (StaleIndex, WorkspaceBusy)


def make_app(bot: Mundap) -> FastAPI:
    """The API over `bot`. Requests run in threads; a generation that was made since the last one is opened first."""
    app = FastAPI(
        title="문답 (mundap)",
        version=mundap.__version__,
        description="문서에서 출처를 밝혀 답하고, 문단을 찾고, 질문의 키워드를 뽑습니다.",
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
    )

    sessions = Sessions()

    @app.exception_handler(MundapError)
    def told(request: Request, error: MundapError) -> JSONResponse:
        code = 503 if isinstance(error, _UNAVAILABLE) else 400 if isinstance(error, UnknownName) else 500
        return JSONResponse({"detail": str(error)}, code)

    @app.get("/healthz", summary="살아 있는지")
    def health() -> State:
        return State(status="ok")

    @app.get("/readyz", summary="답할 수 있는지", responses={503: {"model": State}})
    def ready(response: Response) -> State:
        try:
            bot.refresh()
            bot.warm()
        except MundapError as error:
            response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
            return State(status="unavailable", detail=str(error))
        return State(status="ok")

    @app.post("/query", summary="출처를 밝혀 답하기")
    def query(asked: Query) -> Answered:
        bot.refresh()
        answer = bot.ask(asked.query, sessions.history(asked.session), asked.top_k, asked.filters or None)
        sessions.add(asked.session, Turn(asked.query, answer.text))
        said = answer_json(answer)
        return Answered(
            response=answer.text,
            citations=said["citations"],
            hits=said["hits"],
            abstained=answer.abstained,
            request_id=uuid4().hex,
        )

    @app.post("/kullm", summary="출처를 밝혀 답하기 (옮겨 오는 이를 위한 이름)")
    def kullm(asked: OldPrompt) -> OldAnswer:
        bot.refresh()
        answer = bot.ask(asked.prompt, k=asked.top_k)
        return OldAnswer(
            input_prompt=asked.prompt, doc_lst=[hit.passage.text for hit in answer.hits], answer=answer.text
        )

    @app.post("/search", summary="문단 찾기")
    def search(asked: Search) -> Found:
        bot.refresh()
        hits = bot.search(asked.query, asked.top_k, asked.leg, asked.filters or None)
        return Found(hits=[hit_json(hit) for hit in hits])

    @app.post("/keywords", summary="질문의 키워드")
    @app.post("/keyword_extract", summary="질문의 키워드 (옮겨 오는 이를 위한 이름)")
    def keywords(asked: Prompt) -> Keywords:
        [found] = bot.keywords([asked.prompt])
        return Keywords(prompt=asked.prompt, result=", ".join(found), keywords=found)

    return app
