"""Questions made of passages: what is believed of rules and of a model, and going on after a kill."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from tests.conftest import MakePassage
from tests.unit.conftest import Serve

from mundap.errors import GeneratorError
from mundap.evaluation.questions import read_questions
from mundap.korean.sentences import sentences
from mundap.synth.journal import Journal
from mundap.synth.qa import LONG, MEDIUM, ByModel, Checks, Made, jsonl, miscounted, synthesize
from mundap.synth.qa_rules import ByRules
from mundap.synth.rate_limit import Paced

TEXT = (
    "여행자의 면세 한도는 미화 800달러이다. 술은 2병까지 따로 면세된다. 향수는 100밀리리터까지 따로 면세된다. "
    "한도를 넘는 물품은 세관에 신고해야 한다. 신고하지 않으면 가산세가 부과된다. 자진신고하면 관세의 30%를 깎아 준다."
)
OTHER = "주차장은 밤 11시에 문을 닫습니다."
SHORT, MEDIUM_ANSWER = (
    "면세 한도는 미화 800달러입니다.",
    "면세 한도는 미화 800달러입니다. 술은 2병까지 따로 면세됩니다.",
)
LONG_ANSWER = " ".join(
    [MEDIUM_ANSWER, "향수도 따로 면세됩니다. 넘으면 세관에 신고해야 합니다. 자진신고하면 30%를 깎아 줍니다."]
)


def reply(
    question: str = "여행자 면세 한도는 얼마인가요?",
    short: str = SHORT,
    medium: str = MEDIUM_ANSWER,
    long: str = LONG_ANSWER,
) -> str:
    return json.dumps({"question": question, "short": short, "medium": medium, "long": long}, ensure_ascii=False)


def checks(support: float = 1.0, held: float = 1.0) -> Checks:
    return Checks(lambda question, passage: support, lambda sentence, passage: held, 0.3)


def test_rules_make_answers_of_the_right_lengths_from_the_passage_alone(passage: MakePassage, tmp_path: Path) -> None:
    whole = passage(TEXT, source="안내")
    made = synthesize([whole], ByRules(), checks(), Journal(tmp_path / "j", "rules"), most=3)
    assert made.rows[0].made.question == "여행자의 면세 한도는 얼마인가요?"
    assert len(made.rows) == 3
    for row in made.rows:
        assert len(sentences(row.made.short)) == 1
        assert len(sentences(row.made.medium)) <= MEDIUM
        assert not row.made.long or len(sentences(row.made.long)) >= LONG
        assert all(text[start:end] in TEXT for text in row.made.answers for start, end in sentences(text))
    assert made.rows[0].made.long


def test_rows_are_read_again_as_questions_with_their_passage(passage: MakePassage, tmp_path: Path) -> None:
    whole = passage(TEXT, source="안내")
    rows = synthesize([whole], ByRules(), checks(), Journal(tmp_path / "j", "rules"), most=2).rows
    file = tmp_path / "qa.jsonl"
    file.write_text(jsonl(row.to_json() for row in rows), "utf-8")
    read = read_questions(file).items
    assert [(q.question, q.gold) for q in read] == [(row.made.question, (TEXT,)) for row in rows]
    assert read[0].answer == rows[0].made.medium
    assert json.loads(file.read_text("utf-8").splitlines()[0])["passage_id"] == whole.id


def test_a_table_asks_for_its_cells_and_a_row_for_its_values(passage: MakePassage) -> None:
    table = passage(
        "| 물품 | 세율 | 한도 |\n| --- | --- | --- |\n| 청바지 | 13% | 없음 |\n| 술 | 30% | 2병 |",
        meta={"kind": "table"},
    )
    made = ByRules().make(table, 3)
    assert {one.question for one in made} == {
        "청바지의 세율은 무엇인가요?",
        "청바지의 한도는 무엇인가요?",
        "술의 세율은 무엇인가요?",
        "술의 한도는 무엇인가요?",
    }
    assert [one.short for one in made if one.question == "술의 한도는 무엇인가요?"] == ["술의 한도는 2병입니다."]
    row = passage("물품: 향수\n한도: 100밀리리터", meta={"kind": "row"})
    assert [one.question for one in ByRules().make(row, 3)] == ["향수의 한도는 무엇인가요?"]


def test_a_list_is_told_in_one_sentence(passage: MakePassage) -> None:
    listed = passage("이사물품 통관에 필요한 서류는 다음과 같다.\n1. 이사물품 신고서\n2. 여권 사본\n3. 선하증권")
    [made] = ByRules().make(listed, 3)
    assert made.question == "이사물품 통관에 필요한 서류는 무엇인가요?"
    assert made.short == "이사물품 통관에 필요한 서류는 다음과 같다: 이사물품 신고서, 여권 사본, 선하증권."
    assert len(sentences(made.short)) == 1


def test_a_model_is_told_what_was_miscounted_and_asked_once_for_each_question(
    passage: MakePassage, served: Serve, tmp_path: Path
) -> None:
    bot, seen = served(reply(short=MEDIUM_ANSWER), reply(), reply("술은 몇 병까지 면세되나요?"))
    made = synthesize([passage(TEXT)], ByModel(bot), checks(), Journal(tmp_path / "j", "llm"), most=2)
    assert [row.made.question for row in made.rows] == ["여행자 면세 한도는 얼마인가요?", "술은 몇 병까지 면세되나요?"]
    assert "short는 한 문장이어야 하는데 2문장입니다" in seen[1]["messages"][-1]["content"]
    assert "여행자 면세 한도는 얼마인가요?" in seen[2]["messages"][1]["content"]
    assert len(seen) == 3


@pytest.mark.parametrize(
    ("text", "check", "why"),
    [
        (reply(short="면세 한도는 미화 900달러입니다."), checks(), "numbers"),
        (reply(), checks(support=0.2), "unsupported"),
        (reply(), checks(held=0.4), "answer"),
        (reply("면세 한도는?  "), checks(), "duplicate"),
    ],
)
def test_what_a_model_makes_up_is_left_out_and_counted(
    passage: MakePassage, served: Serve, tmp_path: Path, text: str, check: Checks, why: str
) -> None:
    bot, _ = served(text)
    made = synthesize(
        [passage(TEXT)], ByModel(bot), check, Journal(tmp_path / "j", "llm"), most=1, known=["면세한도는?"]
    )
    assert (made.rows, dict(made.refused), made.without) == ((), {why: 1}, 1)


def test_a_run_that_broke_off_goes_on_and_asks_nothing_twice(
    passage: MakePassage, served: Serve, tmp_path: Path
) -> None:
    journal = tmp_path / "qa.jsonl.part"
    passages = [passage(TEXT), passage(OTHER)]
    bot, _ = served(reply(), 500)
    with pytest.raises(GeneratorError):
        synthesize(passages, ByModel(bot), checks(), Journal(journal, "llm"), most=1)
    with journal.open("ab") as file:
        file.write('["다른 단락", [["질'.encode()[:-1])  # a kill in the middle of a line and of a letter
    bot, seen = served(reply("주차장은 언제 닫나요?", "밤 11시에 닫습니다.", "밤 11시에 닫습니다. 그렇습니다."))
    made = synthesize(passages, ByModel(bot), checks(), Journal(journal, "llm", resume=True), most=1)
    assert len(seen) == 1
    assert [row.passage.id for row in made.rows] == [passages[0].id]  # the other's long answer has numbers of another
    assert made.refused == {"numbers": 1}


def test_a_model_that_gives_no_json_fails_the_passage_and_may_do_better_later(
    passage: MakePassage, served: Serve, tmp_path: Path
) -> None:
    bot, seen = served("모르겠습니다.")
    made = synthesize([passage(TEXT)], ByModel(bot, retries=1), checks(), Journal(tmp_path / "j", "llm"), most=2)
    assert (made.rows, made.failed, made.without, len(seen)) == ((), 1, 0, 2)
    assert Journal(tmp_path / "j", "llm", resume=True).found == {}


def test_counts_are_said() -> None:
    assert miscounted(Made("질문은?", SHORT, MEDIUM_ANSWER, LONG_ANSWER)) == ""
    assert "long은 5문장" in miscounted(Made("질문은?", SHORT, MEDIUM_ANSWER, MEDIUM_ANSWER))
    assert "medium은" in miscounted(Made("질문은?", SHORT, SHORT))


def test_a_paced_model_is_asked_no_more_often_than_it_may_be(served: Serve) -> None:
    bot, seen = served("네.")
    paced = Paced(bot, per_minute=600)
    begun = time.monotonic()
    for _ in range(3):
        assert paced.complete([{"role": "user", "content": "네?"}]) == "네."
    assert time.monotonic() - begun >= 2 * 60 / 600
    assert (len(seen), paced.name) == (3, bot.name)


def test_the_good_parts_of_a_reply_are_kept_when_its_long_answer_stays_too_short(
    passage: MakePassage, served: Serve, tmp_path: Path
) -> None:
    bot, seen = served(reply(long=MEDIUM_ANSWER))
    made = synthesize([passage(TEXT)], ByModel(bot, retries=1), checks(), Journal(tmp_path / "j", "llm"), most=1)
    [row] = made.rows
    assert (row.made.short, row.made.medium, row.made.long) == (SHORT, MEDIUM_ANSWER, "")
    assert len(seen) == 2  # it was asked again first


def test_of_a_reply_that_was_cut_the_whole_texts_are_kept(passage: MakePassage, served: Serve, tmp_path: Path) -> None:
    bot, _ = served(reply()[: reply().index("향수도")])
    made = synthesize([passage(TEXT)], ByModel(bot, retries=0), checks(), Journal(tmp_path / "j", "llm"), most=1)
    [row] = made.rows
    assert (row.made.short, row.made.medium, row.made.long) == (SHORT, MEDIUM_ANSWER, "")


def test_without_a_good_short_answer_nothing_is_kept(passage: MakePassage, served: Serve, tmp_path: Path) -> None:
    bot, _ = served(reply(short=MEDIUM_ANSWER, long=SHORT))
    made = synthesize([passage(TEXT)], ByModel(bot, retries=0), checks(), Journal(tmp_path / "j", "llm"), most=1)
    assert (made.rows, made.failed) == ((), 1)
