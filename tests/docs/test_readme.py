"""What the documents promise is run as it stands: Python blocks, commands, and docstring examples."""

from __future__ import annotations

import csv
import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from tests.docs.blocks import ROOT, environment
from tests.docs.blocks import blocks as found

import mundap

READMES = ("README.md", "README.en.md")
_COMMAND = re.compile(r"(?:\$ )?((?:\.venv/bin/)?mundap( .*)?)")
_COMMENT = re.compile(r"\s+#.*")
_SERVING = ("serve", "ui", "up")
RULES = "# 휴가 규정\n\n## 연차\n\n연차는 발생한 날부터 1년 안에 쓰지 않으면 소멸합니다.\n\n## 병가\n\n병가는 해마다 60일입니다.\n"


def blocks(name: str, *languages: str) -> list[str]:
    return [block.body for block in found(ROOT / name, *languages)]


def commands(name: str) -> tuple[str, ...]:
    """The lines that run mundap to an end, in order, without prompts and comments."""
    lines = "\n".join(blocks(name, "bash", "console", "sh", "shell")).replace("\\\n", " ").split("\n")
    run = [_COMMENT.sub("", match[1]) for line in lines if (match := _COMMAND.fullmatch(line.strip()))]
    return tuple(line for line in run if line.split()[1:2] not in [[verb] for verb in _SERVING])


@pytest.mark.parametrize("name", READMES)
def test_python_blocks_run(name: str, tmp_path: Path) -> None:
    written = blocks(name, "python")
    if not written:
        pytest.skip(f"{name} has no Python block")
    (tmp_path / "규정집").mkdir()
    (tmp_path / "규정집" / "휴가.md").write_text(RULES, "utf-8")
    for block in written:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-X", "utf8", "-"],
            input=block.encode(),
            capture_output=True,
            cwd=tmp_path,
            timeout=120,
        )
        assert done.returncode == 0, f"{block}\n{done.stderr.decode()}"
        if "print" in block:
            assert done.stdout.strip(), block
        if "연차는 언제 소멸하나요?" in block:
            assert "1년 안에 쓰지 않으면 소멸합니다." in done.stdout.decode()


@cache
def transcript(lines: tuple[str, ...], folder: Path, forked: Path) -> list[tuple[str, int, str, str]]:
    """Each command with its exit code, stdout and stderr, run one after the other in an empty folder."""
    folder.mkdir()
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    done = []
    for line in lines:
        done.append((line, *_run(line, folder, forked)))
        for questions in folder.glob("*/questions.csv"):
            _shorten(questions)
    return done


def _shorten(questions: Path) -> None:
    """Leave the first and the last few: a measurement takes as long as it has questions."""
    with questions.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    with questions.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([*rows[:56], *rows[-5:]] if len(rows) > 61 else rows)


def _run(line: str, folder: Path, forked: Path) -> tuple[int, str, str]:
    stdin = b"/quit\n" if "mundap chat" in line else b""
    done = subprocess.run(
        ["bash", "-c", line], input=stdin, capture_output=True, cwd=folder, env=environment(forked), timeout=300
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where commands run; the same commands of another language run only once."""
    return tmp_path_factory.mktemp("readme") / "here"


@pytest.mark.slow
@pytest.mark.parametrize("name", READMES)
def test_commands_run_in_order(name: str, scratch: Path, forked: Path) -> None:
    lines = commands(name)
    if not lines:
        pytest.skip(f"{name} has no command")
    done = transcript(lines, scratch, forked)
    assert [line for line, *_ in done] == list(lines)
    for line, code, out, err in done:
        assert code == 0, f"{line}\n{err}"
        assert out.strip(), line
        assert "건너뜀" not in err, line


def test_both_languages_show_the_same_code() -> None:
    korean, english = READMES
    assert commands(korean) == commands(english)
    assert blocks(korean, "python") == blocks(english, "python")


def test_docstring_examples_run() -> None:
    names = [module.name for module in pkgutil.walk_packages(mundap.__path__, "mundap.")]
    assert len(names) > 40
    for name in names:
        result = doctest.testmod(importlib.import_module(name))
        assert result.failed == 0, name
