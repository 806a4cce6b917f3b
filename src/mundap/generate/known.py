"""Known questions: where a sheet already answers the very question, its own answer is given, and said to be so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mundap.korean.kiwi import kiwi
from mundap.korean.sentences import sentences
from mundap.korean.tokens import CONTENT, bigrams
from mundap.messages import say
from mundap.types import Answer, Citation, Hit, Passage

ALIKE = 0.9  # share of content words two questions must have in common to be the same question
_NEAR = 0.5  # share of bigrams under which two questions are not even compared by their words
_COMPARED = 5
_STRICT = frozenset({"SN", "SL", "NR"})  # a number or a name that differs makes another question
_NEGATING = frozenset("MAG VX VA VCN".split())
_NEGATIONS = frozenset("안 못 없 않 말 아니".split())


@dataclass(frozen=True)
class Known:
    """A question with its answer, and the parent passage that the sheet gives for it."""

    question: str
    answer: str
    passage_id: str


class KnownAnswers:
    """Finds the known question that says the same as another. Without Kiwi until two come close."""

    def __init__(self, known: Sequence[Known]) -> None:
        self._known = [(k, Counter(bigrams(k.question))) for k in known if k.answer]

    def match(self, question: str) -> Known | None:
        """The known question with the same content words, numbers and negations, or None."""
        asked = Counter(bigrams(question))
        close = sorted(
            ((_dice(asked, grams), n) for n, (_, grams) in enumerate(self._known)), key=lambda p: (-p[0], p[1])
        )
        for near, n in close[:_COMPARED]:
            if near >= _NEAR and _same(question, self._known[n][0].question):
                return self._known[n][0]
        return None


def known_answer(question: str, known: Known, passage: Passage, language: str) -> Answer:
    """The recorded answer, saying that it is one, and citing what supports it in its passage."""
    hit = Hit(passage, 1.0, 1, {"known": 1})
    text = f"{known.answer} [1]\n{say('known', language, question=known.question)}"
    return Answer(question, text, _quotes(known.answer, passage), (hit,), model="known")


def _quotes(answer: str, passage: Passage) -> tuple[Citation, ...]:
    said = set(bigrams(answer))
    spans = [passage.text[start:end] for start, end in sentences(passage.text)]
    shares = [len(said & set(bigrams(text))) / (len(set(bigrams(text))) or 1) for text in spans]
    best = max(shares, default=0.0)
    chosen = [text for text, share in zip(spans, shares, strict=True) if share >= max(0.8 * best, 1e-9)]
    return tuple(Citation(passage.id, passage.source, text) for text in chosen or spans[:1])


def _same(left: str, right: str) -> bool:
    said = [kiwi().tokenize(text) for text in (left, right)]
    content = [Counter(m.form for m in side if m.tag.partition("-")[0] in CONTENT) for side in said]
    strict = [Counter(m.form for m in side if m.tag in _STRICT) for side in said]
    negated = [Counter(m.form for m in side if m.form in _NEGATIONS and m.tag in _NEGATING) for side in said]
    return strict[0] == strict[1] and negated[0] == negated[1] and _dice(*content) >= ALIKE


def _dice(left: Counter[str], right: Counter[str]) -> float:
    total = left.total() + right.total()
    return 2 * (left & right).total() / total if total else 0.0
