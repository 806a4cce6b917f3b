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
            help="all: 단어 대응표와 알려진 질문까지 사용, translation: 단어 대응표만 사용(새 문서가 많을 때), scores: 검색 점수만 결합"
        ),
    ] = "all"
