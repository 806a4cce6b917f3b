"""What a language model thinks of a question after each passage, added to what the search says."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from unicodedata import normalize

import pytest
from tests.conftest import MakePassage

from mundap.retrieve.likelihood import DEPTH, LikelihoodReranker
from mundap.types import Hit


class Likes:
    """Finds a question the likelier the more often the passage has 좋음; tells what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], str]] = []

    def after(self, before: Sequence[str], between: str, text: str) -> Sequence[float]:
        self.asked.append((list(before), text))
        return [10.0 * one.count("좋음") - 70 for one in before]


def hits(passage: MakePassage, *texts: str) -> list[Hit]:
    return [Hit(passage(text, id=f"{n}"), 5 - 0.5 * n, n + 1) for n, text in enumerate(texts)]


def test_what_is_likely_comes_before_what_the_search_preferred_by_less(passage: MakePassage) -> None:
    found = hits(passage, "가", "나 좋음", "다")
    assert [hit.passage.text for hit in LikelihoodReranker(Likes(), 0.04).rerank("질문", found)] == [
        "가",
        "나 좋음",
        "다",
    ]
    ranked = LikelihoodReranker(Likes(), 0.06).rerank("질문", found)
    assert [hit.passage.text for hit in ranked] == ["나 좋음", "가", "다"]
    assert [hit.rank for hit in ranked] == [1, 2, 3]
    assert [hit.score for hit in ranked] == pytest.approx([4.5, 4.4, 3.4])
    assert [hit.score for hit in found] == [5, 4.5, 4]


def test_only_the_first_are_read_and_the_rest_stay_behind_in_their_order(passage: MakePassage) -> None:
    texts = [f"{n}" for n in range(DEPTH)] + ["뒤 좋음 좋음", "맨 뒤"]
    model = Likes()
    ranked = LikelihoodReranker(model, 1.0).rerank("질문", hits(passage, *texts))
    assert [hit.passage.text for hit in ranked] == texts
    assert all(one.score > other.score for one, other in pairwise(ranked))
    assert len(model.asked[0][0]) == DEPTH


def test_equal_texts_are_read_once_and_stay_in_order(passage: MakePassage) -> None:
    model = Likes()
    ranked = LikelihoodReranker(model, 0.1).rerank("질문", hits(passage, "좋음", "좋음", "다"))
    assert [hit.passage.id for hit in ranked] == ["0", "1", "2"]
    assert len(model.asked[0][0]) == 2


def test_where_there_is_nothing_to_choose_no_model_is_asked(passage: MakePassage) -> None:
    model = Likes()
    reranker = LikelihoodReranker(model, 0.1)
    assert reranker.rerank("질문", []) == []
    assert reranker.rerank("질문", hits(passage, "하나")) == hits(passage, "하나")
    assert not model.asked


def test_a_question_is_asked_in_its_normal_form(passage: MakePassage) -> None:
    model = Likes()
    LikelihoodReranker(model, 0.1).rerank(normalize("NFD", "질문"), hits(passage, "가", "나"))
    assert model.asked[0][1].startswith("질문")
