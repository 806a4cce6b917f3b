"""Beam search over any model that continues sequences, in NumPy, with the results of transformers' `generate`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


def beam_search(next_logits: Callable[[Ids], Floats], start: int, end: int, beams: int, longest: int) -> list[int]:
    """The tokens of the best sequence, between `start` and `end`, neither of them included.

    `next_logits` gives (n, vocabulary) for n sequences of one length, (n, length). The best has the highest mean
    log-probability per token, `end` among them, of the first `beams` that ended, by `end` or at `longest` tokens,
    `start` among them. It is `generate` with these beams, `early_stopping=True` and a length penalty of 1.
    """
    running = np.full((1, 1), start, np.int64)
    scores = np.zeros(1, np.float32)
    ended: list[tuple[np.float32, Ids]] = []
    for length in range(1, longest):
        chances = _log_softmax(next_logits(running)) + scores[:, None]
        flat = chances.ravel()
        best = _best(flat, 2 * beams)  # enough to go on, should all beams end at once
        row, token = np.divmod(best, chances.shape[1])
        grown = np.concatenate([running[row], token[:, None]], axis=1)
        ends = (token == end) | (length + 1 >= longest)
        new = [(flat[best[n]] / np.float32(length), grown[n]) for n in np.flatnonzero(ends) if n < beams]
        ended = sorted([*ended, *new], key=lambda one: -one[0])[:beams]
        going = np.flatnonzero(~ends)[:beams]
        if len(ended) == beams or not len(going):
            break
        running, scores = grown[going], flat[best[going]]
    if not ended:
        return []
    tokens: list[int] = ended[0][1][1:].tolist()
    return tokens[:-1] if tokens and tokens[-1] == end else tokens


def _best(scores: Floats, count: int) -> Ids:
    """The places of the highest scores, in order; ties go by place."""
    if count < len(scores):
        least = np.partition(scores, len(scores) - count)[len(scores) - count]
        places = np.flatnonzero(scores >= least)
    else:
        places = np.arange(len(scores))
    return places[np.argsort(-scores[places], kind="stable")][:count]


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=1, keepdims=True)
    chances: Floats = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return chances
