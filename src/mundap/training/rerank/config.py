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


@dataclass(frozen=True)
class CrossConfig(Options):
    """What decides a cross-encoder besides its data.

    `batch` questions a step, each with its passage and `hard` wrong candidates; pairs are cut to `tokens`. The lowest
    `freeze` layers are not trained (-1: all are). After every `every` steps (0: after each epoch) it is measured and kept.
    """

    base: Annotated[str, Option(help="바탕 모델: 허브의 이름이나 폴더. e5-small은 인터넷 없이 됩니다")] = "e5-small"
    epochs: Annotated[int, Option(help="자료를 몇 번 볼지", min=1)] = 2
    batch: Annotated[int, Option(help="프로세스마다 한 번에 볼 질문 수", min=1)] = 8
    hard: Annotated[int, Option(help="질문마다 함께 볼 틀린 후보의 수", min=1)] = 3
    lr: Annotated[float, Option(help="학습률", min=0)] = 5e-5
    tokens: Annotated[int, Option("--max-tokens", help="질문과 제시문을 함께 읽을 토큰 수", min=16)] = 256
    freeze: Annotated[int, Option(help="학습하지 않을 아래층의 수. -1: 모두 학습", min=-1)] = 6
    every: Annotated[int, Option(help="몇 단계마다 재고 체크포인트를 둘지. 0: 세대마다", min=0, quiet=True)] = 0
    warmup: float = 0.1
    clip: float = 1.0
    seed: Annotated[int, Option(help="나누기와 학습의 난수 씨앗")] = 0
