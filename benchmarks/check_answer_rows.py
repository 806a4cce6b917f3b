"""Checks the labelled question rows of benchmarks/data/answers against the documents that they were written from.

    python benchmarks/check_answer_rows.py                 # every file of rows whose documents are there
    python benchmarks/check_answer_rows.py law.jsonl       # one

A row with an answer names its place by an anchor: a verbatim piece of the document. Its facts have to be found within
`NEAR` characters of it. A question without an answer names the passage that it comes near to. Ends with 1 if a row fails.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl

from mundap.ingest.readers import read
from mundap.korean.normalize import name_of

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
ROWS = ROOT / "benchmarks" / "data" / "answers"
FOLDERS = {
    "law": SHARED / "law",
    "rulebook": SHARED / "futsal",
    "sample": ROOT / "src" / "mundap" / "examples" / "customs-mini" / "docs",
    "golden": ROOT / "tests" / "golden" / "documents",
}
KINDS = frozenset("amount number period place person condition list yes-no procedure definition reason".split())
NEAR = 1500
ANCHOR = 60
ANSWERED = frozenset("question must any_of at_least must_not kind source anchor answer".split())
UNANSWERED = frozenset("question source near why".split())


def bare(text: str) -> str:
    """How facts are compared: without white space, commas and case."""
    return re.sub(r"[\s,]", "", text).casefold()


@cache
def texts_of(path: Path) -> tuple[str, ...]:
    """What the file holds: as it is read for the index, and a workbook also as its cells stand, one row a line."""
    text = read(path).document.text
    if path.suffix != ".xlsx":
        return (text,)
    book = openpyxl.load_workbook(path, read_only=True)
    rows = (row for sheet in book for row in sheet.iter_rows(values_only=True))
    return text, "\n".join("\t".join(str(cell) for cell in row if cell is not None) for row in rows)


def holds(text: str, alternatives: list[str]) -> bool:
    """Whether one of the alternatives is in `text`, which is bare."""
    return any(bare(alternative) in text for alternative in alternatives)


def problems(row: dict[str, Any], folder: Path, answered: bool) -> Iterator[str]:
    """What is wrong with the row, a sentence each."""
    wanted = ANSWERED if answered else UNANSWERED
    if set(row) != wanted:
        yield f"fields {sorted(set(row) ^ wanted)}"
        return
    path = next((path for path in folder.iterdir() if name_of(path.name) == row["source"]), None)
    if path is None:
        yield f"no file {row['source']}"
        return
    anchor = row["anchor" if answered else "near"]
    text = next((text for text in texts_of(path) if anchor in text), "")
    place = text.find(anchor)
    if place < 0:
        yield f"anchor not in {row['source']}: {anchor}"
        return
    if text.count(anchor) > 1:
        yield f"anchor {text.count(anchor)} times in {row['source']}: {anchor}"
    if len(anchor) > ANCHOR:
        yield f"anchor of {len(anchor)} characters"
    if answered:
        yield from facts(row, bare(text[max(0, place - NEAR) : place + len(anchor) + NEAR]))


def facts(row: dict[str, Any], around: str) -> Iterator[str]:
    """What is wrong with the facts of an answered row whose passage is `around`.

    A yes-no question may have one group of facts that is not in the passage: how the answer says yes or no.
    """
    if row["kind"] not in KINDS:
        yield f"unknown kind {row['kind']}"
    if not row["must"] and not row["any_of"]:
        yield "no facts"
    if not 0 <= row["at_least"] <= len(row["any_of"]):
        yield f"at_least {row['at_least']} of {len(row['any_of'])}"
    missing = [group for group in row["must"] + row["any_of"] if not holds(around, group)]
    if len(missing) > (row["kind"] == "yes-no"):
        yield f"not near the anchor: {missing}"
    answer = bare(row["answer"])
    unsaid = [group for group in row["must"] if not holds(answer, group)]
    if unsaid:
        yield f"not in the answer: {unsaid}"
    if sum(holds(answer, group) for group in row["any_of"]) < row["at_least"]:
        yield "the answer has fewer than at_least of any_of"
    if any(holds(answer, group) for group in row["must_not"]):
        yield "must_not is in the answer"


def main() -> None:
    """Check the files named, or all."""
    files = [ROWS / name for name in sys.argv[1:]] or sorted(ROWS.glob("*.jsonl"))
    seen: dict[str, str] = {}
    failed = 0
    for file in files:
        name, answered = file.stem.split("_")[0], not file.stem.endswith("_unanswerable")
        if not FOLDERS[name].is_dir():
            print(f"{file.name}: skipped, its documents are not in {FOLDERS[name]}")
            continue
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        for number, row in enumerate(rows, 1):
            found = list(problems(row, FOLDERS[name], answered))
            key = bare(row["question"])
            if key in seen:
                found.append(f"asked before in {seen[key]}")
            seen[key] = f"{file.name}:{number}"
            for problem in found:
                print(f"{file.name}:{number}: {problem} | {row['question']}")
            failed += bool(found)
        counts = Counter(row["kind"] for row in rows) if answered else Counter(row["source"] for row in rows)
        print(f"{file.name}: {len(rows)} rows, {dict(counts.most_common())}")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
