"""What each part of retrieval brings on the customs rows, one by one. Every model is trained on the other questions.

python benchmarks/reranker.py passage [--seeds 5]   a fifth of the passages held out with all their questions; the rows
                                                    "new only" have the held-out passages as the only candidates
python benchmarks/reranker.py question [--seeds 3]  a fifth of the questions held out
--after also tries what may come before and after the light reranker: a minute or two a split.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mundap.evaluation.metrics import reciprocal_rank, top
from mundap.index.bm25 import LexicalLeg
from mundap.index.dense import DenseLeg
from mundap.progress import bar
from mundap.protocols import Rows
from mundap.retrieve.after import collapse, mmr
from mundap.retrieve.decompose import decomposed
from mundap.retrieve.hybrid import Candidates, Hybrid
from mundap.retrieve.light import FEATURES, SCORES_ONLY, LightModel, LightRanker
from mundap.retrieve.queries import merged
from mundap.retrieve.synonyms import reworded
from mundap.training.rerank.fit_ranker import Examples, Trainer, examples
from mundap.types import Hit
from quality import workspace
from shared import bare_customs, customs, held_out, need_data

Ranks = list[int | None]
SHOWN: Mapping[str, Callable[[int | None], float]] = {
    "top1": lambda rank: top(rank, 1),
    "top3": lambda rank: top(rank, 3),
    "top10": lambda rank: top(rank, 10),
    "mrr@10": reciprocal_rank,
}
TRAINED = {
    "learned fusion: scores of the legs": SCORES_ONLY,
    "+ translation": (*SCORES_ONLY, "translation"),
    "+ known questions": (*SCORES_ONLY, "asked", "nearest"),
    "+ both (light reranker)": FEATURES,
}


class Setup:
    """The customs passages, indexed, and the candidates of every question."""

    def __init__(self, folder: Path) -> None:
        self.bot = workspace(folder, bare_customs)
        lexical, dense = self.bot.searchers["bm25"], self.bot.searchers["dense"]
        assert isinstance(lexical, LexicalLeg)
        assert isinstance(dense, DenseLeg)
        self.lexical, self.dense = lexical, dense
        self.asked = customs()
        vectors = self.bot.components.encoder.encode_queries([question.question for question in self.asked])
        with bar("candidates") as progress:
            self.made: Examples = examples(self.asked, self.lexical, self.dense, vectors, progress)

    def fused(self, some: Sequence[int]) -> Ranks:
        """The ranks before anything is trained."""
        return ranks_of(self.made, some)

    def trained(self, names: Sequence[str], train: Sequence[int], some: Sequence[int]) -> tuple[LightModel, Ranks]:
        """The ranks by a model of the other questions."""
        trainer = Trainer(self.made, self.lexical, self.dense, names)
        model = trainer.train(np.asarray(train))
        return model, trainer.ranks(model, np.asarray(some))

    def after(self, model: LightModel, some: Sequence[int]) -> dict[str, Ranks]:
        """The ranks with what may come before and after the light reranker."""
        ranker = LightRanker(model, self.lexical, self.dense)
        hybrid = Hybrid(self.lexical, self.dense, ranker=ranker)
        found: dict[str, Ranks] = {"synonyms": [], "parts": [], "mmr .7": [], "collapse .95": []}
        for n in some:
            text = self.made.questions[n]
            hits = hybrid.search(text, 40)
            others = [hybrid.search(o, 40) for o in reworded(text, model.translations, self.lexical.tokenize)]
            vectors = self.dense.vectors_of(hits)
            parts = [hybrid.search(part, 40) for part in decomposed(text)]
            found["synonyms"].append(self._place(n, merged([hits, *others], 40)))
            found["parts"].append(self._place(n, merged([hits, *parts], 40)))
            found["mmr .7"].append(self._place(n, mmr(hits, vectors, 10, 0.7)))
            found["collapse .95"].append(self._place(n, collapse(hits, vectors, 0.95).hits))
        return found

    def _place(self, n: int, hits: Sequence[Hit]) -> int | None:
        right = self.lexical.table.ids[self.made.rows[n]]
        return next((place for place, hit in enumerate(hits, 1) if hit.passage.id == right), None)


def ranks_of(made: Examples, some: Sequence[int]) -> Ranks:
    """The places of the right passages in the order of the fusion."""
    return [int(place) + 1 if place >= 0 else None for place in made.places(np.asarray(some))]


def only(setup: Setup, rows: set[int]) -> Examples:
    """The examples with these rows as the only candidates."""

    def kept(candidates: Candidates) -> Candidates:
        keep = np.array([row in rows for row in candidates.rows.tolist()])
        legs = {leg: scores[keep] for leg, scores in candidates.legs.items()}
        found: Mapping[str, Rows] = candidates.found
        return Candidates(candidates.rows[keep], candidates.fused[keep], legs, found)

    made = setup.made
    return replace(made, candidates=tuple(map(kept, made.candidates)))


def split(setup: Setup, what: str, seed: int) -> list[int]:
    """The places of the questions that are held out."""
    if what == "question":
        return sorted(random.Random(seed).sample(range(len(setup.asked)), len(setup.asked) // 5))
    return held_out(setup.asked, seed)


def run(setup: Setup, what: str, seeds: int, after: bool) -> None:
    """Every part over the splits: mean [min, max]."""
    table: dict[str, list[list[float]]] = {}
    for seed in range(seeds):
        tested = split(setup, what, seed)
        train = sorted(set(range(len(setup.asked))) - set(tested))
        ranks = {"fusion": setup.fused(tested)}
        for name, features in TRAINED.items():
            model, ranks[name] = setup.trained(features, train, tested)
            if what == "passage":
                held = only(setup, {int(setup.made.rows[n]) for n in tested})
                trainer = Trainer(held, setup.lexical, setup.dense, features)
                ranks["new only, fusion"] = ranks_of(held, tested)
                ranks[f"new only, {name}"] = trainer.ranks(model, np.asarray(tested))
        if after:
            ranks |= {f"light, {name}": found for name, found in setup.after(model, tested).items()}
        for name, found in ranks.items():
            figures = [100 * statistics.mean(map(measure, found)) for measure in SHOWN.values()]
            table.setdefault(name, []).append(figures)
            print(seed, name, *(f"{figure:.1f}" for figure in figures), file=sys.stderr, flush=True)
    print(f"{what}: {seeds} splits; mean [min, max], %")
    for name, rows in table.items():
        cells = [
            f"{metric} {statistics.mean(column):.1f} [{min(column):.1f}, {max(column):.1f}]"
            for metric, column in zip(SHOWN, zip(*rows, strict=True), strict=True)
        ]
        print(f"{name:38}", "  ".join(cells), flush=True)


def main() -> None:
    """Run one of them in a temporary workspace."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("what", choices=["passage", "question"])
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--after", action="store_true")
    options.add_argument("--workspace", type=Path, help="keep the index here, for the next run")
    chosen = options.parse_args()
    need_data()
    with tempfile.TemporaryDirectory() as folder:
        run(Setup(chosen.workspace or Path(folder)), chosen.what, chosen.seeds, chosen.after)


if __name__ == "__main__":
    main()
