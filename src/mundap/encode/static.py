"""Text as the mean of its words' vectors, which were trained: a look-up in NumPy, without a model.

A word that training has not met has a vector drawn from its letters, as every word had before training, so that a
question and a passage still meet in a word that nobody asked about.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mundap.encode import MODEL_FILE, ModelFile
from mundap.errors import ConfigError
from mundap.files import digest, load_array
from mundap.korean.tokens import SearchTokenizer
from mundap.protocols import Encoder, Tokenize, Vectors

_WORDS, _VECTORS, _DICTIONARY = "words.txt", "vectors.npy", "user_dictionary.txt"


@dataclass(frozen=True)
class Words:
    """(words, dim) vectors in half precision, and the length of the vector that a word which is not there gets."""

    words: tuple[str, ...]
    vectors: npt.NDArray[np.float16]
    length: float

    @cached_property
    def places(self) -> Mapping[str, int]:
        """The row of each word."""
        return {word: row for row, word in enumerate(self.words)}

    @property
    def digest(self) -> str:
        """Identity for names."""
        return digest(*self.words, self.vectors.tobytes(), repr(self.length))

    def means(self, tokens: Sequence[Sequence[str]]) -> Vectors:
        """(texts, dim), unit rows; a text without a word gets the first unit vector."""
        dim = self.vectors.shape[1]
        rows = np.zeros((len(tokens), dim), np.float32)
        for row, words in zip(rows, tokens, strict=True):
            distinct = sorted(set(words))  # in one order, so that sums are the same to the last bit
            known = [place for word in distinct if (place := self.places.get(word)) is not None]
            row += self.vectors[known].astype(np.float32).sum(axis=0)
            for word in distinct:
                if word not in self.places:
                    row += self.length * drawn(word, dim)
            if not row.any():
                row[0] = 1
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows


class StaticEncoder:
    """Words of `tokenize`, whose identity is `tokenizer_name`, by their vectors. Questions and passages alike."""

    def __init__(self, words: Words, tokenize: Tokenize, tokenizer_name: str) -> None:
        self.words = words
        self.dim: int = words.vectors.shape[1]
        self.name = f"static-{words.digest}-{tokenizer_name}"
        self._tokenize = tokenize

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows."""
        return self.words.means(self._tokenize(texts)) if len(texts) else np.zeros((0, self.dim), np.float32)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows."""
        return self.encode_queries(texts)


def drawn(word: str, dim: int) -> Vectors:
    """(dim,) of length one that depends on the letters alone: signs, as in random indexing."""
    raw = b"".join(blake2b(word.encode(), digest_size=64, salt=bytes([n])).digest() for n in range(-(-dim // 512)))
    signs = np.unpackbits(np.frombuffer(raw, np.uint8))[:dim].astype(np.float32)
    vector: Vectors = (2 * signs - 1) / np.float32(np.sqrt(dim))
    return vector


def save(words: Words, tokenizer: SearchTokenizer, base: str, folder: Path) -> None:
    """Write the words, and the tokenizer with its dictionary, into `folder`. `base` names the encoder before it."""
    (folder / _WORDS).write_text("\n".join(words.words), "utf-8")
    np.save(folder / _VECTORS, words.vectors)
    if tokenizer.user_dictionary:
        (folder / _DICTIONARY).write_bytes(tokenizer.user_dictionary.read_bytes())
    kept = {
        "kind": "static",
        "base": base,
        "digest": words.digest,
        "length": words.length,
        "joins": tokenizer.joins,
        "bigrams": tokenizer.bigrams,
        "tokenizer": tokenizer.name,
    }
    (folder / MODEL_FILE).write_text(json.dumps(kept, ensure_ascii=False, indent=1), "utf-8")


def open_static(folder: Path, kept: ModelFile, make: Callable[[str], Encoder]) -> StaticEncoder:
    """What `save` wrote. Raises ConfigError if it is not whole, or its words would be told apart in another way now."""
    again = f"다시 학습하려면: mundap train static --out {folder.name}"
    dictionary = folder / _DICTIONARY
    try:
        words = Words(
            tuple((folder / _WORDS).read_text("utf-8").split("\n")),
            load_array(folder / _VECTORS, mapped=False),
            float(kept["length"]),
        )
        whole = words.vectors.shape[:1] == (len(words.words),) and words.digest == kept["digest"]
        tokenizer = SearchTokenizer(kept["joins"], kept["bigrams"], dictionary if dictionary.is_file() else None)
        was = kept["tokenizer"]
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{folder}: 학습한 임베딩을 읽을 수 없습니다({error}). {again}") from error
    if not whole:
        raise ConfigError(f"{folder}: 학습한 임베딩의 파일이 서로 맞지 않습니다. {again}")
    if was != tokenizer.name:
        raise ConfigError(
            f"'{folder.name}'은(는) 형태소 분석기 {was}(으)로 학습했지만 현재 분석기는 {tokenizer.name}입니다. {again}"
        )
    return StaticEncoder(words, tokenizer, tokenizer.name)
