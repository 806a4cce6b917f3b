"""Many people ask at once: a real `mundap serve` over the shared sheet, streaming users, then more than it takes.

    python benchmarks/load.py [--users 64] [--seconds 120] [--crowd 400] [--workspace FOLDER] [--questions FILE]

Users ask one question after another, without a pause, by POST /v1/chat/completions with "stream": true. The server
and its users share the machine's processors. The workspace is copied; without one, one over the sheet's passages is made, with
the default encoder and the extractive generator, and without the recorded answers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np

from mundap.evaluation.questions import read_questions
from mundap.workspace import Mundap
from shared import CUSTOMS, bare_customs, need_data

COMMAND = Path(sys.executable).with_name("mundap")


@dataclass
class Seen:
    """What users saw: seconds to the first text and to the end, and how requests ended."""

    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)


@contextmanager
def server(root: Path) -> Iterator[tuple[str, int]]:
    """The address of a server that is ready, and its process id."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [COMMAND, "serve", "--port", "0", "--workspace", root], stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            httpx.get(f"{address}/readyz", timeout=120).raise_for_status()
            yield address, process.pid
        finally:
            process.terminate()
            process.wait(60)


async def ask(client: httpx.AsyncClient, question: str, seen: Seen) -> None:
    """Ask once and note what was seen. A stream counts only if it ends as it should."""
    body = {"messages": [{"role": "user", "content": question}], "stream": True}
    began, first, end = time.perf_counter(), 0.0, "cut"
    try:
        async with client.stream("POST", "/v1/chat/completions", json=body) as response:
            if response.status_code != 200:
                end = str(response.status_code)
                if end == "503" and "retry-after" not in response.headers:
                    end = "503 without Retry-After"
            else:
                async for line in response.aiter_lines():
                    if (
                        not first
                        and line.startswith("data: {")
                        and json.loads(line[6:])["choices"][0]["delta"].get("content")
                    ):
                        first = time.perf_counter() - began
                    if line == "data: [DONE]":
                        end = "200"
    except httpx.HTTPError as error:
        end = type(error).__name__
    seen.ends[end] += 1
    if end == "200":
        seen.first.append(first)
        seen.whole.append(time.perf_counter() - began)


async def crowd(address: str, questions: Sequence[str], users: int, seconds: float, patient: bool) -> Seen:
    """Have `users` ask until `seconds` are over. Who is refused and not `patient` comes again after a second."""
    seen, until = Seen(), time.perf_counter() + seconds
    limits = httpx.Limits(max_connections=users, max_keepalive_connections=users)

    async def user(seed: int) -> None:
        chance = random.Random(seed)
        while time.perf_counter() < until:
            refused = seen.ends["503"]
            await ask(client, chance.choice(questions), seen)
            if not patient and seen.ends["503"] > refused:
                await asyncio.sleep(1)

    async with httpx.AsyncClient(base_url=address, timeout=60, limits=limits) as client:
        await asyncio.gather(*(user(n) for n in range(users)))
    return seen


@dataclass(frozen=True)
class Memory:
    """A server's resident memory in MB, each second: its own, and all with the files that it has mapped."""

    own: list[float] = field(default_factory=list)
    all: list[float] = field(default_factory=list)

    def tell(self) -> None:
        """Twelve points of it, and how it goes in the second half, or its last two minutes."""
        step = max(1, len(self.own) // 12)
        last = self.own[-min(120, len(self.own) // 2) :]
        slope = np.polyfit(np.arange(len(last)), last, 1)[0] * 60
        print(f"  memory of its own, each {step} s: {' '.join(f'{size:.0f}' for size in self.own[::step])} MB")
        print(
            f"  in the last {len(last)} s: {slope:+.1f} MB a minute; with mapped files {self.all[-1]:.0f} MB at the end"
        )


async def watched(pid: int, memory: Memory) -> None:
    """Note the server's memory each second."""
    while True:
        kept = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        memory.own.append(int(kept["RssAnon"].split()[0]) * 1024 / 1e6)
        memory.all.append(int(kept["VmRSS"].split()[0]) * 1024 / 1e6)
        await asyncio.sleep(1)


def tell(name: str, seen: Seen, seconds: float) -> None:
    """One phase, in a line."""
    ends = ", ".join(f"{count} × {end}" for end, count in seen.ends.most_common())
    print(f"{name}: {ends}; {len(seen.whole) / seconds:.1f} answers a second")
    for what, times in (("first text", sorted(seen.first)), ("whole answer", sorted(seen.whole))):
        if times:
            p50, p95, worst = times[len(times) // 2], times[int(len(times) * 0.95)], times[-1]
            print(f"  {what}: p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, longest {worst * 1000:.0f} ms")


@dataclass(frozen=True)
class Plan:
    """Who asks what for how long: `users`, then the many of a `crowd`."""

    users: int
    seconds: float
    crowd: int
    questions: tuple[str, ...]
    workspace: Path | None

    @classmethod
    def of_command_line(cls, about: str | None, seconds: float) -> Plan:
        """What the command line says, by default for so many `seconds`; ends where the questions are not there."""
        options = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
        options.add_argument("--users", type=int, default=64)
        options.add_argument("--seconds", type=float, default=seconds)
        options.add_argument("--crowd", type=int, default=400)
        options.add_argument("--workspace", type=Path)
        options.add_argument("--questions", type=Path, default=CUSTOMS)
        chosen = options.parse_args()
        if chosen.questions == CUSTOMS:
            need_data()
        questions = tuple(one.question for one in read_questions(chosen.questions).items)
        return cls(chosen.users, chosen.seconds, chosen.crowd, questions, chosen.workspace)

    def make_workspace(self, root: Path) -> None:
        """At `root` a copy of the workspace that was given, or one over the sheet's passages; indexed."""
        if self.workspace is not None:
            shutil.copytree(self.workspace, root, symlinks=True)
        else:
            (root / "docs").mkdir(parents=True)
            (root / "mundap.toml").touch()
            bare_customs(root / "docs" / "customs.xlsx")
            Mundap.open(root).ingest()
        Mundap.open(root).index()


async def run(address: str, pid: int, plan: Plan) -> None:
    """The three phases: users, a crowd, and one user after it."""
    await crowd(address, plan.questions, plan.users, 5, patient=True)  # what is loaded at the first use
    memory = Memory()
    watch = asyncio.create_task(watched(pid, memory))
    seen = await crowd(address, plan.questions, plan.users, plan.seconds, patient=True)
    tell(f"{plan.users} users", seen, plan.seconds)
    memory.tell()
    tell(f"{plan.crowd} users", await crowd(address, plan.questions, plan.crowd, 15, patient=False), 15)
    print(f"  memory of its own: {memory.own[-1]:.0f} MB")
    tell("then 1 user", await crowd(address, plan.questions, 1, 5, patient=True), 5)
    watch.cancel()


def main() -> None:
    """Make the workspace, and print what was seen."""
    plan = Plan.of_command_line(__doc__, seconds=120)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "workspace"
        plan.make_workspace(root)
        with server(root) as (address, pid):
            asyncio.run(run(address, pid, plan))


if __name__ == "__main__":
    main()
