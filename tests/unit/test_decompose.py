"""Questions that ask several things."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.retrieve.decompose import MOST, decomposed, several


def test_what_a_question_lists_is_asked_one_at_a_time() -> None:
    assert decomposed("술과 담배의 면세 한도는 얼마인가요?") == [
        "술의 면세 한도는 얼마인가요?",
        "담배의 면세 한도는 얼마인가요?",
    ]
    assert decomposed("연차 및 병가") == []  # 및 is an adverb: what it joins is not sure


def test_sentences_are_asked_one_at_a_time_and_one_that_names_nothing_is_left_out() -> None:
    asked = "해외직구로 신발을 샀습니다. 관세는 어떻게 내나요? 그런가요?"
    assert decomposed(asked) == ["해외직구로 신발을 샀습니다.", "관세는 어떻게 내나요?"]


def test_a_question_about_one_thing_is_left_alone() -> None:
    assert decomposed("면세 한도는 얼마인가요?") == []
    assert decomposed("친구와 함께 가도 되나요?") == []  # a companion, not a list
    assert decomposed("") == []


@given(st.text(st.sampled_from("술과 담배의와하고 면세.?!\n1a가나"), max_size=60))
def test_there_are_never_more_than_asked_for_nor_a_single_one(text: str) -> None:
    parts = decomposed(text)
    assert len(parts) != 1
    assert len(parts) <= MOST
    assert all(part.strip() for part in parts)


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (
            "풋살장은 몇 시에 열며 주차는 몇 대까지 되나요?",
            ["풋살장은 몇 시에 여나요?", "주차는 몇 대까지 되나요?"],
        ),
        ("연차는 며칠이고, 병가는 며칠인가요?", ["연차는 며칠인가요?", "병가는 며칠인가요?"]),
        (
            "길드는 어떻게 만들고 인원은 몇 명까지 되나요? 그리고 탈퇴는 어디서 하나요?",
            ["길드는 어떻게 만드나요?", "인원은 몇 명까지 되나요?", "탈퇴는 어디서 하나요?"],
        ),
        (
            "회원권을 못 쓰면 위약금이 얼마예요? 그리고 회원권에는 뭘 적어요?",
            ["회원권을 못 쓰면 위약금이 얼마예요?", "회원권에는 뭘 적어요?"],
        ),
        ("과태료는 얼마인지, 어디에 내는지 알려 주세요", ["과태료는 얼마인가요?", "어디에 내는지 알려 주세요"]),
        (
            "성인 남자 경기는 몇 분, 여자 경기는 몇 분까지 하나요?",
            ["성인 남자 경기는 몇 분까지 하나요?", "여자 경기는 몇 분까지 하나요?"],
        ),
        (
            "사무실 프린터는 몇 대, 복사기는 몇 대까지 빌리나요",
            ["사무실 프린터는 몇 대까지 빌리나요", "사무실 복사기는 몇 대까지 빌리나요"],
        ),
        (
            "어제 신발을 샀어요. 교환은 며칠 안에 하나요? 환불은 어디서 받나요?",
            ["어제 신발을 샀어요. 교환은 며칠 안에 하나요?", "환불은 어디서 받나요?"],
        ),
    ],
)
def test_several_questions_are_taken_apart_and_share_what_they_have_in_common(question: str, parts: list[str]) -> None:
    assert several(question) == parts


@pytest.mark.parametrize(
    "question",
    [
        "어제 신발을 샀어요. 교환되나요?",
        "연차와 병가의 차이는?",
        "술과 담배의 면세 한도는 얼마인가요?",
        "면세 범위가 개인별인가요? 아니면 가족 합산인가요?",
        "공이 터졌는데 왜 그런가요? 어떻게 하나요?",
        "누가 열어본 흔적이 있고 내용물도 깨졌는데 어떻게 하나요?",
        "어떤 때는 그냥 들어오고 어떤 때는 막는데 기준이 뭔가요?",
        "공을 몇 개 샀고 몇 개는 버렸는데 얼마를 돌려받나요?",
        "예약하고 싶습니다. 몇 시부터 되나요?",
        "구장을 예약했는데 비가 오면 환불되나요? 궁금합니다.",
        "안녕하세요. 연차는 며칠인가요? 감사합니다.",
        "이 법을 어긴 사람은 어떻게 되고 싶어 하나요?",
        "",
    ],
)
def test_one_question_with_its_background_or_condition_is_one(question: str) -> None:
    assert several(question) == []


def test_at_most_four_parts_which_hold_every_question() -> None:
    asked = [f"{day}요일에는 몇 시에 여나요?" for day in "월화수목금"]
    parts = several(" ".join(asked))
    assert parts == [*asked[:3], " ".join(asked[3:])]


@given(st.text(st.sampled_from("술은 몇 병까지고, 담배며 어디서 되나요?.\n1a"), max_size=60))
def test_there_is_never_a_single_part(text: str) -> None:
    assert len(several(text)) in (0, 2, 3, 4)
