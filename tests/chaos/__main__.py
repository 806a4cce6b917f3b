"""`python -m tests.chaos [--n N] [--seed S] [--minutes M]`: a progress bar, then a report of one screen; exit 1 if anything was lost."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from tests.chaos.run import Chaos, Tally

SHOWN = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--n", type=int, default=1000, help="kills")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="after which it ends")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    tally = Tally()
    # No thread may draw: processes are forked here.
    with Progress(*columns, console=Console(stderr=True), auto_refresh=False) as progress:
        task = progress.add_task("kills", total=asked.n)
        for tally in Chaos(folder, asked.seed).rounds(asked.n):
            said = f"kills, {len(tally.lost)} lost, {len(tally.not_ready)} not ready"
            progress.update(task, advance=1, description=said, refresh=True)
            if tally.seconds > asked.minutes * 60:
                break
    print("\n".join(report(tally)))
    failed = bool(tally.lost or tally.not_ready)
    print(f"the workspace is in {folder}") if failed else shutil.rmtree(folder)
    return int(failed)


def report(tally: Tally) -> list[str]:
    """The lines of a report."""
    kills = tally.kills.total()
    lines = ["| what is killed | kills | in the middle | acknowledged |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {tally.kills[name]} | {tally.within[name]} | {tally.acknowledged[name] or ''} |"
        for name in tally.kills
    ]
    lines.append(
        f"{kills} kills in {tally.seconds / 60:.1f} minutes: {len(tally.lost)} lost, {len(tally.not_ready)} not ready;"
        f" the slowest start took {tally.slowest:.1f} s"
    )
    return [*lines, *tally.lost[:SHOWN], *tally.not_ready[:SHOWN]]


if __name__ == "__main__":
    sys.exit(main())
