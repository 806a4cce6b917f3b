"""Backups: whole, taken while the workspace is in use, and never half restored."""

from __future__ import annotations

import io
import random
import tarfile
import threading
import time
from pathlib import Path

import pytest
from filelock import FileLock
from tests.cli.conftest import MakeBot, Run, Serve

import mundap as md
from mundap.errors import BadFile, MundapError, WorkspaceBusy
from mundap.workflows import backup as backups
from mundap.workspace import Mundap

QUESTION = "연차는 언제 소멸되나요?"


def same(bot: Mundap, other: Mundap) -> None:
    """Both hold and find the same."""
    assert other.corpus.counts() == bot.corpus.counts()
    assert other.corpus.ids() == bot.corpus.ids()
    assert [h.passage.text for h in other.search(QUESTION)] == [h.passage.text for h in bot.search(QUESTION)]
    assert other.ask(QUESTION).text == bot.ask(QUESTION).text


@pytest.mark.parametrize("name", ["일.tar", "일.tar.gz", "일.tar.xz"])
def test_a_workspace_comes_back_with_all_that_is_in_it(indexed: MakeBot, tmp_path: Path, name: str) -> None:
    bot = indexed()
    bot.feedback.answered("r1", bot.ask(QUESTION), "세션")
    made = md.backup.backup(bot.root, tmp_path / name)
    back = md.backup.restore(tmp_path / name, tmp_path / "새" / "폴더")
    assert (back.files, back.documents, back.passages) == (made.files, *bot.corpus.counts())
    assert back.searchable
    assert (tmp_path / name).stat().st_mode & 0o077 == 0
    other = Mundap.open(back.folder)
    same(bot, other)
    here, there = ({p.relative_to(b.root).as_posix() for p in b.root.rglob("*") if p.is_file()} for b in (bot, other))
    assert {one for one in here - there if not one.endswith((".lock", "-wal", "-shm", "/lock"))} == set()
    assert not [*bot.root.glob(".mundap/.backup-*")]


def test_from_the_command_line(mundap: Run, indexed: MakeBot, tmp_path: Path) -> None:
    bot = indexed()
    file = tmp_path / "b.tar.gz"
    assert mundap("backup", file, "--json", workspace=bot.root).row["documents"] == bot.corpus.counts()[0]
    again = mundap("backup", file, workspace=bot.root)
    assert (again.code, "이미 있는 파일" in again.err) == (1, True)
    done = mundap("restore", file, tmp_path / "new")
    assert done.code == 0, done.err
    assert "검색을 확인했습니다" in done.out
    full = mundap("restore", file, tmp_path / "new")
    assert (full.code, "비어 있지 않습니다" in full.err) == (1, True)
    assert mundap("ask", QUESTION, workspace=tmp_path / "new").out == mundap("ask", QUESTION, workspace=bot.root).out


def test_while_others_write_it_is_one_moment(indexed: MakeBot, tmp_path: Path) -> None:
    bot = indexed()
    stop = threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        other = Mundap.open(bot.root)
        while not stop.is_set():
            (other.root / "docs" / f"새{written}.md").write_text(f"# 새 글 {written}\n\n{written}번 글입니다.", "utf-8")
            try:
                other.ingest()
                other.index()
                written += 1
            except WorkspaceBusy:
                pass
            other.feedback.answered(f"w{written}", other.ask(QUESTION), "세션")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for n in range(4):
            before, end = written, time.monotonic() + 60
            md.backup.backup(bot.root, tmp_path / f"{n}.tar")
            while written == before and time.monotonic() < end:  # let the other have its turn
                time.sleep(0.01)
    finally:
        stop.set()
        thread.join()
    assert written > 1
    for n in range(4):
        back = md.backup.restore(tmp_path / f"{n}.tar", tmp_path / f"w{n}")
        assert back.searchable or "mundap index" in back.note
        other = Mundap.open(back.folder)
        other.index()
        assert other.search(QUESTION)[0].passage.text == bot.search(QUESTION)[0].passage.text


def test_a_running_server_answers_meanwhile(serving: Serve, indexed: MakeBot, tmp_path: Path) -> None:
    bot = indexed()
    with serving(bot.root) as server:
        asked = {"query": QUESTION, "session": "세션"}
        before = server.client.post("/query", json=asked).json()["response"]
        md.backup.backup(bot.root, tmp_path / "b.tar")
        assert server.client.post("/query", json=asked).json()["response"] == before
    back = md.backup.restore(tmp_path / "b.tar", tmp_path / "new")
    assert back.searchable


def test_what_is_just_being_merged_is_left_out(indexed: MakeBot, tmp_path: Path) -> None:
    bot = indexed()
    aside = bot.root / ".mundap" / "index" / "segments" / ".merging-0"
    aside.mkdir()
    (aside / "ids.npy").write_bytes(b"half")
    md.backup.backup(bot.root, tmp_path / "b.tar")
    back = md.backup.restore(tmp_path / "b.tar", tmp_path / "w")
    assert back.searchable
    assert not list(Path(back.folder).rglob(".merging-*"))


def test_damage_is_noticed_and_nothing_is_left(indexed: MakeBot, tmp_path: Path) -> None:
    file = tmp_path / "b.tar"
    md.backup.backup(indexed().root, file)
    whole = file.read_bytes()
    with tarfile.open(file) as archive:
        names = {member.name: member for member in archive}
    draw = random.Random(7)
    for n in range(60):
        at = draw.randrange(len(whole))
        inside = [m for m in names.values() if m.offset_data <= at < m.offset_data + m.size]
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        target = tmp_path / f"d{n}"
        try:
            md.backup.restore(file, target)
        except (BadFile, MundapError):
            assert not target.exists()
        else:  # padding, or what a header says of times and owners
            assert not inside
    for length in (0, 100, len(whole) // 3, len(whole) // 2, names[backups.CONTENTS].offset_data + 5):
        file.write_bytes(whole[:length])
        with pytest.raises(BadFile, match=r"백업"):
            md.backup.restore(file, tmp_path / "cut")
        assert not (tmp_path / "cut").exists()
    assert not [*tmp_path.glob(".restoring-*")]


def packed(path: Path, **members: bytes) -> Path:
    with tarfile.open(path, "w") as made:
        for name, raw in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(raw)
            made.addfile(about, io.BytesIO(raw))
    return path


def test_what_is_no_backup_is_told(tmp_path: Path) -> None:
    link = tarfile.TarInfo("docs/x")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open(tmp_path / "link.tar", "w") as made:
        made.addfile(link)
    (tmp_path / "text.tar").write_text("백업이 아닙니다", "utf-8")
    strange = [
        tmp_path / "link.tar",
        tmp_path / "text.tar",
        tmp_path / "none.tar",
        packed(tmp_path / "up.tar", **{"../x": b"1"}),
        packed(tmp_path / "abs.tar", **{"/mundap-x": b"1"}),
        packed(tmp_path / "other.tar", a=b"1"),
        packed(tmp_path / "empty.tar", **{backups.CONTENTS: b'{"format": 1, "files": {}, "created": ""}'}),
        packed(tmp_path / "later.tar", **{backups.CONTENTS: b'{"format": 99, "files": {}, "created": ""}'}),
        *(
            packed(tmp_path / f"listed{n}.tar", **{"mundap.toml": b"", backups.CONTENTS: raw})
            for n, raw in enumerate(
                (
                    b"[1]",
                    b'"x"',
                    b"[" * 9000,
                    b'{"format": 1}',
                    b'{"format": 1, "files": []}',
                    b'{"format": 1, "files": {}}',
                )
            )
        ),
    ]
    for file in strange:
        with pytest.raises(BadFile):
            md.backup.restore(file, tmp_path / "new")
        assert not (tmp_path / "new").exists()
    assert not (tmp_path / "x").exists()


def test_a_writer_that_does_not_end_is_told_of(
    indexed: MakeBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = indexed()
    monkeypatch.setattr(backups, "_WAIT", 0.1)
    with FileLock(bot.root / ".mundap" / "lock"), pytest.raises(WorkspaceBusy):
        md.backup.backup(bot.root, tmp_path / "b.tar")
    assert not [*tmp_path.glob("b.tar*")]
