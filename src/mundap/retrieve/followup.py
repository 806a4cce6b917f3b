"""A follow-up question made to stand alone, from the conversation before it, without a language model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from mundap.korean.kiwi import kiwi
from mundap.types import Turn

if TYPE_CHECKING:
    from kiwipiepy import Token

# Words that point back to what was said; with or without a particle behind them.
_POINTERS = frozenset(
    "그것 그거 이것 이거 저것 그 이 거기 여기 그곳 그때 그럼 그러면 그렇 이렇 그런 이런 둘 나머지 다른".split()
)
_POINTING = frozenset("NP MM MAJ MAG VA NR".split())
_NOUNS = frozenset({"NNG", "NNP", "SL", "XR"})
# Nouns that ask rather than name: a question that has no other noun lives on the one before.
_ASKING = frozenset(
    "얼마 언제 어디 방법 이유 경우 때 것 수 말 뜻 예외 기간 금액 비용 조건 한도 서류 절차 가격 위치 시간".split()
)
_OPENERS = frozenset("그럼 그러면 그건 그거 그것 거기 그때 이건 그리고 그런데 근데 그렇다면 또 나머지".split())


def standalone(question: str, history: Sequence[Turn]) -> str:
    """`question` with the nouns of the previous question in front, if it leans on it; else as it is.

    It leans if it opens with or holds a word that points back, or names nothing itself. What it names as its
    topic (은, 는) takes the place of what the previous question had as its topic: after 향수는 얼마까지 면세야,
    그럼 담배는 is about 면세 and 담배.
    """
    words = question.split()
    if not history or not any(map(str.isalnum, question)):
        return question
    morphemes = kiwi().tokenize(question)
    named = {m.form for m in morphemes if m.tag in _NOUNS} - _ASKING
    points = words[0].strip(".,!?…") in _OPENERS or any(
        m.form in _POINTERS and m.tag.partition("-")[0] in _POINTING for m in morphemes
    )
    if named and not points:
        return question
    before = kiwi().tokenize(standalone(history[-1].question, history[:-1]))
    replaced = _topics(before) if _topics(morphemes) & named else set()
    kept = [m.form for m in before if m.tag in _NOUNS and m.form not in named | replaced]
    return " ".join([*dict.fromkeys(kept), question])


def _topics(morphemes: Sequence[Token]) -> set[str]:
    """The nouns that stand before the topic particle."""
    return {
        noun.form
        for noun, particle in pairwise(morphemes)
        if noun.tag in _NOUNS and particle.tag == "JX" and particle.form in ("은", "는")
    }
