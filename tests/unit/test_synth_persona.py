"""Answers in a persona's voice: what is kept of rules and of a model, what is tried again, and what is dropped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.conftest import Serve

from mundap.evaluation.questions import Question
from mundap.generate.persona import Persona
from mundap.synth.journal import Journal
from mundap.synth.persona import ByModel, ByRules, faults, rewrite

FUTSAL = Persona(name="풋살", tone="해요체", closing="오늘도 골!", forbidden=("불가",))
ANSWER = "면세 한도는 미화 800달러입니다. 넘으면 세관에 신고해야 합니다."
POLITE = "면세 한도는 미화 800달러예요. 넘으면 세관에 신고해야 해요."


def asked(*answers: str) -> list[Question]:
    return [Question(f"질문 {n}?", ("제시문",), answer) for n, answer in enumerate(answers)]


def test_rules_change_endings_and_add_the_closing_phrase(tmp_path: Path) -> None:
    made = rewrite(asked(ANSWER, "주차장", "반입은 불가합니다."), FUTSAL, ByRules(FUTSAL), Journal(tmp_path / "j", "r"))
    assert made.rows == (
        {
            "question": "질문 0?",
            "gold": ["제시문"],
            "answer": f"{POLITE}\n오늘도 골!",
            "original": ANSWER,
            "persona": "풋살",
        },
    )
    assert made.dropped == {"tone": 1, "forbidden": 1}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (f"{POLITE} 오늘도 골!", ""),
        ("오늘도 골!", "empty"),
        (ANSWER, "tone"),
        (POLITE.replace("800", "900"), "numbers"),
        (POLITE.replace("넘으면 세관에 신고해야 해요.", "불가해요."), "forbidden"),
        ("향수는 800밀리리터까지예요.", "meaning"),
    ],
)
def test_faults(text: str, wrong: str) -> None:
    assert faults(FUTSAL, ANSWER, text) == wrong


def test_a_model_is_told_what_was_wrong_and_what_never_stands_is_dropped(served: Serve, tmp_path: Path) -> None:
    def reply(text: str) -> str:
        return json.dumps({"answer": text}, ensure_ascii=False)

    bot, seen = served(reply(ANSWER), reply(POLITE), reply(ANSWER))
    journal = tmp_path / "p.part"
    made = rewrite(asked(ANSWER, f"{ANSWER} 끝입니다."), FUTSAL, ByModel(FUTSAL, bot), Journal(journal, "m"))
    assert [row["answer"] for row in made.rows] == [f"{POLITE}\n오늘도 골!"]
    assert made.dropped == {"tone": 1}
    assert "말투에 맞지 않는" in seen[1]["messages"][1]["content"]
    assert "오늘도 골!" in seen[0]["messages"][0]["content"]
    assert len(seen) == 2 + 3
    again = rewrite(asked(ANSWER), FUTSAL, ByModel(FUTSAL, bot), Journal(journal, "m", resume=True))
    assert (again.rows, len(seen)) == (made.rows, 5)
