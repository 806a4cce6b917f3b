"""Files read per second of a processor, and how much of what they say comes out: ours beside markitdown.

    python benchmarks/ingest.py [--peers PYTHON] [--pages 50] [--rounds 3] [--formats pdf,hwp,…]

PYTHON is that of an environment with benchmarks/requirements-readers.txt. Every file is made here, of known words; real
ones beside the checkout are read too. Each figure has a process of its own, and is the least of the rounds after one
that is not counted. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest_files import COLUMNS, FORMATS, SHEETS, Page, pages, sheet, write
from shared import DATA

READER = Path(__file__).with_name("ingest_reader.py")
OURS, READING, PEER = "mundap", "reading", "markitdown"
TIMEOUT = 600
_MARKS = re.compile(r'(?:[\s|\\*`"{}\[\]]|,(?=\n))+')
_LABELS = re.compile("|".join(f'"?{re.escape(name)}"?: ' for name in COLUMNS))
_LETTER = re.compile(r"\w")


@dataclass(frozen=True)
class Outcome:
    """Seconds of CPU and of the clock, and the text; or why there is none."""

    cpu: float
    wall: float
    text: str
    error: str = ""


@dataclass(frozen=True)
class Kept:
    """Shares of what the file says: words, rows with their cells side by side (but the first, which may be merged), and
    rows with the merged cell too."""

    words: float
    rows: float
    merged: float


def outcome(python: str, system: str, file: Path, rounds: int) -> Outcome:
    """What one system makes of one file."""
    with tempfile.NamedTemporaryFile() as text:
        command = [python, str(READER), system, str(file), str(rounds), text.name]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=True)
        except subprocess.TimeoutExpired:
            return Outcome(0, 0, "", f"more than {TIMEOUT} s")
        except subprocess.CalledProcessError as error:
            return Outcome(0, 0, "", error.stderr.strip().rpartition("\n")[2])
        said = json.loads(done.stdout.rpartition("{")[1] + done.stdout.rpartition("{")[2])
        if "error" in said:
            return Outcome(0, 0, "", said["error"])
        return Outcome(min(said["cpu"]), min(said["wall"]), Path(text.name).read_text("utf-8"))


def kept(text: str, said: Iterable[str], rows: Sequence[Sequence[str]]) -> Kept:
    """How much of `said` and `rows` stands in `text`, whose table marks and column labels are looked through."""
    plain = f" {_MARKS.sub(' ', _LABELS.sub(' ', text))} "
    found, known = Counter(plain.split()), Counter(word for each in said for word in each.split())
    words = sum(min(count, found[word]) for word, count in known.items()) / known.total()

    def share(first: int) -> float:
        wanted = Counter(f" {' '.join(cell for cell in row[first:] if cell)} " for row in rows)
        return sum(min(count, plain.count(row)) for row, count in wanted.items()) / len(rows)

    return Kept(words, share(1), share(0))


def told(kind: str, count: int) -> tuple[list[str], list[tuple[str, ...]]]:
    """Everything that a file of this kind says, and the rows of its tables."""
    if kind in SHEETS:
        rows = sheet(count)
        return [cell for row in rows for cell in row], rows
    made: list[Page] = pages(count)
    rows = [row for page in made for row in page.rows]
    texts = [text for page in made for text in (page.heading, *page.paragraphs)]
    return [*texts, *(cell for row in rows for cell in row[1:])], rows


def figures(kind: str, file: Path, count: int, systems: dict[str, str], rounds: int) -> None:
    """Print the line of one format."""
    found = {system: outcome(python, system, file, rounds) for system, python in systems.items()}
    ours, size = found[OURS], file.stat().st_size / 1e6
    said, rows = told(kind, count)
    cells = [kind, f"{count / ours.cpu:,.0f}", f"{size / ours.cpu:.2f}", f"{count / found[READING].cpu:,.0f}"]
    peer = found.get(PEER)
    if peer is not None:
        speeds = ["–"] * 3 if peer.error else [f"{count / peer.cpu:,.0f}", *_ratios(peer, ours, found[READING])]
        cells += speeds
    cells += _shares(ours, said, rows)
    if peer is not None:
        cells += ["–"] * 3 if peer.error else _shares(peer, said, rows)
    print(f"| {' | '.join(cells)} |", flush=True)
    for system, each in found.items():
        if each.error:
            print(f"{kind}: {system}: {each.error}", file=sys.stderr)


def _ratios(peer: Outcome, *ours: Outcome) -> list[str]:
    return [f"{peer.cpu / each.cpu:.2g}x as fast" for each in ours]


def _shares(found: Outcome, said: Iterable[str], rows: Sequence[Sequence[str]]) -> list[str]:
    shares = kept(found.text, said, rows)
    return [f"{100 * share:.1f}" for share in (shares.words, shares.rows, shares.merged)]


def real(systems: dict[str, str], rounds: int) -> None:
    """Print a line for each real document: seconds, and letters that came out."""
    folder = DATA / "documents"
    if not folder.is_dir():
        print(f"real documents are left out: {folder} is not there", file=sys.stderr)
        return
    shown = [system for system in systems if system != READING]
    print(f"\n| real document | {' | '.join(f'{s} ms | letters' for s in shown)} |")
    print("|---" * (1 + 2 * len(shown)) + "|")
    for file in sorted(folder.iterdir()):
        if file.suffix[1:] not in FORMATS:
            continue
        cells = [file.name]
        for system in shown:
            each = outcome(systems[system], system, file, rounds)
            cells += ["–", each.error.partition(":")[0]] if each.error else [f"{1000 * each.cpu:.0f}", _letters(each)]
        print(f"| {' | '.join(cells)} |", flush=True)


def _letters(found: Outcome) -> str:
    return f"{len(_LETTER.findall(found.text)):,}"


def main() -> None:
    """Make the files and read them."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--peers", help="the Python of an environment with markitdown")
    options.add_argument("--pages", type=int, default=50)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--formats", default=",".join(FORMATS))
    chosen = options.parse_args()
    systems = {OURS: sys.executable, READING: sys.executable} | ({PEER: chosen.peers} if chosen.peers else {})
    head = ["format", "pages/s", "MB/s", "pages/s, reading alone"]
    head += ["markitdown pages/s", "ours is", "ours is, reading alone"] if chosen.peers else []
    head += ["words kept %", "rows kept %", "with merged cell %"]
    head += ["its words %", "its rows %", "with merged cell %"] if chosen.peers else []
    print(f"{chosen.pages} pages; per second of CPU\n\n| {' | '.join(head)} |\n{'|---' * len(head)}|", flush=True)
    with tempfile.TemporaryDirectory() as name:
        for kind in chosen.formats.split(","):
            file = Path(name) / f"업무 규정.{kind}"
            write(file, chosen.pages)
            figures(kind, file, chosen.pages, systems, chosen.rounds)
    real(systems, chosen.rounds)


if __name__ == "__main__":
    main()
