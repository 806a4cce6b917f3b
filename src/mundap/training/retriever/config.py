"""The options of trainers of retrievers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

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


BASE = "베이스 모델: 허브 모델 이름이나 폴더. e5-small은 인터넷 없이 사용할 수 있습니다"
EVERY = "검증하고 체크포인트를 저장할 스텝 간격. 0: 에포크마다"
FREEZE = "동결할 하위 레이어 수. -1: 모두 학습"
Loss = Literal["mnrl", "cached-mnrl", "triplet", "denoising", "matryoshka"]
Pooling = Literal["mean", "cls", "lasttoken"]


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
    hard: Annotated[int, Option(help="질문마다 추가할 하드 네거티브 수", min=0)] = 0
    mined: Annotated[
        Literal["bm25", "model"], Option(help="하드 네거티브를 찾는 방법: bm25 또는 현재 임베딩(model)")
    ] = "bm25"
    questions_only: bool = False
    dim: int = 0
    query: str | None = None
    passage: str | None = None
    pooling: Pooling | None = None
    every: int = 0
    precision: Annotated[Literal["fp32", "bf16"], Option(help="연산 정밀도. bf16: 혼합 정밀도")] = "fp32"
    scale: float = 20.0
    max_query: int = 64
    window: int = 512
    warmup: float = 0.1
    clip: float = 1.0
    blend: bool = True
    dropout: bool = True
    seed: Annotated[int, Option(help="데이터 분할과 학습에 쓰는 난수 시드")] = 0


# "original" are the values of the systems that asked for these; "laptop" those of docs/experiments/2026-11-26-trained-transformers.md.
@dataclass(frozen=True)
class EmbeddingConfig(EncoderConfig):
    """Options of one encoder for questions and passages."""

    kind = "embedding"

    loss: Annotated[Loss, Option(help="손실 함수. denoising은 질문 없이 제시문만으로 학습합니다")] = "mnrl"
    epochs: Annotated[int, Option(help="에포크 수", min=1, presets={"laptop": 1, "original": 30})] = 1
    batch: Annotated[
        int, Option(help="프로세스당 배치 크기(질문 수)", min=2, presets={"laptop": 24, "original": 16})
    ] = 24
    part: Annotated[int, Option(help="cached-mnrl의 미니배치 크기", min=0)] = 8
    lr: Annotated[float, Option(help="학습률", min=0, presets={"laptop": 2e-5, "original": 1e-5})] = 2e-5
    max_passage: Annotated[
        int, Option(help="제시문의 최대 토큰 수", min=16, presets={"laptop": 256, "original": 512})
    ] = 256
    freeze: Annotated[int, Option(help=FREEZE, min=-1, presets={"laptop": 9, "original": -1})] = 9
    questions_only: Annotated[
        bool, Option(help="질문 인코더만 학습합니다. 제시문 벡터는 베이스 모델의 것을 그대로 사용합니다")
    ] = False
    dim: Annotated[int, Option(help="사용할 벡터 차원(matryoshka 손실 함수와 함께). 0: 전체 차원", min=0)] = 0
    query: Annotated[
        str | None, Option("--query-prompt", help="질문 앞에 붙일 프롬프트 (기본값: 베이스 모델의 프롬프트)")
    ] = None
    passage: Annotated[
        str | None, Option("--passage-prompt", help="제시문 앞에 붙일 프롬프트 (기본값: 베이스 모델의 프롬프트)")
    ] = None
    pooling: Annotated[
        Pooling | None, Option(help="풀링 방식: mean, cls 또는 lasttoken (기본값: 베이스 모델의 방식)")
    ] = None
    every: Annotated[int, Option(help=EVERY, min=0, presets={"laptop": 26, "original": 0})] = 26
    scale: Annotated[float, Option("", presets={"original": 20.0})] = 100.0
    blend: Annotated[bool, Option("", presets={"original": False})] = True


@dataclass(frozen=True)
class DprConfig(EncoderConfig):
    """Options of an encoder for questions and another for passages, which are read in pieces of a hundred tokens."""

    kind = "dpr"

    base: Annotated[str, Option(help=BASE)] = "klue/bert-base"
    epochs: Annotated[int, Option(help="에포크 수", min=1, presets={"laptop": 10, "original": 20})] = 10
    batch: Annotated[
        int, Option(help="프로세스당 배치 크기(질문 수)", min=2, presets={"laptop": 16, "original": 16})
    ] = 16
    lr: Annotated[float, Option(help="학습률", min=0, presets={"laptop": 1e-4, "original": 3e-4})] = 1e-4
    max_passage: Annotated[
        int, Option(help="제시문의 최대 토큰 수", min=16, presets={"laptop": 102, "original": 102})
    ] = 102
    freeze: Annotated[int, Option(help=FREEZE, min=-1, presets={"laptop": -1, "original": -1})] = -1
    query: str | None = ""
    passage: str | None = ""
    pooling: Pooling | None = "cls"
    every: Annotated[int, Option(help=EVERY, min=0, quiet=True)] = 0
    window: int = 102
    blend: bool = False
