"""SIGKILL at given points of what changes documents: each upload and deletion is finished by the next process, or was never."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cli.conftest import MakeBot, Run

from mundap.workspace import Mundap
from mundap.workspace.uploads import MOVING

KILLED = """
import os, signal, sys
from pathlib import Path
from mundap.store.corpus import Corpus
from mundap.workspace import Mundap
from mundap.workspace.uploads import Uploads

root, point, what, *names = sys.argv[1:]
owner, name, after = {
    "before it is read": (Corpus, "put", False),
    "read": (Corpus, "put", True),
    "placed": (Uploads, "place", True),
    "before it is removed": (Corpus, "remove", False),
    "removed": (Corpus, "remove", True),
}[point]
true = getattr(owner, name)

def kill(*given, **named):
    if after:
        true(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(owner, name, kill)
bot = Mundap.open(root)
if what == "delete":
    [bot.discard(one.id) for one in bot.corpus.documents() if one.source == f"uploads/{names[0]}"]
else:
    incoming = bot.uploads.incoming()
    files = {one: incoming.folder / str(n) / one for n, one in enumerate(names)}
    for n, file in enumerate(files.values()):
        file.parent.mkdir()
        file.write_text(f"{what} {n}번 글입니다.", "utf-8")
    bot.upload(files, access=["임원"])
"""
NAME = "가 나.txt"


def killed(root: Path, point: str, what: str, *names: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, root, point, what, *(names or (NAME,))], capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def held(bot: Mundap) -> dict[str, tuple[str, str, list[str]]]:
    """Of each upload what is searched, what its file says, and who sees it."""
    texts = {one.source: bot.corpus.text(one.id) or "" for one in bot.corpus.documents()}
    names = {*texts, *(f"uploads/{file.name}" for file in bot.uploads.folder.glob("*.txt"))}
    return {
        name: (
            texts.get(name, "").strip(),
            (bot.root / name).read_text("utf-8") if (bot.root / name).exists() else "",
            bot.corpus.tags(name),
        )
        for name in names
        if bot.uploads.holds(name)
    }


def settled(root: Path, mundap: Run) -> dict[str, tuple[str, str, list[str]]]:
    """What is held once another process has begun; that stays so through all later runs, and nothing is left over."""
    bot = Mundap.open(root)
    bot.settle()
    now = held(bot)
    assert not [*(root / "uploads" / MOVING).iterdir()]
    done = mundap("ingest", "--prune", workspace=root)
    assert done.code == 0, done.err
    assert held(bot) == now
    return now


@pytest.mark.parametrize("point", ["before it is read", "read", "placed"])
def test_an_upload_is_finished_or_was_never(point: str, indexed: MakeBot, mundap: Run) -> None:
    root = indexed().root
    killed(root, point, "첫", NAME, "다.txt")
    came = {name: (f"첫 {n}번 글입니다.", f"첫 {n}번 글입니다.", ["임원"]) for n, name in enumerate((NAME, "다.txt"))}
    finished = {"before it is read": [], "read": [NAME], "placed": [*came]}[point]
    assert settled(root, mundap) == {f"uploads/{name}": came[name] for name in finished}


@pytest.mark.parametrize("point", ["before it is read", "read", "placed"])
def test_a_new_version_takes_the_place_of_the_old_as_a_whole(point: str, indexed: MakeBot, mundap: Run) -> None:
    bot = indexed()
    with bot.uploads.incoming() as incoming:
        (incoming.folder / NAME).write_text("옛 글입니다.", "utf-8")
        bot.upload({NAME: incoming.folder / NAME}, access=["모두"])
    killed(bot.root, point, "새")
    old, new = ("옛 글입니다.",) * 2, ("새 0번 글입니다.",) * 2
    wanted = (*old, ["모두"]) if point == "before it is read" else (*new, ["임원"])
    assert settled(bot.root, mundap) == {f"uploads/{NAME}": wanted}


@pytest.mark.parametrize("point", ["before it is removed", "removed"])
def test_a_deletion_is_finished(point: str, indexed: MakeBot, mundap: Run) -> None:
    bot = indexed()
    with bot.uploads.incoming() as incoming:
        (incoming.folder / NAME).write_text("옛 글입니다.", "utf-8")
        bot.upload({NAME: incoming.folder / NAME})
    killed(bot.root, point, "delete")
    assert settled(bot.root, mundap) == {}


def test_a_server_that_receives_is_not_swept(indexed: MakeBot) -> None:
    bot = indexed()
    with bot.uploads.incoming() as incoming:
        (incoming.folder / NAME).write_text("오는 중입니다.", "utf-8")
        Mundap.open(bot.root).index()
        bot.settle()
        bot.upload({NAME: incoming.folder / NAME})
    assert held(bot)[f"uploads/{NAME}"][1] == "오는 중입니다."


def test_what_a_killed_backup_held_is_let_go(command: str, indexed: MakeBot, mundap: Run, tmp_path: Path) -> None:
    root = indexed().root
    (root / "docs" / "사진.bin").write_bytes(os.urandom(30 << 20))  # which takes xz some seconds
    backing = [command, "backup", str(tmp_path / "a.tar.xz"), "--workspace", str(root)]
    with subprocess.Popen(backing, stderr=subprocess.DEVNULL) as running:
        end = time.monotonic() + 60
        while not [*root.glob(".mundap/.backup-*/held/docs/사진.bin")] and time.monotonic() < end:
            time.sleep(0.01)
        held = [*root.glob(".mundap/.backup-*")]
        assert held
        Mundap.open(root).settle()
        assert held[0].exists()
        running.kill()
    assert held[0].exists()
    assert mundap("ingest", workspace=root).code == 0
    assert not [*root.glob(".mundap/.backup-*")]
