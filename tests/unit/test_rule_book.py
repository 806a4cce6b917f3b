"""A rule book that an export has glued into one line is split at its rules, and its rules are found."""

from functools import cache
from pathlib import Path

import pytest

import mundap as md
from mundap.encode.e5_int8 import E5SmallInt8
from mundap.ingest.readers import read
from mundap.ingest.split import chunks, parents
from mundap.store.cache import Cache, CachedEncoder
from mundap.types import Passage

FUTSAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "futsal"
ASKED = [
    ("볼의 둘레는 얼마인가요?", "규칙 2 볼"),
    ("경기에 필요한 최소 선수 수는 몇 명인가요?", "규칙 3 선수들"),
    ("골키퍼는 다른 색 옷을 입어야 하나요?", "규칙 4 선수들의 장비"),
    ("주심이 경기 중에 다치면 누가 대신하나요?", "규칙 5 주심들"),
    ("전반과 후반은 각각 몇 분인가요?", "규칙 7 경기 시간"),
    ("드롭볼은 어떻게 하나요?", "규칙 8 플레이의 시작과 재개"),
    ("볼이 천장에 닿으면 어떻게 되나요?", "규칙 9 볼의 인 / 아웃 오브 플레이"),
    ("승부차기는 어떻게 진행하나요?", "규칙 10 경기 결과의 결정"),
    ("누적된 파울은 몇 번부터 벽 없이 차나요?", "규칙 13 프리킥"),
    ("킥인은 몇 초 안에 해야 하나요?", "규칙 15 킥-인"),
]


@cache
def passages() -> list[Passage]:
    if not FUTSAL.exists():
        pytest.skip("needs the shared rule book")
    (book,) = FUTSAL.glob("*.txt")
    return parents(read(book).document)


def test_every_rule_is_a_section_of_its_own() -> None:
    headings = list(dict.fromkeys(passage.heading for passage in passages() if passage.heading))
    assert [heading.split()[1] for heading in headings[:17]] == [str(n) for n in range(1, 18)]
    assert headings[17:] == ["영상 지원 프로토콜"]  # an appendix, and no part of the last rule


def test_words_alone_find_the_rule_of_every_question_in_the_first_five() -> None:
    searcher = md.BM25(passages())
    found = {question: [hit.passage.heading for hit in searcher.search(question, k=5)] for question, _ in ASKED}
    assert [question for question, rule in ASKED if rule not in found[question]] == []


@pytest.mark.slow
def test_words_and_meaning_find_the_rule_of_every_question_in_the_first_three(pytestconfig: pytest.Config) -> None:
    units = [unit for whole in passages() for unit in (whole, *chunks(whole))]
    vectors = Cache(pytestconfig.cache.mkdir("vectors") / "e5.sqlite")  # kept between runs, by text and encoder
    searcher = md.Hybrid(md.BM25(units), md.Dense(units, encoder=CachedEncoder(E5SmallInt8(), vectors)))
    found = {question: [hit.passage.heading for hit in searcher.search(question, k=3)] for question, _ in ASKED}
    vectors.close()
    assert [question for question, rule in ASKED if rule not in found[question]] == []


def test_a_glued_line_is_cut_where_articles_begin_and_not_where_they_are_mentioned(tmp_path: Path) -> None:
    text = "규정집, 제1조(목적) 정한다. 제2조(정의) 제1조(목적)에 따른 용어이다. 제3조(시행) 공포한 날부터."
    (tmp_path / "a.txt").write_text(text, "utf-8")
    found = parents(read(tmp_path / "a.txt").document)
    assert [(p.heading, p.text) for p in found] == [
        ("", "규정집,"),
        ("제1조(목적)", "제1조(목적) 정한다."),
        ("제2조(정의)", "제2조(정의) 제1조(목적)에 따른 용어이다."),
        ("제3조(시행)", "제3조(시행) 공포한 날부터."),
    ]


def test_a_few_mentions_are_no_rule_book(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("신청한다. 제1조(목적) 참조. 제4조(벌칙) 참조.", "utf-8")
    assert [p.heading for p in parents(read(tmp_path / "a.txt").document)] == [""]
