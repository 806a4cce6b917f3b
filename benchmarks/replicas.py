"""Many people ask at once, of one server over its files, of one over PostgreSQL, and of two over the same behind HAProxy.

    python benchmarks/replicas.py [--users 64] [--seconds 60] [--crowd 400] [--workspace FOLDER] [--questions FILE]

As benchmarks/load.py, each in turn. All share this machine's processors, so that two servers answer no more than one; what is
to be seen is that they answer the same, and what the record costs: CPU milliseconds an answer, of the servers and of
PostgreSQL, which do not depend on who else uses the machine. The workspace is copied.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from load import Plan, crowd, tell
from mundap.workflows import migrate

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


async def run(address: str, parts: Sequence[Part], database: Path, plan: Plan) -> None:
    """The three phases, as benchmarks/load.py has them, and what the first one costs."""
    await crowd(address, plan.questions, plan.users, 5, patient=True)
    before = cpu(parts, database)
    seen = await crowd(address, plan.questions, plan.users, plan.seconds, patient=True)
    own, record = (now - then for now, then in zip(cpu(parts, database), before, strict=True))
    count = max(1, len(seen.whole))
    tell(f"{plan.users} users", seen, plan.seconds)
    print(f"  CPU an answer: servers {own / count * 1000:.0f} ms, PostgreSQL {record / count * 1000:.1f} ms")
    tell(f"{plan.crowd} users", await crowd(address, plan.questions, plan.crowd, 15, patient=False), 15)
    tell("then 1 user", await crowd(address, plan.questions, 1, 5, patient=True), 5)


def main() -> None:
    """Make the workspaces, and print what was seen of each."""
    plan = Plan.of_command_line(__doc__, seconds=60)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        root = folder / "one"
        plan.make_workspace(root)
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
                said = asyncio.run(answers(address, plan.questions[:COMPARED]))
                right = right or said
                same = sum(said[one] == right[one] for one in right)
                print(f"── {name}: {same} of {len(right)} answers are those of the first")
                asyncio.run(run(address, parts, cluster.folder, plan))


if __name__ == "__main__":
    main()
