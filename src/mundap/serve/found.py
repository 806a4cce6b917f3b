"""What is found without an answer being written: passages and keywords."""

from __future__ import annotations

from fastapi import APIRouter, Request

from mundap.serve.error_responses import documented
from mundap.serve.service import Here, Service, Who
from mundap.serve.shapes import Found, Keywords, OldKeywords, Prompt, Search
from mundap.shapes import hit_json

router = APIRouter(tags=["검색"], responses=documented(404))


@router.post("/search", summary="문단 검색", response_model_exclude_unset=True)
async def search(asked: Search, request: Request, service: Here, who: Who) -> Found:
    """질문과 가장 관련 있는 문단을 순위대로 반환합니다. `mundap search --json`과 같습니다."""

    def found() -> Found:
        bot = service.newest().seen_by(who.access)
        bot.corpus.check_filter(asked.filters.items())
        mended = bot.mended(asked.query)
        hits = bot.search(asked.query, asked.top_k, asked.leg, asked.filters or None)
        said = [hit_json(hit) for hit in hits]
        return Found(hits=said, searched=mended.text) if mended.words else Found(hits=said)

    return await service.searches.run(request, found)


@router.post("/keywords", summary="키워드 추출")
async def keywords(asked: Prompt, request: Request, service: Here) -> Keywords:
    """질문의 키워드를 나온 순서대로 반환합니다. `mundap keywords`와 같습니다."""
    found = await _keywords(asked, request, service)
    return Keywords(prompt=asked.prompt, result=", ".join(found), keywords=found)


@router.post("/keyword_extract", summary="키워드 추출 (기존 클라이언트 호환용)")
async def keyword_extract(asked: Prompt, request: Request, service: Here) -> OldKeywords:
    """`/keywords`와 같은 키워드를 기존 클라이언트의 형식으로 반환합니다."""
    return OldKeywords(prompt=asked.prompt, result=", ".join(await _keywords(asked, request, service)))


async def _keywords(asked: Prompt, request: Request, service: Service) -> list[str]:
    [found] = await service.searches.run(request, lambda: service.bot.keywords([asked.prompt]))
    return found
