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


@dataclass(frozen=True)
class CrossConfig(Options):
    """What decides a cross-encoder besides its data.

    `batch` questions a step, each with its passage and `hard` wrong candidates; pairs are cut to `tokens`. The lowest
    `freeze` layers are not trained (-1: all are). After every `every` steps (0: after each epoch) it is measured and kept.
    """

    base: Annotated[
        str, Option(help="베이스 모델: 허브 모델 이름이나 폴더. e5-small은 인터넷 없이 사용할 수 있습니다")
    ] = "e5-small"
    epochs: Annotated[int, Option(help="에포크 수", min=1)] = 2
    batch: Annotated[int, Option(help="프로세스당 배치 크기(질문 수)", min=1)] = 8
    hard: Annotated[int, Option(help="질문마다 함께 학습할 오답 후보 수", min=1)] = 3
    lr: Annotated[float, Option(help="학습률", min=0)] = 5e-5
    tokens: Annotated[int, Option("--max-tokens", help="질문과 제시문을 합친 최대 토큰 수", min=16)] = 256
    freeze: Annotated[int, Option(help="동결할 하위 레이어 수. -1: 모두 학습", min=-1)] = 6
    every: Annotated[int, Option(help="검증하고 체크포인트를 저장할 스텝 간격. 0: 에포크마다", min=0, quiet=True)] = 0
    warmup: float = 0.1
    clip: float = 1.0
    seed: Annotated[int, Option(help="데이터 분할과 학습에 쓰는 난수 시드")] = 0
