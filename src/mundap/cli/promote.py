"""mundap promote: a trained model becomes the workspace's, unless it was measured to be worse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.errors import MundapError

if TYPE_CHECKING:
    from mundap.tune.edit import Path as Key
    from mundap.workspace import Mundap

ENCODERS = ("adapter", "dpr", "embedding", "static")
WRITERS = ("dpo", "ppo", "sft")


def promote(
    name: Annotated[str, typer.Argument(help="mundap train이 --out으로 만든 모델의 이름", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="성능이 떨어진 모델도 적용합니다")] = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """학습한 모델을 mundap.toml에 적용합니다. 성능이 유의하게 떨어진 모델은 --force가 있어야 적용합니다."""
    from mundap.config import FILE
    from mundap.files import write_atomically
    from mundap.training.common.registry import plain_name
    from mundap.tune.edit import set_values

    bot = open_workspace(workspace)
    whole = plain_name(name)
    card = _card(bot, whole)
    doubt = _doubt(card)
    if doubt and doubt[0] and not force:
        raise MundapError(f"'{whole}': {doubt[1]} 그래도 적용하려면: mundap promote {whole} --force")
    values = _values(whole, card)
    if card["kind"] in ENCODERS:
        bot.encoder_named(values["index", "encoder"])  # says what is wrong with it before anything is changed
    path = bot.root / FILE
    write_atomically(path, set_values(path.read_text("utf-8"), values))
    steps = _steps(bot, card["kind"])
    shown = {".".join(key): value for key, value in values.items()}
    if json:
        show.emit(
            {"name": whole, "kind": card["kind"], "set": shown, "doubt": doubt[1] if doubt else "", "next": steps}
        )
        return
    for key, value in shown.items():
        print(f"{FILE}: {key} = {value!r}")
    for line in (*([doubt[1]] if doubt else []), *steps):
        print(line)


def _card(bot: Mundap, name: str) -> dict[str, Any]:
    from json import loads

    from mundap.training.common.registry import CARD

    path = bot.models / name / CARD
    if not path.is_file():
        there = ", ".join(sorted(card.parent.name for card in bot.models.glob(f"[!.]*/{CARD}"))) or "없음"
        raise MundapError(f"'{name}': 없는 모델입니다. 학습한 모델: {there}")
    try:
        card: dict[str, Any] = loads(path.read_text("utf-8"))
        _values(name, card)
        _doubt(card)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MundapError(f"{path}: 모델 카드를 읽을 수 없습니다({error!r}). 모델을 다시 학습하세요.") from error
    return card


def _values(name: str, card: dict[str, Any]) -> dict[Key, Any]:
    """What makes the workspace use the model."""
    from mundap.encode import MODEL
    from mundap.workspace.components import FOLDER, LIGHT

    kind = card["kind"]
    if kind == "support":
        return {("generate", "support"): name, ("generate", "min_support"): card["threshold"]}
    if kind == "reader":  # it brings a calibration of its own; one of another reader does not fit it
        return {
            ("generate", "reader"): name,
            ("generate", "support"): "",
            ("generate", "min_support"): card["threshold"],
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


def _doubt(card: dict[str, Any]) -> tuple[bool, str] | None:
    """Why the model is not recommended, and True if that is a reason to refuse; None if it is recommended."""
    from mundap.training.common.pairs import SPLITS

    if card["recommended"]:
        return None
    metrics = card["metrics"]
    if card["kind"] in ENCODERS:
        worse = metrics["verdict"] == "worse"
    elif card["kind"] in ("cross", "reranker"):
        worse = min(_sure_change(metrics[split]) for split in SPLITS) < 0
    elif card["kind"] == "reader":
        from mundap.training.reader.fit_reader import worse_somewhere

        worse = worse_somewhere(metrics)
    else:
        return True, "적용을 권장하지 않는 모델입니다(card.json의 metrics 참조)."
    if worse:
        return True, "교차 검증에서 성능이 유의하게 떨어진 항목이 있는 모델입니다(card.json의 metrics 참조)."
    return False, "교차 검증에서 성능이 유의하게 향상되지 않은 모델입니다."


def _sure_change(figures: dict[str, Any]) -> int:
    """1 if MRR@10 is better beyond chance, -1 if it is worse, else 0."""
    from mundap.evaluate.estimates import SIGNIFICANT

    change = figures["difference"]["mrr@10"]
    return 0 if change["p"] >= SIGNIFICANT else 1 if change["mean"] > 0 else -1


def _steps(bot: Mundap, kind: str) -> list[str]:
    """What is left to do."""
    from mundap.workspace.components import LIGHT

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
