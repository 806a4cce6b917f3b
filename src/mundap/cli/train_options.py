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
        help="질문 파일: 질문·제시문(또는 질문·답변) 열이 있는 시트, JSON, JSONL (기본: 읽어들인 문답)",
        show_default=False,
    ),
]
Out = Annotated[str, typer.Option(help="모델 이름. .mundap/models/이름/에 둡니다", show_default=False)]
Epochs = Annotated[int | None, typer.Option(min=1, help="자료를 몇 번 볼지", show_default=False)]
Lr = Annotated[float | None, typer.Option(min=0, help="학습률", show_default=False)]
PresetOption = Annotated[
    Preset,
    typer.Option(help="값 묶음. laptop: CPU에서 몇십 분, original: 본래 시스템의 값(GPU). 따로 준 값이 앞섭니다"),
]
PrecisionOption = Annotated[Precision, typer.Option(help="계산의 정밀도. bf16: 섞은 정밀도")]
Resume = Annotated[bool, typer.Option("--resume", help="멈춘 학습을 이어 갑니다")]
Report = Annotated[ReportTo, typer.Option(help="학습 곡선을 그릴 곳. auto: tensorboard가 깔려 있으면 거기")]
Seed = Annotated[int, typer.Option(help="나누기와 학습의 난수 씨앗")]
