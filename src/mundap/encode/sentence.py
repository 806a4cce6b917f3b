"""An encoder of the sentence-transformers kind: texts cut to what its model reads, pooled as its files say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from mundap.encode.layout import Layout
from mundap.encode.pooling import pooled
from mundap.encode.prompts import Prompts
from mundap.encode.tokenized import Encoding
from mundap.encode.windows import Tell, average, cut
from mundap.protocols import Vectors

if TYPE_CHECKING:
    from mundap.encode.onnx import OnnxModel
    from mundap.encode.torch_model import TorchModel

    Model = OnnxModel | TorchModel


class SentenceEncoder:
    """Pools the states of a model's tokens as its files say. The model is loaded, by `load`, at the first text.

    A text of more than a window is read in windows, each behind the prompt, whose vectors are averaged by their lengths.
    """

    def __init__(self, name: str, layout: Layout, load: Callable[[], Model], dim: int = 0) -> None:
        self.name = name
        self.layout = layout
        self._load = load
        self._dim = layout.dim or dim
        self._tell = Tell(name)
        self._lock = Lock()

    @property
    def prompts(self) -> Prompts:
        """What stands before texts."""
        return self.layout.prompts

    @property
    def dim(self) -> int:
        """Of a vector; of a model whose files do not say, that of a first one."""
        if not self._dim:
            self._dim = self._encode([""], "").shape[1]
        return self._dim

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows."""
        return self._encode(texts, self.layout.prompts.query)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows."""
        return self._encode(texts, self.layout.prompts.passage)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text is, without those that are added to every text."""
        return [len(tokens) for tokens in self.model.tokens([self._plain(text) for text in texts])]

    @property
    def model(self) -> Model:
        """The model, loaded once."""
        with self._lock:
            return self._loaded

    @cached_property
    def _loaded(self) -> Model:
        return self._load()

    def _plain(self, text: str) -> str:
        return (text.lower() if self.layout.lower else text).replace("\0", " ")

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        if not len(texts):
            return np.zeros((0, self.dim), np.float32)
        model = self.model
        windows = self._cut(model, texts, prompt)
        return self._pooled(model, windows, model.run([window for _, window in windows]), prompt, len(texts))

    def _cut(self, model: Model, texts: Sequence[str], prompt: str) -> list[tuple[int, Encoding]]:
        """(number of its text, a window), short ones first."""
        prompt = self._plain(prompt)
        windows = [
            (row, window)
            for row, (text, tokens) in enumerate(self._spelled(model, prompt, map(self._plain, texts)))
            for window in self._windows(model, prompt, text, tokens)
        ]
        return sorted(windows, key=lambda one: len(one[1]))  # so that little is filled up

    def _pooled(
        self, model: Model, windows: Sequence[tuple[int, Encoding]], states: Iterator[Vectors], prompt: str, count: int
    ) -> Vectors:
        """(count, dim), unit rows, of what the model gave for the windows, a batch at a time."""
        skip = self._skipped(model, self._plain(prompt))
        vectors = [
            self._vector(own if batch.ndim == 2 else own[: len(windows[at + place][1])], skip)
            for at, batch in _placed(states)
            for place, own in enumerate(batch)
        ]
        rows, lengths = [row for row, _ in windows], [float(len(window)) for _, window in windows]
        return average(rows, np.stack(vectors), lengths, count)

    def _vector(self, states: Vectors, skip: int) -> Vectors:
        vector = states if states.ndim == 1 else pooled(states, self.layout.poolings, skip)
        for layer in self.layout.dense if states.ndim > 1 else ():  # a graph that gives one vector has them inside
            vector = layer(vector)
        return vector

    def _skipped(self, model: Model, prompt: str) -> int:
        """How many of a window's first tokens are not pooled."""
        if not (prompt and self.layout.skip_prompt):
            return 0
        (tokens,) = model.tokens([prompt.rstrip()])
        joined = model.joined(tokens)
        marks = joined.special_tokens_mask
        return len(joined) - (marks[-1] if len(joined) > 1 else 0)

    def _spelled(self, model: Model, prompt: str, texts: Iterator[str]) -> list[tuple[str, Encoding]]:
        own = list(texts)
        return list(zip(own, model.tokens([prompt + text for text in own]), strict=True))

    def _windows(self, model: Model, prompt: str, text: str, tokens: Encoding) -> list[Encoding]:
        """`tokens` are those of the prompt and the text; cut where they would not fit, they are spelled anew."""
        room = model.room()
        if len(tokens) <= room:
            return [model.joined(tokens)]
        lead = sum(end <= len(prompt) for _, end in tokens.offsets)
        step = room - lead
        starts = [begin - len(prompt) for begin, _ in tokens.offsets[room::step]] if step > 0 else []
        pieces = cut(text, [place for place in starts if 0 < place < len(text)])
        if len(pieces) < 2:
            return [model.joined(tokens)]  # a single word, or letter, that is more than a window
        self._tell(f"토큰 {model.max_tokens}개")
        return [
            window
            for piece, spelled in self._spelled(model, prompt, iter(pieces))
            for window in self._windows(model, prompt, piece, spelled)
        ]


def _placed(batches: Iterator[Vectors]) -> Iterator[tuple[int, Vectors]]:
    at = 0
    for states in batches:
        yield at, states
        at += len(states)
