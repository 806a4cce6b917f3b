"""What is found without an answer being written: passages and keywords."""

from __future__ import annotations

from fastapi import APIRouter

from mundap.serve.problems import documented
from mundap.serve.service import Bot
from mundap.serve.shapes import Found, Keywords, OldKeywords, Prompt, Search
from mundap.shapes import hit_json

router = APIRouter(tags=["찾기"], responses=documented(400))


@router.post("/search", summary="문단 찾기")
def search(asked: Search, bot: Bot) -> Found:
    """질문에 가장 가까운 문단을 좋은 것부터 줍니다. `mundap search --json`과 같습니다."""
    hits = bot.search(asked.query, asked.top_k, asked.leg, asked.filters or None)
    return Found(hits=[hit_json(hit) for hit in hits])


@router.post("/keywords", summary="질문의 키워드")
def keywords(asked: Prompt, bot: Bot) -> Keywords:
    """질문의 키워드를 나온 순서대로 줍니다. `mundap keywords`와 같습니다."""
    [found] = bot.keywords([asked.prompt])
    return Keywords(prompt=asked.prompt, result=", ".join(found), keywords=found)


@router.post("/keyword_extract", summary="질문의 키워드 (옮겨 오는 이를 위한 이름)")
def keyword_extract(asked: Prompt, bot: Bot) -> OldKeywords:
    """`/keywords`와 같은 키워드를, 쓰던 클라이언트가 읽는 모양으로 줍니다."""
    [found] = bot.keywords([asked.prompt])
    return OldKeywords(prompt=asked.prompt, result=", ".join(found))
