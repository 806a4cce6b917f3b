"""What a ranker may learn from over an encoder that was itself trained on questions of the workspace."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mundap.encode.adapter import mapped
from mundap.errors import MundapError
from mundap.index.bm25 import LexicalLeg
from mundap.index.dense import DenseLeg
from mundap.retrieve.light import seen
from mundap.training.common.folds import Numbers
from mundap.training.common.pairs import SPLITS
from mundap.training.rerank.fit_ranker import Examples, Relearn, found_by
from mundap.training.retriever.adapter import PENALTIES, Known, Setting, fit


def learned(folder: Path) -> set[str]:
    """The digests of the questions that the model in `folder` learned from or was chosen by. Raises MundapError."""
    try:
        kept = json.loads((folder / "pairs.json").read_text("utf-8"))["pairs"]
        return {seen(pair["question"]) for pair in kept if pair.get("part") not in SPLITS}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MundapError(
            f"{folder}: 이 임베딩의 학습 데이터 기록을 읽을 수 없어({error}) 공정하게 평가할 수 없습니다. 임베딩을 다시 학습하세요."
        ) from error


def unlearned(questions: Sequence[str], known: set[str]) -> npt.NDArray[np.bool_]:
    """Which of the questions are not among the known ones."""
    return np.array([seen(question) not in known for question in questions], np.bool_)


def relearned_adapter(
    made: Examples,
    lexical: LexicalLeg,
    dense: DenseLeg,
    base: Known,
    setting: Setting,
    of: npt.NDArray[np.bool_],
    seed: int,
) -> Relearn:
    """Examples by maps of some of the questions only. `base` has the vectors by the encoder that the maps are over, and `of`
    is True where the adapter in use has learned from the question."""
    path = PENALTIES[: PENALTIES.index(setting.penalty) + 1]

    def relearn(some: Numbers) -> Examples:
        *_, free = fit(base, some[of[some]], made.rows, path, seed)
        maps = free.blended(setting.blend)
        passages, asked = mapped(base.passages, maps.passage), mapped(base.questions, maps.question)
        return found_by(made, lexical, dense, passages, asked)

    return relearn
