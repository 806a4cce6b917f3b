"""Trainers as plain functions: a workspace, a file and a typed config in, a measured model with its card out.

`table` and `result` say what a trainer is and what it ends in, `run` keeps its model, `ground` is what encoders are measured
on. The functions are in `retriever`, `ranking`, `keyword_model`, `language_model` and `preference`. A new trainer is a config, a function, and a line of TRAINERS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mundap.training.keywords.config import KeywordsConfig as KeywordsConfig
from mundap.training.llm.config import DPOConfig as DPOConfig
from mundap.training.llm.config import PPOConfig as PPOConfig
from mundap.training.llm.config import RewardConfig as RewardConfig
from mundap.training.llm.config import SFTConfig as SFTConfig
from mundap.training.rerank.config import RerankerConfig as RerankerConfig
from mundap.training.retriever.config import AdapterConfig as AdapterConfig
from mundap.training.retriever.config import StaticConfig as StaticConfig
from mundap.workflows.train.table import Train, Trainer

if TYPE_CHECKING:
    from mundap.workflows.train.keyword_model import keywords as keywords
    from mundap.workflows.train.language_model import sft as sft
    from mundap.workflows.train.preference import dpo as dpo
    from mundap.workflows.train.preference import ppo as ppo
    from mundap.workflows.train.preference import reward as reward
    from mundap.workflows.train.ranking import reranker as reranker
    from mundap.workflows.train.result import TrainResult as TrainResult
    from mundap.workflows.train.retriever import adapter as adapter
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
    "keywords": Trainer(
        f"{_HERE}.keyword_model:keywords",
        KeywordsConfig,
        "질문의 키워드를 쓰는 모델(BART)을 학습하고, 떼어 둔 질문에서 규칙과 견줍니다. 여러 GPU는 torchrun으로.",
        "키워드 파일: query와 keyword(쉼표로 나눔) 열이 있는 tsv",
        data_needed=True,
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


def __getattr__(name: str) -> Train:
    """A trainer is imported when it is first asked for."""
    if name not in TRAINERS:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return TRAINERS[name].load()


def __dir__() -> list[str]:
    return sorted([*globals(), *TRAINERS])
