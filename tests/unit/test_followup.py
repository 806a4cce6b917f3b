"""Which questions lean on the conversation, and what they are given to stand alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.retrieve.followup import named_anew, standalone
from mundap.types import Turn

BEFORE = [Turn("이사화물의 통관 절차는 어떻게 되나요?", "세관에 신고합니다.")]


def after(*turns: str) -> str:
    """The last of these turns as it stands alone behind the others."""
    return standalone(turns[-1], [Turn(turn, "답변입니다.") for turn in turns[:-1]])


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
def test_a_question_that_leans_gets_what_the_one_before_was_about(question: str) -> None:
    alone = standalone(question, BEFORE)
    assert alone != question
    assert "이사화물" in alone
    assert "통관" in alone


@pytest.mark.parametrize(
    "question",
    [
        "이사화물은 언제 도착하나요?",
        "관세 환급은 어떻게 신청하나요?",
        "면세 한도는 얼마인가요?",
        "DHL 운송은 가능한가요?",
        "말은 검역을 받나요?",
        "해고 예고는 며칠 전에 해야 하나요?",
        "그럼 풋살장 예약은 언제까지 취소할 수 있나요?",
        # They begin like a word that points back, and are words of their own.
        "이민 절차는 어떻게 되나요?",
        "그림을 수입할 때 관세가 붙나요?",
        "그랜드피아노를 들여올 수 있나요?",
        "또래 상담은 어떻게 신청하나요?",
        "이건희 미술관은 어디에 있나요?",
        # What points back points to what stands before it in the question itself.
        "주문한 신발이 망가져서 왔는데 이런 경우에는 어떻게 하나요?",
        "친구가 보낸 소포가 유치됐다는데 왜 그런가요?",
    ],
)
def test_a_question_that_names_its_subject_stays_as_it_is(question: str) -> None:
    assert standalone(question, BEFORE) == question


@pytest.mark.parametrize(
    ("turns", "alone"),
    [
        (("연차는 며칠인가요?", "병가는요?"), "병가는 며칠인가요?"),
        (("풋살화는 대여되나요?", "공은요?"), "공은 대여되나요?"),
        (("레드카드를 받으면 어떻게 되나요?", "옐로카드는요?"), "옐로카드를 받으면 어떻게 되나요?"),
        (("길드전은 언제 열리나요?", "그럼 3월이면요?", "공성전은요?"), "공성전은 언제 열리나요?"),
        (("영상은 언제 파기해야 하나요?", "음성은?"), "음성은 언제 파기해야 하나요?"),
        (("궐련은 몇 갑까지 되나요?", "시가는요?"), "시가는 몇 갑까지 되나요?"),
        (("소시지 들여와도 돼요?", "만두는?"), "만두 들여와도 돼요?"),
        (("직구로 가방을 샀는데 세금 내나요?", "모자는요?"), "직구로 모자를 샀는데 세금 내나요?"),
        (("시합 중에 반지 껴도 되나요?", "목걸이는요?"), "시합 중에 목걸이 껴도 되나요?"),
    ],
)
def test_another_thing_takes_the_place_of_the_one_before(turns: tuple[str, ...], alone: str) -> None:
    assert after(*turns) == alone


@pytest.mark.parametrize(
    ("turns", "alone"),
    [
        (("육아휴직은 얼마나 쓸 수 있나요?", "쌍둥이면요?"), "쌍둥이면 육아휴직은 얼마나 쓸 수 있나요?"),
        (("육아휴직은 얼마나 쓸 수 있나요?", "아빠도 되나요?"), "아빠도 육아휴직은 얼마나 쓸 수 있나요?"),
        (("음주운전 벌금은 얼마인가요?", "두 번째면요?"), "두 번째면 음주운전 벌금은 얼마인가요?"),
        (("강화 확률은 얼마인가요?", "그럼 10강이면?"), "10강이면 강화 확률은 얼마인가요?"),
        (("주정차 위반 과태료는 얼마예요?", "승합차의 경우는?"), "승합차의 경우는 주정차 위반 과태료는 얼마예요?"),
        (("구장은 언제까지 예약하나요?", "비가 오면요?", "눈이 오면요?"), "눈이 오면 구장은 언제까지 예약하나요?"),
        (("정보주체 동의는 어떻게 받나요?", "미성년자는요?"), "미성년자는 정보주체 동의는 어떻게 받나요?"),
    ],
)
def test_a_condition_or_a_person_stands_before_what_was_asked(turns: tuple[str, ...], alone: str) -> None:
    assert after(*turns) == alone


@pytest.mark.parametrize(
    ("turns", "alone"),
    [
        (("풋살장 예약은 어떻게 하나요?", "비용은요?"), "풋살장 예약 비용은요?"),
        (("공인중개사 시험은 언제인가요?", "응시 자격은?"), "공인중개사 시험 응시 자격은?"),
        (("임금 체불 신고는 어디에 하나요?", "며칠 걸려요?"), "임금 체불 신고 며칠 걸려요?"),
        (("길드 창설 비용은 얼마인가요?", "인원 제한은요?"), "길드 창설 인원 제한은요?"),
        (("계정 정지는 왜 되나요?", "복구도 가능해요?"), "계정 정지 복구도 가능해요?"),
        (("육아휴직은 얼마나 쓸 수 있나요?", "급여는요?", "서류는 뭘 내요?"), "육아휴직 서류는 뭘 내요?"),
        (("전세 계약은 언제 갱신하나요?", "그건 누가 해야 하나요?"), "전세 계약 갱신은 누가 해야 하나요?"),
    ],
)
def test_another_aspect_is_asked_of_the_same(turns: tuple[str, ...], alone: str) -> None:
    assert after(*turns) == alone


@pytest.mark.parametrize(
    ("turns", "alone"),
    [
        (("교육을 들으면 벌점을 줄여 주나요?", "얼마나요?"), "얼마나 교육을 들으면 벌점을 줄여 주나요?"),
        (("대회 취소하면 참가비 돌려받나요?", "언제까지요?"), "언제까지 대회 취소하면 참가비 돌려받나요?"),
        (("보증금은 언제 돌려주나요?", "얼마나요?"), "보증금 얼마나요?"),
        (("장비 대여는 어디서 하나요?", "언제까지요?"), "장비 대여 언제까지요?"),
        (("수강 신청은 어떻게 하나요?", "취소는요?", "언제까지요?"), "수강 신청 취소 언제까지요?"),
    ],
)
def test_a_word_that_only_asks_is_asked_of_a_question_of_yes_or_no(turns: tuple[str, ...], alone: str) -> None:
    assert after(*turns) == alone


@pytest.mark.parametrize(
    ("turns", "alone"),
    [
        (("보증금은 언제 돌려주나요?", "집주인이 안 주는데요"), "보증금 집주인이 안 주는데요"),
        (("예약 취소하면 환불되나요?", "눈이 오는데요"), "예약 취소 환불 눈이 오는데요"),
        (("나이 제한이 있나요?", "미성년자인데요"), "미성년자인데 나이 제한이 있나요?"),
    ],
)
def test_what_somebody_tells_is_told_of_the_same(turns: tuple[str, ...], alone: str) -> None:
    assert after(*turns) == alone


@pytest.mark.parametrize(
    ("turns", "alone"),
    [
        (("수강 신청은 언제 하나요?", "아니 수강 신청 말고 수강 취소요"), "수강 취소는 언제 하나요?"),
        (("연차는 누가 승인하나요?", "연차가 아니라 병가요"), "병가는 누가 승인하나요?"),
        (("남자 경기는 몇 분인가요?", "남자 말고 여자"), "여자 경기는 몇 분인가요?"),
    ],
)
def test_a_correction_changes_the_word(turns: tuple[str, ...], alone: str) -> None:
    assert after(*turns) == alone


@pytest.mark.parametrize("question", ["", " ", "?!"])
def test_a_question_without_a_word_does_not_ask_the_one_before_again(question: str) -> None:
    assert standalone(question, BEFORE) == question


@given(st.text(st.sampled_from("그럼은는도요?면 담배3병서류말고외국인.,!\n1a"), max_size=30))
def test_without_a_conversation_nothing_is_added(question: str) -> None:
    assert standalone(question, []) == question


@given(st.text(st.sampled_from("그럼은는도요?면 담배3병서류말고외국인.,!\n1a"), max_size=30))
def test_any_question_gets_some_wording_after_any_conversation(question: str) -> None:
    assert isinstance(standalone(question, [Turn(question, ""), *BEFORE, Turn(question, "")]), str)


def test_only_the_last_question_counts() -> None:
    history = [Turn("골프채의 관세는?", "8%"), Turn("와인의 면세 한도는?", "2병")]
    alone = standalone("얼마인가요?", history)
    assert "와인" in alone
    assert "골프" not in alone


@pytest.mark.parametrize("between", ["고마워요", "ㅋㅋ", "아까부터 무슨 소리야", "네"])
def test_small_talk_is_passed_over_and_gets_nothing(between: str) -> None:
    assert after("풋살장 예약은 어떻게 하나요?", between, "비용은요?") == "풋살장 예약 비용은요?"
    assert after("풋살장 예약은 어떻게 하나요?", between) == between


def test_pleasantries_do_not_hide_what_leans() -> None:
    assert after("안녕하세요, 연차는 며칠인가요?", "고마워요. 그럼 병가는요?") == "병가는 며칠인가요?"


def test_after_several_questions_the_last_one_counts() -> None:
    assert after("연차는 며칠인가요? 출장비는 얼마인가요?", "숙박비는요?").startswith("출장비")


def test_nothing_is_said_twice() -> None:
    words = standalone("그 통관 절차의 기간은요?", BEFORE).split()
    assert [word for word in words if word.startswith("통관")] == ["통관"]


def test_a_question_before_that_names_nothing_gives_nothing() -> None:
    assert standalone("얼마인가요?", [Turn("그건 언제인가요?", "내일")]) == "얼마인가요?"


@pytest.mark.parametrize(
    ("question", "nouns"),
    [
        ("맥주는요?", ("맥주",)),
        ("그럼 전자담배 액상은요?", ("전자담배", "액상")),
        ("신청 서류는 뭐가 필요해요?", ("서류",)),
        ("하루 보관료는요?", ("보관료",)),
        ("주차는 되나요?", ("주차",)),
        ("그럼 두 병이면요?", ()),
        ("외국인은요?", ()),
        ("미국 물건은요?", ()),
        ("얼마인가요?", ()),
    ],
)
def test_what_a_follow_up_names_newly(question: str, nouns: tuple[str, ...]) -> None:
    assert named_anew(question) == nouns
