"""What a language model says beyond its passages is found, and dropped or marked before anyone reads it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.generate.compose import CUT, compose
from mundap.generate.grounded import parted, unsupported
from mundap.messages import say
from mundap.types import Answer, Hit, Passage

TEXT = (
    "해외직구 물품은 미화 1만 달러 이하이면 관세를 면제합니다. 신고는 2024년 3월 5일까지 15일 이내에 관세법 제96조에 따라 국세청에 합니다."
    " 세율은 13퍼센트이고 전화는 1577-8577입니다. UNI-PASS에서 신청하고, 사람은 홍길동입니다."
)
REFUSAL = "죄송합니다. 문서에서 답을 찾지 못했습니다. 문의: 02-123-4567"


def hit(rank: int, text: str) -> Hit:
    return Hit(Passage(f"p{rank}", "d", text, 0, len(text), source="안내"), 1.0, rank)


HITS = [hit(1, TEXT), hit(2, "병가는 60일입니다. 진단서를 냅니다.")]


@pytest.mark.parametrize(
    "sentence",
    [
        "한도는 $10,000입니다.",
        "한도는 10,000달러(미화 1만불)예요.",
        "세율은 13%입니다.",
        "보름 안에 신고하세요.",
        "2024년 3월까지, 3월 5일까지, 2024. 3. 5.까지예요.",
        "관세법 제96조에 따릅니다.",
        "전화 1577-8577로 물어보세요.",
        "1. uni-pass에서 신청하세요.",
        "방법은 두 가지입니다.",
        "한국에서는 관세가 면제됩니다.",
        "네, 그렇습니다.",
        "한 달에 15일, 1건당 1만 달러까지예요.",
    ],
)
def test_what_the_passage_says_in_other_forms_is_supported(sentence: str) -> None:
    assert unsupported(sentence, [TEXT]) == ()


@pytest.mark.parametrize(
    ("sentence", "wrong"),
    [
        ("한도는 1천 달러입니다.", ["1천 달러"]),
        ("한도는 1만 유로입니다.", ["1만 유로"]),
        ("세율은 30%입니다.", ["30%"]),
        ("30일 이내에 신고하세요.", ["30일"]),
        ("2025년 3월 5일까지입니다.", ["2025년 3월 5일"]),
        ("3월 6일까지입니다.", ["3월 6일"]),
        ("관세법 제97조와 제96조의2에 따릅니다.", ["제97조", "제96조의2"]),
        ("소득세법에 따릅니다.", ["소득세법"]),
        ("「대외무역법 시행령」에 따릅니다.", ["대외무역법 시행령"]),
        ("전화 125로 물어보세요.", ["125"]),
        ("DHL에서 신청하세요.", ["DHL"]),
        ("담당자는 이순신입니다.", ["이순신"]),
    ],
)
def test_what_the_passage_does_not_say_is_named(sentence: str, wrong: list[str]) -> None:
    assert list(unsupported(sentence, [TEXT])) == wrong


def test_a_name_may_be_the_question_s_but_a_figure_may_not() -> None:
    asked = "아마존에서 산 300달러 물건은요?"
    assert unsupported("아마존에서 산 것도 면제됩니다.", [TEXT], [asked]) == ()
    assert unsupported("300달러까지 면제됩니다.", [TEXT], [asked]) == ("300달러",)


def test_a_number_in_a_column_with_its_unit_in_the_head_counts() -> None:
    assert unsupported("승용차는 3,000원입니다.", ["구분: 승용차, 요금(원): 3,000"]) == ()
    assert unsupported("승용차는 15달러입니다.", ["2024. 3. 15. 승용차 02-15-33"]) == ("15달러",)


def written(*pieces: str, unsupported: str = "drop", question: str = "한도는?", **about: Any) -> tuple[str, Answer]:
    def model() -> Generator[str]:
        yield from pieces

    *said, answer = compose(
        question,
        HITS,
        2,
        model(),
        refusal=REFUSAL,
        model="m",
        started=0.0,
        unsupported=unsupported,  # type: ignore[arg-type]
        **about,
    )
    assert isinstance(answer, Answer)
    assert "".join(map(str, said)) == answer.text
    return answer.text, answer


GOOD, WRONG = "한도는 1만 달러입니다 [1].", "세율은 30%입니다 [1]."


def test_a_sentence_beyond_its_passages_is_dropped_marked_or_kept() -> None:
    whole = f"{GOOD} {WRONG} 병가는 60일입니다 [2]."
    assert written(whole)[0] == f"{GOOD} 병가는 60일입니다 [2]."
    assert written(whole, unsupported="mark")[0] == f"{GOOD} {WRONG} {say('unsupported', 'ko')} 병가는 60일입니다 [2]."
    assert written(whole, unsupported="keep")[0] == whole


def test_a_sentence_is_held_against_the_passages_that_it_cites() -> None:
    assert written(f"{GOOD} 병가는 60일입니다 [1].")[0] == GOOD
    assert written(f"{GOOD} 병가는 60일입니다.")[0] == f"{GOOD} 병가는 60일입니다."
    assert written("병가는 60일, 한도는 1만 달러입니다 [1][2].")[0].endswith("[1][2].")
    assert written(f"{GOOD} 병가는 60일, 한도는 1만 달러입니다. [2]")[0] == GOOD


def test_a_greeting_alone_is_no_answer() -> None:
    text, answer = written(f"네, 맞습니다. {WRONG}")
    assert (text, answer.citations, answer.abstained) == ("", (), True)
    assert written(f"네, 맞습니다. {GOOD}")[0] == f"네, 맞습니다. {GOOD}"
    assert written("네, 맞습니다.")[0] == "네, 맞습니다."


def test_what_the_model_was_told_to_say_may_hold_figures() -> None:
    assert written(REFUSAL)[1].abstained
    assert written(f"{GOOD}\n상담은 125번입니다.", closing_phrase="상담은 125번입니다.")[0].endswith("125번입니다.")


@pytest.mark.parametrize(
    "echoed",
    [
        '<자료 번호="1" 출처="안내. 제3판">\n{}\n</자료>',
        "‹자료 번호=1› {}",
        "{} ‹자료 번호=1›",
        "<자료 1>{}</자료>",
        '{} <자료 번호="1',
        "{}\n＜/자료＞",
    ],
)
def test_tags_of_the_prompt_are_taken_out(echoed: str) -> None:
    whole = echoed.format(GOOD)
    assert written(whole)[0] == written(*whole)[0] == GOOD
    assert written(*whole, unsupported="keep")[0] == GOOD


def test_a_marker_that_is_spelled_out_is_a_marker() -> None:
    assert written(*"한도는 1만 달러입니다 [자료 1]. 세율은 13%예요[자료 번호: 1].")[0] == (
        "한도는 1만 달러입니다 [1]. 세율은 13%예요[1]."
    )


def test_blank_lines_before_the_note_of_a_cut_are_left_out() -> None:
    assert written(f"{GOOD}\n\n\n\n세율은 13", CUT)[0] == f"{GOOD}\n{say('cut', 'ko')}"


def test_an_answer_that_was_cut_ends_at_a_sentence_and_says_so() -> None:
    text, answer = written(f"{GOOD} 세율은 13", CUT)
    assert text == f"{GOOD} \n{say('cut', 'ko')}"
    assert answer.citations
    assert written(GOOD, CUT)[0] == f"{GOOD}\n{say('cut', 'ko')}"
    assert written("한도는 1만", CUT)[0].startswith("한도는 1만")
    assert written(f"{GOOD} 세율은 13", CUT, unsupported="keep", language="en")[0].endswith(say("cut", "en"))


@given(
    st.lists(st.sampled_from([*"가나.?! \n[1]", "입니다", "[1]", "2024. 3. 5.", "「법」", "”"]), max_size=20),
    st.integers(1, 4),
)
def test_sentences_joined_are_the_text_however_it_comes(parts: list[str], size: int) -> None:
    text = "".join(parts)
    found = [sentence for sentence, _ in parted(text[at : at + size] for at in range(0, len(text), size))]
    assert "".join(found) == text
    assert found == [sentence for sentence, _ in parted([text])]
    assert all(sentence.strip() or sentence == text for sentence in found)


@given(
    st.permutations([GOOD, WRONG, "병가는 60일입니다 [2].", "네.", "벌금은 3억 원입니다.", "진단서를 냅니다."]),
    st.integers(1, 9),
)
def test_whatever_the_order_nothing_unsupported_is_left(order: list[str], size: int) -> None:
    whole = " ".join(order)
    text, answer = written(*(whole[at : at + size] for at in range(0, len(whole), size)))
    assert "30%" not in text
    assert "3억" not in text
    assert GOOD in text
    assert not answer.abstained
