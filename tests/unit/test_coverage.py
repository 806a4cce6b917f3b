from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from mundap.index.bm25 import BM25, LexicalLeg
from mundap.index.widen import Widening
from mundap.korean.everyday import Everyday
from mundap.retrieve.coverage import DEPTH, CoverageRanker
from mundap.retrieve.hybrid import Candidates, Hybrid
from mundap.types import Passage

APART = "여권을 본다. 세관은 멀다. 통관은 끝났다."
TOGETHER = "여권으로 통관을 한다. 세관은 멀다."
OTHER = "날씨가 좋다."


def tokens(texts: Sequence[str]) -> list[list[str]]:
    """Words without their particles, so that rarities can be worked by hand; bigrams are there to be left out."""
    return [[word.strip(".?").rstrip("을를은는이가으로")[:2] for word in text.split()] + ["_여권"] for text in texts]


def made(*texts: str, found: tuple[Everyday, ...] = ()) -> LexicalLeg:
    passages = [Passage(f"p{n}", "d", text, 0, len(text)) for n, text in enumerate(texts)]
    leg = BM25(passages, tokens)
    leg.widening = Widening(leg.postings, tokens, lambda question: found, 0.8)
    return leg


def said(leg: LexicalLeg, question: str, rows: list[int] | None = None) -> list[float]:
    """What the ranker adds to fused scores of 0."""
    chosen = np.asarray(list(range(len(leg.table))) if rows is None else rows, np.intp)
    fused = np.zeros(len(chosen), np.float32)
    scores: list[float] = CoverageRanker(leg, 1.0).score(question, Candidates(chosen, fused, {}, {})).tolist()
    return scores


def test_words_count_by_rarity_once_in_the_passage_and_once_in_their_best_sentence() -> None:
    leg = made(APART, TOGETHER, OTHER)
    passport, customs = leg.postings.rarity(["여권", "통관"])
    apart, together, other = said(leg, "여권 통관")
    assert apart == pytest.approx(passport + customs + max(passport, customs))
    assert together == pytest.approx(2 * (passport + customs))
    assert other == 0


def test_a_word_said_twice_counts_once_and_one_that_no_passage_says_not_at_all() -> None:
    leg = made(APART, TOGETHER, OTHER)
    assert said(leg, "여권 여권 통관 운석") == said(leg, "여권 통관")


def test_what_documents_say_for_an_everyday_word_counts_at_most_as_that_word() -> None:
    leg = made(
        "해고는 서면으로 한다. 짤린 적이 없다.",
        "임금을 준다.",
        found=(Everyday("짤린", (("해고", 1.0), ("임금", 0.5))),),
    )
    fired, dismissal = leg.postings.rarity(["짤린", "해고"])
    assert fired == dismissal
    first, second = said(leg, "짤린")
    assert first == pytest.approx(2 * fired)  # the word itself is there
    [wage] = leg.postings.rarity(["임금"])
    assert second == pytest.approx(2 * 0.8 * 0.5 * min(fired, wage))


def test_fused_scores_are_added_to_and_a_passage_that_is_gone_keeps_its_own() -> None:
    leg = made(APART, TOGETHER)
    store: Any = leg.table.store
    del store._passages["p0"]
    candidates = Candidates(np.asarray([1, 0]), np.asarray([3.0, 2.0], np.float32), {}, {})
    first, second = CoverageRanker(leg, 0.1).score("여권 통관", candidates).tolist()
    assert first == pytest.approx(3.0 + 0.1 * said(leg, "여권 통관", [1])[0])
    assert second == 2.0


def test_the_passage_that_says_it_in_one_sentence_comes_first() -> None:
    leg = made(APART + OTHER * 3, TOGETHER + OTHER * 3, *[OTHER] * DEPTH)
    hits = Hybrid(leg, ranker=CoverageRanker(leg, 0.5)).search("여권 통관", 2)
    assert [hit.passage.id for hit in hits] == ["p1", "p0"]
