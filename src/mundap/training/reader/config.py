"""The options of trainers of readers and of support."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from mundap.options import Option, Options


@dataclass(frozen=True)
class ReaderConfig(Options):
    """What a sheet is to teach which sentence answers is in the sheet; `seed` divides it into folds."""

    seed: int = 0


@dataclass(frozen=True)
class SupportConfig(Options):
    """With `wrong` a threshold is looked for at which no more than that share of answers is wrong; `seed` makes the folds."""

    wrong: Annotated[
        float | None,
        Option(
            help="오답률(답한 질문 중 정답 제시문을 인용하지 않은 비율)을 이 값 이하로 보장하는 임계값을 찾습니다. 예: 0.05",
            min=0.001,
            max=0.999,
        ),
    ] = None
    confidence: Annotated[float, Option(help="오답률 보장의 신뢰 수준", min=0.5, max=0.999)] = 0.9
    seed: int = 0
