"""mundap tune on the sample corpus with the hashed encoder: what people and scripts see."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import few

FAST = "bm25,fusion,pool,k"
ASKED = 70  # of the sample's questions, in the table few.csv


@pytest.fixture(scope="module")
def hashed(mundap: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample corpus, indexed with the hashed encoder. Tests only read it."""
    root = tmp_path_factory.mktemp("tune") / "ws"
    assert mundap("init", root, "--example", "customs-mini").code == 0
    written = (root / "mundap.toml").read_text("utf-8").replace('# encoder = "e5-small"', 'encoder = "hashed"  #')
    (root / "mundap.toml").write_text(written, "utf-8")
    for verb in ("ingest", "index"):
        done = mundap(verb, workspace=root)
        assert done.code == 0, done.err
    few(root)
    return root


@pytest.fixture
def workspace(hashed: Path, tmp_path: Path) -> Path:
    shutil.copytree(hashed, tmp_path / "ws")
    return tmp_path / "ws"


def test_json_is_one_object_and_a_second_run_takes_up_the_trials(mundap: Callable[..., Any], workspace: Path) -> None:
    given = ("tune", "--what", FAST, "--questions", workspace / "few.csv", "--json")
    first = mundap(*given, workspace=workspace)
    assert first.code == 0, first.err
    row = first.row
    asked = row["n_tune"] + row["n_report"] + row["left_out"]
    assert asked == ASKED
    assert row["left_out"] > 0
    assert {trial["parameter"] for trial in row["trials"]} == {"bm25", "fusion", "pool"}
    assert sum(trial["current"] for trial in row["trials"]) == 3
    assert row["verdict"] in ("better", "worse", "difference not significant", "unchanged")
    assert set(row["before"]) >= {"top1", "mrr@10", "ci95"}
    run = Path(row["run"])
    page = (run / "report.html").read_text("utf-8")
    assert "<script" not in page
    assert page.count("<svg") > 6
    assert json.loads((run / "report.json").read_text("utf-8"))["command"].startswith("mundap tune --what")

    lines = (run / "trials.jsonl").read_text("utf-8").count("\n")
    again = mundap(*given, workspace=workspace).row
    assert (run / "trials.jsonl").read_text("utf-8").count("\n") == lines
    assert {key: again[key] for key in row if key != "notes"} == {key: row[key] for key in row if key != "notes"}
    assert "재사용했습니다" in " ".join(again["notes"])


def test_apply_writes_what_the_difference_says(mundap: Callable[..., Any], workspace: Path) -> None:
    file = workspace / "mundap.toml"
    before = file.read_text("utf-8")
    plain = mundap("tune", "--what", "k", workspace=workspace)
    assert plain.code == 0, plain.err
    assert file.read_text("utf-8") == before
    assert "--apply" in plain.out
    applied = mundap("tune", "--what", "k", "--apply", "--json", workspace=workspace)
    assert applied.row["applied"] is True
    after = file.read_text("utf-8")
    removed = [line[1:] for line in applied.row["diff"].splitlines() if line.startswith("-") and line[1:2] != "-"]
    assert len(removed) == 1
    assert [line for line in before.splitlines() if line not in after.splitlines()] == removed
    assert tomllib.loads(after)["retrieve"]["k"] == applied.row["proposed"]["k"] != 5


def test_a_reader_sees_a_table_for_each_parameter(mundap: Callable[..., Any], workspace: Path) -> None:
    done = mundap("tune", "--what", "pool,rerank", workspace=workspace)
    assert done.code == 0, done.err
    assert "← 현재" in done.out
    assert "reranker를 지정하지 않아" in done.out
    assert "평가 질문 (현재 값 → 선택한 값)" in done.out
    assert "보고서: " in done.out


def test_what_cannot_be_tuned_is_said_in_one_sentence(mundap: Callable[..., Any], workspace: Path) -> None:
    for arguments, said in (
        (("--what", "filters"), "choose one of: bm25, chunk, fusion, k, overlap, pool, rerank"),
        (("--what", "rerank"), "튜닝할 항목이 없습니다"),
        (("--what", "k", "--questions", workspace / "없음.csv"), "질문 파일이 없습니다"),
    ):
        done = mundap("tune", *arguments, workspace=workspace)
        assert (done.code, done.out) == (1, "")
        assert said in done.err
        assert "Traceback" not in done.err
