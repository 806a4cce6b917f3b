"""`python -m tests.cluster [--n N] [--seed S] [--minutes M]`: a progress bar, then a report of one screen; exit 1 if anything was lost."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from tests.cluster.run import Chaos, Cluster, Missing, Tally, check_steady

SHOWN = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("--n", type=int, default=100, help="kills")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="after which no more are killed")
    parser.add_argument("--no-ray", action="store_true", help="without Ray, which takes most of the memory")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    folder = Path(tempfile.mkdtemp(prefix="cluster-"))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Cluster(folder, ray=not asked.no_ray) as cluster:
            wrong = check_steady(cluster)
            chaos = Chaos(cluster, asked.seed)
            tally = chaos.tally
            if asked.n and not wrong:
                with Progress(*columns, console=Console(stderr=True)) as progress:
                    task, shown = progress.add_task("kills", total=asked.n), 0
                    for tally in chaos.rounds(asked.n, asked.minutes * 60):
                        progress.update(task, completed=tally.kills.total())
                        for said in tally.ledger.wrong[shown:]:
                            progress.console.print(f"after kill {tally.kills.total()}: {said}")
                        shown = len(tally.ledger.wrong)
            tally.wrong += wrong
    except Missing as missing:
        print(f"skipped: needs {missing}")
        shutil.rmtree(folder)
        return 0
    print("\n".join(report(tally)))
    print(f"what the parts said is in {folder}") if tally.wrong else shutil.rmtree(folder)
    return int(bool(tally.wrong))


def report(tally: Tally) -> list[str]:
    """The lines of a report."""
    ledger = tally.ledger
    lines = [
        "| what is killed | kills |",
        "|---|---|",
        *(f"| {name} | {n} |" for name, n in sorted(tally.kills.items())),
    ]
    lines.append(
        f"{tally.kills.total()} kills in {tally.seconds / 60:.1f} minutes: {len(tally.wrong)} wrong;"
        f" {len(ledger.documents) + len(ledger.deleted)} uploads, {len(ledger.deleted)} deletes, {len(ledger.votes)} votes,"
        f" {ledger.answers} requests answered, {tally.ingested} files taken in by ingests"
        f" ({', '.join(f'{name} {n}' for name, n in sorted(tally.ingests.items()))})"
    )
    busy = sum(n for status, n in ledger.statuses.items() if status in (502, 503, 504))
    lines.append(
        f"{busy} times told to come again, {ledger.statuses[0]} connections lost; {ledger.longest:.1f} s at most without an answer"
    )
    if tally.promotions:
        lines.append(f"promotion: median {median(tally.promotions):.1f} s, at most {max(tally.promotions):.1f} s")
    return [*lines, *tally.wrong[:SHOWN]]


if __name__ == "__main__":
    sys.exit(main())
