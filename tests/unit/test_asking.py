"""Statements made questions, each pattern by sentences as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.korean.asking import asked, bare, interrogative, topical


@pytest.mark.parametrize(
    ("statement", "question"),
    [
        ("관세징수권이란 납세의무의 이행을 청구하고 강제할 수 있는 권리를 말한다.", "관세징수권이란 무엇인가요?"),
        (
            "이사물품 통관 예약신청서를 작성하는 방법은 다음과 같다.",
            "이사물품 통관 예약신청서를 작성하는 방법은 어떻게 되나요?",
        ),
        ("주요 수입금지성분은 다음과 같습니다.", "주요 수입금지성분은 무엇인가요?"),
        (
            "개인통관고유부호의 정보를 변경하려면 아래와 같이 진행하면 된다.",
            "개인통관고유부호의 정보를 변경하려면 어떻게 해야 하나요?",
        ),
        ("여행자의 면세 한도는 미화 800달러이다.", "여행자의 면세 한도는 얼마인가요?"),
        (
            "이사자는 납부고지를 받은 날부터 15일 이내에 납부하여야 한다.",
            "이사자는 납부고지를 받은 날부터 며칠 이내에 납부하여야 하나요?",
        ),
        (
            "여러 명에게 분할 판매하는 경우에는 세관에 분할신고서를 제출해야 한다.",
            "여러 명에게 분할 판매하는 경우에는 어떻게 해야 하나요?",
        ),
        (
            "다만, 국민보건을 해칠 우려가 있는 물품은 통관할 수 없다.",
            "국민보건을 해칠 우려가 있는 물품은 통관할 수 있나요?",
        ),
        ("1. 정확한 가격자료를 첨부하면 통관 기간이 단축됩니다.", "정확한 가격자료를 첨부하면 통관 기간이 단축되나요?"),
        (
            "사업자 통관고유부호로 수입하고 세금을 납부해야한다.",
            "사업자 통관고유부호로 수입하고 세금을 납부해야하나요?",
        ),
    ],
)
def test_a_statement_asks_what_it_answers(statement: str, question: str) -> None:
    assert question in [one.question for one in asked(statement)]
    assert asked(statement)[0].question == question


@pytest.mark.parametrize(
    "statement",
    [
        "",
        "이 경우 그렇다.",
        "그는 세관에 신고하였다.",
        "제1항에 따른 조사는 위반사항을 인지한 부서에서 수행한다.",
        "유니패스 > 전자신고 > 신고서 작성",
        "맞습니다.",
        "모든 물품이 허용되는 것은 아니며 통관 심사가 보류되기도 하지만 수입 신고는 한다.",
    ],
)
def test_what_leans_on_its_surroundings_asks_nothing_whole(statement: str) -> None:
    assert not [one for one in asked(statement) if "하지만" in one.question or one.worth > 0.4]


def test_an_ending_that_cannot_ask_gives_none() -> None:
    assert interrogative("통관 보류") == ""
    assert interrogative("물품을 국내로 반입") == ""


def test_a_heading_is_asked_with_its_particle() -> None:
    assert topical("1. 통관 절차") == "통관 절차는 어떻게 되나요?"
    assert topical("면세 한도와 기준") == "면세 한도와 기준은 어떻게 되나요?"
    assert bare("- 또한 세관에 신고한다.") == "세관에 신고한다."


@given(st.text(max_size=200))
def test_any_text_is_taken_and_each_question_is_one_line_with_its_mark(text: str) -> None:
    for one in asked(text):
        assert one.question.endswith("?")
        assert "\n" not in one.question
        assert 0 < one.worth <= 1
