"""An embedding class of LangChain as an encoder: `langchain:MODULE:CLASS`, with arguments as `?name=value&…`."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qsl

import numpy as np

from mundap.encode.options import Options
from mundap.encode.prompts import NONE, chosen
from mundap.errors import ConfigError
from mundap.files import digest
from mundap.protocols import Vectors

_FORM = "langchain:langchain_huggingface:HuggingFaceEmbeddings?model_name=BAAI/bge-m3"


class Embeddings(Protocol):
    """What such a class has (langchain_core.embeddings.Embeddings)."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """A vector for each text."""

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question."""


class LangChainEncoder:
    """Vectors from `embeddings`, made unit vectors; `query` and `passage` stand before texts."""

    def __init__(self, embeddings: Embeddings, name: str, query: str = "", passage: str = "") -> None:
        self._embeddings = embeddings
        self._query, self._passage = query, passage
        self.name = name
        self._dim = 0

    @property
    def dim(self) -> int:
        """Of a vector, which the first one tells."""
        if not self._dim:
            self._dim = len(self._embeddings.embed_query("문답"))
        return self._dim

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows."""
        return self._unit([self._embeddings.embed_query(self._query + text) for text in texts])

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows."""
        return self._unit(self._embeddings.embed_documents([self._passage + text for text in texts]) if texts else [])

    def _unit(self, rows: list[list[float]]) -> Vectors:
        found = np.asarray(rows, np.float32).reshape(len(rows), self.dim)
        lengths = np.linalg.norm(found, axis=1, keepdims=True).astype(np.float32)
        found[lengths[:, 0] == 0, 0] = 1  # a text without a vector is like no other
        lengths[lengths == 0] = 1
        unit: Vectors = found / lengths
        return unit


def open_langchain(place: str, folder: Path, options: Options) -> LangChainEncoder:
    """The encoder of `place`, "MODULE:CLASS?name=value". A value that is JSON is read as such.

    Raises ConfigError for a module, a class or arguments that there are not.
    """
    target, _, arguments = place.partition("?")
    module, colon, kind = target.partition(":")
    if not colon or not kind:
        raise ConfigError(f"encoder 값 'langchain:{place}'을(를) 읽을 수 없습니다. '{_FORM}' 형식으로 지정하세요.")
    given = {name: _value(said) for name, said in parse_qsl(arguments, keep_blank_values=True)}
    try:
        made = getattr(importlib.import_module(module), kind)(**given)
    except ImportError as error:
        raise ConfigError(
            f"encoder 값의 모듈 '{module}'을(를) 불러올 수 없습니다({error}). 패키지를 설치하세요."
        ) from error
    except AttributeError as error:
        raise ConfigError(f"'{module}'에 '{kind}'이(가) 없습니다({error}).") from error
    except Exception as error:  # whatever a class of somebody else raises
        raise ConfigError(f"{module}:{kind}을(를) 만들 수 없습니다({type(error).__name__}: {error}).") from error
    prompts = chosen(options, NONE, *map(str, given.values()))
    name = f"langchain-{kind}-{digest(place, prompts.query, prompts.passage)}"
    return LangChainEncoder(made, name, prompts.query, prompts.passage)


def _value(said: str) -> object:
    try:
        return json.loads(said)
    except ValueError:
        return said
