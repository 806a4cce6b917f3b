"""A trained model becomes the workspace's, unless it was measured to be worse."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from mundap.encode import MODEL
from mundap.errors import MundapError
from mundap.evaluation.estimates import SIGNIFICANT
from mundap.training.common.pairs import SPLITS
from mundap.training.common.registry import CARD, plain_name
from mundap.tuning.edit import Path as Key
from mundap.tuning.edit import Value
from mundap.types import Json
from mundap.workflows.keep_settings import keep
from mundap.workspace import Mundap
from mundap.workspace.components import FOLDER, LIGHT
from mundap.workspace.model_files import send_model

ENCODERS = ("adapter", "dpr", "embedding", "static")
WRITERS = ("dpo", "ppo", "sft")
LOOKED_AT = {"cross": ("mrr@10",), "reranker": ("mrr@10",), "reader": ("facts", "key")}  # metrics of each split


@dataclass(frozen=True, slots=True)
class Promotion:
    """What was written: `settings` by their dotted name in mundap.toml, so that the model `name` of this `kind` is used.

    `doubt` says why it is not recommended ("" if it is), `steps` what is left to do, in Korean.
    """

    name: str
    kind: str
    settings: Mapping[str, Value]
    doubt: str
    steps: tuple[str, ...]

    def to_json(self) -> dict[str, Json]:
        """`{"name", "kind", "set", "doubt", "next"}`."""
        return {
            "name": self.name,
            "kind": self.kind,
            "set": self.settings,
            "doubt": self.doubt,
            "next": self.steps,
        }


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A model, what makes the workspace use it, and why it is not recommended: that it is `worse` refuses it."""

    kind: str
    values: Mapping[Key, Value]
    doubt: str
    worse: bool


def model(bot: Mundap, name: str, *, force: bool = False) -> Promotion:
    """Write into mundap.toml that the trained model `name` is used. One that was measured to be worse needs `force`.

    Raises MundapError for a name without a model, a model that cannot be used as such, or one that is worse; nothing is
    written then.
    """
    whole = plain_name(name)
    found = _candidate(bot, whole)
    if found.worse and not force:
        raise MundapError(f"'{whole}': {found.doubt} 그래도 적용하려면: mundap promote {whole} --force")
    if found.kind in ENCODERS:
        bot.components.encoder_named(
            str(found.values["index", "encoder"])
        )  # says what is wrong before anything is changed
    settings = {".".join(key): value for key, value in found.values.items()}
    if bot.components.bucket is not None:
        send_model(bot.components.bucket, bot.components.models / whole)
    keep(bot, settings)
    return Promotion(whole, found.kind, settings, found.doubt, tuple(_steps(bot, found.kind)))


def _candidate(bot: Mundap, name: str) -> _Candidate:
    path = bot.components.models / name / CARD
    if not path.is_file():
        there = ", ".join(sorted(card.parent.name for card in bot.components.models.glob(f"[!.]*/{CARD}"))) or "없음"
        raise MundapError(f"'{name}': 없는 모델입니다. 학습한 모델: {there}")
    try:
        card = json.loads(path.read_text("utf-8"))
        kind = str(card["kind"])
        values = _values(name, kind, card.get("threshold"))
        worse, doubt = (False, "") if card["recommended"] else _doubt(kind, card["metrics"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MundapError(f"{path}: 모델 카드를 읽을 수 없습니다({error!r}). 모델을 다시 학습하세요.") from error
    return _Candidate(kind, values, doubt, worse)


def _values(name: str, kind: str, threshold: float | None) -> dict[Key, Value]:
    """What makes the workspace use the model; `threshold` is that of its support, if it has one."""
    if kind in ("support", "reader"):
        if threshold is None:
            raise KeyError("threshold")
        if kind == "support":
            return {("generate", "support"): name, ("generate", "min_support"): threshold}
        return {  # it brings a calibration of its own; one of another reader does not fit it
            ("generate", "reader"): name,
            ("generate", "support"): "",
            ("generate", "min_support"): threshold,
        }
    if kind == "reranker":
        return {("retrieve", "reranker"): f"{LIGHT}{name}"}
    if kind == "cross":
        return {("retrieve", "reranker"): f"onnx:{FOLDER}/models/{name}"}
    if kind == "keywords":
        return {("keywords", "extractor"): f"model:{name}"}
    if kind in ENCODERS:
        return {("index", "encoder"): f"{MODEL}{name}"}
    if kind in WRITERS:
        return {("generate", "generator"): f"transformers:{MODEL}{name}"}
    if kind == "reward":
        raise MundapError(
            f"'{name}'은(는) 보상 모델이므로 답변에 사용할 수 없습니다. 보상 모델로 학습하려면: mundap train ppo --reward {name}"
        )
    raise ValueError(f"kind: {kind}")


def _doubt(kind: str, metrics: Mapping[str, Mapping[str, Mapping[str, Mapping[str, float]]]]) -> tuple[bool, str]:
    """Whether a model that is not recommended is worse, and why it is not; `metrics` are those of its card."""
    if kind in ENCODERS:
        worse = str(metrics["verdict"]) == "worse"
    elif kind in LOOKED_AT:
        worse = any(_is_worse(metrics[split]["difference"][m]) for split in SPLITS for m in LOOKED_AT[kind])
    else:
        return True, "적용을 권장하지 않는 모델입니다(card.json의 metrics 참조)."
    if worse:
        return True, "교차 검증에서 성능이 유의하게 떨어진 항목이 있는 모델입니다(card.json의 metrics 참조)."
    return False, "교차 검증에서 성능이 유의하게 향상되지 않은 모델입니다."


def _is_worse(change: Mapping[str, float]) -> bool:
    return change["p"] < SIGNIFICANT and change["mean"] <= 0


def _steps(bot: Mundap, kind: str) -> list[str]:
    """What is left to do."""
    running = "실행 중인 mundap serve에는 {} 새 설정이 자동으로 적용됩니다."
    if kind == "reader" and bot.config.generate.support:
        again = "근거 점수 보정은 이전 문장 선택 모델에 맞춘 것이므로 해제했습니다. 오답률 보장이 필요하면 다시 학습하세요: mundap train support --out 이름 --wrong 0.05"
        return [again, running.format("잠시 뒤")]
    if kind not in ENCODERS:
        return [running.format("잠시 뒤")]
    steps = ["다음 단계: mundap index", running.format("색인한 뒤")]
    if bot.config.retrieve.reranker.startswith(LIGHT):
        steps.append(
            "리랭커가 이전 임베딩으로 학습한 모델입니다. 색인한 뒤 다시 학습하세요: mundap train reranker --out 이름"
        )
    elif kind == "adapter":
        steps.append("이 임베딩으로 리랭커를 학습하면 검색 성능이 더 좋아집니다: mundap train reranker --out 이름")
    settings = bot.config.generate
    if kind != "adapter" and settings.reader:
        steps.append(
            "문장 선택 모델도 이전 임베딩에 맞춘 것입니다. 색인한 뒤 다시 학습하세요: mundap train reader --out 이름"
        )
    if kind != "adapter" and settings.support:
        steps.append(
            "근거 점수 보정도 이전 임베딩에 맞춘 것입니다. 색인한 뒤 다시 학습하세요: mundap train support --out 이름"
        )
    return steps
