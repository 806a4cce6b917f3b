from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mundap.config import Config
from mundap.evaluation.line_plot import Point, line_plot
from mundap.evaluation.provenance import About
from mundap.evaluation.questions import Question
from mundap.tuning.propose import next_steps
from mundap.tuning.question_split import Part, Parts
from mundap.tuning.search import Tuning, tune
from mundap.tuning.space import Settings
from mundap.tuning.trial_runner import TrialRunner
from mundap.tuning.trials import Ranks, Trials
from mundap.tuning.tuning_page import tuning_page

ABOUT = About("tune", "2026-11-21 10:00:00 UTC", "mundap tune", {"file": "문답.csv", "digest": ""}, "", {}, {}, {})


class Rising(TrialRunner):
    """A runner for which every question's passage comes one rank earlier with chunks of 64 characters."""

    def __init__(self) -> None:
        pass

    def ranks(self, settings: Settings, questions: Sequence[Question]) -> Ranks:
        return [n % 3 + 2 - (settings.chunk_chars == 64) for n, _ in enumerate(questions)]


@pytest.fixture
def tuning(tmp_path: Path) -> Tuning:
    questions = tuple(Question(f"질문 {n}") for n in range(12))
    parts = Parts(Part(questions, tuple(range(12))), Part(questions, tuple(range(12))), 3)
    return tune(Rising(), Config(), parts, ("chunk", "bm25", "fusion", "k"), Trials(tmp_path / "trials.jsonl"))


def test_the_page_has_a_plot_for_each_parameter_and_shows_the_difference(tuning: Tuning) -> None:
    page = tuning_page(tuning, ABOUT, "다음과 같이 수정할 것을 제안합니다.", '+fusion = "<rrf>"\n', ["mundap ingest"])
    tree = ElementTree.fromstring(page.removeprefix("<!doctype html>\n").replace('initial-scale=1">', 'initial-scale=1"/>')
                                  .replace('charset="utf-8">', 'charset="utf-8"/>').replace("'unsafe-inline'\">", "'unsafe-inline'\"/>"))  # fmt: skip
    titles = [svg.get("aria-label") for svg in tree.iter("svg") if svg.get("aria-label")]
    assert titles == [
        "청크 글자 수: MRR@10",
        "BM25 k1·b: MRR@10",
        *(f"{method}: MRR@10" for method in ("evidence", "zscore", "minmax", "rrf")),
        "정답 제시문이 포함된 질문의 비율",
    ]
    assert '+fusion = "<rrf>"\n' in [pre.text for pre in tree.iter("pre")]
    assert "질문 3개는 제외했습니다" in page


def test_points_stand_inside_the_plot_in_the_order_of_their_values() -> None:
    points = [Point("64", 0.5, (0.4, 0.6)), Point("128", 0.7, (0.65, 0.75), marked=True), Point("256", 0.7, (0.7, 0.7))]
    svg = ElementTree.fromstring(line_plot("청크", [("", points)]))
    drawn = [(float(c.get("cx", 0)), float(c.get("cy", 0))) for c in svg.iter("circle")]
    assert [x for x, _ in drawn] == sorted(x for x, _ in drawn)
    assert drawn[0][1] > drawn[1][1] == drawn[2][1]
    assert all(0 < x < 440 and 0 < y < 256 for x, y in drawn)


def test_alike_figures_make_a_plot_too() -> None:
    ElementTree.fromstring(line_plot("청크", [("", [Point("64", 1.0, (1.0, 1.0))])]))


def test_what_must_be_run_after_a_change(tuning: Tuning) -> None:
    assert tuning.proposed.chunk_chars == 64
    assert next_steps(tuning) == ["mundap ingest", "mundap index"]
    back = replace(tuning.proposed, chunk_chars=tuning.current.chunk_chars)
    assert next_steps(replace(tuning, proposed=back)) == []
    assert next_steps(replace(tuning, proposed=replace(back, b=0.2))) == ["mundap index"]
