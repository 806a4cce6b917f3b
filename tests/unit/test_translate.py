"""Translations: what is learned from questions, how a passage is scored by them, and the file that people edit."""

from math import log1p
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.errors import BadFile
from mundap.index.postings import Postings
from mundap.korean.tokens import BIGRAM
from mundap.retrieve.translate import (
    BACKGROUND,
    HEADER,
    LEAST,
    NULL,
    PRIOR,
    SAME,
    Translations,
    Translator,
    learn,
    read_words,
    worded,
)

GROUPS = [
    ([["술", "한도"], ["술", "몇", "병"]], ["주류", "면세", "한도"]),
    ([["술", "세금"]], ["주류", "관세", "부과"]),
    ([["담배", "한도"]], ["연초", "면세", "한도"]),
    ([["담배", "세금"]], ["연초", "관세", "부과"]),
    ([["선물", "세금"]], ["기증품", "관세", "부과"]),
]
PASSAGES = [["연초", "신고"], ["주류", "신고"], ["여권", "신고"]]
WORD = st.sampled_from("술 주류 담배 연초 세금 관세 신고 모르는말".split())
WEIGHT = st.floats(0, 1)


def index(passages: list[list[str]] = PASSAGES) -> Postings:
    return Postings.build(passages, 0.9, 0.6)


def rows(count: int) -> np.ndarray:
    return np.arange(count, dtype=np.intp)


def test_it_learns_what_askers_call_what_the_documents_say() -> None:
    words = learn(GROUPS).words
    assert max(words["술"], key=words["술"].__getitem__) == "주류"
    assert max(words["담배"], key=words["담배"].__getitem__) == "연초"
    assert words["술"].get("연초", 0.0) < LEAST


def test_one_question_of_one_word_worked_by_hand() -> None:
    learned = learn([([["술"]], ["주류"])])
    # The only word of questions has all of the background; 주류 competes with none of the passage's words.
    brought = 1 / (1 + NULL)
    assert learned.words == {"술": {"주류": pytest.approx(brought / (brought + PRIOR))}}
    assert learned.known == {"주류": pytest.approx(brought / (brought + PRIOR))}
    assert learned.background == {"술": pytest.approx(1.0)}
    assert learned.floor == pytest.approx(0.1 / (1 + 0.1))


def test_a_score_worked_by_hand() -> None:
    learned = Translations({"술": {"주류": 0.5}}, {"주류": 0.8, "신고": 0.5}, {"술": 0.1}, 0.01)
    scores = Translator(learned, index()).score(["술", "술"], rows(3))
    doubts = [1 - (0 + 0.5) / 2, 1 - (0.8 + 0.5) / 2, 1 - (0 + 0.5) / 2]
    brings = [0, (1 - SAME) * 0.5 * 1 / 2, 0]
    odds = (1 - BACKGROUND) / BACKGROUND
    expected = [2 * log1p(odds * ((1 - SAME) * 0.1 * doubt + b) / 0.1) for doubt, b in zip(doubts, brings, strict=True)]
    assert scores.dtype == np.float32
    assert scores.tolist() == pytest.approx(expected, rel=1e-6)


def test_a_passage_that_says_the_translated_word_is_ahead() -> None:
    scores = Translator(learn(GROUPS), index()).score(["술", "신고"], rows(3))
    assert scores.argmax() == 1
    assert Translator(learn(GROUPS), index()).score(["담배"], rows(3)).argmax() == 0


def test_a_passage_that_says_the_very_word_is_ahead_without_any_learning() -> None:
    scores = Translator(learn([]), index()).score(["여권"], rows(3))
    assert scores.argmax() == 2
    assert scores[0] == scores[1]


def test_unknown_words_and_bigrams_tell_nothing_apart() -> None:
    translator = Translator(learn([]), index())
    assert len(set(translator.score(["없는말", "또없는말"], rows(3)).tolist())) == 1
    assert translator.score([], rows(3)).tolist() == [0, 0, 0]
    assert translator.score([f"{BIGRAM}여권"], rows(3)).tolist() == [0, 0, 0]
    assert worded(["술", f"{BIGRAM}술값"]) == ["술"]


def test_a_word_in_many_rows_is_remembered_and_scores_the_same() -> None:
    translator = Translator(learn(GROUPS), index())
    first = translator.score(["술", "신고"], rows(3))
    np.testing.assert_array_equal(translator.score(["술", "신고"], rows(3)), first)


def test_groups_without_words_teach_nothing() -> None:
    assert learn([([["술"]], []), ([[]], ["주류"]), ([], ["주류"])]) == learn([])
    learn([([["술"]], [f"{BIGRAM}주류"]), ([[f"{BIGRAM}술값"]], ["주류"])])  # only bigrams


def test_learning_twice_gives_the_same() -> None:
    assert learn(GROUPS) == learn(GROUPS)


def test_the_order_of_groups_changes_only_rounding() -> None:
    one, other = learn(GROUPS), learn(GROUPS[::-1])
    assert one.words.keys() == other.words.keys()
    for asked, table in one.words.items():
        assert other.words[asked] == pytest.approx(table)


@given(
    st.dictionaries(WORD, st.dictionaries(WORD, WEIGHT, max_size=3), max_size=4),
    st.dictionaries(WORD, st.floats(0, 0.99), max_size=5),
    st.lists(st.lists(WORD, max_size=6), min_size=1, max_size=6),
    st.lists(WORD, max_size=5),
    st.randoms(use_true_random=False),
)
def test_scores_are_never_negative_and_do_not_depend_on_the_order_of_rows(
    words: dict[str, dict[str, float]],
    known: dict[str, float],
    passages: list[list[str]],
    question: list[str],
    random: Random,
) -> None:
    translator = Translator(Translations(words, known, {"술": 0.3, "세금": 0.1}, 0.02), index(passages))
    order = list(range(len(passages)))
    random.shuffle(order)
    straight = translator.score(question, rows(len(passages)))
    assert (straight >= 0).all()
    np.testing.assert_array_equal(translator.score(question, np.asarray(order, np.intp)), straight[order])


def test_the_saved_table_is_read_back(tmp_path: Path) -> None:
    learned = learn(GROUPS)
    learned.save(tmp_path / "synonyms.tsv")
    assert (tmp_path / "synonyms.tsv").read_text("utf-8").splitlines()[0] == HEADER
    words = read_words(tmp_path / "synonyms.tsv")
    assert words.keys() == learned.words.keys()
    for asked, table in learned.words.items():
        assert words[asked] == pytest.approx(table, abs=0.5e-4)


@pytest.mark.parametrize(
    "raw",
    [
        "술\t주류\t0.5\n\n USB \t 메모리\t1\n".encode(),
        f"\ufeff{HEADER}\r\n술\t주류\t0.5\r\nUSB\t메모리\t1\r\n".encode(),
        "술\t주류\t0.5\nUSB\t메모리\t1".encode("cp949"),
    ],
    ids=["blanks", "windows", "cp949"],
)
def test_an_edited_table_is_read_as_editors_save_it(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "synonyms.tsv").write_bytes(raw)
    assert read_words(tmp_path / "synonyms.tsv") == {"술": {"주류": 0.5}, "usb": {"메모리": 1.0}}


@pytest.mark.parametrize(
    "line", ["술 주류 0.5", "술\t주류", "술\t주류\t많이", "술\t주류\t1.5", "술\t주류\t-1", "술\t주류\tnan", "술\t\t0.5"]
)
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "synonyms.tsv").write_text(f"{HEADER}\n담배\t연초\t0.5\n{line}\n", "utf-8")
    with pytest.raises(BadFile, match=r"synonyms\.tsv: 3번째 줄"):
        read_words(tmp_path / "synonyms.tsv")
