"""Trainers as plain functions: a workspace, a file and a typed config in, a measured model with its card out.

`table` and `result` say what a trainer is and what it ends in, `run` keeps its model, `ground` is what encoders are measured
on. The functions are in `retriever` (and `losses`), `ranking`, `answers`, `keyword_model`, `language_model` and `preference`.
A new trainer is a config, a function, and a line of TRAINERS.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from mundap.training.keywords.config import KeywordsConfig as KeywordsConfig
from mundap.training.llm.config import DPOConfig as DPOConfig
from mundap.training.llm.config import PPOConfig as PPOConfig
from mundap.training.llm.config import RewardConfig as RewardConfig
from mundap.training.llm.config import SFTConfig as SFTConfig
from mundap.training.reader.config import ReaderConfig as ReaderConfig
from mundap.training.reader.config import SupportConfig as SupportConfig
from mundap.training.rerank.config import CrossConfig as CrossConfig
from mundap.training.rerank.config import RerankerConfig as RerankerConfig
from mundap.training.retriever.config import AdapterConfig as AdapterConfig
from mundap.training.retriever.config import DprConfig as DprConfig
from mundap.training.retriever.config import EmbeddingConfig as EmbeddingConfig
from mundap.training.retriever.config import StaticConfig as StaticConfig
from mundap.workflows.train.table import Trainer

if TYPE_CHECKING:
    from mundap.workflows.train.answers import reader as reader
    from mundap.workflows.train.answers import support as support
    from mundap.workflows.train.keyword_model import keywords as keywords
    from mundap.workflows.train.language_model import sft as sft
    from mundap.workflows.train.losses import compare_losses as compare_losses
    from mundap.workflows.train.preference import dpo as dpo
    from mundap.workflows.train.preference import ppo as ppo
    from mundap.workflows.train.preference import reward as reward
    from mundap.workflows.train.ranking import cross as cross
    from mundap.workflows.train.ranking import reranker as reranker
    from mundap.workflows.train.result import TrainResult as TrainResult
    from mundap.workflows.train.retriever import adapter as adapter
    from mundap.workflows.train.retriever import dpr as dpr
    from mundap.workflows.train.retriever import embedding as embedding
    from mundap.workflows.train.retriever import static as static

_HERE = "mundap.workflows.train"
_PAIRS = "순위 JSON(prompt, completion_0…, ranking)이나 선호 JSONL(prompt, chosen, rejected)"
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
    "support": Trainer(
        f"{_HERE}.answers:support",
        SupportConfig,
        "언제 답하고 언제 거둘지를 자기 질문으로 보정합니다. 교차 검증으로 앞뒤를 잽니다.",
        "질문 파일. 제시문이 빈 질문은 답이 없는 질문 (기본: 읽어들인 문답)",
    ),
    "reader": Trainer(
        f"{_HERE}.answers:reader",
        ReaderConfig,
        "적힌 답변에서, 제시문의 어느 문장이 답인지를 배웁니다(언어 모델 없이 답할 때). 교차 검증으로 앞뒤를 잽니다.",
        "질문·제시문·답변 열이 있는 시트, 또는 그런 JSON, JSONL (기본: 읽어들인 문답)",
    ),
    "keywords": Trainer(
        f"{_HERE}.keyword_model:keywords",
        KeywordsConfig,
        "질문의 키워드를 쓰는 모델(BART)을 학습하고, 떼어 둔 질문에서 규칙과 견줍니다. 여러 GPU는 torchrun으로.",
        "키워드 파일: query와 keyword(쉼표로 나눔) 열이 있는 tsv",
        data_needed=True,
        resumable=True,
    ),
    "embedding": Trainer(
        f"{_HERE}.retriever:embedding",
        EmbeddingConfig,
        "임베딩 하나로 질문과 제시문을 함께 배웁니다. 떼어 둔 질문에서 앞뒤를 재고, torch 없이 쓰게 내보냅니다.",
        resumable=True,
    ),
    "dpr": Trainer(
        f"{_HERE}.retriever:dpr",
        DprConfig,
        "질문과 제시문에 인코더를 하나씩 둡니다(DPR). 제시문은 100토큰씩 나누어 배우고, 찾을 때는 제시문 전체로 모읍니다.",
        resumable=True,
    ),
    "cross": Trainer(
        f"{_HERE}.ranking:cross",
        CrossConfig,
        "크로스 인코더 리랭커를 학습합니다. 질문과 제시문을 함께 읽어 찾은 것의 차례를 다시 매깁니다.",
        resumable=True,
    ),
    "sft": Trainer(
        f"{_HERE}.language_model:sft",
        SFTConfig,
        "언어 모델이 제시문에서 답하고, 없으면 없다고 하도록 배웁니다. 떼어 둔 질문에서 앞뒤를 잽니다. 여러 GPU는 torchrun으로.",
        "질문·답변(제시문·출처) 열이 있는 시트, 지시 JSON(instruction·input·output), JSONL(prompt·completion,"
        " messages, question·gold·answer), mundap feedback export가 쓴 파일 (기본: 읽어들인 문답)",
        resumable=True,
    ),
    "reward": Trainer(
        f"{_HERE}.preference:reward",
        RewardConfig,
        "답에 점수를 매기는 보상 모델을 선호 짝으로 학습합니다. 떼어 둔 질문의 짝에서 정확도를 잽니다.",
        _PAIRS,
        data_needed=True,
        resumable=True,
    ),
    "dpo": Trainer(
        f"{_HERE}.preference:dpo",
        DPOConfig,
        "선호 짝에서 바로 배웁니다(DPO). 어댑터(LoRA)만 배우고, 떼어 둔 질문의 짝에서 마진과 정확도를 잽니다.",
        _PAIRS,
        data_needed=True,
        resumable=True,
    ),
    "ppo": Trainer(
        f"{_HERE}.preference:ppo",
        PPOConfig,
        "보상이 높은 답을 하도록 배웁니다. 어댑터(LoRA)만 배우고, 떼어 둔 질문의 답과 보상을 앞뒤로 견준 표를 남깁니다.",
        '질문 파일: [{"prompt"}] JSON이나 {"prompt"} JSONL',
        data_needed=True,
        resumable=True,
    ),
}


def __getattr__(name: str) -> Callable[..., object]:
    """A function is imported when it is first asked for."""
    if name == "compare_losses":
        return import_module(f"{_HERE}.losses").compare_losses  # type: ignore[no-any-return]
    if name not in TRAINERS:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return TRAINERS[name].load()


def __dir__() -> list[str]:
    return sorted([*globals(), *TRAINERS, "compare_losses"])
