"""From the states of a window's tokens to one vector, as sentence-transformers' module Pooling does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mundap.errors import ConfigError
from mundap.protocols import Vectors

POOLINGS: dict[str, Callable[[Vectors, Vectors], Vectors]] = {  # of (tokens, dim) states and (tokens, 1) places
    "mean": lambda states, places: states.mean(axis=0),
    "cls": lambda states, places: states[0],
    "lasttoken": lambda states, places: states[-1],
    "max": lambda states, places: states.max(axis=0),
    "mean_sqrt_len_tokens": lambda states, places: states.sum(axis=0) / np.sqrt(np.float32(len(states))),
    "weightedmean": lambda states, places: (states * places).sum(axis=0) / places.sum(),
}
_SAID = {"last": "lasttoken", "first": "cls"}  # other words for two of them


def pooled(states: Vectors, modes: Sequence[str], skip: int = 0) -> Vectors:
    """(dim * len(modes),): the states, (tokens, dim), less the first `skip` unless nothing would be left."""
    skip = skip if skip < len(states) else 0
    places = np.arange(skip + 1, len(states) + 1, dtype=np.float32)[:, None]
    return np.concatenate([POOLINGS[mode](states[skip:], places) for mode in modes])


def pooling_named(name: str) -> str:
    """The pooling that mundap.toml means. Raises ConfigError, which lists them."""
    name = _SAID.get(name, name)
    if name not in POOLINGS:
        raise ConfigError(f"pooling 값 '{name}'을(를) 지원하지 않습니다. 지원하는 값: {', '.join(POOLINGS)}")
    return name
