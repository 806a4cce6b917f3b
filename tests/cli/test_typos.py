"""What is mistyped, by every way in: it finds what was meant, and people are told so."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import MakeBot, Run, Serve

TYPED, MEANT, NOTICE = "여행자 휴데품 면세 한도", "여행자 휴대품 면세 한도", "‘휴대품’으로 검색했습니다."


def test_an_answer_says_what_was_searched_for(mundap: Run, sample: Path) -> None:
    typed, meant = mundap("ask", "-", "--json", workspace=sample, stdin=f"{TYPED}\n{MEANT}\n").rows
    assert typed["searched"] == MEANT
    assert typed["question"] == TYPED
    assert typed["answer"] == f"{NOTICE}\n{meant['answer']}"
    assert typed["citations"] == meant["citations"]
    assert "searched" not in meant


def test_search_finds_what_was_meant_and_says_so(mundap: Run, sample: Path) -> None:
    typed = mundap("search", TYPED, "--json", workspace=sample).rows
    meant = mundap("search", MEANT, "--json", workspace=sample).rows
    assert [row["passage_id"] for row in typed] == [row["passage_id"] for row in meant]
    assert all(row["searched"] == MEANT for row in typed)
    assert not any("searched" in row for row in meant)
    assert mundap("search", TYPED, "-k", "1", workspace=sample).out.startswith(NOTICE)


def test_a_conversation_goes_on_from_what_was_meant(mundap: Run, sample: Path) -> None:
    said = mundap("chat", workspace=sample, stdin=f"{TYPED}\n/quit\n").out
    assert said.count(NOTICE) == 1


def test_the_api_says_what_was_searched_for(serving: Serve, sample: Path) -> None:
    with serving(sample) as server:
        api = server.client
        said = api.post("/query", json={"query": TYPED}).json()
        assert said["searched"] == MEANT
        assert said["response"].startswith(NOTICE)
        assert "searched" not in api.post("/query", json={"query": MEANT}).json()
        assert api.post("/search", json={"query": TYPED}).json()["searched"] == MEANT
        asked = {"messages": [{"role": "user", "content": TYPED}]}
        message = api.post("/v1/chat/completions", json=asked).json()["choices"][0]["message"]
        assert message["content"].startswith(NOTICE)
        assert message["mundap"]["searched"] == MEANT


@pytest.mark.parametrize("question", ["1", "?", "왜?"])
def test_a_question_that_says_nothing_is_refused(indexed: MakeBot, question: str) -> None:
    assert indexed().ask(question).abstained


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("출장비 5만 원", "출장비 50,000원"),
        ("병가 60일", "병가 육십일"),
        ("하루 5만원", "하루 ５００００원"),
        ("연차 소멸 2년", "연차소멸 2년"),
    ],
)
def test_ways_to_write_a_question_are_answered_the_same(indexed: MakeBot, one: str, other: str) -> None:
    bot = indexed()
    assert [(hit.passage.id, hit.score) for hit in bot.search(one)] == [
        (hit.passage.id, hit.score) for hit in bot.search(other)
    ]
    assert bot.ask(one).text == bot.ask(other).text
