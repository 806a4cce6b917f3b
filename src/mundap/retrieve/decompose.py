"""A question that asks several things, taken apart: its sentences, and what it lists, one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mundap.korean.kiwi import kiwi
from mundap.korean.sentences import sentences

if TYPE_CHECKING:
    from kiwipiepy import Token

MOST = 4
_NAMING = frozenset("NNG NNP SL SN XPN XSN XR NNB".split())
_JOINING = "JC"  # 과, 와, 랑, 하고 between two nouns


def decomposed(question: str, most: int = MOST) -> list[str]:
    """At most `most` simpler questions, in the order of the question; none if it asks one thing.

    술과 담배의 면세 한도 asks about 술의 면세 한도 and 담배의 면세 한도. A sentence that names nothing is no question.
    """
    pieces = [question[start:end] for start, end in sentences(question)]
    asked = [piece for piece in pieces if len(pieces) == 1 or _names(piece)]
    parts = [part for piece in asked for part in (_listed(piece) or [piece])]
    return parts[:most] if len(parts) > 1 else []


def _names(text: str) -> bool:
    return any(token.tag in _NAMING for token in kiwi().tokenize(text))


def _listed(text: str) -> list[str]:
    """The text with each of the things that its first list names; none if it lists nothing."""
    tokens = kiwi().tokenize(text)
    at = next((n for n, token in enumerate(tokens) if token.tag == _JOINING), None)
    if at is None:
        return []
    left, right = _run(tokens, at - 1, -1), _run(tokens, at + 1, 1)
    if left is None or right is None:
        return []
    return [text[: left[0]] + text[start:end] + text[right[1] :] for start, end in (left, right)]


def _run(tokens: Sequence[Token], at: int, step: int) -> tuple[int, int] | None:
    """The span of the nouns that touch each other from `at` on; None if there are none."""
    first = last = None
    while 0 <= at < len(tokens) and tokens[at].tag in _NAMING:
        token = tokens[at]
        if last is not None and (token.end != last.start if step < 0 else token.start != last.end):
            break
        first, last = first or token, token
        at += step
    if first is None or last is None:
        return None
    return min(first.start, last.start), max(first.end, last.end)
