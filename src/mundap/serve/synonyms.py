"""The table of synonyms, edited over HTTP, and what a change would do to search."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from mundap.graph.synonyms import Synonym
from mundap.serve.error_responses import documented
from mundap.serve.request_body import RequestBody
from mundap.serve.service import Here, RequestId, Who, Whole
from mundap.workflows import synonyms

_MOST_ROWS = 20_000
_SHOWN = 50  # changes of ranks
_Word = Annotated[str, Field(min_length=1, max_length=200)]


class Row(RequestBody):
    """A word of questions, and what documents may say for it."""

    asked: _Word = Field(description="질문에 쓰는 말", examples=["술"])
    said: _Word = Field(description="문서에 쓰는 말", examples=["주류"])
    score: float = Field(default=1.0, gt=0, le=1, description="점수 (0-1)")
    state: Literal["", "고정", "제외"] = Field(
        default="", description="고정: 다시 찾아도 유지, 제외: 사용 안 함, 빈 문자열: 다시 찾을 때 갱신"
    )
    origin: Literal["", "괄호", "철자", "질문", "임베딩"] = Field(
        default="", description="찾은 방법. 직접 쓴 행은 빈 문자열"
    )
    evidence: str = Field(default="", max_length=1000, description="근거")


class Table(BaseModel):
    """`version` is to be sent back with a change."""

    rows: list[Row]
    version: str


class Changed(RequestBody):
    """The whole table as it shall be."""

    rows: list[Row] = Field(max_length=_MOST_ROWS)
    version: str = Field(default="", max_length=100, description="수정하기 전 표의 version")


class Figures(BaseModel):
    """The share of questions whose right passage is first, or among the first three, and the mean reciprocal rank."""

    top1: float
    top3: float
    mrr10: float


class Effect(BaseModel):
    """What happens to one search: figures before and after, the change, and the p-value of the change of `top1`."""

    leg: str
    before: Figures
    after: Figures
    p: float = Field(description="top1 변화의 p값")


class Moved(BaseModel):
    """A question whose right passage has another rank; null is beyond the twentieth."""

    question: str
    leg: str
    before: int | None
    after: int | None


class Effects(BaseModel):
    """Over `n` questions of the documents; `moved` has those that lose most first, at most fifty."""

    n: int
    legs: list[Effect]
    better: int
    worse: int
    moved: list[Moved]


router = APIRouter(prefix="/synonyms", tags=["동의어"], responses=documented(409))


@router.get("", summary="동의어 표")
def table(bot: Whole) -> Table:
    """동의어 표의 모든 행입니다."""
    return _table(synonyms.table(bot))


@router.put("", summary="동의어 표 저장")
async def save(said: Changed, service: Here, bot: Whole, who: Who, request_id: RequestId) -> Table:
    """표 전체를 바꾸고 색인한 뒤 응답합니다. 그동안 다른 사람이 수정했으면 저장하지 않습니다."""

    def saved() -> Table:
        kept = synonyms.save(bot, _rows(said.rows), said.version)
        service.audit(who, "synonyms", [f"{len(kept.rows)}"], "ok", request_id)
        if bot.corpus.counts()[0]:
            service.index()
        return _table(kept)

    return await service.writes.flow(lambda: iter([saved()])).next()


@router.post("/effect", summary="동의어 변경의 효과")
async def effect(said: Changed, request: Request, service: Here, bot: Whole) -> Effects:
    """저장하지 않고, 문서에 있는 질문(최대 300개)의 정답 문단을 지금과 바꾼 뒤에 몇 위로 찾는지 비교합니다."""
    found = await service.searches.run(request, lambda: synonyms.effect(bot, _rows(said.rows)))
    gains = [(one.before or 1 << 20) - (one.after or 1 << 20) for one in found.changed]
    return Effects(
        n=found.n,
        legs=[
            Effect(
                leg=leg,
                before=_figures(found.before[leg]),
                after=_figures(found.after[leg]),
                p=found.difference[leg]["top1"].p,
            )
            for leg in found.before
        ],
        better=sum(gain > 0 for gain in gains),
        worse=sum(gain < 0 for gain in gains),
        moved=[
            Moved(question=one.question, leg=one.leg, before=one.before, after=one.after)
            for one in found.changed[:_SHOWN]
        ],
    )


def _rows(rows: list[Row]) -> list[Synonym]:
    return [Synonym(one.asked, one.said, one.score, one.origin, one.evidence, one.state) for one in rows]


def _table(kept: synonyms.SynonymTable) -> Table:
    rows = [
        Row.model_validate(
            {
                "asked": one.asked,
                "said": one.said,
                "score": one.score,
                "state": one.state,
                "origin": one.origin,
                "evidence": one.evidence,
            }
        )
        for one in kept.rows
    ]
    return Table(rows=rows, version=kept.version)


def _figures(means: object) -> Figures:
    assert isinstance(means, dict)
    return Figures(top1=means["top1"], top3=means["top3"], mrr10=means["mrr@10"])
