"""A cluster that is used and killed at random, and what must be true of it afterwards."""

from __future__ import annotations

import math
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from tests import milvus, postgres, seaweed
from tests.cluster.clients import Clients, Ledger, mark, text
from tests.cluster.machines import MUNDAP, ROOT, Pair, Part, RayNodes, Replica, balancer, mundap, until

SECRET = "s3cret-of-the-cluster"
_BUCKET = "office"
_LEAVE = "# 휴가 규정\n\n연차는 1년에 15일입니다.\n\n연차는 발생한 날부터 2년이 지나면 소멸합니다.\n"
_CONFIG = """low_disk_mb = 0
[index]
encoder = "hashed"
{index}
[store]
url = "{url}"
files = "s3://{bucket}/uploads"
endpoint = "{s3}"
[jobs]
executor = "{executor}"
url = "{url}"
address = "{ray}"
lease_seconds = 2
[serve]
per_minute = 0
"""
_STUCK_SECONDS = 120.0  # without an answer, after which a cluster is taken to be dead


class Missing(Exception):
    """Something that a cluster needs is not installed."""


@dataclass
class Tally:
    """How often each part was killed, and what came of it: `ingests` by executor, and those that were broken off. `wrong` has all
    that must not be."""

    kills: Counter[str] = field(default_factory=Counter)
    ledger: Ledger = field(default_factory=Ledger)
    ingested: int = 0
    ingests: Counter[str] = field(default_factory=Counter)
    promotions: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Cluster:
    """All parts in `folder`, started by `with` and ended by it, each by its own process."""

    def __init__(self, folder: Path, ray: bool) -> None:
        for absent, what in (
            (postgres.programs() is None, "PostgreSQL: apt-get install postgresql"),
            (seaweed.program() is None, "SeaweedFS: make setup-dev"),
        ):
            if absent:
                raise Missing(what)
        self.folder = folder
        self._stack = ExitStack()
        self.record = Pair(self._stack)
        self.index: milvus.LiteServer | None = None
        self.ray = RayNodes(folder / "ray") if ray and RayNodes.installed() else None
        self.replicas: list[Replica] = []
        self.workers: list[Part] = []
        self.address = ""
        self.headers: dict[str, str] = {}
        self.environment = {"AWS_ACCESS_KEY_ID": seaweed.KEY, "AWS_SECRET_ACCESS_KEY": SECRET}

    def __enter__(self) -> Cluster:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def _start(self) -> None:
        self.record.start()
        name = self.record.primary.database().rpartition("/")[2]
        self.url = self.record.url(name)
        self.s3 = self._stack.enter_context(seaweed.serving(self.folder / "weed", SECRET))
        _make_bucket(self.s3)
        index = 'engine = "local"'
        if milvus.installed():
            self.index = milvus.LiteServer(self.folder / "milvus")
            self._stack.callback(self.index.kill)
            self.index.start()
            index = f'engine = "milvus"\nuri = "{self.index.uri}"\ncollection = "cluster"'
        if self.ray is not None:
            (self.folder / "ray").mkdir()
            self._stack.callback(self.ray.kill)
            self.ray.start()
        self._settings = {"index": index, "url": self.url, "bucket": _BUCKET, "s3": self.s3}
        for n in range(3):
            worker = mundap(f"worker-{n}", self.folder, "worker", "--url", self.url, "--lease", "2")
            self._stack.callback(worker.kill)
            self.workers.append(worker)
            worker.start()
        self.desk = self.folder / "desk"
        (self.desk / "docs").mkdir(parents=True)
        self.settle_on("postgres")
        (self.desk / "docs" / "휴가.md").write_text(_LEAVE, "utf-8")
        self.command("ingest")
        self.command("index")
        key = self.command("keys", "add", "시험", "--role", "ask,read,write").strip()
        self.headers = {"Authorization": f"Bearer {key}"}
        for n in range(2):
            replica = Replica(f"replica-{n}", self.folder, self._config("postgres"), self.environment)
            self._stack.callback(replica.part.kill)
            self.replicas.append(replica)
            replica.part.start()
        found = balancer(self.folder, self.replicas)
        if found is None:
            raise Missing("HAProxy or nginx: apt-get install haproxy")
        part, self.address = found
        self._stack.callback(part.kill)
        part.start()
        for replica in self.replicas:
            until(replica.ready, f"{replica.name} {replica.part.said()}")

    def settle_on(self, executor: str) -> None:
        """Have the machine that takes files in hand its work to this executor."""
        (self.desk / "mundap.toml").write_text(self._config(executor), "utf-8")

    def _config(self, executor: str) -> str:
        ray = self.ray.address if self.ray else "auto"
        return _CONFIG.format(**self._settings, executor=executor, ray=ray)

    def begun(self, *arguments: str) -> subprocess.Popen[str]:
        """`mundap` on a machine of the staff, which has the record and the index in common with the replicas."""
        return subprocess.Popen(
            [sys.executable, "-c", MUNDAP, *arguments, "--workspace", str(self.desk)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **self.environment},
        )

    def command(self, *arguments: str) -> str:
        """What it prints. Raises AssertionError if it fails."""
        out, err = (process := self.begun(*arguments)).communicate(timeout=300)
        assert process.returncode == 0, f"mundap {' '.join(arguments)}: {err}"
        return out


def check_steady(cluster: Cluster) -> list[str]:
    """What is wrong with a cluster in which nothing was killed (any more): each replica must know what the other was told."""
    wrong: list[str] = []
    one, two = (httpx.Client(base_url=r.address, headers=cluster.headers, timeout=120) for r in cluster.replicas)
    with one, two, httpx.Client(base_url=cluster.address, headers=cluster.headers, timeout=120) as door:
        session = f"손님-{random.randrange(10**9)}"
        asked = one.post("/query", json={"query": "연차는 며칠인가요?", "session": session}).json()
        follow = two.post("/query", json={"query": "언제 소멸하나요?", "session": session}).json()
        if "2년" not in follow["response"]:
            wrong.append(f"a session goes on elsewhere as if it had not begun: {follow['response']}")
        voted = two.post("/feedback", json={"request_id": asked["request_id"], "verdict": "up"})
        if not voted.is_success:
            wrong.append(f"an answer cannot be judged elsewhere: {voted.text}")
        number = 900_000 + random.randrange(90_000)
        file = {"files": (f"{number}.md", text(number).encode())}
        put = door.post("/documents", files=file)
        if not put.is_success:
            return [*wrong, f"an upload through the balancer fails: {put.text}"]
        for client in (one, two):
            seen: list[str] = []

            def found(client: httpx.Client = client, seen: list[str] = seen) -> bool:
                answer = client.post("/search", json={"query": mark(number)})
                seen[:] = [str(hit["text"]) for hit in answer.json()["hits"]] if answer.is_success else [answer.text]
                return any(mark(number) in text for text in seen)

            try:
                until(found, "an upload that is found by both replicas", 60)
            except TimeoutError:
                wrong.append(f"an upload through the balancer is not found at {client.base_url}: {seen}")
        [listed] = two.get("/documents", params={"q": f"{number}.md"}).json()["documents"]
        if not one.delete(f"/documents/{listed['document_id']}").is_success:
            wrong.append("an upload cannot be deleted elsewhere")
        for client in (one, two):
            hits = client.post("/search", json={"query": mark(number)}).json()["hits"]
            if any(mark(number) in str(hit["text"]) for hit in hits):
                wrong.append(f"a deleted document is found at {client.base_url}")
    return wrong


class Chaos:
    """Kills over a cluster that is used."""

    def __init__(self, cluster: Cluster, seed: int) -> None:
        self._cluster = cluster
        self._chance = random.Random(seed)
        self.tally = Tally()
        self._seed = seed
        self._files: dict[int, str] = {}
        self._ingest: subprocess.Popen[str] | None = None
        self._executor = ""

    def rounds(self, count: int, seconds: float = math.inf) -> Iterator[Tally]:
        """The tally after each of `count` kills, or as many as are made in `seconds`, and at last with all that is wrong."""
        began = time.monotonic()
        cluster, tally = self._cluster, self.tally
        clients = Clients(cluster.address, cluster.headers, tally.ledger, self._seed)
        clients.start()
        victims = [
            "worker",
            "replica",
            "primary",
            *(["index"] if cluster.index else []),
            *(["ray"] if cluster.ray else []),
        ]
        self._await_answers(3)
        for n in range(count):
            if time.monotonic() - began > seconds:
                break
            self._take_in()
            time.sleep(self._chance.uniform(0.1, 1.5))
            victim = victims[n % len(victims)] if n < len(victims) else self._chance.choice(victims)
            getattr(self, f"_{victim}")()
            tally.kills[victim] += 1
            tally.seconds = time.monotonic() - began
            yield tally
            self._await_answers(self._chance.randrange(1, 6))
        self._take_in(last=True)
        clients.stop()
        tally.wrong += tally.ledger.wrong
        for replica in cluster.replicas:
            until(replica.ready, f"{replica.name} {replica.part.said()}", 180)
        tally.wrong += self._lost()
        tally.wrong += check_steady(cluster)
        tally.seconds = time.monotonic() - began
        yield tally

    def _await_answers(self, count: int) -> None:
        """Wait until clients got so many answers: a kill in an outage says little. Raises TimeoutError."""
        before = self.tally.ledger.answers
        until(
            lambda: self.tally.ledger.answers >= before + count or bool(self.tally.ledger.wrong),
            "answers after a kill",
            _STUCK_SECONDS,
        )

    # -- what is killed -------------------------------------------------------------------------------------------

    def _worker(self) -> None:
        worker = self._chance.choice(self._cluster.workers)
        worker.kill()
        worker.start()

    def _replica(self) -> None:
        replica = self._chance.choice(self._cluster.replicas)
        replica.part.kill()
        replica.part.start()
        if self._chance.random() < 0.7:  # else the other may go too, while this one begins
            until(replica.ready, f"{replica.name} {replica.part.said()}", 180)

    def _primary(self) -> None:
        self.tally.promotions.append(self._cluster.record.fail_over())

    def _index(self) -> None:
        assert self._cluster.index is not None
        self._cluster.index.kill()
        time.sleep(self._chance.uniform(0, 2))
        self._cluster.index.start()

    def _ray(self) -> None:
        ray = self._cluster.ray
        assert ray is not None
        ray.node.kill()
        ray.node.start()

    # -- files that are taken in meanwhile, by workers or by Ray --------------------------------------------------

    def _take_in(self, last: bool = False) -> None:
        """Begin to take in new files, unless that goes on; at the end until it succeeds."""
        if self._ingest is not None and (last or self._ingest.poll() is not None):
            _, err = self._ingest.communicate(timeout=300)
            done = self._ingest.returncode == 0
            self.tally.ingests[self._executor if done else "broken off"] += 1
            if not done and ("Traceback" in err or not err.strip().rpartition("\n")[2].startswith("mundap: ")):
                self.tally.wrong.append(f"an ingest fails without a sentence: {err[-500:]}")
            self._ingest = None
        if last:
            end = time.monotonic() + 300
            while (process := self._cluster.begun("ingest")).wait(300) and time.monotonic() < end:
                assert process.stderr is not None
                time.sleep(1)
            if process.returncode:
                self.tally.wrong.append(
                    f"an ingest does not succeed: {process.stderr.read() if process.stderr else ''}"
                )
            return
        if self._ingest is None:
            for _ in range(4):
                number = 500_000 + len(self._files)
                (self._cluster.desk / "docs" / f"{number}.html").write_text(_page(number), "utf-8")
                self._files[number] = f"docs/{number}.html"
            self._executor = "ray" if self._cluster.ray and self._chance.random() < 0.5 else "postgres"
            self._cluster.settle_on(self._executor)
            self._ingest = self._cluster.begun("ingest")

    # -- what must be there ---------------------------------------------------------------------------------------

    def _lost(self) -> list[str]:
        """What the record and the index lack, hold twice, or should not hold."""
        cluster, ledger = self._cluster, self.tally.ledger
        name = cluster.url.rpartition("/")[2].partition("?")[0]

        def rows(query: str) -> list[str]:
            return cluster.record.primary.sql(f"SET search_path TO mundap; {query}", database=name).splitlines()

        wrong: list[str] = []
        sources = Counter(rows("SELECT source FROM documents"))
        wrong += [f"{source} is there {times} times" for source, times in sources.items() if times != 1]
        wanted = {f"uploads/{number:05}.md" for number in ledger.documents} | set(self._files.values())
        wrong += [f"{source} is lost" for source in sorted(wanted - sources.keys())]
        gone = {f"uploads/{number:05}.md" for number in ledger.deleted}
        wrong += [f"{source} is back" for source in sorted(gone & sources.keys())]
        comments = Counter(one for one in rows("SELECT comment FROM feedback") if one)
        wrong += [
            f"the vote {one} is there {comments[one]} times" for one in sorted(ledger.votes) if comments[one] != 1
        ]
        wrong += [f"the vote {one} is there {comments[one]} times" for one in sorted(ledger.maybe) if comments[one] > 1]
        self.tally.ingested = len(self._files)
        wrong += self._not_found()
        if cluster.index is not None:
            wrong += self._miscounted(rows)
        return wrong

    def _not_found(self) -> list[str]:
        """Acknowledged documents that a replica does not find, once it has followed what others took in."""
        wrong: list[str] = []
        numbers = [*self.tally.ledger.documents, *self._files]
        some = self._chance.sample(numbers, min(12, len(numbers)))
        for replica in self._cluster.replicas:
            with httpx.Client(base_url=replica.address, headers=self._cluster.headers, timeout=120) as client:
                for number in some:

                    def found(client: httpx.Client = client, number: int = number) -> bool:
                        answer = client.post("/search", json={"query": mark(number)})
                        return answer.is_success and any(
                            mark(number) in str(hit["text"]) for hit in answer.json()["hits"]
                        )

                    try:
                        until(found, f"document {number} is found at {replica.name}", 90)
                    except TimeoutError as error:
                        wrong.append(str(error))
        return wrong

    def _miscounted(self, rows: Any) -> list[str]:
        """What the index has that the record has not, or counts otherwise than its rows say."""
        from mundap.index.milvus.collections import Collections
        from mundap.index.milvus.server import MilvusServer

        assert self._cluster.index is not None
        collections = Collections(MilvusServer(self._cluster.index.uri), "cluster")
        self._cluster.command("index")  # what was deleted is in no answer, and in the index until then
        want = int(rows("SELECT count(*) FROM passages WHERE parent_id = id")[-1])

        def caught_up() -> bool:
            manifest = collections.manifest()
            return manifest is not None and manifest.pending is None and manifest.rows == want

        try:
            until(caught_up, "an index of all that is in the record", 90)
        except TimeoutError as error:
            manifest = collections.manifest()
            return [f"{error}: {manifest and manifest.rows} rows for {want} passages"]
        manifest = collections.manifest()
        assert manifest is not None
        held: Counter[int] = Counter()
        there = tokens = 0
        for batch in collections.part(manifest.build, "words").scan(["row", "length", "sparse"]):
            for one in batch:
                there += 1
                tokens += int(one["length"])
                held.update(int(number) for number in one["sparse"])
        wrong = []
        if (there, tokens) != (manifest.rows, manifest.tokens):
            wrong.append(
                f"the index has {there} rows of {tokens} tokens and counts {manifest.rows} of {manifest.tokens}"
            )
        terms = {
            int(one["number"]): int(one["holders"])
            for batch in collections.part(manifest.build, "terms").scan(["number", "holders"])
            for one in batch
        }
        off = {number: (times, terms.get(number, 0)) for number, times in held.items() if terms.get(number, 0) != times}
        if off:
            wrong.append(f"{len(off)} terms are counted otherwise than rows hold them: {dict(list(off.items())[:5])}")
        return wrong


def _page(number: int) -> str:
    """The document of that number as a page: a few small texts would be read by who takes them in, and nothing would travel."""
    title, *paragraphs = text(number).strip().removeprefix("# ").split("\n\n")
    said = "".join(f"<p>{one}</p>\n" for one in paragraphs)
    return f"<!doctype html>\n<title>{title}</title>\n<h1>{title}</h1>\n{said}"


def _make_bucket(address: str) -> None:
    from mundap.sources.sigv4 import Credentials, signed

    url = f"{address}/{_BUCKET}"

    def made() -> bool:
        headers = signed(url, "us-east-1", Credentials(seaweed.KEY, SECRET), method="PUT")
        return httpx.put(url, headers=headers, timeout=30).status_code in (200, 409)

    until(made, "a bucket", 60)
