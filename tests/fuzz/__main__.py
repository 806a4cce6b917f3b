"""`python -m tests.fuzz [--n N] [--family F] [--seed S] [--only INDEX]`: a line for each failure, then a table."""

from __future__ import annotations

import argparse
import sys

from tests.fuzz.requests import FAMILY, fuzz_requests
from tests.fuzz.run import KEPT, OUTCOMES, Tally, fuzz
from tests.fuzz.seeds import FAMILIES

HELD = 10  # lines of what was held meanwhile


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument(
        "--n",
        type=int,
        default=10_000,
        help="files of each family (of pictures, which tesseract reads, a fiftieth), and requests",
    )
    parser.add_argument("--family", choices=sorted([*FAMILIES, FAMILY]), action="append", help="default: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="the index of one file, to see it again")
    parser.add_argument("--reasons", action="store_true", help="count the reasons of reported files too")
    asked = parser.parse_args()
    numbers = range(asked.n) if asked.only is None else range(asked.only, asked.only + 1)
    tallies = []
    for family in asked.family or [*FAMILIES, FAMILY]:
        few = range(numbers.start, numbers.stop // 50) if family == "image" and asked.only is None else numbers
        tally = fuzz_requests(few, asked.seed) if family == FAMILY else fuzz(family, few, asked.seed)
        tallies.append(tally)
        for n, kind, reason in tally.failures:
            print(f"{family} --seed {asked.seed} --only {n}: {kind}: {reason}", file=sys.stderr, flush=True)
        for reason, count in tally.reasons.most_common() if asked.reasons else ():
            print(f"{family} {count:6} {reason}", file=sys.stderr)
        print(row(tally), file=sys.stderr, flush=True)
        for megabytes, files in tally.held[:: max(1, len(tally.held) // HELD)]:
            print(f"{family}: {megabytes} MB, {files} open files", file=sys.stderr, flush=True)
    print("\n".join(["| family | n | " + " | ".join(OUTCOMES) + " | minutes |", "|---" * (len(OUTCOMES) + 3) + "|"]))
    print("\n".join(map(row, tallies)))
    failed = any(tally.failures for tally in tallies)
    if failed:
        print(f"the files are in {KEPT}", file=sys.stderr)
    return int(failed)


def row(tally: Tally) -> str:
    """A line of the table."""
    counts = " | ".join(str(tally.counts[kind]) for kind in OUTCOMES)
    return f"| {tally.family} | {tally.counts.total()} | {counts} | {tally.seconds / 60:.1f} |"


if __name__ == "__main__":
    sys.exit(main())
