"""Search tokens: content morphemes, joins of touching nouns, and bigrams of the text without spaces.

Morphemes free a noun from its particle, joins keep compounds whole, bigrams forgive spacing and
unknown words. The three together beat each alone on every corpus tried (docs/experiments/2026-11-21-lexical-recipe.md).
Amounts are read in one way of writing, so that $10,000 and 만불 are the same tokens as 1만 달러.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from mundap.files import digest
from mundap.korean.kiwi import bites, kiwi, kiwi_version
from mundap.korean.writing import WRITING, uniform

CONTENT = frozenset("NNG NNP NNB NR NP VV VA VX VCN XR SL SN SH".split())
JOINED = frozenset("NNG NNP NNB NR NP XR XPN XSN SL SN".split())
BIGRAM = "_"  # keeps bigrams from ever colliding with morphemes
_NOT_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class SearchTokenizer:
    """The tokens of BM25. Hashable and cheap to make: Kiwi is loaded when the first text comes."""

    joins: bool = True
    bigrams: bool = True
    user_dictionary: Path | None = None

    @property
    def name(self) -> str:
        """Identity for caches and manifests: changes whenever the tokens could."""
        return f"kiwi-{kiwi_version()}-{WRITING}-j{int(self.joins)}b{int(self.bigrams)}-{self._digest}"

    def __call__(self, texts: Sequence[str]) -> list[list[str]]:
        """The tokens of each text, repeats kept, in lower case."""
        analyser = kiwi(self.user_dictionary, self._digest)
        result = []
        texts = [uniform(text) for text in texts]
        parts = [[text[start:end] for start, end in bites(text)] for text in texts]
        found = iter(analyser.tokenize([part for pieces in parts for part in pieces]))
        for text, pieces in zip(texts, parts, strict=True):
            morphemes = [m for _ in pieces for m in next(found)]
            tokens = [m.form.lower() for m in morphemes if m.tag.partition("-")[0] in CONTENT]
            if self.joins:
                tokens += [
                    (left.form + right.form).lower()
                    for left, right in pairwise(morphemes)
                    if left.tag in JOINED and right.tag in JOINED and left.end == right.start
                ]
            if self.bigrams:
                tokens += bigrams(text)
            result.append(tokens)
        return result

    @property
    def _digest(self) -> str:
        return digest(self.user_dictionary.read_bytes() if self.user_dictionary else b"", size=6)


def bigrams(text: str) -> list[str]:
    """Two-character windows over the letters and digits of `text`, spaces and punctuation left out."""
    letters = _NOT_WORD.sub("", text.lower())
    return [BIGRAM + letters[i : i + 2] for i in range(len(letters) - 1)]


def content(texts: Sequence[str], user_dictionary: Path | None = None) -> list[list[str]]:
    """Only the content morphemes of each text: the words that carry its meaning."""
    return SearchTokenizer(joins=False, bigrams=False, user_dictionary=user_dictionary)(texts)
