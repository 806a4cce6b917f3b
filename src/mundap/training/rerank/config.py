"""The options of trainers of rerankers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from mundap.options import Option, Options


@dataclass(frozen=True)
class RerankerConfig(Options):
    """What the light reranker may look at."""

    features: Annotated[
        Literal["all", "translation", "scores"],
        Option(
            help="all: 말의 대응과 아는 질문까지 봅니다, translation: 말의 대응만(새 문서가 많을 때), scores: 점수만 섞습니다"
        ),
    ] = "all"
