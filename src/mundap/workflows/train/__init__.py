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
        "가벼운 리랭커를 학습합니다. 교차 검증으로 학습 앞뒤를 재고, 나아졌는지 알려 줍니다.",
        "질문 파일: 질문·제시문 열이 있는 xlsx/csv/tsv, JSON, JSONL (기본: 읽어들인 문답)",
    ),
    "adapter": Trainer(
        f"{_HERE}.retriever:adapter",
        AdapterConfig,
        "지금 임베딩의 벡터 위에 선형 사상 둘을 학습합니다. 새 문서에서 나빠지지 않게 항등 쪽으로 당깁니다.",
    ),
    "static": Trainer(
        f"{_HERE}.retriever:static",
        StaticConfig,
        "형태소마다 벡터를 처음부터 학습합니다. 쓸 때는 표에서 찾아 더하기만 합니다. 알려진 문서의 새 질문에 강합니다.",
    ),
}


def __getattr__(name: str) -> Train:
    """A trainer is imported when it is first asked for."""
    if name not in TRAINERS:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return TRAINERS[name].load()


def __dir__() -> list[str]:
    return sorted([*globals(), *TRAINERS])
