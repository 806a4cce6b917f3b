"""Folders of processes that write, and of those that were killed."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mundap.asides import Aside, abandoned, sweep

HOLDING = """
import sys
from pathlib import Path
from mundap.asides import Aside
aside = Aside(Path(sys.argv[1]), "a-")
(aside.folder / "조각.txt").write_text("반쯤", "utf-8")
print(aside.folder.name, flush=True)
sys.stdin.read()
"""


def test_only_what_killed_processes_left_is_deleted(tmp_path: Path) -> None:
    own, other = Aside(tmp_path, "a-"), Aside(tmp_path, "b-")
    (tmp_path / "a-user").mkdir()
    (tmp_path / "a-file").touch()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holding:
        assert holding.stdout
        theirs = tmp_path / holding.stdout.readline().strip()
        sweep(tmp_path, "a-")
        assert theirs.exists()
        holding.kill()
    assert [[file.name for file in sorted(folder.iterdir())] for folder in abandoned(tmp_path, "a-")] == [
        [".claim", "조각.txt"]
    ]
    assert not theirs.exists()
    assert own.folder.exists()
    assert other.folder.exists()
    assert (tmp_path / "a-user").exists()
    for one in (own, other):
        one.close()
        one.close()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a-file", "a-user"]


def fail(parent: Path) -> None:
    with Aside(parent, "a-") as aside:
        assert aside.folder.stat().st_mode & 0o077 == 0
        raise ValueError("no")


def test_a_folder_of_ones_own_is_gone_whatever_happens(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no"):
        fail(tmp_path / "new")
    assert not [*(tmp_path / "new").iterdir()]


def test_a_folder_that_is_being_made_is_not_taken_for_abandoned(tmp_path: Path) -> None:
    def write(_: int) -> None:
        for _ in range(100):
            with Aside(tmp_path, "a-") as aside:
                (aside.folder / "조각.txt").write_text("반쯤", "utf-8")

    def look(_: int) -> None:
        for _ in range(200):
            sweep(tmp_path, "a-")

    with ThreadPoolExecutor(6) as pool:
        looking = [pool.submit(look, n) for n in range(3)]
        assert [*pool.map(write, range(3))] == [None] * 3
        assert [one.result() for one in looking] == [None] * 3
    assert not [*tmp_path.iterdir()]
