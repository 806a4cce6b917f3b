"""What the bot says of its own, in another language, and pages as people say them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.messages import MESSAGES, in_language, paged, say
from mundap.serve.spoken import spoken
from mundap.types import Answer, Statement

SORRY = say("refusal", "ko")


def test_only_the_lines_of_its_own_change() -> None:
    known = say("known", "ko", question="주차 요금은 얼마인가요?")
    text = f"1,000원입니다. [1]\n{known}"
    answer = Answer("주차 요금은?", text, sentences=(Statement("1,000원입니다.", (0,)), Statement(known)))
    said = spoken(answer, "en")
    assert isinstance(said, Answer)
    assert said.text == "1,000원입니다. [1]\n(This is the recorded answer to “주차 요금은 얼마인가요?”.)"
    assert said.sentences[0] == answer.sentences[0]
    assert said.sentences[1].text == said.text.split("\n")[1]


def test_a_refusal_of_two_sentences_is_one_in_english() -> None:
    first, second = SORRY.split(". ", 1)
    answer = Answer("화성?", SORRY, abstained=True, sentences=(Statement(f"{first}."), Statement(second)))
    said = spoken(answer, "en")
    assert isinstance(said, Answer)
    assert [one.text for one in said.sentences] == [said.text] == [say("refusal", "en")]
    assert spoken(SORRY, "en") == said.text
    assert spoken(answer, "ko") == answer


@given(st.text(max_size=60))
def test_what_is_none_of_its_messages_stays_as_it_is(text: str) -> None:
    lines = {line for said in MESSAGES.values() for one in said.values() for line in one.split("\n")}
    if not any(line in lines for line in text.split("\n")):
        assert in_language(f"가 {text}", "en").count("\n") == text.count("\n")


@pytest.mark.parametrize(
    ("source", "korean"),
    [
        ("여행자 휴대품 안내서, page: 9", "여행자 휴대품 안내서, 9쪽"),
        ("안내서, Page 12, 부록", "안내서, 12쪽, 부록"),
        ("homepage: 3", "homepage: 3"),
        ("page: 3.5", "page: 3.5"),
        ("규정 (page: 3)", "규정 (3쪽)"),
    ],
)
def test_a_page_is_said_as_people_say_it(source: str, korean: str) -> None:
    assert paged(source, "ko") == korean
