"""A question in everyday words finds what documents say for them, and nothing else changes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.index.bm25 import BM25, LexicalLeg
from mundap.index.postings import Postings
from mundap.index.widen import Widening
from mundap.korean.everyday import NEAR, SAME, EverydayWords, Pair
from mundap.korean.tokens import SearchTokenizer
from mundap.types import Passage

TEXTS = {
    "a": "해고는 서면으로 통지하여야 효력이 있다.",
    "b": "임금은 매월 한 번 이상 일정한 날짜를 정하여 지급한다.",
    "c": "월급 명세는 담당자에게 묻는다.",
    "d": "연차 유급휴가는 열흘이다.",
    "e": "유급 휴일은 한 번이다.",
    "f": "보수는 따로 정한다.",
}
PAIRS = (
    Pair("짤리다", "해고", SAME),
    Pair("월급", "임금", SAME),
    Pair("월급", "보수", NEAR),
    Pair("월차", "연차 유급휴가", SAME),
    Pair("보너스", "상여금", SAME),
)
TOKENS = st.lists(st.sampled_from("가 나 다 라 마".split()), max_size=6)


def leg(*pairs: Pair, weight: float = 0.5) -> LexicalLeg:
    bare = BM25([Passage(id, "문서", text, 0, len(text)) for id, text in TEXTS.items()])
    widening = Widening(bare.postings, bare.tokenize, EverydayWords(pairs), weight)
    return LexicalLeg(bare.postings, bare.table, bare.tokenize, widening)


def found(leg: LexicalLeg, question: str) -> list[str]:
    return [hit.passage.id for hit in leg.search(question)]


def test_a_question_in_everyday_words_finds_the_documents_word() -> None:
    assert found(leg(), "카톡에서 짤렸어요") == []
    assert found(leg(*PAIRS), "카톡에서 짤렸어요") == ["a"]


def test_the_questions_own_word_comes_first_and_what_is_near_last() -> None:
    assert found(leg(*PAIRS), "월급") == ["c", "b", "f"]


def test_a_term_counts_where_all_of_it_stands() -> None:
    assert found(leg(*PAIRS), "월차는요?") == ["d"]


def test_a_word_that_no_passage_has_changes_nothing() -> None:
    plain, wide = leg(), leg(*PAIRS)
    for question in ("보너스 지급", "휴일", "통지"):
        np.testing.assert_array_equal(plain.score(question, np.arange(6)), wide.score(question, np.arange(6)))


def test_a_passage_gains_no_more_than_the_documents_word_asked_for_itself_would_bring() -> None:
    wide = leg(*PAIRS, weight=1.0)
    for everyday, said, row in (("짤리다", "해고", 0), ("월급", "임금", 1), ("월차", "연차 유급휴가", 3)):
        rows = np.array([row])
        assert 0 < wide.score(everyday, rows)[0] <= leg().score(said, rows)[0] + 1e-6


def test_a_rare_word_for_a_common_one_is_not_worth_its_rarity() -> None:
    texts = [*(f"세금 안내 {n}" for n in range(8)), "관세 안내"]
    postings = Postings.build(SearchTokenizer()(texts), 0.9, 0.6)
    widening = Widening(postings, SearchTokenizer(), EverydayWords([Pair("세금", "관세", SAME)]), 1.0)
    scores = widening.widen("세금", np.zeros(9, np.float32))
    assert 0 < scores[8] < postings.scores(SearchTokenizer()(["관세"])[0])[8] / 2


@given(st.lists(TOKENS, max_size=8), TOKENS)
def test_rows_that_hold_all_tokens_and_their_scores(texts: list[list[str]], asked: list[str]) -> None:
    postings = Postings.build(texts, 0.9, 0.6)
    held = [n for n, text in enumerate(texts) if asked and set(asked) <= set(text)]
    assert postings.holding(asked).tolist() == held
    some = np.arange(0, len(texts), 2)
    np.testing.assert_allclose(postings.scores_in(asked, some), postings.scores(asked)[some], rtol=1e-6)


@pytest.mark.parametrize("question", ["", "...", "모르는 말"])
def test_nothing_is_found_for_nothing(question: str) -> None:
    assert found(leg(*PAIRS), question) == []
