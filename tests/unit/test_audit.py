"""The audit log loses no line, whoever writes, and grows only so far."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mundap.store.audit import FILE, Actor, Audit

KIM = Actor("홈페이지", "10.0.0.7")


def lines(folder: Path) -> list[dict[str, Any]]:
    files = sorted(folder.glob(f"{FILE}*"), key=lambda file: (len(file.name), file.name), reverse=True)
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


def test_a_line_says_who_what_when_and_what_came_of_it(tmp_path: Path) -> None:
    Audit(tmp_path).record(KIM, "upload", ["uploads/안내.txt"], "added", "request-1")
    [line] = lines(tmp_path)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "who": "홈페이지",
        "address": "10.0.0.7",
        "action": "upload",
        "what": ["uploads/안내.txt"],
        "result": "added",
        "request_id": "request-1",
    }
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_personal_numbers_in_names_of_files_are_masked(tmp_path: Path) -> None:
    Audit(tmp_path).record(KIM, "delete", ["uploads/900101-1234568.pdf", "상담 010-1234-5678\n.txt"], "ok")
    assert lines(tmp_path)[0]["what"] == ["uploads/[주민등록번호].pdf", "상담 [전화번호]\n.txt"]


def test_many_writers_lose_nothing_and_files_are_bounded(tmp_path: Path) -> None:
    def write(n: int) -> None:
        Audit(tmp_path, largest=2000, files=100).record(KIM, "delete", [f"document-{n}"], "ok")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(60)))
    kept = lines(tmp_path)
    assert {line["what"][0] for line in kept} == {f"document-{n}" for n in range(60)}
    assert all(file.stat().st_size <= 2000 for file in tmp_path.glob(f"{FILE}*"))
    few = Audit(tmp_path / "few", largest=300, files=2)
    (tmp_path / "few").mkdir()
    for n in range(20):
        few.record(KIM, "delete", [f"document-{n}"], "ok")
    assert len(list((tmp_path / "few").glob(f"{FILE}*"))) == 3
    assert lines(tmp_path / "few")[-1]["what"] == ["document-19"]
