"""An adapter merged into the base that it was trained on, in the base's own precision: a model like any other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mundap.errors import MundapError
from mundap.extras import need, quiet_transformers
from mundap.files import written_once
from mundap.generate.causal import ends, load_causal, load_words
from mundap.training.common.registry import CARD
from mundap.training.llm.lora import ADAPTER, MODEL
from mundap.types import Json

MERGED = "merged"
LANGUAGE_MODELS = ("sft", "dpo", "ppo")


@dataclass(frozen=True)
class Kept:
    """A language model that was trained: its folder, and what its card says."""

    folder: Path
    card: Mapping[str, Json]


def language_model(folder: Path) -> Kept:
    """The model in a folder. Raises MundapError if it is of another kind."""
    try:
        card = json.loads((folder / CARD).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise MundapError(f"{folder / CARD}: 모델 카드를 읽을 수 없습니다({error}). 다시 학습하세요.") from error
    if not (folder / ADAPTER).is_dir() and not (folder / MODEL).is_dir():
        raise MundapError(
            f"'{folder.name}'은(는) {card.get('kind')} 모델입니다. 언어 모델({', '.join(LANGUAGE_MODELS)})만 이렇게 내보냅니다."
        )
    return Kept(folder, card)


def merge(kept: Kept, models: Path) -> Path:
    """The folder of the whole model: that of its weights if all were trained, else base and adapter merged, once.

    Never into quantised weights: the base is read anew. Where texts end is said in generation_config.json, since a
    base's own may name another token. Raises MundapError.
    """
    if (kept.folder / MODEL).is_dir():
        return kept.folder / MODEL

    def write(folder: Path) -> None:
        peft = need("peft", extra="train")
        quiet_transformers()
        base = str(kept.card["base"])
        model, _ = load_causal(base, models, stored=True)
        words = load_words(str(kept.folder / ADAPTER), models)
        merged = peft.PeftModel.from_pretrained(model, kept.folder / ADAPTER).merge_and_unload(safe_merge=True)
        last = list(ends(merged, words))
        merged.generation_config.eos_token_id = last if len(last) > 1 else last[0]
        merged.config.eos_token_id = words.eos_token_id
        merged.save_pretrained(folder)
        words.save_pretrained(folder)

    return written_once(kept.folder / MERGED, write)
