"""Vectors without a model: signed hashes of character n-grams. The baseline, and the double in tests."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from mundap.protocols import Vectors


class HashedEncoder:
    """Feature hashing over 1- to 3-character windows (Weinberger et al., ICML 2009). Needs no weights.

    Text without letters gets the first unit vector, so that every row has length one.
    """

    def __init__(self, dim: int = 256) -> None:
        self.dim = dim
        self.name = f"hashed-{dim}-1"

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows."""
        return self._encode(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows."""
        return self._encode(texts)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        rows = np.zeros((len(texts), self.dim), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                for size in (1, 2, 3):
                    for start in range(len(word) - size + 1):
                        hashed = int.from_bytes(blake2b(word[start : start + size].encode(), digest_size=8).digest())
                        row[(hashed >> 1) % self.dim] += size if hashed & 1 else -size
            if not row.any():
                row[0] = 1
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows
