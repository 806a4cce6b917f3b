"""Questions and passages for trainers: each pair once, from every shape that has them, and folds that hold together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mundap.errors import MundapError
from mundap.evaluation.questions import Question
from mundap.index.table import InMemory, Table
from mundap.store.corpus import Corpus
from mundap.training.common.measure import compared, sure_change
from mundap.training.common.pairs import FOLDS, Pairs, pairs, questions_in, rows_of
from mundap.types import Passage

TEXTS = [f"{n}번 규정은 {n}일 안에 신고하라고 합니다." for n in range(20)]


def table() -> Table:
    rows = [Passage(f"p{n:02}", "d", text, 0, len(text)) for n, text in enumerate(TEXTS)]
    return Table([row.id for row in rows], InMemory(rows))


def questions() -> list[Question]:
    return [Question(f"{n}번 규정은 {way}?", (TEXTS[n],)) for n in range(20) for way in ("뭐예요", "언제예요", "왜요")]


def test_each_pair_is_there_once_and_what_is_left_out_is_counted() -> None:
    asked = [
        *questions(),
        Question("0번  규정은 뭐예요 ?", (TEXTS[0],)),
        Question("다른 글?", ("없는 글",)),
        Question("답이 없나요?"),
    ]
    found = pairs(asked, table())
    assert (len(found), found.repeated, found.missing) == (60, 1, 2)
    assert found.questions == tuple(q.question for q in questions())
    assert found.rows.tolist() == [n // 3 for n in range(60)]


def test_the_same_question_on_two_passages_is_two_pairs_in_one_fold() -> None:
    asked = [*questions(), *(Question("이것도 되나요?", (text,)) for text in TEXTS[:2])]
    found = pairs(asked, table())
    assert found.rows.tolist()[-2:] == [0, 1]
    fold = found.folds("by_question")
    assert fold[-1] == fold[-2]


def test_the_first_gold_that_is_in_the_index_counts() -> None:
    assert rows_of([Question("q", ("없는 글", TEXTS[3], TEXTS[2]))], table()) == [3]


def test_folds_hold_passages_or_questions_together_and_repeat() -> None:
    found = pairs(questions(), table())
    by_passage = found.folds("by_passage", 3)
    assert all(len(set(by_passage[found.rows == row])) == 1 for row in range(20))
    assert sorted(set(by_passage)) == list(range(FOLDS))
    assert any(len(set(found.folds("by_question", 3)[found.rows == row])) > 1 for row in range(20))
    np.testing.assert_array_equal(by_passage, found.folds("by_passage", 3))
    assert found.folds("by_passage", 4).tolist() != by_passage.tolist()


def test_what_is_kept_beside_a_model_has_every_pair_with_its_folds(tmp_path: Path) -> None:
    found = pairs(questions(), table())
    found.save(tmp_path, [*table().ids], 7)
    kept = json.loads((tmp_path / "pairs.json").read_text("utf-8"))
    assert (kept["seed"], kept["folds"], len(kept["pairs"])) == (7, FOLDS, 60)
    assert [pair["by_passage"] for pair in kept["pairs"]] == found.folds("by_passage", 7).tolist()
    assert kept["pairs"][3] == {
        "question": "1번 규정은 뭐예요?",
        "passage_id": "p01",
        "by_passage": int(found.folds("by_passage", 7)[3]),
        "by_question": int(found.folds("by_question", 7)[3]),
    }


NO_CORPUS: Any = None  # files are read without one


def test_a_faq_gives_its_answers_as_passages(tmp_path: Path) -> None:
    file = tmp_path / "faq.csv"
    file.write_text("Question,Answer\n몇 시에 열어요?,아홉 시에 엽니다.\n빈 답?,\n,질문 없는 답\n", "utf-8")
    found, origin = questions_in(NO_CORPUS, file)
    assert found == [Question("몇 시에 열어요?", ("아홉 시에 엽니다.",), "아홉 시에 엽니다.", 2)]
    assert origin["file"] == "faq.csv"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("q.csv", "질문,제시문,답변\n언제?,문서 글,내일\n"),
        ("q.jsonl", '{"question": "언제?", "gold": ["문서 글"], "answer": "내일"}\n'),
        (
            "q.json",
            '{"data": [{"paragraphs": [{"context": "문서 글", "qas": [{"question": "언제?", "answers": [{"text": "내일"}]}]}]}]}',
        ),
    ],
)
def test_every_other_shape_is_read_as_evaluate_reads_it(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    [question], _ = questions_in(NO_CORPUS, tmp_path / name)
    assert (question.question, question.gold, question.answer) == ("언제?", ("문서 글",), "내일")


def test_too_few_pairs_are_counted() -> None:
    with pytest.raises(MundapError, match="질문 3개, 제시문 1개"):
        pairs(questions()[:3], table())


def test_a_change_is_sure_only_if_chance_does_not_explain_it() -> None:
    groups = [n // 3 for n in range(60)]
    assert sure_change(compared([2] * 60, [1] * 60, groups)) == 1
    assert sure_change(compared([1] * 60, [None] * 60, groups)) == -1
    assert sure_change(compared([1, 2] * 30, [2, 1] * 30, groups)) == 0
    assert compared([2] * 60, [1] * 60, groups)["mrr@10"].difference.mean == pytest.approx(0.5)


def test_pairs_are_values() -> None:
    found = pairs(questions(), table())
    assert isinstance(found, Pairs)
    with pytest.raises(AttributeError):
        found.questions = ()  # type: ignore[misc]  # that it cannot be set is what is tested


def test_every_right_passage_is_a_pair_and_any_of_them_counts() -> None:
    asked = [*questions(), Question("둘 다 되나요?", (TEXTS[3], TEXTS[7]))]
    found = pairs(asked, table())
    assert found.rows.tolist()[-2:] == [3, 7]
    assert found.right[-1] == found.right[-2] == {3, 7}
    assert found.right[0] == {0}


def test_passages_that_answer_one_question_are_held_out_together() -> None:
    asked = [*questions(), Question("둘 다 되나요?", (TEXTS[3], TEXTS[7])), Question("또?", (TEXTS[7], TEXTS[11]))]
    found = pairs(asked, table())
    for seed in range(5):
        fold = found.folds("by_passage", seed)
        assert len(set(fold[np.isin(found.rows, [3, 7, 11])])) == 1


def test_one_question_in_several_rows_of_a_sheet_is_counted_as_repeated_only_where_nothing_is_new(
    tmp_path: Path,
) -> None:
    file = tmp_path / "q.csv"
    lines = "".join(f"{q.question},{q.gold[0]}\n" for q in questions())
    file.write_text(f"질문,제시문\n{lines}어느 것?,{TEXTS[1]}\n어느 것?,{TEXTS[2]}\n", "utf-8")
    asked, _ = questions_in(Corpus(tmp_path / "corpus.sqlite"), file)
    found = pairs(asked, table())
    assert (len(found), found.repeated, found.missing) == (62, 1, 0)
