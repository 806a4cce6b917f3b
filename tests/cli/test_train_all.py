"""mundap train all: what is tried, what is kept and used, and what happens to a kill, to nonsense and to little."""

from __future__ import annotations

import csv
import json
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import mundap as md
from mundap.cli import train
from mundap.errors import MundapError, UnknownName
from mundap.workflows.train import trying
from mundap.workspace import Mundap

CONFIG = '[index]\nencoder = "hashed"\nuser_dictionary = "user_dictionary.txt"\n'
KILLED = """
import os, signal, sys
import mundap as md
from mundap.workflows.train.attempt import Attempts

whole = Attempts.add

def add(self, one):
    whole(self, one)
    os.kill(os.getpid(), signal.SIGKILL)

Attempts.add = add
md.train.everything(md.Mundap.open(sys.argv[1]), config=md.train.EverythingConfig(parts="reranker,support"))
"""


@pytest.fixture(scope="module")
def corpus(hashed_sample: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample corpus, indexed with the hashed encoder."""
    return hashed_sample(tmp_path_factory.mktemp("all") / "ws", CONFIG)


@pytest.fixture
def root(corpus: Path, tmp_path: Path) -> Path:
    """One of one's own."""
    return shutil.copytree(corpus, tmp_path / "ws")


def run(*arguments: object, workspace: Path) -> Result:
    return CliRunner().invoke(train.app, ["all", *map(str, arguments), "--workspace", str(workspace)])


def shown(*arguments: object, workspace: Path) -> dict[str, Any]:
    """What a run that succeeds prints as JSON."""
    done = run(*arguments, "--json", workspace=workspace)
    assert done.exit_code == 0, done.exception or done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def trained(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, dict[str, Any]]:
    """A workspace after its first training, what was printed, and the report."""
    root = shutil.copytree(corpus, tmp_path_factory.mktemp("trained") / "ws")
    done = run("--parts", "adapter,reranker,reader,support", "--out", "관세", workspace=root)
    assert done.exit_code == 0, done.exception or done.stderr
    [kept] = md.runs.list(Mundap.open(root))
    return root, done.stdout, dict(kept.report)


def test_what_is_proved_is_used(trained: tuple[Path, str, dict[str, Any]]) -> None:
    root, _, report = trained
    assert report["kind"] == "train-all"
    assert report["kept"]
    assert {part["part"] for part in report["parts"]} >= {"adapter", "reranker", "adapter+reranker", "reader"}
    config = Mundap.open(root).config
    used = {"index.encoder": config.index.encoder, "retrieve.reranker": config.retrieve.reranker}
    for key, value in report["set"].items():
        assert used.get(key, value) == value
    assert config.retrieve.reranker == f"light:관세-{next(p for p in report['kept'] if 'reranker' in p)}".replace(
        "+", "-"
    )
    assert Mundap.open(root).ask("해외직구 면세 한도가 얼마인가요?").citations


def test_every_part_says_what_it_brought_and_what_nonsense_brought(trained: tuple[Path, str, dict[str, Any]]) -> None:
    for part in trained[2]["parts"]:
        for split in part["changes"].values():
            for one in split.values():
                low, high = one["difference"]["ci95"]
                assert low <= one["difference"]["mean"] <= high
                assert one["difference"]["n"] > 50
        assert part["nonsense"]
        kept = part["part"] in trained[2]["kept"]
        assert not (kept and part["doubt"])
        if kept:
            assert all(one["verdict"] != "better" for one in part["nonsense"].values())


def test_people_are_shown_a_table_and_a_page(trained: tuple[Path, str, dict[str, Any]]) -> None:
    root, out, report = trained
    for told in (
        "항목",
        "학습 전",
        "신뢰구간",
        "경량 리랭커",
        "문장 선택",
        "적용",
        "top-1",
        "mundap.toml: ",
        "report.html",
    ):
        assert told in out
    page = (Path(report["run"]) / "report.html").read_text("utf-8")
    for told in ("귀무 검사", "결론", "mundap train all", "--parts adapter,reranker,reader,support"):
        assert told in page
    assert len(list((root / ".mundap" / "models").glob("관세-*/card.json"))) >= 4


def test_a_second_run_does_nothing_anew(
    trained: tuple[Path, str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, _, report = trained
    monkeypatch.setattr(trying, "_TRIED", {})
    again = shown("--parts", "adapter,reranker,reader,support", "--out", "관세", workspace=root)
    assert set(again["reused"]) == {part["part"] for part in report["parts"]}
    assert (again["kept"], again["run"]) == (report["kept"], report["run"])


def test_after_a_kill_the_finished_parts_are_not_done_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (root / "mundap.toml").read_text("utf-8")
    done = subprocess.run([sys.executable, "-c", KILLED, str(root)], capture_output=True, timeout=560)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert (root / "mundap.toml").read_text("utf-8") == before
    monkeypatch.setattr(trying, "_TRIED", {"support": trying._TRIED["support"]})
    made = md.train.everything(Mundap.open(root), config=md.train.EverythingConfig(parts="reranker,support"))
    assert made.reused == ("reranker",)
    assert set(made.attempts) == {"reranker", "support"}
    assert made.kept == ("support",)
    assert Mundap.open(root).config.generate.support == "all-support"


def test_a_sheet_of_nonsense_promotes_nothing(root: Path, tmp_path: Path) -> None:
    before = (root / "mundap.toml").read_text("utf-8")
    bot = Mundap.open(root)
    known = bot.corpus.questions()
    golds = [passage.text for passage in bot.corpus.passages([q.passage_id for q in known]).values()]
    answers = [q.answer for q in known]
    random.Random(0).shuffle(answers)
    with (tmp_path / "엉터리.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [(q.question, random.Random(n).choice(golds), answers[n]) for n, q in enumerate(known)]
        csv.writer(file).writerows([("질문", "제시문", "답변"), *rows])
    made = shown("--data", tmp_path / "엉터리.csv", "--parts", "reranker,reader", workspace=root)
    assert made["kept"] == []
    assert made["set"] == {}
    assert "적용할 모델이 없습니다" in made["said"]
    assert (root / "mundap.toml").read_text("utf-8") == before


def test_a_report_alone_changes_nothing(root: Path) -> None:
    before = (root / "mundap.toml").read_text("utf-8")
    made = shown("--parts", "support", "--no-promote", workspace=root)
    assert (made["kept"], made["set"]) == (["support"], {})
    assert "--no-promote 없이" in made["said"]
    assert (root / "mundap.toml").read_text("utf-8") == before
    promoted = shown("--parts", "support", workspace=root)
    assert promoted["reused"] == ["support"]
    assert promoted["set"]["generate.support"] == "all-support"


def test_what_there_is_no_time_for_is_said_and_done_later(root: Path) -> None:
    made = shown("--parts", "reranker,support", "--budget", "0", workspace=root)
    assert made["kept"] == made["parts"] == []
    assert all("시간 부족" in why for why in made["skipped"].values())
    assert set(made["skipped"]) == {"reranker", "support"}


def test_what_a_sheet_cannot_teach_is_said(root: Path) -> None:
    made = shown("--parts", "keywords", workspace=root)
    assert "keyword" in made["skipped"]["keywords"]


def test_too_little_is_one_sentence(indexed: Callable[..., Mundap]) -> None:
    bot = indexed()
    done = run(workspace=bot.root)
    assert isinstance(done.exception, MundapError)
    assert "학습 데이터가 부족합니다: 색인에 제시문이 있는 질문 1개, 제시문 1개" in str(done.exception)
    assert done.stdout == ""


def test_an_unknown_part_is_named(root: Path) -> None:
    done = run("--parts", "adapter,모름", workspace=root)
    assert isinstance(done.exception, UnknownName)
    assert "모름" in str(done.exception)
