"""The options of trainers of retrievers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from mundap.options import Option, Options


@dataclass(frozen=True)
class AdapterConfig(Options):
    """How strongly the maps are drawn to the identity is chosen in training, not given."""

    seed: Annotated[int, Option(help="데이터 분할과 학습에 쓰는 난수 시드")] = 0


@dataclass(frozen=True)
class StaticConfig(Options):
    """How vectors of words are trained: `scale` of cosines before the softmax, `size` what their lengths begin with.

    `size` was tried at .3, 1 and 3, `rate`, which is Adam's, at .01, .02 and .05 (docs/experiments/2026-11-26-trained-encoders.md).
    """

    dim: Annotated[int, Option(help="벡터 차원", min=8)] = 256
    epochs: Annotated[int, Option(help="에포크 수", min=1)] = 12
    batch: Annotated[int, Option(help="배치 크기(질문 수). 한 배치에 같은 제시문은 넣지 않습니다", min=2)] = 128
    rate: Annotated[float, Option("--lr", help="학습률", min=0)] = 0.05
    scale: float = 20.0
    size: float = 3.0
    seed: Annotated[int, Option(help="데이터 분할과 학습에 쓰는 난수 시드")] = 0
