"""Answers cut out of passages: whole lists, unharmed numbers, marks that name the passage."""

import pytest

from mundap.generate.extractive import Extractive
from mundap.generate.support import refusal
from mundap.types import Answer, Hit, Passage

STUFFING = " ".join(f"제{n}조는 다른 일을 정한 조문으로서 이 물음과는 관계가 없는 내용이다." for n in range(1, 12))


def hits(*texts: str) -> list[Hit]:
    return [
        Hit(Passage(f"p{n}", "d", text, 0, len(text), source=f"문서 {n}"), 1 / n, n) for n, text in enumerate(texts, 1)
    ]


def answer(question: str, *texts: str) -> Answer:
    return Extractive().answer(question, hits(*texts))


def test_the_sentence_that_holds_the_words_is_the_answer_and_its_citation():
    given = answer("환급은 며칠 걸리나요?", f"환급은 사흘 걸립니다. {STUFFING}")
    assert given.text.startswith("환급은 사흘 걸립니다.")
    assert given.text.endswith("[1]")
    assert given.citations[0].quote == "환급은 사흘 걸립니다."
    assert (given.citations[0].passage_id, given.citations[0].source) == ("p1", "문서 1")
    assert not given.abstained


@pytest.mark.parametrize(
    "marks", [["1.", "2.", "3."], ["①", "②", "③"], ["-", "-", "-"], ["가.", "나.", "다."], ["○"] * 3]
)
def test_a_list_after_the_sentence_that_announces_it_comes_whole(marks: list[str]):
    items = [f"{mark} {name}" for mark, name in zip(marks, ["여권 사본", "신고서 두 부", "포장 명세서"], strict=True)]
    lead = (
        "이사화물을 통관하려면 입국한 날부터 여섯 달이 지나기 전에 살던 곳을 맡은 사무실이나 공항에 있는 창구를 직접 찾아가거나 "
        "대신할 사람을 보내 다음 서류를 세관에 내야 하며 빠진 것이 있으면 이레 안에 채워야 합니다."
    )
    assert len(lead) > 100  # long enough that nothing is added only to fill the answer
    given = answer("이사화물 통관 서류 세관", "\n".join([lead, *items, STUFFING]))
    assert given.text.removesuffix(" [1]").splitlines()[: 1 + 3] == [lead, *items]
    assert [c.quote for c in given.citations][: 1 + 3] == [lead, *items]


def test_numbers_dates_and_units_come_as_they_stand():
    text = "수수료는 1,000.50원이며 3.5%가 붙고 2024. 1. 2.부터 10㎏까지 적용합니다."
    given = answer("수수료는 얼마이고 언제부터 적용하나요?", f"{text}\n{STUFFING}")
    assert text in given.text
    assert text in " ".join(c.quote for c in given.citations)


def test_each_passage_that_is_used_is_marked_with_its_rank():
    given = answer("면세 한도와 환급 기간은?", "면세 한도는 800달러다.", "환급 기간은 사흘이다.")
    assert "면세 한도는 800달러다. [1]" in given.text
    assert "환급 기간은 사흘이다. [2]" in given.text
    assert [c.passage_id for c in given.citations] == ["p1", "p2"]


def test_sentences_stand_in_the_order_of_the_text():
    given = answer("환급 신청", "환급은 세관에 신청한다. 환급 신청은 다섯 해 안에 한다.")
    first, second = (given.text.index(part) for part in ("세관에", "다섯 해"))
    assert first < second


def test_a_long_passage_is_not_given_whole():
    given = answer("환급은 며칠 걸리나요?", f"{STUFFING} 환급은 사흘 걸립니다. {STUFFING}")
    assert "환급은 사흘 걸립니다." in given.text
    assert len(given.text) < len(STUFFING)


@pytest.mark.parametrize("question", ["뷁쉙 뛟은요?", "오로라는 어디에서 보이나요?"])
def test_a_question_whose_words_are_nowhere_is_refused(question: str):
    given = answer(question, "환급은 사흘 걸린다.")
    assert given.abstained
    assert (given.text, given.citations) == (refusal("ko"), ())
    assert [hit.passage.id for hit in given.hits] == ["p1"]


def test_the_refusal_is_in_the_language_asked_for():
    assert Extractive(language="en").answer("?", []).text == refusal("en")
