from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.errors import MundapError
from mundap.evaluation.questions import Question
from mundap.tuning.question_split import split_questions
from mundap.tuning.trials import Trials

GOLDS = st.lists(st.sampled_from("가나다라마바사"), max_size=3).map(tuple)


@given(st.lists(GOLDS, max_size=30), st.integers(0, 3))
def test_no_passage_is_in_both_parts_and_nothing_is_lost(golds: list[tuple[str, ...]], seed: int) -> None:
    questions = [Question(f"질문 {n}", gold) for n, gold in enumerate(golds)]
    try:
        parts = split_questions(questions, set("가나다라마"), seed)
    except MundapError:
        return
    sides = [{gold for q in part.questions for gold in q.gold} for part in (parts.tuning, parts.report)]
    assert not sides[0] & sides[1]
    assert all(sides)
    assert len(parts.tuning.questions) + len(parts.report.questions) + parts.left_out == len(questions)
    assert all(set(q.gold) & set("가나다라마") for q in parts.tuning.questions + parts.report.questions)
    assert parts == split_questions(questions, set("가나다라마"), seed)


def test_three_passages_in_five_are_for_tuning() -> None:
    questions = [Question(f"질문 {n}", (f"제시문 {n % 5}",)) for n in range(20)]
    parts = split_questions(questions, {f"제시문{n}" for n in range(5)})
    assert (len(parts.tuning.questions), len(parts.report.questions)) == (12, 8)
    assert len(set(parts.tuning.groups)) == 3


def test_one_passage_cannot_be_parted() -> None:
    with pytest.raises(MundapError, match="두 개 이상"):
        split_questions([Question("질문", ("제시문",)), Question("다른 질문", ("제시문",))], {"제시문"})


def test_a_finished_trial_is_not_done_again(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    assert Trials(path).ranks("하나", lambda: [1, None, 3]) == [1, None, 3]
    again = Trials(path)
    assert len(again) == 1
    assert again.ranks("하나", lambda: pytest.fail("done again")) == [1, None, 3]


def test_a_torn_last_line_is_ignored_and_spoils_nothing_after_it(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    Trials(path).ranks("하나", lambda: [1])
    whole = path.read_bytes()
    path.write_bytes(whole + '{"key": "둘", "ran'.encode()[:-2])
    torn = Trials(path)
    assert len(torn) == 1
    assert torn.ranks("둘", lambda: [2]) == [2]
    again = Trials(path)
    assert again.ranks("하나", list) == [1]
    assert again.ranks("둘", list) == [2]


@given(st.integers(0, 120))
def test_trials_survive_a_cut_anywhere(cut: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "trials.jsonl"
        for name in ("하나", "둘", "셋"):
            Trials(path).ranks(name, lambda: [1, None])
        path.write_bytes(path.read_bytes()[:cut])
        left = Trials(path)
        kept = len(left)
        left.ranks("넷", lambda: [4])
        assert len(Trials(path)) == kept + 1
