"""The scripts and notebooks of examples/ run as they stand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from tests.cli.conftest import Server
from tests.docs.blocks import ROOT, environment

EXAMPLES = ROOT / "examples"


def run(script: str, *arguments: object) -> str:
    """What the script prints; it ends with 0."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "utf8", EXAMPLES / script, *map(str, arguments)],
        capture_output=True,
        env=environment(),
        timeout=600,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.fixture
def own(sample: Path, tmp_path: Path) -> Path:
    """A copy of the sample workspace, to be changed."""
    return shutil.copytree(sample, tmp_path / "own")


def test_ask(sample: Path) -> None:
    said = run("ask.py", sample, "해외직구 면세 한도가 얼마인가요?")
    assert "150달러" in said
    assert "출처: " in said
    assert "보류" in run("ask.py", sample, "화성의 위성은 몇 개인가요?")


def test_ingest_and_search(tmp_path: Path) -> None:
    (tmp_path / "규정집").mkdir()
    (tmp_path / "규정집" / "휴가.md").write_text("# 휴가 규정\n\n연차는 1년 안에 쓰지 않으면 소멸합니다.\n", "utf-8")
    words = ("ingest_and_search.py", tmp_path / "규정집", "연차는 언제 소멸하나요?", "--workspace", tmp_path / "봇")
    assert "추가 1" in run(*words)
    again = run(*words)
    assert "변경 없음 1" in again
    assert "소멸합니다" in again


def test_evaluate(sample: Path) -> None:
    said = run("evaluate.py", sample, sample / "questions.csv", "--limit", 20)
    assert [line.split(" top-1")[0].strip() for line in said.splitlines()[1:]] == ["bm25", "dense", "hybrid", "by hand"]


def test_openai_client(office: Path, serving: Callable[..., AbstractContextManager[Server]]) -> None:
    pytest.importorskip("openai", reason="needs the package openai")
    with serving(office) as server:
        said = run("openai_client.py", "연차는 언제 소멸하나요?", "--url", f"{server.address}/v1")
    assert "소멸합니다" in said
    assert "출처: " in said


@pytest.mark.slow
def test_train_adapter(own: Path) -> None:
    said = run("train_adapter.py", own, own / "questions.csv")
    assert "새 문서" in said
    assert (own / ".mundap" / "models" / "near").is_dir()


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("notebook", sorted(path.name for path in EXAMPLES.glob("*.ipynb")))
def test_a_notebook_runs(notebook: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient, from the extra dev")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel", reason="needs ipykernel, from the extra dev")
    monkeypatch.setenv("PATH", environment()["PATH"])
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("IPYTHONDIR", os.fspath(tmp_path / "ipython"))
    cells = nbformat.read(EXAMPLES / notebook, as_version=4)
    nbclient.NotebookClient(cells, timeout=1200, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = "".join(str(out) for cell in cells.cells for out in cell.get("outputs", ()))
    assert "Traceback" not in printed


def test_notebooks_are_kept_without_outputs() -> None:
    nbformat = pytest.importorskip("nbformat")
    for path in EXAMPLES.glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            assert not cell.get("outputs"), path.name
