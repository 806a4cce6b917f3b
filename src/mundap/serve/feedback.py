"""What people say of an answer: /feedback."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from mundap.serve.problems import Refused, documented
from mundap.serve.request_body import RequestBody
from mundap.serve.service import Here
from mundap.store.feedback import Vote

LONGEST = 4000  # characters of a comment or a corrected answer

Said = Annotated[str, Field(max_length=LONGEST)]


class Judgement(RequestBody):
    """What someone says of the answer to a request. The last of several counts."""

    request_id: str = Field(min_length=1, max_length=200, description="답과 함께 받은 request_id")
    verdict: Literal["up", "down"] = Field(description="좋아요 up, 아쉬워요 down")
    comment: Said = Field(default="", description="하고 싶은 말")
    answer: Said = Field(default="", description="바로잡은 답. 학습 자료가 됩니다")
    passage_id: str = Field(default="", max_length=200, description="답이 있는 문단")


class Kept(BaseModel):
    """A judgement that is on the disk."""

    id: int
    request_id: str


router = APIRouter(tags=["의견"], responses=documented(404))


@router.post("/feedback", status_code=201, summary="답에 대한 의견 남기기")
def feedback(said: Judgement, service: Here) -> Kept:
    """받아들인 의견은 디스크에 쓴 뒤에 알립니다. `mundap feedback export`로 학습 자료가 됩니다."""
    if said.passage_id and not service.bot.corpus.passages([said.passage_id]):
        raise Refused(404, f"'{said.passage_id}': 그런 문단이 없습니다. 답과 함께 받은 passage_id를 주세요.")
    vote = Vote(said.verdict, said.comment.strip(), said.answer.strip(), said.passage_id)
    kept = service.bot.feedback.judge(said.request_id, vote)
    if kept is None:
        raise Refused(
            404, f"'{said.request_id}': 그런 요청에 답한 기록이 없습니다. 답과 함께 받은 request_id를 주세요."
        )
    service.metrics.feedback(said.verdict)
    return Kept(id=kept, request_id=said.request_id)
