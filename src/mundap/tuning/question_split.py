"""Questions in two parts, all questions on one passage in the same: one to choose settings on, one to judge them."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mundap.errors import MundapError
from mundap.evaluation.questions import Question, linked
from mundap.korean.normalize import squash

SHARE = 0.6  # of the passages whose questions settings are chosen on


@dataclass(frozen=True, slots=True)
class Part:
    """Questions, and for each the number of the passage, or of the passages asked about together, that it is on."""

    questions: tuple[Question, ...]
    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """`left_out` questions have no gold, or none that is in the corpus: no setting can find it."""

    tuning: Part
    report: Part
    left_out: int


def split_questions(questions: Sequence[Question], corpus: Collection[str], seed: int = 0) -> Parts:
    """SHARE of the passages, drawn by `seed`, with all their questions; and the rest. `corpus` holds squashed texts.

    Raises MundapError unless questions on two passages or more are left.
    """
    usable = [q for q in questions if any(squash(gold) in corpus for gold in q.gold)]
    groups = linked([[squash(gold) for gold in q.gold] for q in usable])
    numbers = sorted(set(groups))
    if len(numbers) < 2:
        raise MundapError(
            f"튜닝하려면 서로 다른 제시문 두 개 이상에 대한 질문이 필요합니다(색인에 제시문이 있는 질문 {len(usable)}개,"
            f" 제시문 {len(numbers)}개). 질문과 제시문이 있는 파일을 --questions로 지정하고, 그 제시문이 있는 문서를"
            " mundap ingest로 읽어 들이세요."
        )
    random.Random(seed).shuffle(numbers)
    chosen = set(numbers[: min(max(round(len(numbers) * SHARE), 1), len(numbers) - 1)])

    def part(wanted: bool) -> Part:
        places = [n for n, group in enumerate(groups) if (group in chosen) == wanted]
        return Part(tuple(usable[n] for n in places), tuple(groups[n] for n in places))

    return Parts(part(True), part(False), len(questions) - len(usable))
