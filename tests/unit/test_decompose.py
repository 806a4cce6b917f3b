"""Questions that ask several things."""

from hypothesis import given
from hypothesis import strategies as st

from mundap.retrieve.decompose import MOST, decomposed


def test_what_a_question_lists_is_asked_one_at_a_time():
    assert decomposed("술과 담배의 면세 한도는 얼마인가요?") == [
        "술의 면세 한도는 얼마인가요?",
        "담배의 면세 한도는 얼마인가요?",
    ]
    assert decomposed("연차 및 병가") == []  # 및 is an adverb: what it joins is not sure


def test_sentences_are_asked_one_at_a_time_and_one_that_names_nothing_is_left_out():
    asked = "해외직구로 신발을 샀습니다. 관세는 어떻게 내나요? 그런가요?"
    assert decomposed(asked) == ["해외직구로 신발을 샀습니다.", "관세는 어떻게 내나요?"]


def test_a_question_about_one_thing_is_left_alone():
    assert decomposed("면세 한도는 얼마인가요?") == []
    assert decomposed("친구와 함께 가도 되나요?") == []  # a companion, not a list
    assert decomposed("") == []


@given(st.text(st.sampled_from("술과 담배의와하고 면세.?!\n1a가나"), max_size=60))
def test_there_are_never_more_than_asked_for_nor_a_single_one(text: str):
    parts = decomposed(text)
    assert len(parts) != 1
    assert len(parts) <= MOST
    assert all(part.strip() for part in parts)
