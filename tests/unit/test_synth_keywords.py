"""Questions labelled for training: by rules and by a model, what is believed of either, and going on after a kill."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.conftest import Serve

from mundap.errors import GeneratorError
from mundap.evaluation.keywords import Tagged, keywords_tsv, read_keywords
from mundap.korean.keyword_rules import extract
from mundap.korean.normalize import normalize
from mundap.synth.journal import Journal
from mundap.synth.keywords import LONGEST, MOST, ByModel, ByRules, distinct, grounded, label, usable

QUESTION = "이사화물 통관예약을 하면 뭐가 좋나요?"
OTHER = "면세 한도는 얼마인가요?"


def reply(*words: str) -> str:
    return json.dumps({"keywords": words}, ensure_ascii=False)


def test_questions_are_asked_once_on_one_line_in_normal_form() -> None:
    asked = ["면세  한도는?", "면세\n한도는?", "", "  ", "면세한도는?", "\u1100\u116a\u11ab\u1109\u1166"]
    assert distinct(asked) == ["면세 한도는?", "관세"]


def test_rules_label_and_what_they_find_nothing_in_is_counted(tmp_path: Path) -> None:
    made = label([QUESTION, "안녕하세요", QUESTION, OTHER], ByRules(extract), Journal(tmp_path / "j", "rules:"))
    assert [one.question for one in made.tagged] == [QUESTION, OTHER]
    assert made.tagged[1].keywords[:2] == ("면세", "한도")
    assert (made.without, made.failed) == (1, 0)


def test_a_model_labels_within_its_form_and_what_it_makes_up_is_left_out(served: Serve, tmp_path: Path) -> None:
    bot, seen = served(reply("통관", "예약", "통관", "세금, 관세", "장점", "이익", "관세청", "12", "가" * LONGEST))
    made = label([QUESTION], ByModel(bot), Journal(tmp_path / "j", "llm"))
    assert made.tagged == (Tagged(QUESTION, ("통관", "예약", "장점", "이익")),)  # two that the question does not hold
    assert QUESTION in seen[0]["messages"][1]["content"]
    assert "keywords" in json.dumps(seen[0]["response_format"])


def test_a_reply_about_something_else_and_one_that_is_no_json_give_no_labels(served: Serve, tmp_path: Path) -> None:
    bot, _ = served(reply("축구", "경기"), "모르겠습니다.", "정말 모르겠습니다.", reply("면세"))
    made = label([QUESTION, OTHER, "면세점은?"], ByModel(bot), Journal(tmp_path / "j", "llm"))
    assert made.tagged == (Tagged("면세점은?", ("면세",)),)
    assert (made.without, made.failed) == (1, 1)


def test_a_run_that_broke_off_goes_on_and_asks_nothing_twice(served: Serve, tmp_path: Path) -> None:
    bot, seen = served(reply("이사화물"), 500)
    journal = tmp_path / "train.tsv.part"
    with pytest.raises(GeneratorError):
        label([QUESTION, OTHER], ByModel(bot), Journal(journal, "llm"))
    with journal.open("ab") as file:
        file.write('["면세 한도는 얼마인가요?", ["면'.encode()[:-1])  # a kill in the middle of a line and of a letter
    bot, seen = served(reply("면세", "한도"))
    made = label([QUESTION, OTHER], ByModel(bot), Journal(journal, "llm", resume=True))
    assert [one.keywords for one in made.tagged] == [("이사화물",), ("면세", "한도")]
    assert len(seen) == 1
    again: Journal[list[str]] = Journal(journal, "llm", resume=True)
    assert again.found == {QUESTION: ["이사화물"], OTHER: ["면세", "한도"]}


def test_labels_of_another_labeller_are_not_taken(tmp_path: Path) -> None:
    label([QUESTION], ByRules(extract, "one"), Journal(tmp_path / "j", "rules:one"))
    assert Journal(tmp_path / "j", "rules:other", resume=True).found == {}
    label([QUESTION], ByRules(extract, "one"), Journal(tmp_path / "j", "rules:one"))
    assert Journal(tmp_path / "j", "rules:one").found == {}  # begun anew


def test_labels_are_few_short_and_distinct() -> None:
    assert usable(["면세", " 면 세 ", "", "1,000원", "200", "HS코드", "가" * (LONGEST + 1)]) == ["면세", "HS코드"]
    assert len(usable([f"면세{n}" for n in range(MOST + 5)])) == MOST
    assert grounded("FTA 면세는?", ["fta", "협정", "관세", "무역"]) == ["fta", "협정", "관세"]


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=",，、"), min_size=1).map(
    lambda text: " ".join(normalize(text).split())
)


@given(st.lists(st.tuples(WORDS.filter(bool), st.lists(WORDS.filter(bool), min_size=1)), min_size=1))
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, list[str]]]
) -> None:
    tagged = [Tagged(question, tuple(dict.fromkeys(usable(words)))) for question, words in rows]
    tagged = [one for one in tagged if one.keywords]
    if not tagged:
        return
    file = tmp_path_factory.mktemp("k") / "k.tsv"
    file.write_text(keywords_tsv(tagged), "utf-8")
    assert [(one.question, one.keywords) for one in read_keywords(file)] == [(o.question, o.keywords) for o in tagged]
