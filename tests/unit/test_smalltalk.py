"""Turns that ask nothing of the documents, and those that only begin or end so."""

import json
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from mundap.generate.persona import Persona
from mundap.generate.smalltalk import KINDS, Kind, business, reply, small_talk
from mundap.messages import MESSAGES

SHARED = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.parametrize(
    ("kind", "turns"),
    [
        ("greeting", "안녕하세요|안녕하세요 반갑습니다!|하이|좋은 아침이에요|hello|ㅎㅇ"),
        ("thanks", "고마워요|네 감사합니다|오 고마워|친절한 답변 감사합니다|도움이 많이 됐어요|ㄱㅅ|thanks a lot"),
        ("farewell", "안녕히 계세요|수고하세요|다음에 또 올게요|이만 가볼게요|bye"),
        ("identity", "너는 누구야?|당신은 사람인가요?|혹시 로봇이에요?|자기소개 해줘|who are you?"),
        ("abilities", "뭘 물어볼 수 있어?|무엇을 도와줄 수 있나요?|너 뭐 할 줄 알아?|사용법 알려줘|what can you do?"),
        (
            "complaint",
            "답이 틀렸어요|무슨 소리야|동문서답하지 마|그게 아니라고요|진짜 답답하네|왜 자꾸 같은 말만 해|that's wrong",
        ),
        ("insult", "바보야|이 멍청한 봇아|꺼져|you are stupid"),
        ("praise", "똑똑하네|잘하네|훌륭해요|good job"),
        ("yes", "네|응|알겠습니다|아 그렇구나|ok"),
        ("no", "아니요|괜찮아요|됐어요|no"),
        ("laugh", "ㅋㅋㅋ|ㅎㅎ|ㅠㅠ"),
    ],
)
def test_small_talk_is_known_by_its_kind(kind: Kind, turns: str) -> None:
    assert {turn: small_talk(turn) for turn in turns.split("|")} == dict.fromkeys(turns.split("|"), kind)


@pytest.mark.parametrize(
    "turn",
    [
        "안녕하세요, 풋살장 예약은 어떻게 하나요?",
        "고마워요. 그럼 서류는요?",
        "감사패는 어디서 만드나요?",
        "사람이 다치면 어떻게 하나요?",
        "답변서는 언제까지 내나요?",
        "이상한 사람을 만나면 어디에 신고하나요?",
        "틀린 주소는 어떻게 고치나요?",
        "그건 틀린 건가요?",
        "맞나요?",
        "다음에 오면 되나요?",
        "수고비는 얼마인가요?",
        "좋은 구장 추천해 주세요",
        "바보 같은 실수로 취소했는데 환불되나요?",
        "연차",
        "얼마예요?",
        "",
        "?!",
        "😀",
    ],
)
def test_a_question_is_no_small_talk(turn: str) -> None:
    assert small_talk(turn) is None


@pytest.mark.parametrize(
    ("turn", "asked"),
    [
        ("안녕하세요, 연차는 며칠인가요?", "연차는 며칠인가요?"),
        ("고마워요. 그럼 서류는요?", "그럼 서류는요?"),
        ("병가는 며칠인가요? 감사합니다.", "병가는 며칠인가요?"),
        ("연차는 15일이라고 들었습니다. 맞나요?", "연차는 15일이라고 들었습니다. 맞나요?"),
        ("안녕히 가시라고 할 때는 언제인가요?", "안녕히 가시라고 할 때는 언제인가요?"),
        ("고마워요", "고마워요"),
        ("", ""),
    ],
)
def test_what_is_asked_is_freed_of_pleasantries(turn: str, asked: str) -> None:
    assert business(turn) == asked


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_short_reply_that_cites_nothing_and_is_no_refusal(kind: Kind, language: str) -> None:
    answer = reply("q", kind, language, None, ["연차는 며칠인가요?", "가" * 200])
    assert (answer.citations, answer.hits, answer.abstained, answer.model) == ((), (), False, "smalltalk")
    assert 0 < len(answer.text) < 200
    assert MESSAGES["refusal"][language] not in answer.text
    assert "찾지 못했" not in answer.text
    assert ("연차는 며칠인가요?" in answer.text) == (kind == "abilities")


def test_a_persona_answers_in_its_own_words_or_at_its_level() -> None:
    own = Persona.model_validate({"name": "모아", "tone": "해요체", "smalltalk": {"greeting": "반가워요, 모아예요!"}})
    assert reply("q", "greeting", "ko", own).text == "반가워요, 모아예요!"
    assert reply("q", "thanks", "ko", own).text.startswith("도움이 되었다니 다행이에요.")


@pytest.mark.slow
def test_it_fires_on_no_recorded_question() -> None:
    sheet = SHARED / "customs" / "customs_qa.xlsx"
    if not sheet.is_file():
        pytest.skip(f"{sheet} is not beside the checkout")
    header, *rows = CalamineWorkbook.from_path(str(sheet)).get_sheet_by_index(0).to_python()
    asked = {str(row[header.index("질문")]) for row in rows}
    dev = json.loads((SHARED / "korquad" / "korquad_dev_100.json").read_text("utf-8"))
    asked |= {qa["question"] for article in dev["data"] for p in article["paragraphs"] for qa in p["qas"]}
    assert [question for question in sorted(asked) if small_talk(question)] == []
