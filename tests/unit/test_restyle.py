"""Sentences in another speech level, and what is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.korean.endings import Level, speech_levels
from mundap.korean.restyle import restyled

SAID = {
    "면세 한도는 미화 800달러입니다.": "면세 한도는 미화 800달러예요.",
    "구비서류는 여권임.": "구비서류는 여권이에요.",
    "관세율은 13%이다.": "관세율은 13%예요.",
    "이것은 과일이 아닙니다.": "이것은 과일이 아니에요.",
    "통관할 수 없다.": "통관할 수 없어요.",
    "반드시 신고하십시오.": "반드시 신고하세요.",
    "이미 납부하였습니다.": "이미 납부했어요.",
    "세관에서 도와드립니다!": "세관에서 도와드려요!",
    "날씨가 춥습니다.": "날씨가 추워요.",
    "무엇이 필요합니까?": "무엇이 필요하나요?",
    "반입 가능": "반입 가능해요",
    "여권(사본 포함)입니다.": "여권(사본 포함)이에요.",
    "문의하세요.": "문의하세요.",
}


@pytest.mark.parametrize(("formal", "polite"), SAID.items())
def test_formal_sentences_become_polite_ones(formal: str, polite: str) -> None:
    assert restyled(formal, "해요체") == polite


@pytest.mark.parametrize("level", ["해요체", "합쇼체", "해체", "해라체"])
def test_every_sentence_is_in_the_level_that_was_asked_for(level: Level) -> None:
    text = "\n".join(SAID)
    assert speech_levels(restyled(text, level)) == [level] * len(SAID)


def test_what_has_no_ending_and_all_line_breaks_stay_as_they_are() -> None:
    text = "준비물\n\n1. 여권 사본\n2. 신청서입니다. [1]\n"
    assert restyled(text, "해요체") == "준비물\n\n1. 여권 사본\n2. 신청서예요. [1]\n"
    assert restyled("", "해체") == ""


@given(st.text(max_size=120))
def test_any_text_is_taken(text: str) -> None:
    restyled(text, "해요체")
