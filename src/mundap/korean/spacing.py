"""The spacing of questions: compounds as the documents have them (납부기한, 납부 기한), and whole questions in one word."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

from mundap.files import digest
from mundap.korean.kiwi import kiwi
from mundap.korean.tokens import BIGRAM

LONGEST = 18  # letters; a longer question has context, and loses more than it gains (docs/experiments/2026-11-29-ways-of-writing.md)
_NOUNS = frozenset("NNG NNP".split())
_RUN = 9  # letters of a word from which it may be several
_SAYING = frozenset("NNG NNP NNB NR SN VV VA".split())
_ENDINGS = frozenset("EC EF ETM".split())
_WORD = re.compile(r"\S+")


def parted(text: str, user_dictionary: Path | None = None) -> str:
    """The text with words apart that were typed as one: 관세환급몇년안에하나요 as 관세 환급 몇 년 안에 하나요.

    Only a long word that holds an ending and four words that say something is cut; a compound stays.
    """
    if not any(len(word) >= _RUN for word in text.split()):
        return text
    analyser = kiwi(user_dictionary, digest(user_dictionary.read_bytes() if user_dictionary else b"", size=6))

    def apart(found: re.Match[str]) -> str:
        word = found.group()
        if len(word) < _RUN:
            return word
        morphemes = [token.tag.partition("-")[0] for token in analyser.tokenize(word)]
        several = sum(tag in _SAYING for tag in morphemes) >= 4 and any(tag in _ENDINGS for tag in morphemes)
        return str(analyser.space(word)) if several else word

    return _WORD.sub(apart, text)


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
