"""How alike an answer and the recorded one are, in morphemes and in character n-grams."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from mundap.korean.kiwi import kiwi
from mundap.korean.normalize import normalize, squash
from mundap.korean.tokens import content

CHRF_ORDER = 6  # Popović 2015: character n-grams of 1 to 6
CHRF_BETA = 2.0  # chrF2, which weighs recall twice: the variant that Popović, WMT 2016, recommends
_PUNCTUATION = frozenset("SF SP SS SSO SSC SE SO SW SB".split())


def morpheme_f1(prediction: str, answer: str) -> float:
    """The harmonic mean of precision and recall of content morphemes, in [0, 1].

    As `character_f1`, with what carries the meaning in place of characters: endings and particles
    do not count, repeats do, order does not. 0.0 if either text has no content morpheme.
    """
    said, meant = content([normalize(prediction), normalize(answer)])
    return _f1((Counter(said) & Counter(meant)).total(), len(said), len(meant))


def chrf(prediction: str, answer: str, order: int = CHRF_ORDER, beta: float = CHRF_BETA) -> float:
    """chrF of one sentence, in [0, 1] (Popović, WMT 2015), as sacrebleu computes it, divided by 100.

    Precision and recall of character n-grams, white space removed, each averaged over the lengths
    1..`order` that occur in both texts; recall weighs `beta` times as much. 0.0 if none does.
    """
    said, meant = squash(prediction), squash(answer)
    precisions, recalls = [], []
    for n in range(1, order + 1):
        hypothesis, reference = _ngrams(said, n), _ngrams(meant, n)
        if hypothesis and reference:
            same = (hypothesis & reference).total()
            precisions.append(same / hypothesis.total())
            recalls.append(same / reference.total())
    precision, recall = sum(precisions) / max(len(precisions), 1), sum(recalls) / max(len(recalls), 1)
    weighted = beta**2 * precision + recall
    return (1 + beta**2) * precision * recall / weighted if weighted else 0.0


class Rouge(NamedTuple):
    """F1 of single morphemes, of pairs of neighbours, and of the longest common subsequence, in [0, 1]."""

    one: float
    two: float
    longest: float


def rouge(prediction: str, answer: str) -> Rouge:
    """ROUGE-1, ROUGE-2 and ROUGE-L as F1 (Lin, ACL workshop 2004), on morphemes in lower case.

    All morphemes count but punctuation: an eojeol of Korean is no unit to compare, since its particle
    may differ where the word is the same. 0.0 where either text is too short to have any.
    """
    said, meant = _morphemes([normalize(prediction), normalize(answer)])
    grams = [(_ngrams(said, n), _ngrams(meant, n)) for n in (1, 2)]
    one, two = (_f1((a & b).total(), a.total(), b.total()) for a, b in grams)
    return Rouge(one, two, _f1(_common(said, meant), len(said), len(meant)))


def _morphemes(texts: Sequence[str]) -> list[list[str]]:
    return [[m.form.lower() for m in found if m.tag not in _PUNCTUATION] for found in kiwi().tokenize(list(texts))]


def _ngrams(units: Sequence[str], n: int) -> Counter[Hashable]:
    return Counter(tuple(units[i : i + n]) for i in range(len(units) - n + 1))


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(other) + 1)
    for unit in one:
        diagonal = 0
        for place, against in enumerate(other, 1):
            above = row[place]
            row[place] = diagonal + 1 if unit == against else max(above, row[place - 1])
            diagonal = above
    return row[-1]


def _f1(same: int, said: int, meant: int) -> float:
    return 2 * same / (said + meant) if same else 0.0
