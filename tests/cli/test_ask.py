"""Answers: cited, recorded, or withheld."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from tests.cli.conftest import MakeBot, Run
from tests.streamed import streamed

RECORDED = "여행자 휴대품의 기본 면세 한도는 얼마인가요?"


def test_a_recorded_question_gets_its_recorded_answer_and_is_told_so(mundap: Run, sample: Path) -> None:
    reworded = "여행자 휴대품 기본 면세 한도는 얼마인가요"
    done = mundap("ask", "-", "--json", workspace=sample, stdin=f"{RECORDED}\n{reworded}\n")
    for row in done.rows:
        assert row["model"] == "known"
        assert row["answer"].startswith("여행자 한 사람당 미화 800달러까지 세금이 면제됩니다.")
        assert f"등록된 질문 「{RECORDED}」" in row["answer"]
        [hit] = row["hits"]
        assert row["citations"]
        assert all(citation["quote"] in hit["text"] for citation in row["citations"])


@pytest.mark.parametrize(
    "question", ["주차장은 몇 시에 여나요?", "주차장은 몇 시에 안 닫나요?", "2층 주차장은 몇 시에 닫나요?"]
)
def test_a_recorded_answer_is_not_given_to_another_question(indexed: MakeBot, question: str) -> None:
    bot = indexed()
    assert bot.ask("주차장은 몇 시에 닫나요?").model == "known"
    assert bot.ask(question).model == "extractive"


def test_decomposed_hangul_is_the_same_question_and_is_told_as_it_was_typed(indexed: MakeBot) -> None:
    bot = indexed()
    typed = "병가는 며칠까지 쓸 수 있나요?"
    decomposed = unicodedata.normalize("NFD", typed)
    one, other = bot.ask(typed), bot.ask(decomposed)
    assert (other.text, other.citations, other.support) == (one.text, one.citations, one.support)
    assert (one.question, other.question) == (typed, decomposed)
    assert bot.support(decomposed) == bot.support(typed)
    assert [hit.passage.id for hit in bot.find(decomposed)] == [hit.passage.id for hit in bot.find(typed)]


def test_recorded_answers_can_be_switched_off(indexed: MakeBot) -> None:
    bot = indexed(config='[index]\nencoder = "hashed"\n[generate]\nfaq = false\n')
    answer = bot.ask("주차장은 몇 시에 닫나요?")
    assert answer.model == "extractive"
    assert [c.quote for c in answer.citations] == ["지하 주차장은 밤 11시에 문을 닫습니다."]


def test_for_a_reader_an_answer_ends_with_its_sources_and_an_abstention_with_what_is_nearest(
    mundap: Run, office: Path
) -> None:
    questions = "병가는 며칠까지 쓸 수 있나요?\n화성의 위성은 몇 개인가요?\n"
    done = mundap("ask", "-", workspace=office, stdin=questions)
    assert (done.code, done.err) == (0, "")
    answered, refused = done.out.split("죄송합니다.")
    assert answered == (
        "병가는 해마다 60일까지 쓸 수 있습니다. [1]\n\n"
        "출처:\n  [1] 휴가 규정 > 병가 — “병가는 해마다 60일까지 쓸 수 있습니다.”\n\n"
    )
    assert refused.startswith(" 등록된 문서에서 이 질문에 대한 답을 찾지 못했습니다.\n가장 가까운 문서:\n1. ")
    assert "출처:" not in refused


def test_the_refusal_speaks_the_language_of_the_workspace(indexed: MakeBot) -> None:
    bot = indexed(config='language = "en"\n[index]\nencoder = "hashed"\n')
    assert bot.ask("화성의 위성은 몇 개인가요?").text == "Sorry, the documents do not answer this question."


def test_what_is_streamed_is_the_answer(indexed: MakeBot) -> None:
    bot = indexed()
    for question in ("연차는 언제 소멸하나요?", "주차장은 몇 시에 닫나요?", "화성의 위성은 몇 개인가요?"):
        pieces, answer = streamed(bot.stream(question))
        assert "".join(pieces).strip() == answer.text.strip() != ""


def test_an_answer_in_a_chosen_document_comes_from_it(mundap: Run, office: Path) -> None:
    conditions = ("--where", "title=출장", "--where", "title=휴가 규정", "--where", "source=출장")
    done = mundap("search", "연차와 출장비", "--leg", "dense", *conditions, "--json", workspace=office)
    assert {hit["source"] for hit in done.rows} == {"출장"}
    nothing = mundap("search", "연차", "--leg", "dense", "--where", "source=없는 문서", "--json", workspace=office)
    assert (nothing.code, nothing.out) == (1, "")
    assert "없는 문서" in nothing.err
