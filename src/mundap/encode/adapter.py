"""Two linear maps over the vectors of another encoder: one for questions, one for passages."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mundap.encode import MODEL_FILE, ModelFile
from mundap.errors import ConfigError
from mundap.files import digest, load_array
from mundap.protocols import Encoder, Vectors

_MAPS = ("question", "passage")


@dataclass(frozen=True)
class Maps:
    """(dim, dim) each; the identity leaves every vector as it is."""

    question: Vectors
    passage: Vectors

    @classmethod
    def identity(cls, dim: int) -> Maps:
        """Maps that change nothing."""
        return cls(np.eye(dim, dtype=np.float32), np.eye(dim, dtype=np.float32))

    def blended(self, weight: float) -> Maps:
        """`weight` of these maps and the rest of the identity: 0 changes nothing."""
        same = np.eye(len(self.question), dtype=np.float32)
        blend = np.float32(weight)
        return Maps(*((1 - blend) * same + blend * side for side in (self.question, self.passage)))

    @property
    def digest(self) -> str:
        """Identity for names."""
        return digest(*(np.ascontiguousarray(side, np.float32).tobytes() for side in (self.question, self.passage)))

    def save(self, folder: Path, base: str, base_name: str) -> None:
        """Write the maps into `folder`. `base` is the encoder's name in mundap.toml, `base_name` its identity."""
        for side in _MAPS:
            np.save(folder / f"{side}.npy", getattr(self, side))
        kept = {"kind": "adapter", "base": base, "base_name": base_name, "digest": self.digest}
        (folder / MODEL_FILE).write_text(json.dumps(kept, ensure_ascii=False, indent=1), "utf-8")


class AdaptedEncoder:
    """The vectors of `base`, mapped and of length one again. Vectors that `base` remembers make it instant."""

    def __init__(self, base: Encoder, maps: Maps) -> None:
        self.base = base
        self.maps = maps
        self.dim = base.dim
        self.name = f"adapter-{maps.digest}-{base.name}"

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows."""
        return mapped(self.base.encode_queries(texts), self.maps.question)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows."""
        return mapped(self.base.encode_passages(texts), self.maps.passage)


def mapped(vectors: Vectors, by: Vectors) -> Vectors:
    """(n, dim): the rows through the map, of length one. A row that the map takes to nothing stays as it was."""
    turned = vectors @ by
    lengths = np.linalg.norm(turned, axis=1, keepdims=True)
    unit: Vectors = np.where(lengths > 1e-6, turned / np.maximum(lengths, 1e-6), vectors).astype(np.float32)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    return unit


def unmapped(vectors: Vectors, back: Vectors) -> Vectors:
    """(n, dim): mapped rows as they were, by the inverse of the map; a row of zeros stays one."""
    turned = vectors @ back
    found: Vectors = (turned / np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-6)).astype(np.float32)
    return found


def open_adapted(folder: Path, kept: ModelFile, make: Callable[[str], Encoder]) -> AdaptedEncoder:
    """What `Maps.save` wrote over the encoder that `make` makes of its name.

    Raises ConfigError if it is not whole, or the encoder is not the one that it was trained on.
    """
    again = f"다시 학습하려면: mundap train adapter --out {folder.name}"
    try:
        base = make(kept["base"])
        maps = Maps(*(load_array(folder / f"{side}.npy", mapped=False) for side in _MAPS))
        whole = maps.question.shape == maps.passage.shape == (base.dim, base.dim) and maps.digest == kept["digest"]
        trained_on = kept["base_name"]
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{folder}: 학습한 임베딩을 읽을 수 없습니다({error}). {again}") from error
    if not whole:
        raise ConfigError(f"{folder}: 학습한 임베딩의 파일이 서로 맞지 않습니다. {again}")
    if trained_on != base.name:
        raise ConfigError(
            f"'{folder.name}'은(는) 임베딩 {trained_on}(으)로 학습했지만 현재 임베딩은 {base.name}입니다. {again}"
        )
    return AdaptedEncoder(base, maps)
