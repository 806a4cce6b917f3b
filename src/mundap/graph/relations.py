"""Relations that sentences state in so many words: what something is, and what is an example of it.

Patterns after Hearst (COLING 1992), for Korean: 면세품이란 … 물품을 말한다; 담배, 주류 등의 면세품.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from mundap.graph.build import Relation

IS, EXAMPLE = "정의", "보기"
_WORD = r"[가-힣A-Za-z0-9]+"
_DEFINED = re.compile(
    rf"[\"“‘'「]?({_WORD}?(?: {_WORD}?)??)[\"”’'」]?(?:이란|란|이라 함은|라 함은)\s[^.\n]*?({_WORD})(?:을|를|이라고|라고) (?:말한|말합|뜻한|뜻합|의미한|의미합|일컫)"
)
_LISTED = re.compile(
    rf"((?:{_WORD}(?: {_WORD})?\s?[,·ㆍ、]\s?)+{_WORD}(?: {_WORD})?) 등(?:의|과 같은)? ({_WORD}(?: {_WORD})?)"
)
_HELD = re.compile(
    r"(?:을|를|은|는|이|가|에|의|으로|로|과|와|도|만|및)?(?:[^가-힣A-Za-z0-9]|$)"
)  # after a noun that is one
_PARTED = re.compile(r"\s?[,·ㆍ、]\s?")


def relate(texts: Sequence[str], keywords: Sequence[Sequence[str]]) -> Iterator[list[Relation]]:
    """The relations in each text between its keywords, which are in lower case."""
    for text, words in zip(texts, keywords, strict=True):
        yield list(dict.fromkeys(_stated(text.lower(), frozenset(words))))


def unrelated(texts: Sequence[str], keywords: Sequence[Sequence[str]]) -> list[list[Relation]]:
    """No relations."""
    return [[] for _ in texts]


def _stated(text: str, words: Collection[str]) -> Iterator[Relation]:
    for found in _DEFINED.finditer(text):
        head, tail = _last(found[1], words), _last(found[2], words)
        if head and tail and head != tail:
            yield Relation(head, IS, tail)
    for found in _LISTED.finditer(text):
        whole = _first(found[2], words)
        if not whole or not _HELD.match(text, found.start(2) + len(whole)):
            continue
        parts = [_last(part, words) for part in _PARTED.split(found[1])]
        yield from (Relation(whole, EXAMPLE, part) for part in parts if part and part != whole)


def _last(piece: str, words: Collection[str]) -> str:
    """The longest keyword at the end of the piece, "" if there is none."""
    return next((piece[n:].strip() for n in range(len(piece)) if piece[n:].strip() in words), "")


def _first(piece: str, words: Collection[str]) -> str:
    """The longest keyword at its beginning."""
    return next((piece[:n].strip() for n in range(len(piece), 0, -1) if piece[:n].strip() in words), "")
