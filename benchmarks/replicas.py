"""Many people ask at once, of one server over its files, of one over PostgreSQL, and of two over the same behind HAProxy.

    python benchmarks/replicas.py [--users 64] [--seconds 60] [--crowd 400] [--workspace FOLDER] [--questions FILE]

As benchmarks/load.py, each in turn. All share this machine's processors, so that two servers answer no more than one; what is
to be seen is that they answer the same, and what the record costs: CPU milliseconds an answer, of the servers and of
PostgreSQL, which do not depend on who else uses the machine. The workspace is copied.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from load import Seen, crowd, tell
from mundap.evaluation.questions import read_questions
from mundap.workflows import migrate
from mundap.workspace import Mundap
from shared import CUSTOMS, bare_customs, need_data

sys.path.append(str(Path(__file__).resolve().parents[1]))
from tests import postgres
from tests.cluster.machines import Part, balancer, listens, mundap, until
from tests.postgres import free_port

COMPARED = 24  # questions whose answers are compared


class Server:
    """`mundap serve` over `root`."""

    def __init__(self, name: str, root: Path, folder: Path) -> None:
        self.name = name
        self.port = free_port()
        self.part = mundap(
            name, folder, "serve", "--host", "127.0.0.1", "--port", str(self.port), "--workspace", str(root)
        )

    def ready(self) -> bool:
        """Whether it can answer."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=60).status_code == 200
        except httpx.HTTPError:
            return False


def cpu(parts: Sequence[Part], folder: Path) -> tuple[float, float]:
    """CPU seconds of the parts, and of PostgreSQL with its files in `folder`, so far."""
    own = served = 0.0
    ours = {one.number for one in parts}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (process / "stat").read_text().rpartition(") ")
            fields = rest.split()
            seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            if int(process.name) in ours:
                own += seconds
            elif "(postgres" in name and (process / "cwd").resolve().is_relative_to(folder):
                served += seconds + (int(fields[13]) + int(fields[14])) / os.sysconf(
                    "SC_CLK_TCK"
                )  # and of those that ended
        except (OSError, ValueError):
            continue
    return own, served


async def answers(address: str, questions: Sequence[str]) -> dict[str, str]:
    """What is answered, all asked at once."""
    async with httpx.AsyncClient(base_url=address, timeout=300) as client:
        got = await asyncio.gather(*(client.post("/query", json={"query": one}) for one in questions))
    return {one: str(answer.raise_for_status().json()["response"]) for one, answer in zip(questions, got, strict=True)}


@contextmanager
def serving(servers: Sequence[Server], folder: Path) -> Iterator[tuple[str, list[Part]]]:
    """The address of one server, or of HAProxy before several; and all of them."""
    with ExitStack() as stack:
        parts = [one.part for one in servers]
        address = f"http://127.0.0.1:{servers[0].port}"
        for one in parts:
            stack.callback(one.kill)
            one.start()
        for server in servers:
            until(server.ready, f"{server.name}: {server.part.said()}", 300)
        if len(servers) > 1:
            found = balancer(folder, servers)
            if found is None:
                sys.exit("needs HAProxy: apt-get install haproxy")
            part, address = found
            stack.callback(part.kill)
            part.start()
            until(lambda: listens(int(address.rpartition(":")[2])), "HAProxy")
        yield address, parts


def main() -> None:
    """Make the workspaces, and print what was seen of each."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--users", type=int, default=64)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--crowd", type=int, default=400)
    options.add_argument("--workspace", type=Path)
    options.add_argument("--questions", type=Path, default=CUSTOMS)
    chosen = options.parse_args()
    if chosen.questions == CUSTOMS:
        need_data()
    questions = [one.question for one in read_questions(chosen.questions).items]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        root = folder / "one"
        if chosen.workspace:
            shutil.copytree(chosen.workspace, root, symlinks=True)
        else:
            (root / "docs").mkdir(parents=True)
            (root / "mundap.toml").touch()
            bare_customs(root / "docs" / "customs.xlsx")
            Mundap.open(root).ingest()
        Mundap.open(root).index()
        shutil.copytree(root, folder / "files", symlinks=True)
        cluster = stack.enter_context(postgres.cluster())
        url = cluster.database()
        migrate.migrate(root, url, searches=COMPARED)
        with (root / "mundap.toml").open("a") as settings:
            settings.write(f'\n[store]\nurl = "{url}"\n')
        shutil.copytree(root, folder / "two", symlinks=True)
        (folder / "two" / ".mundap" / "follower").unlink(missing_ok=True)
        right: dict[str, str] = {}
        for name, roots in (
            ("one server, SQLite", ["files"]),
            ("one server, PostgreSQL", ["one"]),
            ("two servers, PostgreSQL", ["one", "two"]),
        ):
            servers = [Server(one, folder / one, folder) for one in roots]
            with serving(servers, folder) as (address, parts):
                said = asyncio.run(answers(address, questions[:COMPARED]))
                right = right or said
                same = sum(said[one] == right[one] for one in right)
                asyncio.run(crowd(address, questions, chosen.users, 5, patient=True))
                before = cpu(parts, cluster.folder)
                seen: Seen = asyncio.run(crowd(address, questions, chosen.users, chosen.seconds, patient=True))
                own, record = (now - then for now, then in zip(cpu(parts, cluster.folder), before, strict=True))
                count = max(1, len(seen.whole))
                print(f"── {name}: {same} of {len(right)} answers are those of the first")
                tell(f"{chosen.users} users", seen, chosen.seconds)
                print(
                    f"  CPU an answer: servers {own / count * 1000:.0f} ms, PostgreSQL {record / count * 1000:.1f} ms"
                )
                crowded = asyncio.run(crowd(address, questions, chosen.crowd, 15, patient=False))
                tell(f"{chosen.crowd} users", crowded, 15)
                tell("then 1 user", asyncio.run(crowd(address, questions, 1, 5, patient=True)), 5)


if __name__ == "__main__":
    main()
