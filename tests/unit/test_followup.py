"""Which questions lean on the conversation, and what they are given to stand alone."""

import pytest

from mundap.retrieve.followup import standalone
from mundap.types import Turn

BEFORE = [Turn("이사화물의 통관 절차는 어떻게 되나요?", "세관에 신고합니다.")]


@pytest.mark.parametrize(
    "question",
    [
        "그럼 기간은 얼마인가요?",
        "그건 언제까지 내야 하나요?",
        "그것은 누가 신청하나요?",
        "그때 필요한 서류는 무엇인가요?",
        "거기에 전화해도 되나요?",
        "여기서 신고할 수 있나요?",
        "저것도 되나요?",
        "그 서류는 어디서 받나요?",
        "이 경우 세금은 얼마인가요?",
        "그런 물품도 반입할 수 있나요?",
        "이렇게 하면 벌금이 있나요?",
        "다른 방법은 없나요?",
        "둘 다 되나요?",
        "나머지 서류는 어디에 내나요?",
        "그리고 반려동물은요?",
        "왜 그런가요?",
        "얼마인가요?",
        "비용은요?",
        "예외는 없나요?",
        "언제까지요?",
    ],
)
def test_a_question_that_leans_gets_the_nouns_of_the_one_before(question: str):
    alone = standalone(question, BEFORE)
    assert alone.endswith(f" {question}")
    assert "화물" in alone
    assert "통관" in alone


@pytest.mark.parametrize(
    "question",
    [
        "이사화물은 언제 도착하나요?",
        "관세 환급은 어떻게 신청하나요?",
        "면세 한도는 얼마인가요?",
        "DHL 운송은 가능한가요?",
        "말은 검역을 받나요?",
        # They begin like a word that points back, and are words of their own.
        "이민 절차는 어떻게 되나요?",
        "그림을 수입할 때 관세가 붙나요?",
        "그랜드피아노를 들여올 수 있나요?",
        "또래 상담은 어떻게 신청하나요?",
        "이건희 미술관은 어디에 있나요?",
    ],
)
def test_a_question_that_names_its_subject_stays_as_it_is(question: str):
    assert standalone(question, BEFORE) == question


@pytest.mark.parametrize("question", ["", " ", "?!"])
def test_a_question_without_a_word_does_not_ask_the_one_before_again(question: str):
    assert standalone(question, BEFORE) == question


@pytest.mark.parametrize("question", ["그건 언제인가요?", "얼마인가요?", "", "😀"])
def test_without_a_conversation_nothing_is_added(question: str):
    assert standalone(question, []) == question


def test_only_the_last_question_counts():
    history = [Turn("골프채의 관세는?", "8%"), Turn("와인의 면세 한도는?", "2병")]
    alone = standalone("얼마인가요?", history)
    assert "와인" in alone
    assert "골프" not in alone


def test_nothing_is_said_twice():
    words = standalone("그 통관 절차의 기간은요?", BEFORE).split()
    assert [word for word in words if word.startswith("통관")] == ["통관"]


def test_a_question_before_that_names_nothing_gives_nothing():
    assert standalone("얼마인가요?", [Turn("그건 언제인가요?", "내일")]) == "얼마인가요?"
