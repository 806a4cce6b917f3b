"""Which sentences of a passage bear a recorded answer out.

The rule was read on 40 rows of a sheet: of 105 sentences that it calls right 95 bear the recorded answer out, and 37 of the
40 answers have their main sentence among them (docs/experiments/2026-11-29-sentences-that-bear-out.md).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from mundap.korean.dates import stated
from mundap.korean.lists import announces
from mundap.korean.quantities import quantities
from mundap.korean.tokens import content

MOSTLY = 0.5  # of an answer's facts
NEARLY = 0.7  # of the share that the best sentence has
SOME = 0.25
QUOTED = 0.6  # of the sentence's own facts that are in the answer
_LIGHT = frozenset("하 되 있 것 수 때 경우 같 다음 따르 위하 등 시 받 점 말 대하 관하 의하 통하 이 그 및".split())
_NUMBERS = re.compile(r"(?m)^\s*\d{1,2}[.)]\s")


@lru_cache(65536)
def facts(text: str) -> frozenset[str]:
    """What a text says: its content words, its quantities by value and its days. Numbers of items are none."""
    text = _NUMBERS.sub(" ", text)
    amounts, periods = quantities(text), stated(text)
    left = list(text)
    for start, end in [*((one.start, one.end) for one in amounts), *(one.span for one in periods)]:
        left[start:end] = " " * (end - start)
    said = {f"{one.value.normalize():f} {one.unit}" for one in amounts} | {f"{one.start}~{one.end}" for one in periods}
    return frozenset({word for word in content(["".join(left)])[0] if word not in _LIGHT} | said)


def answered(question: str, answer: str) -> frozenset[str]:
    """The facts of an answer that the question does not hold; all of them if it holds them all."""
    said = facts(answer)
    return said - facts(question) or said


def bearing(texts: Sequence[str], question: str, answer: str) -> npt.NDArray[np.bool_]:
    """Which of a passage's sentences bear the recorded answer out.

    Those that hold most of what it says, the one that holds the most, and those that are quoted in it. A sentence that
    announces a list counts only if it holds most of the answer itself.
    """
    said, wanted = facts(answer), answered(question, answer)
    found = [facts(text) for text in texts]
    shares = [len(wanted & one) / max(1, len(wanted)) for one in found]
    most = max(shares, default=0.0)
    return np.array(
        [
            share > 0
            and (
                (share >= MOSTLY and share >= NEARLY * most)
                or (not announces(text) and share == most >= SOME)
                or (not announces(text) and len(one & said) >= QUOTED * len(one) and len(one & wanted) > 1)
            )
            for text, one, share in zip(texts, found, shares, strict=True)
        ],
        np.bool_,
    )
