"""Disks that are full, may not be written, or are damaged: told as that, nothing lost, and answers meanwhile."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import LEAVE, Run, Serve, make

QUESTION = "연차는 언제 소멸되나요?"
LONG = "\n\n".join(f"## {n}번 창구\n\n{n}번 창구는 {n % 24}시에 열고 서류 {n * 7}종을 받습니다." for n in range(3000))


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 32 megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("a small disk needs the right to mount one")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def fill(disk: Path) -> Path:
    """Leave no room."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    return ballast


def test_a_full_disk_is_told_and_nothing_is_lost(mundap: Run, serving: Serve, small: Path) -> None:
    root = make(small / "ws", LEAVE)
    assert mundap("ingest", workspace=root).code == mundap("index", workspace=root).code == 0
    answer = mundap("ask", QUESTION, workspace=root).out
    with serving(root) as server:
        before = server.client.post("/query", json={"query": QUESTION}).json()["response"]
        ballast = fill(small)
        (root / "docs" / "창구.md").write_bytes(b"")
        for verb in ("ingest", "index"):
            done = mundap(verb, workspace=root)
            assert "Traceback" not in done.err
        said = server.client.post("/query", json={"query": QUESTION})
        assert (said.status_code, said.json()["response"]) == (200, before)
        sent = server.client.post("/documents", files={"files": ("새.md", LONG.encode())})
        assert sent.status_code == 507, sent.text
        assert "공간" in sent.json()["detail"]
        ballast.unlink()
        again = server.client.post(
            "/documents", files={"files": ("새.md", b"# \xec\x83\x88\n\n\xec\x83\x88 \xea\xb8\x80")}
        )
        assert again.status_code == 200, again.text
        assert server.client.post("/query", json={"query": QUESTION}).json()["response"] == before
    assert mundap("ask", QUESTION, workspace=root).out == answer


def test_little_room_is_told_before_there_is_none(mundap: Run, serving: Serve, small: Path) -> None:
    root = make(small / "ws", LEAVE)
    settings = (root / "mundap.toml").read_text("utf-8")
    (root / "mundap.toml").write_text(f"low_disk_mb = 8\n{settings}", "utf-8")
    assert mundap("ingest", workspace=root).code == mundap("index", workspace=root).code == 0
    assert mundap("doctor", "--json", workspace=root).row["disk"].startswith("ok: ")
    (small / "ballast").write_bytes(b"x" * (26 << 20))
    told = mundap("doctor", "--json", workspace=root).row["disk"]
    assert "공간" in told
    assert "8MB" in told
    with serving(root) as server:
        ready = server.client.get("/readyz")
        assert (ready.status_code, ready.json()["status"], ready.json()["detail"]) == (200, "ok", told)
        [line] = [one for one in server.client.get("/metrics").text.splitlines() if one.startswith("mundap_disk_free")]
        assert 0 < float(line.split()[1]) < 8 << 20
        assert server.client.post("/query", json={"query": QUESTION}).status_code == 200
        assert server.errors.read_text("utf-8").count("공간이") == 1
    (small / "ballast").unlink()
    with serving(root) as server:
        assert server.client.get("/readyz").json()["detail"] == ""


def test_ingest_says_that_the_disk_is_full_and_goes_on_afterwards(mundap: Run, small: Path, tmp_path: Path) -> None:
    root = make(small / "ws", LEAVE)
    assert mundap("ingest", workspace=root).code == mundap("index", workspace=root).code == 0
    outside = tmp_path / "창구.md"
    outside.write_text(LONG, "utf-8")
    ballast = fill(small)
    done = mundap("ingest", outside, workspace=root)
    assert done.code == 1
    assert "남은 공간이 없어" in done.err
    assert "Traceback" not in done.err
    ballast.unlink()
    assert mundap("ingest", outside, workspace=root).code == 0
    assert mundap("index", workspace=root).code == 0
    assert "연차" in mundap("ask", QUESTION, workspace=root).out


def test_a_damaged_corpus_is_told_with_its_remedy(mundap: Run, tmp_path: Path) -> None:
    root = make(tmp_path / "ws", LEAVE)
    assert mundap("ingest", workspace=root).code == 0
    corpus = root / ".mundap" / "corpus.sqlite"
    corpus.write_bytes(b"\xff" * max(8192, corpus.stat().st_size))
    for side in ("-wal", "-shm"):
        corpus.with_name(f"{corpus.name}{side}").unlink(missing_ok=True)
    done = mundap("ask", QUESTION, workspace=root)
    assert done.code == 1
    assert "손상" in done.err
    assert "mundap restore" in done.err
    assert "Traceback" not in done.err


def test_a_corpus_that_is_gone_is_not_made_anew_beside_its_index(mundap: Run, tmp_path: Path) -> None:
    root = make(tmp_path / "ws", LEAVE)
    assert mundap("ingest", workspace=root).code == mundap("index", workspace=root).code == 0
    corpus = root / ".mundap" / "corpus.sqlite"
    kept = corpus.read_bytes()
    for side in ("-wal", "-shm"):
        corpus.with_name(f"{corpus.name}{side}").unlink(missing_ok=True)
    for lost in (b"", None):
        corpus.unlink()
        if lost is not None:
            corpus.write_bytes(lost)
        for verb in (["ask", QUESTION], ["ingest"], ["index"]):
            done = mundap(*verb, workspace=root)
            assert (done.code, "mundap restore" in done.err) == (1, True), done.err
        corpus.write_bytes(kept)
    assert mundap("ask", QUESTION, workspace=root).code == 0


def test_a_corpus_of_a_later_version_is_left_alone(mundap: Run, tmp_path: Path) -> None:
    root = make(tmp_path / "ws", LEAVE)
    assert mundap("ingest", workspace=root).code == 0
    with contextlib.closing(sqlite3.connect(root / ".mundap" / "corpus.sqlite")) as db:
        db.execute("PRAGMA user_version = 99")
    done = mundap("ingest", workspace=root)
    assert (done.code, "업데이트하세요" in done.err) == (1, True)
