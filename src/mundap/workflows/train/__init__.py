"""Trainers as plain functions: a workspace, a file and a typed config in, a measured model with its card out.

`table` and `result` say what a trainer is and what it ends in, `run` keeps its model, `ground` is what encoders are measured
on. The functions are in `retriever` and `ranking`. A new trainer is a config, a function, and a line of TRAINERS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mundap.training.rerank.config import RerankerConfig as RerankerConfig
from mundap.training.retriever.config import AdapterConfig as AdapterConfig
from mundap.training.retriever.config import StaticConfig as StaticConfig
from mundap.workflows.train.table import Train, Trainer

if TYPE_CHECKING:
    from mundap.workflows.train.ranking import reranker as reranker
    from mundap.workflows.train.result import TrainResult as TrainResult
    from mundap.workflows.train.retriever import adapter as adapter
    from mundap.workflows.train.retriever import static as static

_HERE = "mundap.workflows.train"
TRAINERS = {
    "reranker": Trainer(
        f"{_HERE}.ranking:reranker",
        RerankerConfig,
        "경량 리랭커를 학습합니다. 교차 검증으로 학습 전후의 성능을 비교합니다.",
        "질문 파일: 질문·제시문 열이 있는 xlsx/csv/tsv, JSON, JSONL (기본값: 읽어 들인 Q/A)",
    ),
    "adapter": Trainer(
        f"{_HERE}.retriever:adapter",
        AdapterConfig,
        "현재 임베딩 벡터에 적용할 선형 변환 두 개(어댑터)를 학습합니다. 새 문서에서 성능이 떨어지지 않도록 항등 변환 쪽으로 규제합니다.",
    ),
    "static": Trainer(
        f"{_HERE}.retriever:static",
        StaticConfig,
        "형태소별 정적 임베딩을 처음부터 학습합니다. 추론할 때는 벡터를 조회해 더하기만 하므로 빠릅니다. 학습한 문서에 대한 새 질문에 효과적입니다.",
    ),
}


def __getattr__(name: str) -> Train:
    """A trainer is imported when it is first asked for."""
    if name not in TRAINERS:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return TRAINERS[name].load()


def __dir__() -> list[str]:
    return sorted([*globals(), *TRAINERS])
