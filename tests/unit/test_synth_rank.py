"""Completions in order: by length, by nearness to the recorded answer, by a judge; and going on after a kill."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.conftest import Serve

from mundap.evaluation.judge import Judge
from mundap.synth.completions import Prompt, closeness, judged, lengths, rank, row, to_json
from mundap.synth.journal import Journal
from mundap.types import Json

PROMPT = Prompt("면세 한도는?", "면세 한도는 미화 800달러입니다.", ("면세 한도는 미화 800달러이다.",))
GOOD, FAIR, BAD = PROMPT.answer, "한도는 800달러예요.", "주차장은 밤에 닫습니다."


def test_the_smallest_number_is_the_best() -> None:
    assert row("질문", ["가", "나", "다"], [0.5, 0.9, 0.1]) == {
        "prompt": "질문",
        "completion_0": "가",
        "completion_1": "나",
        "completion_2": "다",
        "ranking": [1, 0, 2],
    }
    assert row("질문", ["가", "나", "다"], [0.5, 0.5, 0.1]) is None
    assert row("질문", ["가", "나"], [0.5, 0.1]) is None


def test_the_longest_of_three_answers_is_the_best() -> None:
    made: dict[str, Json] = {"question": "질문", "answers": {"short": "하나", "medium": "둘", "long": "셋"}}
    assert [found["ranking"] for found in lengths([made, {"question": "x", "answers": {"short": "하나"}}, {}])] == [
        [2, 1, 0]
    ]


def test_completions_are_ranked_by_nearness_and_each_prompt_once(tmp_path: Path) -> None:
    asked: list[str] = []

    def complete(prompt: Prompt) -> list[str]:
        asked.append(prompt.question)
        return [BAD, GOOD, FAIR] if prompt is PROMPT else [GOOD, GOOD, " "]

    prompts = [PROMPT, Prompt("다른 질문", GOOD, ())]
    made = rank(prompts, complete, closeness, Journal(tmp_path / "j", "m"))
    assert [found["ranking"] for found in made.rows] == [[2, 0, 1]]
    assert (made.alike, made.ungraded) == (1, 0)
    again = rank(prompts, complete, closeness, Journal(tmp_path / "j", "m", resume=True))
    assert (again, len(asked)) == (made, 2)
    assert json.loads(to_json(made.rows)) == made.rows


def test_a_judge_ranks_and_a_prompt_without_a_verdict_is_asked_again(served: Serve, tmp_path: Path) -> None:
    def verdict(correctness: int) -> str:
        return json.dumps({"reason": "까닭", "correctness": correctness, "faithfulness": 5})

    bot, _ = served(verdict(2), verdict(5), verdict(3))
    judge = Judge(bot, tmp_path / "judge.sqlite")
    made = rank([PROMPT], lambda prompt: [BAD, FAIR, GOOD], judged(judge), Journal(tmp_path / "j", "m"))
    judge.close()
    assert [found["ranking"] for found in made.rows] == [[2, 0, 1]]
    bot, _ = served("모르겠습니다.")
    judge = Judge(bot, tmp_path / "other.sqlite")
    made = rank([PROMPT], lambda prompt: [BAD, FAIR, GOOD], judged(judge), Journal(tmp_path / "k", "m"))
    judge.close()
    assert (made.rows, made.ungraded) == ([], 1)
    assert Journal(tmp_path / "k", "m", resume=True).found == {}


def test_nearness_is_one_for_the_answer_itself_and_less_for_others() -> None:
    assert closeness(PROMPT, GOOD) == pytest.approx(1.0)
    assert closeness(PROMPT, GOOD) > closeness(PROMPT, FAIR) > closeness(PROMPT, BAD)
