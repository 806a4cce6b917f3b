"""Text into vectors. The tables below say which encoder a name means."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from mundap.errors import ConfigError
from mundap.extras import load
from mundap.protocols import Encoder

ENCODERS = {"e5-small": "mundap.encode.e5:E5Small", "hashed": "mundap.encode.hashed:HashedEncoder"}
MODEL = "model:"  # of an encoder that was trained: "model:NAME"
MODEL_FILE = "encoder.json"
TRAINED = {
    "adapter": "mundap.encode.adapter:open_adapted",
    "dpr": "mundap.encode.transformer:open_transformer",
    "embedding": "mundap.encode.transformer:open_transformer",
    "static": "mundap.encode.static:open_static",
}

Keep = Callable[[Encoder], Encoder]


def make_encoder(name: str, models: Path | None = None, keep: Keep = lambda encoder: encoder) -> Encoder:
    """The encoder that `name` means: one of the table, or "model:NAME" for the trained one in the folder `models`.

    `keep` may wrap the encoder that an adapter sits on, so that its vectors are remembered. Raises UnknownName, which
    lists the table, and ConfigError for a model that is not there, is no encoder, or is broken.
    """
    if models is None or not name.startswith(MODEL):
        encoder: Encoder = load("encoder", name, ENCODERS)()
        return encoder
    folder = models / name.removeprefix(MODEL)
    kept = model_file(folder)
    trained: Encoder = load("encoder", kept["kind"], TRAINED)(
        folder, kept, lambda base: keep(make_encoder(base, models))
    )
    return trained


def model_file(folder: Path) -> dict[str, Any]:
    """What the trained encoder in `folder` says of itself: its `kind`, and what that needs. Raises ConfigError."""
    if not folder.is_dir():
        raise ConfigError(
            f"학습한 임베딩 '{folder.name}'이(가) 없습니다. 먼저 실행하세요: mundap train embedding(또는 dpr, adapter, static) --out {folder.name}"
        )
    try:
        kept: dict[str, Any] = json.loads((folder / MODEL_FILE).read_text("utf-8"))
        if kept["kind"] not in TRAINED:
            raise ValueError(f"kind: {kept['kind']}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{folder}: 임베딩 모델이 아니거나 손상되었습니다({error}). mundap train으로 다시 학습하세요."
        ) from error
    return kept


def base_of(name: str, models: Path) -> str:
    """The name of the encoder that a trained one was made from; `name` itself if it was not trained here."""
    if not name.startswith(MODEL):
        return name
    return str(model_file(models / name.removeprefix(MODEL)).get("base", name))


@cache
def token_counter(name: str) -> Callable[[Sequence[str]], list[int]]:
    """How many tokens the encoder that `name` means makes of each text, without those that it adds to every text.

    Raises ConfigError if it has none.
    """
    counts = None if name.startswith(MODEL) else getattr(make_encoder(name), "token_counts", None)
    if counts is None:
        raise ConfigError(
            f"임베딩 '{name}'은(는) 토큰 수를 셀 수 없습니다. mundap.toml의 ingest.chunk_unit을 \"chars\"로 설정하세요."
        )
    counter: Callable[[Sequence[str]], list[int]] = counts
    return counter
