"""Options that several verbs of `mundap train` share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Preset(StrEnum):
    """Named values of the options."""

    laptop = "laptop"
    original = "original"


class Precision(StrEnum):
    """What is computed in."""

    fp32 = "fp32"
    bf16 = "bf16"


class ReportTo(StrEnum):
    """Where curves are drawn."""

    auto = "auto"
    tensorboard = "tensorboard"
    wandb = "wandb"
    none = "none"


Data = Annotated[
    Path | None,
    typer.Option(
        help="질문 파일: 질문·제시문(또는 질문·답변) 열이 있는 시트, JSON, JSONL (기본값: 읽어 들인 Q/A)",
        show_default=False,
    ),
]
Out = Annotated[str, typer.Option(help="모델 이름. .mundap/models/이름/에 저장합니다", show_default=False)]
Epochs = Annotated[int | None, typer.Option(min=1, help="에포크 수", show_default=False)]
Lr = Annotated[float | None, typer.Option(min=0, help="학습률", show_default=False)]
PresetOption = Annotated[
    Preset,
    typer.Option(
        help="하이퍼파라미터 프리셋. laptop: CPU에서 수십 분, original: 원래 시스템의 값(GPU). 따로 지정한 값이 우선합니다"
    ),
]
PrecisionOption = Annotated[Precision, typer.Option(help="연산 정밀도. bf16: 혼합 정밀도")]
Resume = Annotated[bool, typer.Option("--resume", help="중단된 학습을 이어서 합니다")]
Report = Annotated[
    ReportTo, typer.Option(help="학습 곡선을 기록할 곳. auto: tensorboard가 설치되어 있으면 tensorboard")
]
Seed = Annotated[int, typer.Option(help="데이터 분할과 학습에 쓰는 난수 시드")]
