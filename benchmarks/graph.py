"""What the keyword graph finds on the customs rows, alone and beside the other legs, and what it costs at a million edges.

python benchmarks/graph.py customs [--seeds 5]   a fifth of the passages held out with all their questions; synonyms are
                                                 mined from the other passages' questions and from the passages
python benchmarks/graph.py edges                 passages made of shared sentences, until the graph has a million edges
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mundap.evaluation.estimates import paired_difference
from mundap.evaluation.metrics import reciprocal_rank, top
from mundap.evaluation.questions import Question
from mundap.graph.build import GraphFiles, build
from mundap.graph.graph import Graph
from mundap.graph.leg import GraphLeg
from mundap.graph.relations import relate
from mundap.graph.synonyms import ORIGINS, PAIRS, VECTORS, Synonym
from mundap.index.dense import DenseLeg
from mundap.index.table import InMemory, Table
from mundap.korean.keyword_rules import names, read_rules
from mundap.korean.normalize import squash
from mundap.progress import bar
from mundap.protocols import Leg
from mundap.retrieve.hybrid import Hybrid
from mundap.store.cache import AsQueries
from mundap.training.common.measure import Remembered
from mundap.training.keywords.synonym_mining import mine
from mundap.types import Passage
from quality import workspace
from shared import bare_customs, customs, held_out, korquad, need_data

SHOWN = {"top1": 1, "top3": 3, "top10": 10}
WEIGHTS = (0.02, 0.05, 0.1, 0.2)  # of the graph leg in the hybrid, where BM25 has .2 and the dense leg 1
Ranks = list[int | None]

_BATCH = 256  # passages between two steps of the bar


class Setup:
    """The customs passages, indexed, and the keywords of every question."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bot = workspace(folder, bare_customs)
        self.asked = customs()
        self.lexical, dense = self.bot.legs
        texts = [question.question for question in self.asked]
        with bar("question vectors") as progress:
            vectors = self.bot.components.cache.vectors(texts, AsQueries(self.bot.components.encoder), progress).astype(
                np.float32
            )
        self.dense = DenseLeg(dense.vectors, dense.table, Remembered(dense.encoder, texts, vectors))
        self.named = dict(zip(texts, names(texts, asked=read_rules()), strict=True))
        ids = list(self.lexical.table.ids)
        passages = self.bot.corpus.passages(ids)
        self.rows = [passages[id] for id in ids]
        row = {squash(passage.text): n for n, passage in enumerate(self.rows)}
        self.right = [row[squash(question.gold[0])] for question in self.asked]

    def mined(self, train: Sequence[int]) -> list[Synonym]:
        """What the miners find in all passages and in these questions."""
        pairs = [(self.asked[n].question, self.rows[self.right[n]].id) for n in train]
        texts = {row.id: row.worded for row in self.rows}

        def encode(words: Sequence[str]) -> np.ndarray:
            return self.bot.components.cache.unit_vectors(words, self.bot.components.encoder)

        return mine(self.bot.graph.graph, texts, pairs, self._names, encode)

    def leg(self, synonyms: Sequence[Synonym], neighbours: int = 5) -> GraphLeg:
        """A graph leg with these synonyms."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        best = {(s.asked, s.said): s for s in sorted(synonyms, key=lambda s: s.score)}
        GraphFiles(names, relate, "bench", list(best.values())).describe(folder)
        return GraphLeg(Graph(folder, [self._base]), self.lexical.table, self._names, neighbours)

    @property
    def _base(self) -> Path:
        folder = self.folder / "base"
        if not folder.is_dir():
            build(folder, self.rows, names, relate)
        return folder

    def _names(self, questions: Sequence[str]) -> list[list[str]]:
        return [self.named[question] for question in questions]

    def ranks(self, leg: Leg | Hybrid, some: Sequence[int]) -> Ranks:
        """The rank of the right passage for each of these questions, among the first hundred."""
        found: Ranks = []
        for n in some:
            if isinstance(leg, Hybrid):
                rows = leg.candidates(self.asked[n].question, 100).rows
            else:
                rows, _ = leg.find(self.asked[n].question, 100)
            at = np.flatnonzero(rows == self.right[n])
            found.append(int(at[0]) + 1 if len(at) else None)
        return found


def run_customs(folder: Path, seeds: int) -> None:
    """The legs over the splits, and the hybrid with the graph against the hybrid without it."""
    setup = Setup(folder)
    ranks: dict[str, list[Ranks]] = {}
    tested: list[list[int]] = []
    for seed in range(seeds):
        some = held_out(setup.asked, seed)
        tested.append(some)
        mined = setup.mined(sorted(set(range(len(setup.asked))) - set(some)))
        if seed == 0:
            print("synonyms of seed 0:", {o: sum(s.origin == o for s in mined) for o in ORIGINS})
        graph = setup.leg([s for s in mined if s.origin != VECTORS])
        legs: dict[str, Leg | Hybrid] = {
            "bm25": setup.lexical,
            "dense": setup.dense,
            "graph, keywords alone": setup.leg([], 0),
            "graph, + neighbours and relations": setup.leg([]),
            **{f"graph, the same + synonyms: {o}": setup.leg([s for s in mined if s.origin == o]) for o in ORIGINS},
            "graph, default (no vectors)": graph,
            "graph, all miners": setup.leg(mined),
            "graph, synonyms: 질문, no neighbours": setup.leg([s for s in mined if s.origin == PAIRS], 0),
            "hybrid without the graph": Hybrid(setup.lexical, setup.dense),
        }
        for weight in WEIGHTS:
            weights = {"bm25": 0.2, "dense": 1.0, "graph": weight}
            legs[f"hybrid + graph {weight}"] = Hybrid(setup.lexical, setup.dense, graph, weights=weights)
        half = {"bm25": 0.1, "dense": 1.0, "graph": 0.1}
        legs["hybrid, half of BM25's weight to the graph"] = Hybrid(setup.lexical, setup.dense, graph, weights=half)
        for name, leg in legs.items():
            ranks.setdefault(name, []).append(setup.ranks(leg, some))
            print(seed, name, file=sys.stderr, flush=True)
    show(ranks)
    compare(setup.asked, tested, ranks)


def show(ranks: Mapping[str, Sequence[Ranks]]) -> None:
    """Mean [min, max] over the splits."""
    for name, splits in ranks.items():
        cells = []
        for metric, k in SHOWN.items():
            each = [100 * statistics.mean(top(rank, k) for rank in split) for split in splits]
            cells.append(f"{metric} {statistics.mean(each):5.1f} [{min(each):.1f}, {max(each):.1f}]")
        print(f"{name:46}", "  ".join(cells))


def compare(asked: Sequence[Question], tested: Sequence[Sequence[int]], ranks: Mapping[str, Sequence[Ranks]]) -> None:
    """Each hybrid minus the one without the graph, over the distinct questions, resampled by passage."""
    first = {n: (split, at) for split, some in reversed(list(enumerate(tested))) for at, n in enumerate(some)}
    groups = [asked[n].gold for n in first]
    base = [ranks["hybrid without the graph"][split][at] for split, at in first.values()]
    print(f"{len(first)} distinct questions; difference to the hybrid without the graph, points")
    for name in ranks:
        if not name.startswith("hybrid") or name == "hybrid without the graph":
            continue
        other = [ranks[name][split][at] for split, at in first.values()]
        cells = []
        for metric, measure in (("top1", lambda r: top(r, 1)), ("mrr@10", reciprocal_rank)):
            d = paired_difference(list(map(measure, base)), list(map(measure, other)), groups=groups)
            low, high = d.ci95
            cells.append(f"{metric} {100 * d.mean:+.2f} [{100 * low:+.2f}, {100 * high:+.2f}] p {d.p:.3f}")
        print(f"{name:46}", "  ".join(cells))


def run_edges(folder: Path, seeds: int) -> None:
    """Build until there are a million edges; then ask."""
    rng = random.Random(0)
    texts = list(dict.fromkeys(t for q in (*korquad(), *customs()) for g in q.gold for t in g.split(". ")))
    questions = [q.question for q in rng.sample(customs(), 300)]
    count = 11_000
    made = [". ".join(rng.sample(texts, 6)) for _ in range(count)]
    rows = [Passage(f"{n:08}", f"d{n // 50}", text, 0, len(text)) for n, text in enumerate(made)]
    began = time.perf_counter()
    with bar("passages") as progress:
        writer = GraphFiles(names, relate, "bench").writer(folder / "1")
        for done in range(0, len(rows), _BATCH):
            writer.add(rows[done : done + _BATCH])
            progress(done, len(rows))
        writer.finish()
        GraphFiles(names, relate, "bench").describe(folder / "1")
    built = time.perf_counter() - began
    graph = Graph(folder / "1")
    counts = graph.counts()
    began = time.perf_counter()
    more = [replace(rows[n], id=f"x{n:07}", text=made[-n - 1]) for n in range(50)]
    build(folder / "2", more, names, relate)
    added = time.perf_counter() - began
    leg = GraphLeg(graph, Table([row.id for row in rows], InMemory(rows)), names)
    leg.search(questions[0])
    named = dict(zip(questions, names(questions, asked=read_rules()), strict=True))
    bare = GraphLeg(graph, leg.table, lambda some: [named[question] for question in some])
    taken: list[float] = []
    alone: list[float] = []
    cold: list[float] = []
    for question in questions:
        first = GraphLeg(graph, leg.table, bare.name_keywords)
        for asked, times in ((leg.search, taken), (bare.find, alone), (first.find, cold)):
            began = time.perf_counter()
            asked(question, 10)
            times.append(time.perf_counter() - began)
    size = sum(path.stat().st_size for path in (folder / "1").rglob("*") if path.is_file())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    edges = counts["mentions"] + counts["beside"] + counts["relations"] + counts["synonyms"] + counts["passages"]
    print(f"{edges:,} edges: {counts}")
    print(
        f"built in {built:.0f} s, peak memory {peak:.0f} MB, {size / 2**20:.0f} MB on disk; 50 passages more {added:.1f} s"
    )
    shown = {
        "question text in, ten passages with their links out": taken,
        "keywords in, rows out": alone,
        "keywords in, rows out, no keyword met before": cold,
    }
    for what, times in shown.items():
        ordered = sorted(1000 * t for t in times)
        print(f"{what}: p50 {ordered[len(ordered) // 2]:.2f} ms, p95 {ordered[int(len(ordered) * 0.95)]:.2f} ms")


RUNS = {"customs": run_customs, "edges": run_edges}


def main() -> None:
    """Run one of them in a temporary workspace."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("what", choices=RUNS)
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--workspace", type=Path, help="keep the index here, for the next run")
    chosen = options.parse_args()
    need_data()
    with tempfile.TemporaryDirectory() as folder:
        RUNS[chosen.what](chosen.workspace or Path(folder), chosen.seeds)


if __name__ == "__main__":
    main()
