"""How like a passage is to those that are known to answer questions like this one.

Nobody has asked about a new document, but about others: what answers there is like what answers here (relevance feedback,
Rocchio, 1971, from what people judged).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mundap.encode.adapter import AdaptedEncoder, unmapped
from mundap.index.dense import DenseLeg
from mundap.protocols import Mask, Rows, Scores, Vectors

# docs/experiments/2026-11-29-neighbours-of-new-documents.md
LIKE = 10  # known questions that are looked at
SHARP = 20.0  # how fast they count less: by e for each 1/SHARP of cosine

VectorsOf = Callable[[Rows], Vectors]


def vectors_without_maps(dense: DenseLeg) -> VectorsOf:
    """The own vectors of rows, without the maps of an adapter: it learned to tell apart what is alike."""
    encoder, own = dense.encoder, dense.vectors.own
    if not isinstance(encoder, AdaptedEncoder):
        return own
    back = np.linalg.inv(encoder.maps.passage)
    return lambda rows: unmapped(own(rows), back)


def likeness(similar: Scores, known: Mask, answering: Rows, rows: Rows, vectors_of: VectorsOf) -> Scores:
    """How like each of `rows` is to the passages that answer the nearest known questions, standardised over those that are
    none of these.

    `similar` has the cosine of each known question, `known` which of them count, and `answering` the row that answers each.
    """
    places = np.flatnonzero(known)
    if not len(places):
        return np.zeros(len(rows), np.float32)
    near = places[np.argsort(-similar[places], kind="stable")[:LIKE]]
    weights = np.exp(SHARP * (similar[near] - similar[near[0]])).astype(np.float32)
    scores = vectors_of(rows) @ (weights @ vectors_of(answering[near]))
    others = scores[~np.isin(rows, answering[near])]
    spread = float(others.std()) if len(others) else 0.0
    found: Scores = (scores - others.mean()) / spread if spread > 1e-9 else np.zeros_like(scores)
    return found
