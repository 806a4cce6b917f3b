"""Personas: their files, what models are told of them, closing phrases, and whether answers keep to them."""

from pathlib import Path

import pytest
from tests.shown import shown
from tests.streamed import streamed

from mundap.errors import ConfigError, UnknownName
from mundap.evaluation.consistency import consistency, voice
from mundap.generate.extractive import Extractive
from mundap.generate.persona import Persona, closed, find_persona, personas, read_persona
from mundap.generate.prompt import estimate, fit, messages
from mundap.korean.endings import speech_levels
from mundap.types import Answer, Hit, Passage

EXAMPLES = Path(__file__).parents[2] / "src/mundap/examples/customs-mini/personas"
TEXT = "공은 안내 데스크에서 빌려 드립니다."
HITS = [Hit(Passage("p1", "d", TEXT, 0, len(TEXT), source="안내"), 1.0, 1)]
MOA = Persona(name="모아", tone="해요체", closing="오늘도 골!", refusal="미안해요, 자료에 없어요.", forbidden=("불가",))
LABELLED = {
    "해요체": "풋살장은 강남에 있어요.|비용은 5만원이에요!|아니에요.|제가 할게요~ ^^|그렇죠?|예약하세요.|할까요?|좋은데요."
    "|왜요?|안녕하세요!|되나요?|그렇대요.|고마워요ㅎㅎ|할 건데요.|모르겠는걸요?|없지요.|내일 봐용!|공도 빌려 드려요 😊",
    "합쇼체": "150달러입니다.|신고하십시오.|됩니까?|감사합니다 😊|안 됩니다ㅠㅠ|갑시다.|세관에 문의하시기 바랍니다."
    "|면세되지 않습니다.|언제 오셨습니까?|제출하셔야 합니다.|그렇습니다!|확인하십시오.",
    "해체": "가능해.|그건 무료야.|알겠지?|좋은데.|좋네.|해볼까?|했거든.|해 줄게.|반가워|맞아.|하지 마.|없지 뭐.|아니야"
    "|그렇다니까.|좋을 텐데",
    "해라체": "공휴일엔 쉰다.|면세된다|어디 가냐?|신고해야 한다.|먹어라.|가자.|그렇구나.|하니?|가거라|기준은 800달러이다.",
    "": "신고하지 않아도 됨.|신고하기|면세 한도 150달러|주의할 것.|환급받을 수 있음|하시오.|있는가?",
}


@pytest.mark.parametrize("level", LABELLED)
def test_sentences_end_in_their_speech_level(level: str) -> None:
    for sentence in LABELLED[level].split("|"):
        assert speech_levels(sentence) == [level], sentence


def test_an_exclamation_has_no_speech_level() -> None:
    assert speech_levels("네!") == []


def test_lists_quotes_markers_and_the_closing_phrase_are_not_judged() -> None:
    text = "네! 공을 빌려 드려요 [1].\n- 축구공\n“불을 끄십시오.”\n가격은 5천원입니다. [2]\n오늘도 골!"
    found = consistency(MOA, text)
    assert (found.sentences, found.in_tone, found.closing, found.forbidden) == (2, 1, True, ())
    assert consistency(MOA, "예약 불가예요.").forbidden == ("불가",)
    assert consistency(MOA, "- 축구공").tone is None


def test_figures_have_counts_and_intervals() -> None:
    kept = [consistency(MOA, "있어요. 오늘도 골!"), consistency(MOA, "불가합니다.")]
    said = shown(voice(MOA, kept, groups=[1, 2], resamples=50, seed=0))
    assert [(said[key]["value"], said[key]["n"]) for key in ("tone", "closing", "clean")] == [(1 / 2, 2)] * 3
    assert said["tone"]["ci95"] == [0.0, 1.0]


def test_the_sample_has_a_futsal_helper_and_a_clerk() -> None:
    assert {find_persona(EXAMPLES, name).tone for name in personas(EXAMPLES)} == {"해요체", "합쇼체"}
    with pytest.raises(UnknownName, match="모아"):
        find_persona(EXAMPLES, "누구")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("ton = '해요체'", "알 수 없는 키 'ton'입니다. 사용할 수 있는 키: role, tone"),
        ("tone = '반말'", "해요체"),
        ("closing = '봐요 [1]'", "인용 번호"),
        ("closing = '골!'\nrefusal = '몰라요. 골!'", "closing과 같은 문구를 쓸 수 없습니다"),
        ("tone = ", "TOML"),
    ],
)
def test_a_broken_file_says_what_is_wrong(tmp_path: Path, written: str, told: str) -> None:
    (tmp_path / "a.toml").write_text(written, "utf-8")
    with pytest.raises(ConfigError, match=r"a\.toml") as error:
        read_persona(tmp_path / "a.toml")
    assert told in str(error.value)


def test_the_closing_phrase_is_the_last_piece_once_and_never_after_a_refusal() -> None:
    def ends(text: str, abstained: bool = False) -> tuple[list[str], Answer]:
        made: list[str | Answer] = [text, Answer("q", text, (), (), abstained)]
        return streamed(closed((piece for piece in made), MOA))

    pieces, answer = ends("있어요. [1]")
    assert "".join(pieces) == answer.text == "있어요. [1]\n오늘도 골!"
    assert ends("있어요. 오늘도 골! [1]")[-1].text == "있어요. 오늘도 골! [1]"
    assert ends("없어요.", True)[-1].text == "없어요."


def test_a_model_is_told_of_the_persona_within_its_budget() -> None:
    persona = MOA.model_copy(update={"role": "풋살 도우미"})
    rules = messages("q", HITS, (), "없어요", persona=persona)[0]["content"]
    assert all(said in rules for said in ("풋살 도우미", "해요체", "오늘도 골!", "불가"))
    assert "정중한 존댓말" in messages("q", HITS, (), "없어요")[0]["content"]
    counted: list[str] = []

    def count(text: str) -> int:
        counted.append(text)
        return estimate(text)

    fit(HITS, "q", (), 4000, count, "없어요", False, persona)
    assert rules in counted


def test_the_extractive_generator_quotes_and_refuses_as_the_persona_does() -> None:
    assert TEXT in Extractive().answer("공은 어디에서 빌려 드립니까?", HITS, (), MOA).text
    assert Extractive().answer("공은?", [], (), MOA).text == MOA.refusal
