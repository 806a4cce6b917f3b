"""Weights of tokens beside a text's vector (bge-m3, Chen et al. 2024, arXiv:2402.03216): by sparse_linear.pt, or an output of
a graph."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from mundap.encode.layout import Layout
from mundap.encode.onnx import OnnxModel, Outputs
from mundap.encode.pickled import read_pickled
from mundap.encode.sentence import SentenceEncoder
from mundap.encode.tokenized import Encoding, Encodings
from mundap.errors import ConfigError
from mundap.protocols import TokenWeights, Vectors

if TYPE_CHECKING:
    from mundap.encode.torch_model import TorchModel

    Model = OnnxModel | TorchModel

LINEAR = "sparse_linear.pt"  # as FlagEmbedding keeps it, beside the model
OUTPUTS = ("sparse_vecs", "sparse_weights", "token_weights")  # what exports of bge-m3 call it
_REMEMBERED = 8192  # texts
_MARKS = ("cls_token", "eos_token", "pad_token", "unk_token")  # that weigh nothing, as in FlagEmbedding
_NOTHING = TokenWeights(np.empty(0, np.int32), np.empty(0, np.float32))

# For a batch of encodings at a time: what a text's vector is made of, and (batch, tokens), what each token weighs.
Heads = Callable[["Model", Encodings], Iterator[tuple[Outputs, Outputs]]]


class SparseSentenceEncoder(SentenceEncoder):
    """An encoder whose model weighs tokens too, by `heads`. Of a text in windows, a token has its largest weight.

    What the texts read last weigh is remembered: whoever asks for vectors and for weights has each text read once.
    """

    def __init__(self, name: str, layout: Layout, load: Callable[[], Model], heads: Heads, folder: Path) -> None:
        super().__init__(name, layout, load)
        self._heads = heads
        self._folder = folder
        self._weighed: OrderedDict[tuple[str, str], TokenWeights] = OrderedDict()
        self._remembering = Lock()

    def sparse_queries(self, texts: Sequence[str]) -> list[TokenWeights]:
        """The weights of each text, read as a question."""
        return self._weights(texts, self.layout.prompts.query)

    def sparse_passages(self, texts: Sequence[str]) -> list[TokenWeights]:
        """The weights of each text, read as a passage."""
        return self._weights(texts, self.layout.prompts.passage)

    def _weights(self, texts: Sequence[str], prompt: str) -> list[TokenWeights]:
        with self._remembering:
            found = {text: self._weighed[prompt, text] for text in texts if (prompt, text) in self._weighed}
        missing = list(dict.fromkeys(text for text in texts if text not in found))
        if missing:
            found |= zip(missing, self._read(missing, prompt)[1], strict=True)
        return [found[text] for text in texts]

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        return self._read(texts, prompt)[0] if len(texts) else super()._encode(texts, prompt)

    def _read(self, texts: Sequence[str], prompt: str) -> tuple[Vectors, list[TokenWeights]]:
        model = self.model
        windows = self._cut(model, texts, prompt)
        weightless = self._weightless
        parts: list[list[TokenWeights]] = [[] for _ in texts]

        def states() -> Iterator[Outputs]:
            place = iter(windows)
            for batch, weights in self._heads(model, [window for _, window in windows]):
                for own in weights:
                    row, window = next(place)
                    parts[row].append(_of_tokens(window, own, weightless))
                yield batch

        vectors = self._pooled(model, windows, states(), prompt, len(texts))
        weighed = [_largest(some) for some in parts]
        with self._remembering:
            for text, weights in zip(texts, weighed, strict=True):
                self._weighed[prompt, text] = weights
                self._weighed.move_to_end((prompt, text))
            while len(self._weighed) > _REMEMBERED:
                self._weighed.popitem(last=False)
        return vectors, weighed

    @cached_property
    def _weightless(self) -> list[int]:
        """The tokens that weigh nothing wherever they stand."""
        said: dict[str, str | dict[str, str] | None] = {}
        for name in ("tokenizer_config.json", "special_tokens_map.json"):
            file = self._folder / name
            said |= json.loads(file.read_text("utf-8")) if file.is_file() else {}
        marks = [mark["content"] if isinstance(mark, dict) else mark for mark in map(said.get, _MARKS) if mark]
        return self.model.numbers(marks)


def by_linear(file: Path) -> Heads:
    """Weights by FlagEmbedding's linear layer over the states of tokens: relu(linear(state)).

    Raises MissingExtra without torch, and ConfigError for a file that is no such layer.
    """
    held = read_pickled(file)
    if held.keys() != {"weight", "bias"} or len(held["bias"]) != 1:
        raise ConfigError(f"'{file}'은(는) 토큰마다 숫자 하나를 출력하는 레이어가 아닙니다: {', '.join(held)}")
    weight, bias = held["weight"].ravel(), held["bias"].ravel()

    def heads(model: Model, encodings: Encodings) -> Iterator[tuple[Outputs, Outputs]]:
        for states in model.run(encodings):
            if states.shape[-1] != len(weight):
                raise ConfigError(f"'{file}'의 크기 {len(weight)}이(가) 모델({states.shape[-1]})과 맞지 않습니다.")
            yield states, np.maximum(states @ weight + bias, 0)

    return heads


def by_output(model: Model, encodings: Encodings) -> Iterator[tuple[Outputs, Outputs]]:
    """Weights that the graph itself gives, as one of OUTPUTS, (batch, tokens) or (batch, tokens, 1)."""
    assert isinstance(model, OnnxModel)
    name = next(name for name in OUTPUTS if name in model.outputs)
    for states, weights in model.run_for((model.output, name), encodings):
        yield states, weights.reshape(weights.shape[:2])


def _of_tokens(window: Encoding, weights: Outputs, weightless: Sequence[int]) -> TokenWeights:
    ids = np.asarray(window.ids, np.int32)
    own = weights[: len(ids)]
    counts = (np.asarray(window.special_tokens_mask) == 0) & (own > 0) & ~np.isin(ids, weightless)
    return _largest([TokenWeights(ids[counts], own[counts])])


def _largest(parts: Sequence[TokenWeights]) -> TokenWeights:
    """Every token of these once, with its largest weight."""
    if not parts:
        return _NOTHING
    ids, places = np.unique(np.concatenate([part.ids for part in parts]), return_inverse=True)
    weights = np.zeros(len(ids), np.float32)
    np.maximum.at(weights, places, np.concatenate([part.weights for part in parts]))
    return TokenWeights(ids, weights)
