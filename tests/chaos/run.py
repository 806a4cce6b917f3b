"""Rounds of chaos: something is done to a workspace, it is killed, and then all that was acknowledged is looked for."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
from tests.chaos.children import Child, Served, command, preload
from tests.chaos.world import NOTHING, World, mark, text

READY_SECONDS = 60
MOST = 30  # documents of each folder; older ones are deleted
SAMPLED = 2  # documents that are searched for after each kill
TOUCHES = 60  # of files, at one of which a command is killed

Say = Callable[[str, dict[str, object]], None]


@dataclass
class Tally:
    """How many kills there were, by what was killed, how many of them in the middle of it, and what went wrong."""

    kills: Counter[str] = field(default_factory=Counter)
    within: Counter[str] = field(default_factory=Counter)
    acknowledged: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    not_ready: list[str] = field(default_factory=list)
    slowest: float = 0.0
    seconds: float = 0.0


class Chaos:
    """One workspace in `folder`, over which rounds are made."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._chance = random.Random(seed)
        self._folder = folder
        self._world = World(folder / "ws")
        self._tally = Tally()
        self._server: Served | None = None
        self._took: dict[str, float] = {}
        self._backups = 0
        self._acts: dict[str, Callable[[], bool]] = {
            "ingest": self._ingest,
            "index": self._index,
            "upload": partial(self._clients, "upload"),
            "delete": partial(self._clients, "delete"),
            "vote": partial(self._clients, "vote"),
            "reload": self._reload,
            "backup": self._backup,
        }

    def rounds(self, count: int) -> Iterator[Tally]:
        """The tally after each kill."""
        began = time.monotonic()
        preload()
        root = self._world.root
        (root / "docs").mkdir(parents=True)
        self._world.configure(5)
        for _ in range(3):
            self._write("docs")
        self._complete("ingest")
        self._complete("index")
        self._start(0, "the beginning")
        names = list(self._acts)
        try:
            for n in range(count):
                name = names[n % len(names)]
                self._tally.within[name] += self._acts[name]()
                self._tally.kills[name] += 1
                self._stop()
                self._tally.lost += [f"round {n} ({name}): {wrong}" for wrong in self._world.settle()]
                self._start(n, name)
                self._tally.seconds = time.monotonic() - began
                yield self._tally
        finally:
            self._stop()

    # -- what is killed -------------------------------------------------------------------------------------------

    def _ingest(self) -> bool:
        """New, changed and deleted files are taken in."""
        self._stop()
        for _ in range(self._chance.randrange(1, 4)):
            self._write("docs")
        for source in self._some("docs", 2):
            self._write("docs", source)
        for source in self._spare("docs"):
            (self._world.root / source).unlink()
            del self._world.files[source]
        return self._killed("ingest", "--prune")

    def _index(self) -> bool:
        """What was taken in, and acknowledged, is indexed."""
        self._stop()
        self._write("docs")
        self._complete("ingest")
        return self._killed("index", *(["--rebuild"] if self._chance.random() < 0.2 else []))

    def _reload(self) -> bool:
        """The server takes up new settings and a new index while it is asked."""
        self._write("docs")
        self._complete("ingest")
        indexing = command(["index", "--workspace", str(self._world.root)], self._log("index"))
        self._world.configure(self._chance.randrange(3, 9))
        within = self._clients("ask")
        indexing.kill()
        return within

    def _backup(self) -> bool:
        """A backup is written while the server is written to; one that there is can be restored."""
        self._backups += 1
        file = self._folder / f"backup-{self._backups}.tar.gz"
        writing = command(["backup", str(file), "--workspace", str(self._world.root)], self._log("backup"))
        self._clients("upload")
        within = writing.kill()
        if file.exists():
            there = self._folder / f"restored-{self._backups}"
            restoring = command(["restore", str(file), str(there)], self._log("restore"))
            if not restoring.wait(READY_SECONDS) or restoring.code:
                restoring.kill()
                self._tally.lost.append(f"a backup that was written cannot be restored: {self._said('restore')}")
            else:
                self._tally.acknowledged["backup"] += 1
            shutil.rmtree(there, ignore_errors=True)
            file.unlink()
        return within

    def _clients(self, what: str) -> bool:
        """Somebody does `what` over HTTP, one after another, until the server is killed."""
        assert self._server is not None
        seen = self._folder / "seen.jsonl"
        seen.unlink(missing_ok=True)
        work: Callable[[httpx.Client, Say], None] = getattr(self, f"_{what}s")
        address, world = self._server.address, self._world
        spare = (world.there("uploads"), self._chance.randrange(1 << 30))

        def run() -> None:
            self._chance.seed(spare[1])
            with (
                httpx.Client(base_url=address, timeout=60, verify=False) as client,
                seen.open("w", encoding="utf-8") as file,
            ):

                def say(kind: str, values: dict[str, object]) -> None:
                    file.write(json.dumps({"kind": kind, **values}, ensure_ascii=False) + "\n")
                    file.flush()

                work(client, say)

        client = Child(run, self._log("client"))
        self._wait(client, seen, self._chance.randrange(4))
        within = self._server.child.kill()
        client.kill()
        if not within:
            self._tally.lost.append(f"the server ended by itself: {self._said('serve')}")
        self._hear(seen)
        return within

    def _wait(self, client: Child, seen: Path, heard: int) -> None:
        """Until the client has heard of so many things that they are done, and into the middle of the next, on a machine of
        whatever speed."""
        began = time.monotonic()
        while _done(seen) < heard and time.monotonic() < began + READY_SECONDS and client.running():
            time.sleep(0.005)
        each = (time.monotonic() - began) / heard if heard else 0.8
        client.wait(self._chance.uniform(0, each))

    def _uploads(self, client: httpx.Client, say: Say) -> None:
        for _ in range(50):
            old = self._world.there("uploads")
            source, n = self._world.new("uploads")
            version = 0
            if old and self._chance.random() < 0.3:
                source = self._chance.choice(old)
                n, version = self._world.numbers[source], self._world.must[source] + 1
            say("asked", {"source": source, "n": n, "version": version})
            sent = client.post("/documents", files={"files": (source.partition("/")[2], text(n, version).encode())})
            if sent.status_code == 200 and not sent.json()["skipped"]:
                say("acknowledged", {"source": source, "n": n, "version": version})
                self._world.acknowledged(source, version)
            elif sent.status_code not in (503,):
                say("refused", {"status": sent.status_code, "text": sent.text})

    def _deletes(self, client: httpx.Client, say: Say) -> None:
        listed = client.get("/documents", params={"limit": 1000, "q": "uploads/"}).json()["documents"]
        for one in listed[: max(1, len(listed) - MOST // 2)]:
            source = one["source"]
            say("asked", {"source": source, "n": self._world.numbers[source], "version": NOTHING})
            sent = client.delete(f"/documents/{one['document_id']}")
            if sent.status_code == 200:
                say("acknowledged", {"source": source, "n": self._world.numbers[source], "version": NOTHING})
            elif sent.status_code not in (503,):
                say("refused", {"status": sent.status_code, "text": sent.text})

    def _votes(self, client: httpx.Client, say: Say) -> None:
        for n in range(50):
            answer = client.post(
                "/query", json={"query": f"{self._chance.choice(('연차', '출장'))} 규정은 몇 호에서 다루나요?"}
            )
            if answer.status_code != 200:
                say("refused", {"status": answer.status_code, "text": answer.text})
                continue
            vote = f"vote {self._tally.kills['vote']} {n}"
            sent = client.post(
                "/feedback", json={"request_id": answer.json()["request_id"], "verdict": "up", "comment": vote}
            )
            say(
                "voted" if sent.status_code == 201 else "refused",
                {"vote": vote, "status": sent.status_code, "text": sent.text},
            )

    def _asks(self, client: httpx.Client, say: Say) -> None:
        for _ in range(500):
            answer = client.post("/search", json={"query": "연차 규정은 몇 호에서 다루나요?"})
            say(
                "answered" if answer.status_code == 200 else "refused",
                {"status": answer.status_code, "text": answer.text[:400]},
            )

    def _hear(self, seen: Path) -> None:
        """Take what a client saw for what must be there."""
        for line in seen.read_text("utf-8").splitlines() if seen.exists() else ():
            try:
                said = json.loads(line)
            except ValueError:  # the client was killed too
                continue
            kind = said["kind"]
            if kind == "asked":
                self._world.numbers[said["source"]] = said["n"]
                self._world.made = max(self._world.made, said["n"])
                self._world.asked(said["source"], said["version"])
            elif kind == "acknowledged":
                self._tally.acknowledged["delete" if said["version"] == NOTHING else "upload"] += 1
                self._world.acknowledged(said["source"], said["version"])
            elif kind == "voted":
                self._tally.acknowledged["vote"] += 1
                self._world.votes.add(said["vote"])
            elif kind == "refused":
                self._tally.lost.append(
                    f"a request was answered with {said['status']}: {said['text'][:300]}\n{self._said('serve', 3000)}"
                )

    # -- how ------------------------------------------------------------------------------------------------------

    def _killed(self, verb: str, *options: str) -> bool:
        """Kill a verb at a random moment, or as it touches a file; whether it was still running."""
        if verb == "ingest":
            self._world.taking_in(prune="--prune" in options)
        by_touch = self._chance.random() < 0.5
        kill_at = self._chance.randrange(1, TOUCHES) if by_touch else 0
        child = command(
            [verb, "--workspace", str(self._world.root), *options], self._log(verb), kill_at, self._world.root
        )
        child.wait(READY_SECONDS if by_touch else self._chance.uniform(0, 1.1 * self._took.get(verb, 1.0)))
        within = child.kill() or child.code == -9
        if not within:
            self._took[verb] = time.monotonic() - child.began
            if child.code:
                self._tally.lost.append(f"{verb} ended with {child.code}: {self._said(verb)}")
            elif verb == "ingest":
                self._world.taken_in(prune="--prune" in options)
        return within

    def _complete(self, verb: str) -> None:
        """Run a verb to its end."""
        if verb == "ingest":
            self._world.taking_in(prune=False)
        child = command([verb, "--workspace", str(self._world.root)], self._log(verb))
        ended = child.wait(READY_SECONDS)
        child.kill()
        if not ended or (child.code and "다른 mundap 프로세스" not in self._said(verb)):
            self._tally.lost.append(f"{verb} ended with {child.code}: {self._said(verb)}")
        elif not child.code and verb == "ingest":
            self._world.taken_in(prune=False)

    def _write(self, folder: str, source: str = "") -> None:
        """A new file, or a new version of one."""
        version = 0
        if source:
            n, version = self._world.numbers[source], self._world.files[source] + 1
        else:
            source, n = self._world.new(folder)
        (self._world.root / source).write_text(text(n, version), "utf-8")
        self._world.files[source] = version

    def _some(self, folder: str, most: int) -> list[str]:
        there = [one for one in self._world.there(folder) if (self._world.root / one).exists()]
        return self._chance.sample(there, min(most, len(there)))

    def _spare(self, folder: str) -> list[str]:
        there = [one for one in self._world.there(folder) if (self._world.root / one).exists()]
        return there[: max(0, len(there) - MOST)]

    def _stop(self) -> None:
        if self._server is not None:
            self._server.child.kill()
            self._server = None

    def _start(self, n: int, name: str) -> None:
        """Start the server, wait until it is ready, and search for some of what must be found."""
        began = time.monotonic()
        self._server = Served(self._world.root, self._log("serve"))
        said = self._server.ready(READY_SECONDS)
        self._tally.slowest = max(self._tally.slowest, time.monotonic() - began)
        if said:
            self._tally.not_ready.append(f"round {n} ({name}): {said}")
            shutil.copytree(self._world.root, self._folder / f"kept-{n}", dirs_exist_ok=True)
            return
        end = time.monotonic() + READY_SECONDS
        while (
            apart := self._world.apart()
        ) and time.monotonic() < end:  # what was interrupted is settled behind questions
            time.sleep(0.05)
        self._tally.lost += [f"round {n} ({name}): the file and the document of {one} differ" for one in apart]
        with httpx.Client(base_url=self._server.address, timeout=60, verify=False) as client:
            some = self._world.there("docs") + self._world.there("uploads")
            for source in self._chance.sample(some, min(SAMPLED, len(some))):
                wanted = mark(self._world.numbers[source], self._world.must[source])
                if not _found(client, source, wanted):
                    self._tally.lost.append(f"round {n} ({name}): {source} is not found: {wanted}")

    def _log(self, verb: str) -> Path:
        log = self._folder / f"{verb}.log"
        log.unlink(missing_ok=True)
        return log

    def _said(self, verb: str, most: int = 600) -> str:
        log = self._folder / f"{verb}.log"
        return log.read_text("utf-8", "replace")[-most:] if log.exists() else ""


def _done(seen: Path) -> int:
    """How many things a client has heard of that they are done."""
    said = seen.read_text("utf-8") if seen.exists() else ""
    return sum(said.count(f'"kind": "{kind}"') for kind in ("acknowledged", "voted", "answered"))


def _found(client: httpx.Client, source: str, wanted: str, seconds: float = READY_SECONDS) -> bool:
    """Whether a search in a document finds what it says, once what was left over is indexed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        listed = client.get("/documents", params={"q": source}).json()["documents"]
        ids = [one["document_id"] for one in listed]
        got = client.post("/search", json={"query": wanted, "filters": {"document_id": ids}})
        if ids and got.status_code == 200 and any(wanted in hit["text"] for hit in got.json()["hits"]):
            return True
        time.sleep(0.2)
    return False
