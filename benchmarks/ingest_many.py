"""A thousand files of all formats, some of them bad, from a folder into the corpus by `mundap ingest`, as a user runs it.

    python benchmarks/ingest_many.py [--files 1000] [--formats txt,csv] [--bad 10] [--workers 1,2] [--keep FOLDER]

Read for the first time, again unchanged, and with ten changed files: seconds, files per second, the most memory of the
parent and of a worker (Linux), and whether exactly the bad files were named. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest_files import FORMATS, bomb, encrypted, truncated, write

BAD_EACH = 10
CHANGED = 10
_ZIPPED = ("docx", "hwpx", "pptx", "xlsx", "hwp")
BAD: dict[str, Callable[[Path], None]] = {
    "빈 파일.txt": lambda path: path.write_bytes(b""),
    "암호.pdf": encrypted,
    "폭탄.docx": bomb,
    "모르는 형식.dat": lambda path: path.write_bytes(bytes(range(1, 256))),
} | {f"잘린 파일.{kind}": truncated for kind in _ZIPPED}


@dataclass(frozen=True)
class Run:
    """Seconds of the clock and of CPU, MB at the most of the parent and of a worker, and what the command said."""

    wall: float
    cpu: float
    parent: float
    worker: float
    said: dict[str, Any]


def fill(folder: Path, count: int, formats: list[str], bad_each: int) -> list[str]:
    """Write `count` files in turn of these formats; the names of the bad ones, `bad_each` of each kind in a thousand."""
    folder.mkdir()
    each = max(1, bad_each * count // 1000)
    bad = []
    for name, make in BAD.items() if bad_each else ():
        first = folder / f"0 {name}"
        make(first)
        bad.append(first.name)
        for n in range(1, each):
            bad.append(f"{n} {name}")
            shutil.copy(first, folder / bad[-1])
    for n in range(count - len(bad)):
        write(folder / _name(n, formats), 1 + n // len(formats) % 4, seed=n)
    return bad


def _name(n: int, formats: list[str]) -> str:
    return f"문서 {n:04}.{formats[n % len(formats)]}"


def ingest(workspace: Path) -> Run:
    """Run the command and watch it."""
    command = [sys.executable, "-c", "from mundap.cli import main; main()", "ingest", "--json"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    with (workspace / "said").open("w") as out, (workspace / "told").open("w") as err:
        process = subprocess.Popen([*command, "--workspace", str(workspace)], stdout=out, stderr=err)
        parent = worker = 0.0
        while process.poll() is None:
            parent = max(parent, _most(process.pid))
            worker = max([worker, *map(_most, _children(process.pid))])
            time.sleep(0.05)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(wall, cpu, parent, worker, json.loads((workspace / "said").read_text("utf-8")))


def _most(pid: int) -> float:
    """MB that a process has held at the most; 0 for one that is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)


def _children(pid: int) -> list[int]:
    found: list[Any] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, task.read_text().split())
        except OSError:
            continue
    return found


def show(name: str, workers: int, run: Run, count: int, bad: list[str]) -> None:
    """One line of the table. The bad files are tried again every time, so they are named every time."""
    said = run.said
    named = sorted(Path(each["file"]).name for each in said["skipped"]) == sorted(bad)
    states = "/".join(str(said[state]) for state in ("added", "updated", "unchanged"))
    costs = [f"{run.wall:.1f}", f"{run.cpu:.1f}", f"{count / run.wall:,.0f}", f"{run.parent:.0f}", f"{run.worker:.0f}"]
    print(f"| {name} | {workers} | {' | '.join(costs)} | {states} | {len(said['skipped'])} {named} |", flush=True)


def main() -> None:
    """Make the files, and read them with each number of workers."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--files", type=int, default=1000)
    options.add_argument("--formats", default=",".join(FORMATS))
    options.add_argument("--bad", type=int, default=BAD_EACH, help="of each kind of bad file, in a thousand")
    options.add_argument("--workers", default="1,2")
    options.add_argument("--keep", type=Path, help="where the files are kept for the next run")
    chosen = options.parse_args()
    formats = chosen.formats.split(",")
    with tempfile.TemporaryDirectory() as name:
        made = chosen.keep or Path(name) / "made"
        listed = made.with_name(f"{made.name}.json")
        if not listed.exists():
            listed.write_text(json.dumps(fill(made, chosen.files, formats, chosen.bad), ensure_ascii=False), "utf-8")
        bad = json.loads(listed.read_text("utf-8"))
        files = list(made.iterdir())
        size = sum(file.stat().st_size for file in files) / 1e6
        print(f"{len(files)} files, {size:.0f} MB, {len(bad)} of them bad; {os.cpu_count()} processors\n")
        head = ["", "workers", "s", "CPU s", "files/s", "parent MB", "worker MB", "added/updated/unchanged"]
        print(f"| {' | '.join([*head, 'skipped, all and only the bad'])} |\n{'|---' * (len(head) + 1)}|", flush=True)
        for workers in map(int, chosen.workers.split(",")):
            workspace = Path(name) / f"with {workers}"
            shutil.copytree(made, workspace / "docs")
            (workspace / "mundap.toml").write_text(f"[ingest]\nworkers = {workers}\n", "utf-8")
            show("first", workers, ingest(workspace), len(files), bad)
            show("unchanged", workers, ingest(workspace), len(files), bad)
            for n in range(CHANGED):
                write(workspace / "docs" / _name(n, formats), 2, seed=10_000 + n)
            show(f"{CHANGED} changed", workers, ingest(workspace), len(files), bad)


if __name__ == "__main__":
    main()
