"""Trained models in forms that other programs read, most of them without torch."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mundap.encode import MODEL, MODEL_FILE
from mundap.errors import MundapError
from mundap.training.common.registry import plain_name
from mundap.training.keywords.onnx_export import export_keywords
from mundap.training.llm.gguf_export import export_gguf
from mundap.training.llm.merge import MERGED, language_model, merge
from mundap.training.retriever.export_encoder import export_encoder
from mundap.types import Json
from mundap.workspace import Mundap

Weights = Literal["q8_0", "f16", "f32"]  # what a weight becomes in a GGUF file


@dataclass(frozen=True)
class Exported:
    """What was written: a file or the folder `path`, its size in `bytes`, and the `parts` that were made, if in several places.

    `use` is how settings name it, "" if it is not for this program; `advice` says what to do with it.
    """

    path: Path
    bytes: int
    use: str
    advice: str
    parts: Sequence[Path] = ()

    def to_json(self) -> dict[str, Json]:
        """As `mundap export --json` prints it."""
        where: dict[str, Json] = {"file" if self.path.is_file() else "folder": str(self.path), "bytes": self.bytes}
        return where | ({"use": self.use} if self.use else {})

    def __str__(self) -> str:
        return f"{', '.join(map(str, self.parts or [self.path]))} ({self.bytes / 1e6:.1f} MB)\n{self.advice}"


def onnx(bot: Mundap, name: str) -> Exported:
    """A keyword model or an encoder, after which it is used with onnxruntime alone. Raises MundapError."""
    folder = _folder(bot, name)
    use = f"{MODEL}{folder.name}"
    if (folder / MODEL_FILE).is_file():
        export_encoder(folder)
        made = list(folder.glob("*/onnx"))
        setting = f'[index]\nencoder = "{use}"'
    else:
        made = [export_keywords(folder)]
        setting = f'[keywords]\nextractor = "{use}"'
    path = made[0] if len(made) == 1 else folder
    return Exported(path, sum(map(_size, made)), use, f"사용하려면 mundap.toml에 추가하세요:\n\n{setting}", made)


def merged(bot: Mundap, name: str) -> Exported:
    """A language model's adapter merged into its base, as a folder for transformers or vLLM. Raises MundapError."""
    folder = merge(language_model(_folder(bot, name)), bot.components.models)
    return Exported(folder, _size(folder), "", f"vLLM으로 실행하려면: vllm serve {folder}")


def gguf(bot: Mundap, name: str, type: Weights = "q8_0") -> Exported:
    """A language model of the kind of Llama, Gemma or GPT-NeoX as one file for llama.cpp. Raises MundapError."""
    kept = language_model(_folder(bot, name))
    there = (kept.folder / MERGED).is_dir()
    whole = merge(kept, bot.components.models)
    file = kept.folder / f"{kept.folder.name}-{type}.gguf"
    export_gguf(whole, file, type, kept.folder.name)
    if whole.name == MERGED and not there:
        shutil.rmtree(whole)
    use = f"gguf:{file.relative_to(bot.root)}"
    advice = f'사용하려면 mundap.toml에 추가하세요:\n\n[generate]\ngenerator = "{use}"'
    return Exported(file, file.stat().st_size, use, advice)


def _folder(bot: Mundap, name: str) -> Path:
    folder = bot.components.models / plain_name(name)
    if not folder.is_dir():
        known = sorted(path.name for path in bot.components.models.glob("[!.]*") if path.is_dir())
        raise MundapError(f"'{name}': 없는 모델입니다. 학습한 모델: {', '.join(known) or '없음'}")
    return folder


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())
