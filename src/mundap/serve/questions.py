"""The work list: questions that were not answered or found bad, and the answers that the staff give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from mundap.errors import UnknownName
from mundap.serve.error_responses import Refused, documented
from mundap.serve.feedback import LONGEST
from mundap.serve.request_body import RequestBody
from mundap.serve.service import Bot, Here, RequestId, Who
from mundap.serve.shapes import Text
from mundap.workflows import review
from mundap.workspace.staff_answers import SOURCE, StaffAnswer

T = TypeVar("T")

_Id = Annotated[str, Field(max_length=100)]


class NearPassage(BaseModel):
    """A passage that the last answer was written from."""

    passage_id: str
    source: str
    heading: str
    page: int | None
    text: str


class Open(BaseModel):
    """A question that waits for somebody: how often it was asked, what people said of its answers, and the last one."""

    id: str
    question: str
    times: int = Field(description="질문한 횟수")
    abstained: int = Field(description="답변을 보류한 횟수")
    ups: int
    downs: int
    last: str = Field(description="마지막으로 질문한 시각")
    comments: list[str]
    corrections: list[str] = Field(description="이용자가 제안한 올바른 답변")
    answer: str = Field(description="마지막 답변")
    passages: list[NearPassage]


class Worklist(BaseModel):
    """`total` counts all that wait, worst first."""

    total: int
    questions: list[Open]


class Given(BaseModel):
    """A question that the staff answered."""

    id: str
    question: str
    answer: str
    source: str
    access: list[str]


class AllGiven(BaseModel):
    """Those that the asker may see, in the order in which they were given."""

    questions: list[Given]


class NewAnswer(RequestBody):
    """The answer to a question, which replaces one that the staff gave before. `closes` is that of the work list."""

    question: Text = Field(pattern=r"\S", description="질문", examples=["구내식당은 몇 시에 여나요?"])
    answer: str = Field(pattern=r"\S", max_length=LONGEST, description="답변", examples=["오전 11시 20분에 엽니다."])
    source: str = Field(default="", max_length=200, description="출처로 표시할 이름. 비우면 '직원 답변'")
    access: list[Annotated[str, Field(min_length=1, max_length=100)]] = Field(
        default_factory=list, max_length=20, description="답변을 볼 수 있는 접근 태그. 비우면 모두"
    )
    closes: _Id = Field(default="", description="처리한 질문의 ID(GET /questions/open의 id)")


class Closed(BaseModel):
    """A question that is no longer on the list, or an answer that was taken back."""

    id: str


router = APIRouter(prefix="/questions", tags=["질문 관리"], responses=documented(404, 409))


@router.get("/open", summary="답하지 못한 질문 목록")
def open_questions(
    bot: Bot,
    limit: Annotated[int, Query(ge=1, le=200, description="최대 개수")] = 20,
    offset: Annotated[int, Query(ge=0, le=1 << 40, description="건너뛸 개수")] = 0,
) -> Worklist:
    """답변을 보류했거나 아쉽다는 의견이 있는 질문을 급한 순서로 반환합니다. 처리한 질문은 다시 문제가 생길 때까지 나오지 않습니다."""
    total, found = review.open_questions(bot, limit, offset)
    return Worklist(
        total=total,
        questions=[
            Open(
                id=one.id,
                question=one.asked.question,
                times=one.asked.times,
                abstained=one.asked.abstained,
                ups=one.asked.ups,
                downs=one.asked.downs,
                last=one.asked.last,
                comments=list(dict.fromkeys(one.asked.comments)),
                corrections=list(dict.fromkeys(one.asked.corrections)),
                answer=one.asked.answer,
                passages=[
                    NearPassage(passage_id=p.id, source=p.source, heading=p.heading, page=p.page, text=p.text)
                    for p in one.passages
                ],
            )
            for one in found
        ],
    )


@router.post("/open/{id}/close", summary="질문을 목록에서 제외")
def close(id: str, bot: Bot) -> Closed:
    """답변하지 않고 목록에서 뺍니다. 그 뒤에 같은 질문의 답변을 보류하거나 아쉽다는 의견이 오면 다시 나옵니다."""
    _found(id, lambda: review.close(bot, id))
    return Closed(id=id)


@router.get("/answered", summary="직원 답변 목록")
def given(bot: Bot, who: Who) -> AllGiven:
    """직원이 답한 질문입니다. 업로드 폴더의 '직원 답변.csv'에 저장되며 문서 목록에도 나옵니다."""
    found = review.staff_answers(bot, who.access)
    return AllGiven(questions=[_given(one) for one in found])


@router.post("", status_code=201, summary="질문에 답변 등록")
async def answer(said: NewAnswer, service: Here, bot: Bot, who: Who, request_id: RequestId) -> Given:
    """질문과 답변을 등록하고 색인한 뒤 응답합니다. 그때부터 같은 질문에 이 답변을 그대로 보여 주고(faq), 비슷한 질문에서 검색됩니다."""
    one = StaffAnswer(
        " ".join(said.question.split()), said.answer.strip(), said.source.strip() or SOURCE, tuple(said.access)
    )
    if not one.question or not one.answer:
        raise Refused(409, "질문과 답변을 입력하세요.")

    def kept() -> Given:
        try:
            review.answer(service.bot, one, who.access)
        except BaseException:
            service.audit(who, "answer", [one.id], "failed", request_id)
            raise
        service.audit(who, "answer", [one.id], "ok", request_id)
        service.merge()
        return _given(one)

    done = await service.writes.flow(lambda: iter([kept()])).next()
    if said.closes:
        await run_in_threadpool(_found, said.closes, lambda: review.close(bot, said.closes))
    return done


@router.delete("/answered/{id}", summary="직원 답변 삭제")
async def withdraw(id: str, service: Here, who: Who, request_id: RequestId) -> Closed:
    """직원이 등록한 답변을 삭제하고 색인한 뒤 응답합니다."""

    def gone() -> Closed:
        _found(id, lambda: review.withdraw(service.bot, id, who.access))
        service.audit(who, "answer", [id], "removed", request_id)
        service.merge()
        return Closed(id=id)

    return await service.writes.flow(lambda: iter([gone()])).next()


def _given(one: StaffAnswer) -> Given:
    return Given(id=one.id, question=one.question, answer=one.answer, source=one.source, access=list(one.access))


def _found(id: str, work: Callable[[], T]) -> T:
    try:
        return work()
    except UnknownName as error:
        raise Refused(404, f"'{id}': 없는 질문이거나 이미 처리했습니다. 목록을 새로 고치세요.") from error
