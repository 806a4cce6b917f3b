"""What `mundap train all` tries, and its options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from mundap.errors import UnknownName
from mundap.options import Option, Options

# In the order in which they are tried: what is cheap, and most often brings something, comes first.
PARTS = {
    "adapter": "임베딩 어댑터",
    "reranker": "경량 리랭커",
    "adapter+reranker": "어댑터 + 리랭커",
    "reader": "문장 선택",
    "support": "근거 점수 보정",
    "keywords": "키워드 생성",
    "static": "정적 임베딩",
    "cross": "크로스 인코더",
}
SEARCHES = ("reranker", "adapter", "adapter+reranker", "static", "cross")  # one of them is kept; the simplest first


@dataclass(frozen=True)
class EverythingConfig(Options):
    """How long may be trained, what is tried, and whether mundap.toml is changed."""

    budget: Annotated[
        float, Option(help="학습에 쓸 시간(분). 시간 안에 끝나지 않을 항목은 건너뛰고 알립니다", min=0)
    ] = 60.0
    parts: Annotated[
        str,
        Option(
            help="시도할 항목(쉼표로 구분): adapter,reranker,reader,support,keywords,static,cross (기본값: 모두)",
            quiet=True,
        ),
    ] = ""
    only_report: Annotated[bool, Option("--no-promote", help="mundap.toml을 바꾸지 않고 보고서만 만듭니다")] = False
    seed: Annotated[int, Option(help="데이터 분할과 학습에 쓰는 난수 시드")] = 0

    def wanted(self) -> tuple[str, ...]:
        """The parts to try, in their order. Raises UnknownName."""
        single = [part for part in PARTS if "+" not in part]
        named = [name.strip() for name in self.parts.split(",") if name.strip()] or single
        for name in named:
            if name not in single:
                raise UnknownName("part", name, single)
        return tuple(part for part in PARTS if set(part.split("+")) <= set(named))
