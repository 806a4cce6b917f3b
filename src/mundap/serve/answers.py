"""Answers that cite their sources: /query, and /kullm for clients of former systems."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from mundap.serve.error_responses import documented
from mundap.serve.service import Here, Question, RequestId, Service, Who
from mundap.serve.shapes import Answered, OldAnswer, OldPrompt, Query
from mundap.shapes import answer_json
from mundap.types import Answer

router = APIRouter(tags=["답변"], responses=documented(404, 502))


@router.post("/query", summary="출처와 함께 답변", response_model_exclude_unset=True)
async def query(asked: Query, request: Request, service: Here, request_id: RequestId, who: Who) -> Answered:
    """문서에 근거한 답변을 인용, 근거 문단과 함께 반환합니다. 문서에 답이 없으면 `abstained`가 true입니다."""
    question = Question(
        asked.query,
        request_id,
        (),
        asked.top_k,
        asked.filters,
        asked.session,
        asked.persona,
        who.owner,
        who.access,
        asked.language or "",
    )
    answer = await whole(request, service, question)
    said = answer_json(answer)
    rare: dict[str, Any] = {name: value for name, value in said.items() if name in ("searched", "truncated")}
    return Answered(
        response=said["answer"],
        citations=said["citations"],
        hits=said["hits"],
        abstained=said["abstained"],
        request_id=request_id,
        sentences=said["sentences"],
        model=said["model"],
        generation=said["generation"],
        support=said["support"],
        kind=said["kind"],
        choices=said["choices"],
        **rare,
    )


@router.post("/kullm", summary="출처와 함께 답변 (기존 클라이언트 호환용)")
async def kullm(asked: OldPrompt, request: Request, service: Here, request_id: RequestId, who: Who) -> OldAnswer:
    """`/query`와 같은 답변을 기존 클라이언트의 형식으로 반환합니다."""
    answer = await whole(
        request, service, Question(asked.prompt, request_id, k=asked.top_k, owner=who.owner, access=who.access)
    )
    return OldAnswer(input_prompt=asked.prompt, doc_lst=[hit.passage.text for hit in answer.hits], answer=answer.text)


async def whole(request: Request, service: Service, question: Question) -> Answer:
    """The Answer without its pieces. Raises Gone when the client leaves."""
    answer = await service.answers.run(
        request, lambda: next(piece for piece in service.ask(question) if isinstance(piece, Answer))
    )
    request.state.answer = answer
    return answer
