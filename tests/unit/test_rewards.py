"""Rewards by rules, and how preferences and prompts are parted."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from mundap.errors import MundapError, UnknownName
from mundap.evaluation.estimates import Estimate
from mundap.generate.persona import Persona
from mundap.training.llm.data import Preference, read_preferences
from mundap.training.llm.preferences import parted, parted_prompts
from mundap.training.llm.reward_report import PPOReport, Row, rewards_csv, rewards_page
from mundap.training.llm.rewards import ending, length, read_scale, rules, support, tone, variety

ANSWER = "해외직구는 미화 150달러까지 면세됩니다. 그보다 비싼 물건은 관세와 부가세를 모두 내야 합니다."


def test_lengths_are_worth_what_their_place_between_the_bounds_says() -> None:
    assert [length("", "가" * n) for n in (20, 40, 60, 300, 450, 600, 900)] == [0, 0.5, 1, 1, 0.5, 0, 0]


def test_a_sentence_that_breaks_off_has_no_ending() -> None:
    assert [ending("", text) for text in (ANSWER, "그렇습니다", "“됩니다.”", "관세와 부가", "")] == [1, 1, 1, 0, 0]


def test_what_repeats_itself_has_little_variety() -> None:
    assert variety("", "가나다라마") == 1
    assert variety("", "가나다가나다") == 3 / 4  # 가나다 나다가 다가나 가나다
    assert variety("", "가 나") == 0


def test_a_persona_is_heard() -> None:
    persona = Persona(name="민원실", tone="해요체", closing="고맙습니다!", forbidden=("절대",))
    rule = tone(persona)
    assert rule("", "면세예요. 신고하세요. 고맙습니다!") == 1
    assert rule("", "절대 면세입니다.") == 0
    assert rule("", "면세예요. 신고합니다.") == pytest.approx((1 + 0.5 + 0) / 3)
    assert rule("", "") == 0


def test_rules_are_named_and_averaged() -> None:
    called, reward = rules("rule", {})
    assert called == "rule:length,ending,variety"
    assert reward(["물음"], ["관"]) == [0.0]
    called, reward = rules("rule:ending,support", {"support": support(lambda question, response: 0.5)})
    assert called == "rule:ending,support"
    assert reward(["물음", "물음"], [ANSWER, ""]) == [(1 + 0.5) / 2, 0.0]
    with pytest.raises(UnknownName, match="length"):
        rules("rule:길이", {})


def test_a_folder_without_a_reward_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(MundapError, match="mundap train reward"):
        read_scale(tmp_path / "없음")


def test_a_question_with_all_its_pairs_is_on_one_side(tmp_path: Path) -> None:
    pairs = [Preference(f"물음 {n // 3}?", f"나음 {n}", f"못함 {n}") for n in range(60)]
    parts = parted(pairs, seed=1)
    assert len(parts.train) + len(parts.held) == 60
    assert {pair.prompt for pair in parts.train} & {pair.prompt for pair in parts.held} == set()
    assert len(set(parts.groups)) == 2
    assert parted(pairs, seed=1) == parts
    assert parted(pairs, seed=2).digest != parts.digest
    parts.save(tmp_path)
    assert len(json.loads((tmp_path / "split.json").read_text("utf-8"))["held_out"]) == len(parts.held)
    with pytest.raises(MundapError, match="서로 다른 질문 3개"):
        parted(pairs[:9], seed=0)


def test_what_people_judged_is_read_as_preferences(tmp_path: Path) -> None:
    from mundap.store.feedback import Given, Vote
    from mundap.training.common.feedback import training_rows

    given = [
        Given("1", "", "면세 한도?", "모릅니다. [1]", False, (), (), Vote("down", answer="150달러입니다.")),
        Given("2", "", "신고 기한?", "30일입니다.", False, (), (), Vote("up")),
    ]
    rows = training_rows(given, {}, lambda text, texts: [0.0] * len(texts), lambda text: []).preference
    file = tmp_path / "preference.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    [pair] = read_preferences(file)
    assert (pair.prompt, pair.chosen, pair.rejected) == ("면세 한도?", "150달러입니다.", "모릅니다.")


def test_prompts_are_parted_without_repeats() -> None:
    some = [f"물음 {n}" for n in range(20)]
    learned, held = parted_prompts([*some, "물음  3", "물음 4 "], 64, seed=0)
    assert len(held) == 4
    assert sorted([*learned, *held]) == sorted(some)
    assert len(parted_prompts(some, 2, seed=0)[1]) == 2
    with pytest.raises(MundapError, match="최소 5개"):
        parted_prompts(["하나", "둘"], 64, seed=0)


def test_the_table_has_both_responses_both_rewards_mean_and_median() -> None:
    rows = [
        Row("면세 한도?", "모릅니다", '150달러, "미화"', 0.0, 1.0),
        Row("신고?", "네", "네", 0.5, 0.5),
        Row("관세?", "", "<b>", 1.0, 3.0),
    ]
    steps = tuple({"step": n, "reward": n / 3} for n in range(25))
    report = PPOReport(12, tuple(rows), Estimate(1.5, 1.0, 2.0, 3), steps)
    told = json.loads(json.dumps(report.to_json()))
    assert (told["prompts"], told["held_out"], len(told["steps"])) == (12, 3, 25)
    assert told["reward"]["before"]["mean"] == (0.0 + 0.5 + 1.0) / 3
    assert told["reward"]["after"]["median"] == 1.0
    assert told["reward"]["difference"]["mean"] == (1.0 + 0.0 + 2.0) / 3
    assert told["up"] == 2 / 3
    assert told["kl"] == {"mean": 1.5, "ci95": [1.0, 2.0]}
    assert report.verdict == "same"  # three prompts tell little
    text = rewards_csv(report)
    assert text.startswith("\ufeff")
    table = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert table[1] == ["면세 한도?", "모릅니다", '150달러, "미화"', "0.0000", "1.0000"]
    assert table[-2:] == [["mean", "", "", "0.5000", "1.5000"], ["median", "", "", "0.5000", "1.0000"]]
    page = rewards_page(report, "관세", "2026-11-26")
    assert "&lt;b&gt;" in page
    assert "150달러" in page
    assert "1.50 [1.00, 2.00] nat" in page
