"""Compound nouns of a short question spaced as the documents space them: 납부기한 and 납부 기한 are asked as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

from mundap.files import digest
from mundap.korean.kiwi import kiwi
from mundap.korean.tokens import BIGRAM

LONGEST = 18  # letters; a longer question has context, and loses more than it gains (docs/experiments.md, "Spacing")
_NOUNS = frozenset("NNG NNP".split())


def spaced(text: str, holders: Callable[[Sequence[str]], Sequence[int]], user_dictionary: Path | None = None) -> str:
    """A short question with two nouns side by side written together if most passages that hold both so do, else apart.

    `holders` tells how many passages hold each token. Nouns of one syllable, and questions of more than LONGEST letters,
    stay as they are typed.
    """
    if len(text.replace(" ", "")) > LONGEST:
        return text
    analyser = kiwi(user_dictionary, digest(user_dictionary.read_bytes() if user_dictionary else b"", size=6))
    pairs = [
        (left, right)
        for left, right in pairwise(analyser.tokenize(text))
        if left.tag in _NOUNS
        and right.tag in _NOUNS
        and left.len > 1
        and right.len > 1
        and text[left.end : right.start] in ("", " ")
    ]
    if not pairs:
        return text
    touching = holders([(left.form + right.form).lower() for left, right in pairs])
    beside = holders([(BIGRAM + left.form[-1] + right.form[0]).lower() for left, right in pairs])
    parts, at = [], 0
    for (left, right), together, either in zip(pairs, touching, beside, strict=True):
        parts.append(text[at : left.end])
        at = right.start
        parts.append("" if either and 2 * together >= either else " ")
    return "".join([*parts, text[at:]])
