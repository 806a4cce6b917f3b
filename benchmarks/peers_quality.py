"""Ours beside LangChain and Haystack on the shared rows: same passages, same encoder, one run, nothing trained.

    python benchmarks/peers_quality.py customs|korquad [--cache FOLDER] [--seeds 5] [--questions N]

Each system has its own process and is given the vectors of passages and questions, which `--cache` keeps between
runs. Prints Markdown: quality with intervals, ours less each peer, latency and memory.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import openpyxl

from mundap.evaluation.bootstrap import mean_interval
from mundap.evaluation.estimates import paired_difference
from mundap.evaluation.metrics import first_right, reciprocal_rank, top
from mundap.evaluation.questions import Question
from mundap.korean.normalize import squash
from peers import (
    WEIGHTS,
    Remembered,
    Search,
    Sheet,
    haystack_hybrid,
    kiwi_words,
    langchain_bm25,
    langchain_dense,
    langchain_ensemble,
    mundap_hybrid,
    need_peers,
)
from search import resident
from shared import bare_customs, bare_korquad, customs, held_out, korquad, need_data

OURS = "**mundap**"
BARE = "mundap, 출처 withheld"
ON_DISK = (BARE, OURS)
DEPTH = 100  # passages from each leg, as many as ours takes
LIVE = 100  # questions that are encoded when they are asked

METRICS: dict[str, Callable[[int | None], float]] = {
    "top-1": lambda rank: top(rank, 1),
    "top-3": lambda rank: top(rank, 3),
    "top-10": lambda rank: top(rank, 10),
    "MRR@10": reciprocal_rank,
}

SYSTEMS: dict[str, Callable[[Sheet, Remembered], Search]] = {
    "BM25: LangChain, white space (its default)": lambda s, e: langchain_bm25(s.texts, str.split),
    "BM25: LangChain, Kiwi": lambda s, e: langchain_bm25(s.texts, kiwi_words),
    "dense: LangChain FAISS": lambda s, e: langchain_dense(s.texts, e),
    "LangChain ensemble .3/.7, Kiwi, 10 each": lambda s, e: langchain_ensemble(s.texts, e, kiwi_words),
    "LangChain ensemble .3/.7, Kiwi, 100 each": lambda s, e: langchain_ensemble(s.texts, e, kiwi_words, DEPTH),
    "Haystack hybrid (its defaults)": lambda s, e: haystack_hybrid(s.texts, e),
    "Haystack hybrid, Kiwi": lambda s, e: haystack_hybrid(s.texts, e, kiwi_words),
    "Haystack hybrid .3/.7, Kiwi, 100 each": lambda s, e: haystack_hybrid(s.texts, e, kiwi_words, DEPTH, WEIGHTS),
    BARE: lambda s, e: mundap_hybrid(s, e, sources=False),
    OURS: mundap_hybrid,
}

T = TypeVar("T")


@dataclass(frozen=True)
class Measured:
    """One system: the rank of each question's passage, milliseconds of each question, and what it cost.

    `cpu_ms` is what a question takes of a processor: on a busy machine this says more than the clock.
    `live` are the milliseconds of the first questions when each is encoded as it is asked. `index_mb` is the most
    memory that the process held that indexed, `search_mb` what the one holds that has searched: the same process,
    unless the system keeps its index on disk.
    """

    ranks: list[int | None]
    times: list[float]
    cpu_ms: float
    live: list[float]
    index_s: float
    index_mb: float
    search_mb: float

    def values(self, metric: str) -> list[float]:
        """The figure of each question."""
        return [METRICS[metric](rank) for rank in self.ranks]


def apart(work: Callable[..., T], *given: object) -> T:
    """What `work` returns, from a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *given).result()


def read_sheet(path: Path, folder: Path) -> Sheet:
    """The rows under 출처 and 제시문."""
    rows = list(openpyxl.load_workbook(path, read_only=True).active.values)[1:]
    return Sheet([text for _, text in rows], [source for source, _ in rows], folder)


def remember(sheet: Sheet, questions: Sequence[str], cache: Path) -> None:
    """Encode whatever the systems will need."""
    encoder = Remembered(cache)
    encoder.encode_passages(sheet.texts)
    encoder.encode_queries(questions)
    SYSTEMS[OURS](sheet, encoder)  # which also encodes chunks


def measure(name: str, sheet: Sheet, questions: Sequence[Question], cache: Path) -> Measured:
    """One system, asked every question."""
    if name not in ON_DISK:
        return apart(ask, name, sheet, questions, cache)
    built = apart(ask, name, sheet, [], cache)
    return replace(apart(ask, name, sheet, questions, cache), index_s=built.index_s, index_mb=built.index_mb)


def ask(name: str, sheet: Sheet, questions: Sequence[Question], cache: Path) -> Measured:
    """Build one system, or open it where it is on disk, and ask it every question."""
    encoder = Remembered(cache)
    start = time.perf_counter()
    search = SYSTEMS[name](sheet, encoder)
    index_s = time.perf_counter() - start
    index_mb = peak_mb()
    for question in questions[:3]:
        search(question.question)
    answers, times = [], []
    began = time.process_time()
    for question in questions:
        start = time.perf_counter()
        answers.append(search(question.question))
        times.append((time.perf_counter() - start) * 1000)
    cpu_ms = (time.process_time() - began) * 1000 / max(1, len(questions))
    search_mb = resident()
    ranks = [rank(found, question) for found, question in zip(answers, questions, strict=True)]
    encoder.live = True
    live = []
    for question in questions[: LIVE + 1]:
        start = time.perf_counter()
        search(question.question)
        live.append((time.perf_counter() - start) * 1000)
    return Measured(ranks, times, cpu_ms, live[1:], index_s, index_mb, search_mb)  # the first one loads the encoder


def rank(found: Sequence[str], question: Question) -> int | None:
    """The rank of the question's passage, white space aside."""
    golds = {squash(gold) for gold in question.gold}
    return first_right([squash(text) in golds for text in found])


def peak_mb() -> float:
    """The most memory that this process has held, in MB. (getrusage would count the parent's too.)"""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / 1e6


def show_quality(measured: dict[str, Measured], groups: Sequence[tuple[str, ...]]) -> None:
    """Means with intervals that resample passages."""
    print(f"\n{len(groups)} questions; mean [95 % interval], %\n")
    head(list(METRICS))
    for name, system in measured.items():
        cells = []
        for metric in METRICS:
            values = system.values(metric)
            low, high = mean_interval(values, groups=groups)
            cells.append(f"{100 * statistics.mean(values):.1f} [{100 * low:.1f}, {100 * high:.1f}]")
        line(name, cells)


def show_splits(measured: dict[str, Measured], splits: Sequence[Sequence[int]]) -> None:
    """Mean, minimum and maximum over splits; each names the places of its questions."""
    print(f"\n{len(splits)} splits of {', '.join(str(len(s)) for s in splits)} questions; mean [min, max], %\n")
    head(list(METRICS))
    for name, system in measured.items():
        cells = []
        for metric in METRICS:
            values = system.values(metric)
            each = [100 * statistics.mean(values[n] for n in split) for split in splits]
            cells.append(f"{statistics.mean(each):.1f} [{min(each):.1f}, {max(each):.1f}]")
        line(name, cells)


def show_differences(measured: dict[str, Measured], groups: Sequence[tuple[str, ...]]) -> None:
    """Ours less each other system, with intervals and p-values that go by passage."""
    print("\nours less each, points [95 % interval], p\n")
    head(["top-1", "MRR@10"])
    for name, system in measured.items():
        if name == OURS:
            continue
        cells = []
        for metric in ("top-1", "MRR@10"):
            less = paired_difference(system.values(metric), measured[OURS].values(metric), groups=groups)
            low, high = less.ci95
            cells.append(f"{100 * less.mean:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}], {less.p:.4f}")
        line(name, cells)


def show_costs(measured: dict[str, Measured]) -> None:
    """Milliseconds of a question, seconds to index, memory of the whole process."""
    print("\nmilliseconds of a question; vectors given, but for the columns with embedding\n")
    head(["p50", "p95", "CPU", "p50, embedding", "p95, embedding", "index s", "index MB, peak", "search MB"])
    for name, system in measured.items():
        spread = [*ends(system.times), system.cpu_ms, *ends(system.live)]
        costs = [f"{system.index_s:.1f}", f"{system.index_mb:.0f}", f"{system.search_mb:.0f}"]
        line(name, [*(f"{ms:.1f}" for ms in spread), *costs])


def ends(times: Sequence[float]) -> tuple[float, float]:
    """Median and 95th percentile."""
    return statistics.median(times), sorted(times)[int(len(times) * 0.95)]


def head(columns: Sequence[str]) -> None:
    """The head of a Markdown table whose first column names systems."""
    print("|  |", " | ".join(columns), "|")
    print("|---" * (len(columns) + 1) + "|")


def line(name: str, cells: Sequence[str]) -> None:
    """One row of it."""
    print(f"| {name} |", " | ".join(cells), "|")


def main() -> None:
    """Measure every system on one of the corpora."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("what", choices=("customs", "korquad"))
    options.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "mundap-peers")
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--questions", type=int, help="ask only so many, drawn at random")
    chosen = options.parse_args()
    need_peers()
    need_data()
    everything = customs() if chosen.what == "customs" else korquad()
    splits = [held_out(everything, seed) for seed in range(chosen.seeds)] if chosen.what == "customs" else []
    places = sorted({n for split in splits for n in split}) or list(range(len(everything)))
    if chosen.questions:
        places = sorted(random.Random(0).sample(places, chosen.questions))
    questions = [everything[n] for n in places]
    measured = {}
    with tempfile.TemporaryDirectory() as name:
        (bare_customs if chosen.what == "customs" else bare_korquad)(Path(name) / "passages.xlsx")
        sheet = read_sheet(Path(name) / "passages.xlsx", Path(name) / "first")
        apart(remember, sheet, [question.question for question in questions], chosen.cache)
        for number, system in enumerate(SYSTEMS):
            print(f"\n{system} …", file=sys.stderr, flush=True)
            own = Sheet(sheet.texts, sheet.sources, Path(name) / str(number))
            measured[system] = measure(system, own, questions, chosen.cache)
    groups = [question.gold for question in questions]
    if splits:
        asked = {place: n for n, place in enumerate(places)}
        show_splits(measured, [[asked[n] for n in split if n in asked] for split in splits])
    show_quality(measured, groups)
    show_differences(measured, groups)
    show_costs(measured)


if __name__ == "__main__":
    main()
