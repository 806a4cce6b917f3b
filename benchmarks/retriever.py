"""What a trained encoder brings on the customs rows: linear maps over e5-small, and word vectors from nothing.

python benchmarks/retriever.py passage [--seeds 5]   a fifth of the passages held out with all their questions
python benchmarks/retriever.py question [--seeds 3]  a fifth of the questions held out

All passages are candidates. Each model is trained on the other questions only; what it chooses, it chooses among them.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # two threads spin on a busy machine, before NumPy is there

import numpy as np

from mundap.encode.adapter import Maps, mapped
from mundap.evaluation.estimates import paired_difference
from mundap.evaluation.metrics import reciprocal_rank, top
from mundap.korean.tokens import SearchTokenizer
from mundap.progress import bar
from mundap.protocols import Vectors
from mundap.store.cache import AsQueries
from mundap.training.common.heldout import HeldoutEvaluator
from mundap.training.common.pairs import pairs
from mundap.training.retriever import adapter, static
from mundap.training.retriever.config import StaticConfig
from quality import workspace
from shared import bare_customs, customs, held_out, need_data

SHOWN: Mapping[str, Callable[[int | None], float]] = {
    "top1": lambda rank: top(rank, 1),
    "top3": lambda rank: top(rank, 3),
    "top10": lambda rank: top(rank, 10),
    "mrr@10": reciprocal_rank,
}
WEIGHT = 0.4  # of the word vectors' cosine beside the adapter's, in the last row
Both = tuple[Vectors, Vectors]


class Prepared:
    """The customs passages, indexed, with the vectors of all passages and questions, and their words."""

    def __init__(self, folder: Path) -> None:
        bot = workspace(folder, bare_customs)
        lexical, dense = bot.legs
        self.asked = customs()
        self.evaluator = HeldoutEvaluator(pairs(self.asked, dense.table), lexical, dense)
        texts = [passage.embedded for passage in bot.indexed_passages()]
        with bar("vectors") as progress:
            passages = bot.components.cache.unit_vectors(texts, bot.components.encoder, progress)
            questions = bot.components.cache.unit_vectors(
                self.evaluator.pairs.questions, AsQueries(bot.components.encoder), progress
            )
        self.known = adapter.Known(passages, self.evaluator.starts, questions)
        tokenize = SearchTokenizer(joins=True, bigrams=False)
        self.tokens = static.Tokens(tokenize(self.evaluator.pairs.questions), tokenize(texts))

    def models(self, train: np.ndarray, tested: np.ndarray) -> dict[str, Both]:
        """The vectors of all passages and of the tested questions by each model, trained on `train`."""
        known, made = self.known, self.evaluator.pairs
        found = {"e5-small, nothing trained": (known.passages, known.questions[tested])}
        free = list(adapter.fit(known, train, made.rows, (0.0,) * 4))[-1]
        maps, setting = adapter.learn(made, known, train)
        print(setting, file=sys.stderr)
        for name, some in (("maps without a pull", free), ("adapter", maps)):
            found[name] = self._by(some, tested)
        words = static.learn(self.evaluator, self.tokens, train, StaticConfig())
        found["static"] = (
            words.means(self.tokens.passages),
            words.means([self.tokens.questions[n] for n in tested]),
        )
        found["adapter and static, side by side"] = (
            _beside(found["adapter"][0], found["static"][0]),
            _beside(found["adapter"][1], found["static"][1]),
        )
        return found

    def _by(self, maps: Maps, tested: np.ndarray) -> Both:
        return mapped(self.known.passages, maps.passage), mapped(self.known.questions[tested], maps.question)


def _beside(one: Vectors, other: Vectors) -> Vectors:
    """Vectors whose cosine is a mean of the two cosines."""
    return np.concatenate([np.sqrt(1 - WEIGHT) * one, np.sqrt(WEIGHT) * other], axis=1)


def split(prepared: Prepared, what: str, seed: int) -> list[int]:
    """The places of the questions that are held out."""
    if what == "question":
        return sorted(random.Random(seed).sample(range(len(prepared.asked)), len(prepared.asked) // 5))
    return held_out(prepared.asked, seed)


def run(prepared: Prepared, what: str, seeds: int) -> None:
    """Every model over the splits: mean [min, max], and the paired difference of MRR@10 over all splits."""
    table: dict[str, list[list[float]]] = {}
    values: dict[str, list[float]] = {}
    groups: list[int] = []
    for seed in range(seeds):
        tested = np.asarray(split(prepared, what, seed))
        train = np.setdiff1d(np.arange(len(prepared.asked)), tested)
        groups += prepared.evaluator.pairs.rows[tested].tolist()
        began = time.process_time()
        for name, (passages, asked) in prepared.models(train, tested).items():
            for leg, ranks in prepared.evaluator.ranks(passages, asked, tested).items():
                figures = [100 * statistics.mean(map(measure, ranks)) for measure in SHOWN.values()]
                table.setdefault(f"{name}, {leg}", []).append(figures)
                values.setdefault(f"{name}, {leg}", []).extend(map(reciprocal_rank, ranks))
                print(seed, name, leg, *(f"{figure:.1f}" for figure in figures), file=sys.stderr, flush=True)
        print(f"{time.process_time() - began:.0f} CPU seconds", file=sys.stderr)
    print(f"{what}: {seeds} splits; mean [min, max], %; MRR@10 less that without training, paired")
    for name, rows in table.items():
        print(f"{name:42}", "  ".join(_cells(rows)), _difference(values, name, groups), flush=True)


def _cells(rows: Sequence[Sequence[float]]) -> list[str]:
    return [
        f"{metric} {statistics.mean(column):.1f} [{min(column):.1f}, {max(column):.1f}]"
        for metric, column in zip(SHOWN, zip(*rows, strict=True), strict=True)
    ]


def _difference(values: Mapping[str, Sequence[float]], name: str, groups: Sequence[int]) -> str:
    before = values[f"e5-small, nothing trained, {name.rpartition(', ')[2]}"]
    change = paired_difference(before, values[name], groups=groups)
    low, high = (100 * end for end in change.ci95)
    return f" {100 * change.mean:+.1f} [{low:+.1f}, {high:+.1f}] (p {change.p:.4f})"


def main() -> None:
    """Run one of them in a temporary workspace."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("what", choices=["passage", "question"])
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--workspace", type=Path, help="keep the index here, for the next run")
    chosen = options.parse_args()
    need_data()
    with tempfile.TemporaryDirectory() as folder:
        run(Prepared(chosen.workspace or Path(folder)), chosen.what, chosen.seeds)


if __name__ == "__main__":
    main()
