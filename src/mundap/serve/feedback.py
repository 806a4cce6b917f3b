"""What people say of an answer: /feedback."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from mundap.korean.mask import mask
from mundap.serve.error_responses import Refused, documented
from mundap.serve.request_body import RequestBody
from mundap.serve.service import Bot, Here, Who
from mundap.store.feedback import Vote

LONGEST = 4000  # characters of a comment or a corrected answer

Said = Annotated[str, Field(max_length=LONGEST)]


class Judgement(RequestBody):
    """What someone says of the answer to a request. The last of several counts."""

    request_id: str = Field(min_length=1, max_length=200, description="답변과 함께 받은 request_id")
    verdict: Literal["up", "down"] = Field(description="up: 좋아요, down: 아쉬워요")
    comment: Said = Field(default="", description="의견")
    answer: Said = Field(default="", description="수정한 답변. 학습 데이터로 사용됩니다")
    passage_id: str = Field(default="", max_length=200, description="정답이 있는 문단")


class Kept(BaseModel):
    """A judgement that is on the disk."""

    id: int
    request_id: str


router = APIRouter(tags=["의견"], responses=documented(404))


@router.post("/feedback", status_code=201, summary="답변에 대한 의견 저장")
def feedback(said: Judgement, service: Here, bot: Bot, who: Who) -> Kept:
    """의견을 디스크에 저장한 뒤 응답합니다. `mundap feedback export`로 학습 데이터를 만들 수 있습니다."""
    if said.passage_id and not bot.corpus.passages([said.passage_id]):
        raise Refused(404, f"'{said.passage_id}': 없는 문단입니다. 답변과 함께 받은 passage_id를 지정하세요.")
    keep = service.settings.keep_personal
    vote = Vote(
        said.verdict, said.comment.strip() if keep else mask(said.comment.strip()), said.answer.strip(), said.passage_id
    )
    kept = service.bot.feedback.judge(said.request_id, vote, who.owner)
    if kept is None:
        raise Refused(
            404, f"'{said.request_id}': 답변 기록이 없는 요청입니다. 답변과 함께 받은 request_id를 지정하세요."
        )
    service.metrics.feedback(said.verdict)
    return Kept(id=kept, request_id=said.request_id)
