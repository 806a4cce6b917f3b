"""`python -m tests.chaos.full [--step BYTES] [--act NAME]`: a disk that is full at every write of what mundap does.

The room that is left begins at none and grows by a step, until what is done succeeds: each write is the first one that finds no
room at some step. Nothing that was there may be lost, nothing be told as a traceback, and with room again all must go on. A line for
each failure, then a table; needs the right to mount a small disk.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.children import Child, command, preload
from tests.chaos.world import CONFIG, mark, text

MEGABYTES = 24
SECONDS = 120
WHOLE = 2  # successes one after another, after which nothing is left to fail
OLD, NEW = range(1, 4), range(4, 7)  # numbers of the documents that are there, and of those that come


@dataclass
class Tally:
    """Of one act: how many steps it took until there was room enough, and what was wrong at any."""

    act: str
    steps: int = 0
    refused: int = 0
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Full:
    """A disk of MEGABYTES at `disk`, and a workspace on it that is made anew from `kept` for every step."""

    def __init__(self, disk: Path, aside: Path) -> None:
        self._disk = disk
        self._aside = aside
        self._kept = aside / "kept"
        self.root = disk / "ws"
        self.acts: dict[str, Callable[[int], Child]] = {
            "ingest": lambda room: self._verb(room, "ingest"),
            "index": lambda room: self._verb(room, "index"),
            "remove": lambda room: self._verb(room, "remove", "docs/00003.md"),
            "erase": lambda room: self._verb(room, "erase", "docs/00003.md", "--yes"),
            "compact": lambda room: self._verb(room, "compact"),
            "keys": lambda room: self._verb(room, "keys", "add", "이름"),
            "backup": lambda room: self._verb(room, "backup", str(self._disk / "backup.tar.gz")),
            "start and ask": lambda room: self._client(room, _asks, room_first=True),
            "ask and vote": lambda room: self._client(room, _asks),
            "upload": lambda room: self._client(room, _uploads),
            "delete": lambda room: self._client(room, _deletes),
            "erase over HTTP": lambda room: self._client(room, _erases),
        }

    def make(self) -> None:
        """The workspace that all steps begin with: some documents indexed, others on the disk."""
        (self.root / "docs").mkdir(parents=True)
        (self.root / "mundap.toml").write_text(CONFIG.format(k=5), "utf-8")
        for n in OLD:
            (self.root / "docs" / f"{n:05}.md").write_text(text(n, 0), "utf-8")
        for verb in ("ingest", "index"):
            child = command([verb, "--workspace", str(self.root)], self._log())
            assert child.wait(SECONDS), self._said()
            assert child.code == 0, self._said()
        served = self._client(MEGABYTES << 20, _asks)  # which makes its own tables
        assert served.wait(SECONDS), self._said()
        assert served.code == 0, self._said()
        (self._disk / "ballast").unlink()
        for n in NEW:
            (self.root / "docs" / f"{n:05}.md").write_text(text(n, 0), "utf-8")
        shutil.copytree(self.root, self._kept)

    def tried(self, act: str, step: int) -> Tally:
        """Do it with ever more room."""
        tally, began, whole, room = Tally(act), time.monotonic(), 0, 0
        while whole < WHOLE and room < MEGABYTES << 19:
            self._anew(taken_in=act == "index")
            child = self.acts[act](room)
            ended = child.wait(SECONDS)
            child.kill()
            said = self._said()
            gone = act in ("remove", "erase", "delete", "erase over HTTP") and (
                child.code == 0 or "docs/00003.md" not in self._held()
            )
            where = f"{act}, {room} bytes left"
            if not ended:
                tally.faults.append(f"{where}: did not end")
            if "Traceback" in said or child.code not in (0, 1):
                tally.faults.append(f"{where}: {child.code}: {said[-1500:]}")
            if child.code == 1 and "공간" not in said:
                tally.faults.append(f"{where}: not told as full: {said[-300:]}")
            whole = whole + 1 if child.code == 0 else 0
            tally.refused += child.code != 0
            (self._disk / "ballast").unlink(missing_ok=True)
            tally.faults += [f"{where}: {wrong}" for wrong in self._recovered(gone, done=child.code == 0, act=act)]
            tally.steps += 1
            room += step
        tally.seconds = time.monotonic() - began
        return tally

    def _anew(self, taken_in: bool) -> None:
        for one in self._disk.iterdir():
            shutil.rmtree(one) if one.is_dir() else one.unlink()
        shutil.copytree(self._kept, self.root)
        if taken_in:
            child = command(["ingest", "--workspace", str(self.root)], self._log())
            assert child.wait(SECONDS), self._said()

    def _fill(self, room: int) -> None:
        """Leave so much."""
        there = os.statvfs(self._disk)
        with (self._disk / "ballast").open("wb") as file:
            size = there.f_bavail * there.f_frsize - room
            if size > 0:
                os.posix_fallocate(file.fileno(), 0, size)

    def _verb(self, room: int, *arguments: str) -> Child:
        self._fill(room)
        return command([*arguments, "--workspace", str(self.root)], self._log())

    def _client(self, room: int, work: Callable[..., bool], room_first: bool = False) -> Child:
        """A server in a process of its own, of which something is asked."""

        def run() -> None:
            from starlette.testclient import TestClient

            from mundap.serve.app import make_app
            from mundap.workspace import Mundap

            if room_first:
                self._fill(room)
            bot = Mundap.open(self.root)
            with TestClient(
                make_app(bot, bot.config.serve), base_url="http://localhost", client=("127.0.0.1", 1)
            ) as client:
                ready = client.get("/readyz")
                if ready.status_code != 200:
                    print(ready.text)
                    sys.exit(1)
                if not room_first:
                    self._fill(room)
                sys.exit(0 if work(client) else 1)

        return Child(run, self._log())

    def _held(self) -> dict[str, str]:
        """The text of each document, by its source."""
        with closing(sqlite3.connect(self.root / ".mundap" / "corpus.sqlite")) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            return dict(db.execute("SELECT source, text FROM documents"))

    def _recovered(self, gone: bool, done: bool, act: str) -> Iterator[str]:
        """What is wrong once there is room again."""
        held = self._held()
        for n in OLD:
            source = f"docs/{n:05}.md"
            if source not in held and not (gone and n == 3):
                yield f"{source} is lost"
        if done and act == "upload" and not any("uploads/" in one for one in held):
            yield "the upload that was acknowledged is lost"
        with closing(sqlite3.connect(self.root / ".mundap" / "corpus.sqlite")) as db:
            out = db.execute("SELECT 1 FROM refused WHERE source = 'docs/00003.md'").fetchone()
        for verb in (["ingest", "--again", "docs/00003.md"] if out else ["ingest"], ["index"]):
            child = command([*verb, "--workspace", str(self.root)], self._log())
            ended = child.wait(SECONDS)
            child.kill()
            if not ended or child.code:
                yield f"{verb[0]} does not go on: {self._said()[-800:]}"
                return
        wrong = self._aside / "wrong"
        wrong.unlink(missing_ok=True)

        def look() -> None:
            from mundap.workspace import Mundap

            bot = Mundap.open(self.root)
            lost = [
                f"{n:05}.md"
                for n in (*OLD, *NEW)
                if not (gone and n == 3)
                and not any(mark(n, 0) in hit.passage.text for hit in bot.search(mark(n, 0), 10, "bm25"))
            ]
            wrong.write_text(" ".join(lost), "utf-8")

        child = Child(look, self._log())
        child.wait(SECONDS)
        child.kill()
        if not wrong.exists():
            yield f"it cannot be searched: {self._said()[-800:]}"
        elif lost := wrong.read_text("utf-8"):
            yield f"not found: {lost}"

    def _log(self) -> Path:
        log = self._aside / "log"
        log.unlink(missing_ok=True)
        return log

    def _said(self) -> str:
        return (self._aside / "log").read_text("utf-8", "replace")


def _asks(client: object) -> bool:
    """An answer must come whatever room there is; a vote of it may be refused."""
    from starlette.testclient import TestClient

    assert isinstance(client, TestClient)
    for n in range(3):
        answer = client.post("/query", json={"query": f"{n + 1}번 규정은 몇 호에서 다루나요?", "session": "가"})
        assert answer.status_code == 200, answer.text
        said = {"request_id": answer.json()["request_id"], "verdict": "up", "comment": "의견 " * 500}
        vote = client.post("/feedback", json=said)
        print(vote.text)
        if vote.status_code != 201:
            assert vote.status_code in (507, 404), vote.text  # 404: the answer could not be kept, which was logged
            return _told(vote.status_code)
    return True


def _uploads(client: object) -> bool:
    from starlette.testclient import TestClient

    assert isinstance(client, TestClient)
    sent = client.post("/documents", files={"files": ("새.md", (text(99, 0) * 20).encode())})
    print(sent.text)
    answer = client.post("/query", json={"query": "1번 규정은 몇 호에서 다루나요?"})
    assert answer.status_code == 200, answer.text
    assert sent.status_code in (200, 507), sent.text
    return sent.status_code == 200


def _deletes(client: object) -> bool:
    from starlette.testclient import TestClient

    assert isinstance(client, TestClient)
    [listed] = client.get("/documents", params={"q": "00003"}).json()["documents"]
    sent = client.delete(f"/documents/{listed['document_id']}")
    print(sent.text)
    assert sent.status_code in (200, 507), sent.text
    return sent.status_code == 200


def _erases(client: object) -> bool:
    from starlette.testclient import TestClient

    assert isinstance(client, TestClient)
    sent = client.post("/erase", json={"name": "docs/00003.md"})
    print(sent.text)
    assert sent.status_code in (200, 507), sent.text
    return sent.status_code == 200


def _told(status: int) -> bool:
    print("공간" if status == 404 else "")
    return False


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of MEGABYTES below `folder`. Raises PermissionError where none may be mounted."""
    disk = folder / "disk"
    disk.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(disk)]
    if subprocess.run(mounting, capture_output=True).returncode:
        raise PermissionError("a small disk needs the right to mount one")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.full", description=__doc__)
    parser.add_argument("--step", type=int, default=4096, help="bytes by which the room grows; pages have 4096")
    parser.add_argument("--act", action="append", help="default: all")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # which unmounts the disk
    tallies = []
    with tempfile.TemporaryDirectory(prefix="full-") as folder, small_disk(Path(folder)) as disk:
        preload()
        full = Full(disk, Path(folder))
        full.make()
        for act in asked.act or full.acts:
            tally = full.tried(act, asked.step)
            tallies.append(tally)
            for fault in tally.faults:
                print(fault, file=sys.stderr, flush=True)
            print(row(tally), file=sys.stderr, flush=True)
    print("| act | steps | refused | faults | minutes |\n|---|---|---|---|---|")
    print("\n".join(map(row, tallies)))
    return int(any(tally.faults for tally in tallies))


def row(tally: Tally) -> str:
    """A line of the table."""
    return f"| {tally.act} | {tally.steps} | {tally.refused} | {len(tally.faults)} | {tally.seconds / 60:.1f} |"


if __name__ == "__main__":
    sys.exit(main())
