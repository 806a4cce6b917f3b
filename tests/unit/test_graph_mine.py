"""The miners of synonyms, each by what it must find and must not."""

import numpy as np
import pytest

from mundap.graph.mine import from_brackets, from_pairs, from_spelling, from_vectors

WORDS = {
    "세계관세기구",
    "수입신고필증",
    "필증",
    "전국경제인연합회",
    "전경련",
    "전자상거래",
    "관세청",
    "서울",
    "외국인등록증",
    "외국인",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("세계관세기구(WCO)는 국제기구다.", {("세계관세기구", "wco")}),
        ("우리나라는 세계관세기구 (WCO)의 회원이다.", {("세계관세기구", "wco")}),
        ("수입신고필증(이하 “필증”이라 한다)을 낸다.", {("수입신고필증", "필증")}),
        ("전국경제인연합회(전경련)", {("전국경제인연합회", "전경련")}),
        ("전자상거래(e-commerce) 물품", {("전자상거래", "e-commerce")}),
        ("관세청(서울)에 묻는다.", set()),  # a place, no name
        ("외국인등록증(외국인)", set()),  # for whom, no name
        ("관세청(제3조)", set()),
        ("관세청(2023. 5. 3.)", set()),
        ("세관에 낸다(반드시 본인이 낸다).", set()),
    ],
)
def test_names_in_brackets(text: str, expected: set[tuple[str, str]]) -> None:
    found = {(row.asked, row.said) for row in from_brackets([text], WORDS)}
    assert found == expected | {(b, a) for a, b in expected}


def test_more_passages_make_it_surer() -> None:
    once, often = (next(from_brackets(["세계관세기구(WCO)"] * n, WORDS)).score for n in (1, 3))
    assert once < often <= 1


def apart(a: str, b: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("rare", "usual", "same"),
    [
        ("콘테이너", "컨테이너", True),
        ("카드로텍스", "카드로택스", True),
        ("증비서류", "증빙서류", True),
        ("수입물품", "구입물품", False),
        ("신고일", "신고인", False),
        ("소유자", "소유주", False),
        ("수입신고", "수출신고", False),
        ("텍스", "택스", False),  # short words differ by a letter and are two
    ],
)
def test_ways_to_spell_a_word(rare: str, usual: str, same: bool) -> None:
    found = {(row.asked, row.said) for row in from_spelling({rare: 1, usual: 9}, apart)}
    assert found == ({(rare, usual), (usual, rare)} if same else set())


def test_two_common_words_or_words_of_one_passage_are_two_things() -> None:
    assert not list(from_spelling({"콘테이너": 9, "컨테이너": 9}, apart))
    assert not list(from_spelling({"콘테이너": 1, "컨테이너": 9}, lambda a, b: True))


def test_questions_tell_what_words_mean() -> None:
    table = {"술": {"주류": 0.4, "술": 0.5, "병": 0.01, "희귀": 0.3}}
    found = list(from_pairs(table, {"주류": 5, "술": 2, "병": 9, "희귀": 1}, {"술": "술을 몇 병?"}))
    assert [(row.asked, row.said, row.score, row.evidence) for row in found] == [("술", "주류", 0.4, "술을 몇 병?")]


def test_near_vectors_of_different_words() -> None:
    words = ["주류", "술", "주류세", "2인", "3인"]
    vectors = np.array([[1, 0], [0.999, 0.04], [0.9, 0.4], [0, 1], [0.01, 1]], np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = {(row.asked, row.said) for row in from_vectors(words, vectors)}
    assert found == {("주류", "술"), ("술", "주류")}
    assert not list(from_vectors([], np.empty((0, 2), np.float32)))
