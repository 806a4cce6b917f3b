"""Answers that cite their sources: /query, and /kullm for clients of former systems."""

from __future__ import annotations

from fastapi import APIRouter

from mundap.serve.problems import documented
from mundap.serve.service import Bot, Here, RequestId
from mundap.serve.shapes import Answered, OldAnswer, OldPrompt, Query
from mundap.shapes import answer_json

router = APIRouter(tags=["답하기"], responses=documented(400, 502))


@router.post("/query", summary="출처를 밝혀 답하기")
def query(asked: Query, bot: Bot, service: Here, request_id: RequestId) -> Answered:
    """문서에서 답을 쓰고, 인용한 곳과 답을 쓴 문단을 함께 줍니다. 문서에 답이 없으면 `abstained`가 true입니다."""
    answer = bot.ask(asked.query, service.sessions.history(asked.session), asked.top_k, asked.filters or None)
    service.answered(request_id, answer, asked.session)
    said = answer_json(answer)
    return Answered(
        response=answer.text,
        citations=said["citations"],
        hits=said["hits"],
        abstained=answer.abstained,
        request_id=request_id,
    )


@router.post("/kullm", summary="출처를 밝혀 답하기 (옮겨 오는 이를 위한 이름)")
def kullm(asked: OldPrompt, bot: Bot, service: Here, request_id: RequestId) -> OldAnswer:
    """`/query`와 같은 답을, 쓰던 클라이언트가 읽는 모양으로 줍니다."""
    answer = bot.ask(asked.prompt, k=asked.top_k)
    service.answered(request_id, answer)
    return OldAnswer(input_prompt=asked.prompt, doc_lst=[hit.passage.text for hit in answer.hits], answer=answer.text)
