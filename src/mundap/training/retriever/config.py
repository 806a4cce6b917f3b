"""The options of trainers of retrievers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from mundap.options import Option, Options


@dataclass(frozen=True)
class AdapterConfig(Options):
    """How strongly the maps are drawn to the identity is chosen in training, not given."""

    seed: Annotated[int, Option(help="나누기와 학습의 난수 씨앗")] = 0


@dataclass(frozen=True)
class StaticConfig(Options):
    """How vectors of words are trained: `scale` of cosines before the softmax, `size` what their lengths begin with.

    `size` was tried at .3, 1 and 3, `rate`, which is Adam's, at .01, .02 and .05 (docs/experiments.md, "Trained encoders").
    """

    dim: Annotated[int, Option(help="벡터의 차원", min=8)] = 256
    epochs: Annotated[int, Option(help="자료를 몇 번 볼지", min=1)] = 12
    batch: Annotated[int, Option(help="한 번에 볼 질문 수. 한 묶음에 같은 제시문은 없습니다", min=2)] = 128
    rate: Annotated[float, Option("--lr", help="학습률", min=0)] = 0.05
    scale: float = 20.0
    size: float = 3.0
    seed: Annotated[int, Option(help="나누기와 학습의 난수 씨앗")] = 0


BASE = "바탕 모델: 허브의 이름이나 폴더. e5-small은 인터넷 없이 됩니다"
EVERY = "몇 단계마다 재고 체크포인트를 둘지. 0: 세대마다"
FREEZE = "학습하지 않을 아래층의 수. -1: 모두 학습"
Loss = Literal["mnrl", "cached-mnrl", "triplet", "denoising", "matryoshka"]
Pooling = Literal["mean", "cls"]


@dataclass(frozen=True)
class EncoderConfig(Options):
    """What decides a transformer encoder besides its data.

    `batch` is for each process, read in parts of `part`. A loss of mnrl's kind multiplies cosines by `scale`. The lowest
    `freeze` layers are not trained (-1: nor are any frozen). `hard` wrong passages of each question are mined by `mined`.
    After every `every` steps (0: after each epoch) the model is measured and kept; `blend` looks for a better one on
    the way from the base to it. `dim` dimensions are used (0: all), which goes with the loss "matryoshka".
    With `questions_only` passages keep the vectors of the base. `query`, `passage` and `pooling` that are None are those
    that the base was trained with.
    """

    kind: ClassVar[Literal["embedding", "dpr"]]

    base: Annotated[str, Option(help=BASE)] = "e5-small"
    loss: Loss = "mnrl"
    epochs: int = 1
    batch: int = 24
    part: int = 0
    lr: float = 2e-5
    max_passage: int = 256
    freeze: int = -1
    hard: Annotated[int, Option(help="질문마다 더 볼 틀린 제시문(어려운 오답)의 수", min=0)] = 0
    mined: Annotated[
        Literal["bm25", "model"], Option(help="어려운 오답을 찾는 것: bm25, 또는 지금 쓰는 임베딩(model)")
    ] = "bm25"
    questions_only: bool = False
    dim: int = 0
    query: str | None = None
    passage: str | None = None
    pooling: Pooling | None = None
    every: int = 0
    precision: Annotated[Literal["fp32", "bf16"], Option(help="계산의 정밀도. bf16: 섞은 정밀도")] = "fp32"
    scale: float = 20.0
    max_query: int = 64
    window: int = 512
    warmup: float = 0.1
    clip: float = 1.0
    blend: bool = True
    dropout: bool = True
    seed: Annotated[int, Option(help="나누기와 학습의 난수 씨앗")] = 0


# "original" are the values of the systems that asked for these; "laptop" those of docs/experiments.md, 2026-11-26.
@dataclass(frozen=True)
class EmbeddingConfig(EncoderConfig):
    """Options of one encoder for questions and passages."""

    kind = "embedding"

    loss: Annotated[Loss, Option(help="손실. denoising은 질문 없이 제시문만으로 배웁니다")] = "mnrl"
    epochs: Annotated[int, Option(help="자료를 몇 번 볼지", min=1, presets={"laptop": 1, "original": 30})] = 1
    batch: Annotated[
        int, Option(help="프로세스마다 한 번에 볼 질문 수", min=2, presets={"laptop": 24, "original": 16})
    ] = 24
    part: Annotated[int, Option(help="cached-mnrl: 배치를 이만큼씩 나누어 읽습니다", min=0)] = 8
    lr: Annotated[float, Option(help="학습률", min=0, presets={"laptop": 2e-5, "original": 1e-5})] = 2e-5
    max_passage: Annotated[
        int, Option(help="제시문에서 읽을 토큰 수", min=16, presets={"laptop": 256, "original": 512})
    ] = 256
    freeze: Annotated[int, Option(help=FREEZE, min=-1, presets={"laptop": 9, "original": -1})] = 9
    questions_only: Annotated[bool, Option(help="질문 쪽만 배웁니다. 제시문의 벡터는 바탕의 것 그대로입니다")] = False
    dim: Annotated[int, Option(help="쓸 차원의 수(matryoshka와 함께). 0: 모두", min=0)] = 0
    query: Annotated[str | None, Option("--query-prompt", help="질문 앞에 붙는 말 (기본: 바탕이 배운 대로)")] = None
    passage: Annotated[str | None, Option("--passage-prompt", help="제시문 앞에 붙는 말 (기본: 바탕이 배운 대로)")] = (
        None
    )
    pooling: Annotated[Pooling | None, Option(help="mean 또는 cls (기본: 바탕이 배운 대로)")] = None
    every: Annotated[int, Option(help=EVERY, min=0, presets={"laptop": 26, "original": 0})] = 26
    scale: Annotated[float, Option("", presets={"original": 20.0})] = 100.0
    blend: Annotated[bool, Option("", presets={"original": False})] = True


@dataclass(frozen=True)
class DprConfig(EncoderConfig):
    """Options of an encoder for questions and another for passages, which are read in pieces of a hundred tokens."""

    kind = "dpr"

    base: Annotated[str, Option(help=BASE)] = "klue/bert-base"
    epochs: Annotated[int, Option(help="자료를 몇 번 볼지", min=1, presets={"laptop": 10, "original": 20})] = 10
    batch: Annotated[
        int, Option(help="프로세스마다 한 번에 볼 질문 수", min=2, presets={"laptop": 16, "original": 16})
    ] = 16
    lr: Annotated[float, Option(help="학습률", min=0, presets={"laptop": 1e-4, "original": 3e-4})] = 1e-4
    max_passage: Annotated[
        int, Option(help="제시문에서 읽을 토큰 수", min=16, presets={"laptop": 102, "original": 102})
    ] = 102
    freeze: Annotated[int, Option(help=FREEZE, min=-1, presets={"laptop": -1, "original": -1})] = -1
    query: str | None = ""
    passage: str | None = ""
    pooling: Pooling | None = "cls"
    every: Annotated[int, Option(help=EVERY, min=0, quiet=True)] = 0
    window: int = 102
    blend: bool = False
