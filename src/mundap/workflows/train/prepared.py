"""What an encoder is trained and measured on in a workspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from mundap.encode import base_of
from mundap.encode.adapter import AdaptedEncoder, mapped
from mundap.evaluation.questions import Question
from mundap.protocols import Encoder, Progress, Vectors
from mundap.store.cache import AsQueries
from mundap.training.common.examples import Split
from mundap.training.common.heldout import EncodedData, HeldoutEvaluator
from mundap.training.common.pairs import pairs, questions_in
from mundap.workspace import Mundap

LEGS = {"dense": "벡터 검색", "hybrid": "하이브리드 검색 (현재 설정)"}
ADVICE = {
    "better": "적용을 권장합니다: 성능이 유의하게 향상되었고 떨어진 항목이 없습니다.",
    "same": "적용을 권장하지 않습니다: 성능이 유의하게 향상되지 않았습니다.",
    "worse": "적용을 권장하지 않습니다: 성능이 유의하게 떨어진 항목이 있습니다.",
}


@dataclass(frozen=True)
class Prepared:
    """`base` names the encoder of the vectors in mundap.toml; `origin` says where the questions are from."""

    encoded: EncodedData
    base: str
    encoder: Encoder
    origin: dict[str, str]

    def save_folds(self, folder: Path, seed: int) -> None:
        """Write down the pairs, and the folds of a cross-validation that each was in."""
        evaluator = self.encoded.evaluator
        evaluator.pairs.save(folder, [*evaluator.table.ids], seed)

    def save_split(self, folder: Path, split: Split, seed: int) -> None:
        """Write down which part each of the pairs was in."""
        evaluator = self.encoded.evaluator
        evaluator.pairs.save_split(folder, [*evaluator.table.ids], seed, split.names(len(evaluator.pairs)))


def prepare(bot: Mundap, data: Path | None, progress: Progress) -> Prepared:
    """The pairs, and what they are measured on. Raises StaleIndex if documents changed after the index was made."""
    return prepare_on(bot, *questions_in(bot.corpus, data), progress)


def prepare_on(bot: Mundap, asked: Sequence[Question], origin: dict[str, str], progress: Progress) -> Prepared:
    """The same for these questions."""
    lexical, dense = bot.legs
    made = pairs([question for question in asked if question.gold], dense.table)
    base = base_of(bot.config.index.encoder, bot.components.models)
    encoder = bot.components.encoder_named(base)
    settings = bot.config.retrieve
    texts = [passage.embedded for passage in bot.indexed_passages()]
    encoded = EncodedData(
        HeldoutEvaluator(made, lexical, dense, settings.fusion, settings.weights, settings.pool),
        texts,
        bot.components.cache.unit_vectors(texts, encoder, progress),
        bot.components.cache.unit_vectors(made.questions, AsQueries(encoder), progress),
    )
    return Prepared(encoded, base, encoder, origin)


def question_vectors(bot: Mundap, questions: Sequence[str], progress: Progress) -> Vectors:
    """(questions, dim) by the encoder of the workspace; what an adapter maps is remembered."""
    encoder, cache = bot.components.encoder, bot.components.cache
    if isinstance(encoder, AdaptedEncoder):
        return mapped(cache.unit_vectors(questions, AsQueries(encoder.base), progress), encoder.maps.question)
    return cache.vectors(questions, AsQueries(encoder), progress).astype(np.float32)


@contextmanager
def one_thread() -> Iterator[None]:
    """NumPy's threads wait for each other by spinning: on a busy machine two took ten times as long as one."""
    with threadpool_limits(1, "blas"):
        yield


def parts_text(learned: int, chosen_on: int, held_out: Mapping[str, int]) -> str:
    """How many questions each part of a split has."""
    return (
        f"학습 질문 {learned}개, 검증 질문 {chosen_on}개,"
        f" 평가 질문: 새 제시문 {held_out['by_passage']}개, 학습한 제시문 {held_out['by_question']}개"
    )
