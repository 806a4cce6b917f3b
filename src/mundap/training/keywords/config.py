"""The options of the trainer of keyword models."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Annotated, Literal

from mundap.options import Option, Options

SCRATCH = "scratch"
KOBART = "gogamza/kobart-base-v1"


@dataclass(frozen=True)
class Values:
    """What suits a base. `batch` is for each device. `max_length` tokens are read and, at most, written."""

    epochs: int
    batch: int
    lr: float
    beams: int
    max_length: int


# "original" are the values of the system that asked for this; "scratch" those of docs/experiments/2026-11-26-keywords-by-a-small-bart.md.
PRESETS = {"original": Values(2, 8, 3e-5, 5, 512), SCRATCH: Values(12, 16, 2e-3, 5, 128)}


@dataclass(frozen=True)
class KeywordsConfig(Options):
    """How a keyword model is trained. `base` is SCRATCH, a folder, or the id of a model on a hub.

    What is None is as the preset has it, and the preset as suits the base. `warmup` is the share of steps in which the
    rate rises; it falls to nothing in the others. `clip` limits the norm of the gradient.
    """

    base: Annotated[
        str, Option(help="베이스 BART: 허브 모델 이름, 폴더 또는 scratch(인터넷 없이 작은 모델을 처음부터 학습)")
    ] = KOBART
    preset: Annotated[
        Literal["original", "scratch"] | None,
        Option(
            help="하이퍼파라미터 프리셋. original: 에포크 2, 배치 크기 8, 학습률 3e-5, 512토큰, 빔 5 (기본값: 베이스 모델에 맞는 값)"
        ),
    ] = None
    epochs: Annotated[int | None, Option(help="에포크 수", min=1)] = None
    batch: Annotated[int | None, Option(help="장치당 배치 크기(질문 수)", min=1)] = None
    lr: Annotated[float | None, Option(help="학습률", min=0)] = None
    beams: Annotated[int | None, Option(help="빔 크기", min=1)] = None
    max_length: Annotated[int | None, Option(help="입력과 출력의 최대 토큰 수", min=8)] = None
    clip: float = 1.0
    warmup: float = 0.1
    seed: int = 0

    @property
    def values(self) -> Values:
        """Those that were given, and those of the preset for the others."""
        preset = PRESETS[self._preset_name]
        return replace(preset, **{k: v for k in asdict(preset) if (v := getattr(self, k)) is not None})

    def settled(self) -> KeywordsConfig:
        """The same with nothing left to be looked up."""
        return replace(self, preset=self._preset_name, **asdict(self.values))

    @property
    def _preset_name(self) -> Literal["original", "scratch"]:
        return self.preset or ("scratch" if self.base == SCRATCH else "original")
