"""What of a workspace's work is done by others: when, with what where it fails, and from where it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mundap.errors import ExecutorError
from mundap.jobs.executor import Done, Failed, answered, name_of_function, perform
from mundap.jobs.message import packed
from mundap.workflows import evaluate, spread
from mundap.workspace import Mundap

TEXTS = [f"{n}번 창구는 {n + 9}시에 엽니다. 담당자는 {chr(0xAC00 + 28 * n)}씨입니다." for n in range(20)]


class Elsewhere:
    """Has batches done as a worker would, from what travels; those of `failing` fail, and `asked` has what was done."""

    name = "postgres"
    here = False

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.failing: set[str] = set()

    def map(
        self, function: Callable[[Any], Any], batches: Iterable[Any], key: Callable[[Any], str]
    ) -> Iterator[Done[Any] | Failed]:
        for batch in batches:
            named = key(batch)
            if named in self.failing:
                yield Failed(named, "GeneratorError", "모델이 응답하지 않습니다.")
                continue
            self.asked.append(named)
            yield answered(named, perform(name_of_function(function), packed(batch)))


@pytest.fixture
def bot(tmp_path: Path) -> Mundap:
    root = tmp_path / "ws"
    (root / "docs").mkdir(parents=True)
    rows = "".join(f"{text},{n}번 창구는 언제 여나요?,{n + 9}시\n" for n, text in enumerate(TEXTS))
    (root / "docs" / "문답.csv").write_text(f"제시문,질문,답변\n{rows}", "utf-8")
    (root / "mundap.toml").write_text('[index]\nencoder = "hashed"\n', "utf-8")
    made = Mundap.open(root)
    made.ingest()
    made.index()
    return made


@pytest.fixture
def elsewhere(bot: Mundap) -> Elsewhere:
    made = Elsewhere()
    bot.components.__dict__["executor"] = made
    return made


def test_a_measurement_that_was_broken_off_asks_only_for_what_it_has_not_got(bot: Mundap, elsewhere: Elsewhere) -> None:
    questions = bot.root / "docs" / "문답.csv"
    right = evaluate.answers(Mundap.open(bot.root), questions)
    elsewhere.failing = {"answer 8", "answer 12"}
    with pytest.raises(
        ExecutorError, match=r"묶음이 2개.*모두 5개, 예: answer 8, answer 12.*응답하지.*남은 것만"
    ) as told:
        evaluate.answers(bot, questions)
    assert "\n" not in str(told.value)
    assert elsewhere.asked == ["answer 0", "answer 4", "answer 16"]
    elsewhere.asked, elsewhere.failing = [], set()
    shown: list[tuple[int, int]] = []
    found = evaluate.answers(bot, questions, progress=lambda done, total: shown.append((done, total)))
    assert elsewhere.asked == ["answer 8", "answer 12"]
    assert shown == [(n, 20) for n in (4, 8, 12, 16, 20)]
    assert [one.answer.text for one in found.per_question] == [one.answer.text for one in right.per_question]
    elsewhere.asked = []
    evaluate.answers(bot, questions)
    assert len(elsewhere.asked) == 5  # what is finished is measured anew


def test_a_worker_whose_workspace_is_another_one_refuses_and_says_what_differs(
    bot: Mundap, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is measured over other documents than those of who asked."""
    questions, place = bot.root / "docs" / "문답.csv", spread._place
    asked = replace(place(bot), documents="of a copy that has others")
    monkeypatch.setattr(spread, "_place", lambda one: asked if one is bot else place(one))
    with pytest.raises(ExecutorError, match=r"worker의 작업 폴더 .*다릅니다\(문서\)"):
        evaluate.answers(bot, questions)
    assert len(elsewhere.asked) == 1  # what is wrong with one batch is with all


def test_settings_that_are_not_those_of_the_file_are_measured_here(
    bot: Mundap, elsewhere: Elsewhere, caplog: pytest.LogCaptureFixture
) -> None:
    retrieve = bot.config.retrieve.model_copy(update={"pool": 33})
    other = bot.reconfigured(bot.config.model_copy(update={"retrieve": retrieve}))
    other.components.__dict__["executor"] = elsewhere
    assert evaluate.retrieval(other, bot.root / "docs" / "문답.csv").n == 20
    assert "이 컴퓨터에서" in caplog.text
    assert not elsewhere.asked


def test_a_few_items_are_not_worth_a_worker(bot: Mundap, elsewhere: Elsewhere) -> None:
    assert evaluate.answers(bot, bot.root / "docs" / "문답.csv", limit=4).n == 4
    assert not elsewhere.asked
