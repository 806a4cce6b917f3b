"""Trainers as plain functions: a workspace, a file and a typed config in, a measured model with its card out.

`trainer` and `result` say what a trainer is and what it ends in, `run` begins and ends one, `prepared` is what encoders are measured
on. The functions are in `retriever` (and `loss_comparison`), `ranking`, `answers`, `keyword_model`, `language_model` and `preference`.
A new trainer is a config, a function, and a line of TRAINERS. `train_all` tries them all, as `plan` says, by way of `trying`
within the time of `clock`; each is an `attempt`, and all are an `everything_report`, shown by `everything_page`.
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
from mundap.workflows.train.plan import EverythingConfig as EverythingConfig
from mundap.workflows.train.trainer import Trainer

if TYPE_CHECKING:
    from mundap.workflows.train.answers import reader as reader
    from mundap.workflows.train.answers import support as support
    from mundap.workflows.train.everything_report import EverythingReport as EverythingReport
    from mundap.workflows.train.keyword_model import keywords as keywords
    from mundap.workflows.train.language_model import sft as sft
    from mundap.workflows.train.loss_comparison import compare_losses as compare_losses
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
    from mundap.workflows.train.train_all import everything as everything

_HERE = "mundap.workflows.train"
_PAIRS = "순위 JSON(prompt, completion_0…, ranking) 또는 선호 쌍 JSONL(prompt, chosen, rejected)"
TRAINERS = {
    "all": Trainer(
        f"{_HERE}.train_all:everything",
        EverythingConfig,
        "질문 파일 하나로 학습할 수 있는 것(검색, 문장 선택, 답변 보류)을 정해진 시간 안에 모두 학습하고, 교차 검증에서 확실히 나아진 것만 적용합니다. 중단되면 같은 명령으로 이어서 합니다.",
        "질문·제시문(·답변) 열이 있는 시트, JSON, JSONL (기본값: 읽어 들인 Q/A)",
        out="all",
    ),
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
    "support": Trainer(
        f"{_HERE}.answers:support",
        SupportConfig,
        "근거 점수와 답변 보류 임계값을 조직의 질문으로 보정합니다. 교차 검증으로 보정 전후를 비교합니다.",
        "질문 파일. 제시문이 빈 질문은 답이 없는 질문으로 봅니다 (기본값: 읽어 들인 Q/A)",
    ),
    "reader": Trainer(
        f"{_HERE}.answers:reader",
        ReaderConfig,
        "모범 답안으로부터 제시문의 어느 문장이 답인지 학습합니다(언어 모델 없이 답할 때 사용). 교차 검증으로 학습 전후를 비교합니다.",
        "질문·제시문·답변 열이 있는 시트 또는 같은 내용의 JSON, JSONL (기본값: 읽어 들인 Q/A)",
    ),
    "keywords": Trainer(
        f"{_HERE}.keyword_model:keywords",
        KeywordsConfig,
        "질문의 키워드를 생성하는 모델(BART)을 학습하고, 평가 질문에서 규칙과 비교합니다. 여러 GPU를 쓰려면 torchrun으로 실행하세요.",
        "키워드 파일: query와 keyword(쉼표로 구분) 열이 있는 tsv",
        data_needed=True,
        resumable=True,
    ),
    "embedding": Trainer(
        f"{_HERE}.retriever:embedding",
        EmbeddingConfig,
        "질문과 제시문이 함께 쓰는 임베딩 모델을 미세조정합니다. 평가 질문에서 학습 전후를 비교하고, torch 없이 쓸 수 있도록 내보냅니다.",
        resumable=True,
    ),
    "dpr": Trainer(
        f"{_HERE}.retriever:dpr",
        DprConfig,
        "질문 인코더와 제시문 인코더를 따로 학습합니다(DPR). 제시문을 100토큰씩 나누어 학습하고, 검색할 때는 제시문 전체로 합칩니다.",
        resumable=True,
    ),
    "cross": Trainer(
        f"{_HERE}.ranking:cross",
        CrossConfig,
        "크로스 인코더 리랭커를 학습합니다. 질문과 제시문을 함께 읽어 검색 결과의 순위를 다시 매깁니다.",
        resumable=True,
    ),
    "sft": Trainer(
        f"{_HERE}.language_model:sft",
        SFTConfig,
        "제시문에 근거해 답하고 답이 없으면 보류하도록 언어 모델을 미세조정합니다. 평가 질문에서 학습 전후를 비교합니다. 여러 GPU를 쓰려면 torchrun으로 실행하세요.",
        "질문·답변(제시문·출처) 열이 있는 시트, 지시 JSON(instruction·input·output), JSONL(prompt·completion,"
        " messages, question·gold·answer), mundap feedback export로 만든 파일 (기본값: 읽어 들인 Q/A)",
        resumable=True,
    ),
    "reward": Trainer(
        f"{_HERE}.preference:reward",
        RewardConfig,
        "답변에 점수를 매기는 보상 모델을 선호 쌍으로 학습합니다. 학습에 쓰지 않은 선호 쌍에서 정확도를 평가합니다.",
        _PAIRS,
        data_needed=True,
        resumable=True,
    ),
    "dpo": Trainer(
        f"{_HERE}.preference:dpo",
        DPOConfig,
        "선호 쌍으로 직접 학습합니다(DPO). 어댑터(LoRA)만 학습하고, 학습에 쓰지 않은 선호 쌍에서 마진과 정확도를 평가합니다.",
        _PAIRS,
        data_needed=True,
        resumable=True,
    ),
    "ppo": Trainer(
        f"{_HERE}.preference:ppo",
        PPOConfig,
        "보상이 높은 답변을 하도록 강화 학습합니다. 어댑터(LoRA)만 학습하고, 평가 질문의 학습 전후 답변과 보상을 표로 저장합니다.",
        '질문 파일: [{"prompt"}] JSON이나 {"prompt"} JSONL',
        data_needed=True,
        resumable=True,
    ),
}


def __getattr__(name: str) -> Callable[..., object]:
    """A function is imported when it is first asked for."""
    if name == "compare_losses":
        return import_module(f"{_HERE}.loss_comparison").compare_losses  # type: ignore[no-any-return]
    trainer = _functions().get(name)
    if trainer is None:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return trainer.load()


def __dir__() -> list[str]:
    return sorted([*globals(), *_functions(), "compare_losses"])


def _functions() -> dict[str, Trainer]:
    return {trainer.function.rpartition(":")[2]: trainer for trainer in TRAINERS.values()}
