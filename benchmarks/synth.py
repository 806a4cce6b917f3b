"""What questions made by rules from the passages alone teach an encoder about questions that people asked.

    python benchmarks/synth.py [--workspace DIR] [--most 3] [--seed 0]

The customs passages, none of whose questions are shown to the maker. Two linear maps (`mundap train adapter`) learn from
the made questions of all passages, as the trainer chooses and whole, and are measured on every question of people; then, by passage, from people's
questions of four fifths of the passages, with and without made questions of the last fifth, on which they are measured.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two threads spin on a busy machine

import numpy as np

from mundap.encode import base_of
from mundap.encode.adapter import mapped
from mundap.progress import bars
from mundap.store.cache import AsQueries
from mundap.synth.journal import Journal
from mundap.synth.qa import REASONS, Row, synthesize
from mundap.synth.qa_rules import ByRules
from mundap.training.common.folds import Numbers
from mundap.training.common.heldout import LEGS, HeldoutEvaluator
from mundap.training.common.measure import compared
from mundap.training.common.pairs import FOLDS, Pairs, pairs
from mundap.training.retriever.adapter import PENALTIES, Known, fit, learn
from mundap.workflows.synthesise import checks
from mundap.workspace import Mundap
from quality import workspace
from shared import bare_customs, customs, need_data

Ranks = dict[str, list[int | None]]


def made_rows(bot: Mundap, most: int, progress: Callable[[int, int], None]) -> list[Row]:
    """The made questions, and what they are like."""
    passages = [p for p in bot.corpus.all_passages() if p.parent_id == p.id]
    with tempfile.TemporaryDirectory() as folder:
        journal: Journal[list[list[str]]] = Journal(Path(folder) / "journal", "rules")
        made = synthesize(passages, ByRules(), checks(bot), journal, most=most, progress=progress)
    found = Counter(len(row.made.answers) for row in made.rows)
    print(f"{len(made.rows)} questions of {len(passages)} passages, {made.without} of them without any")
    print("answers of 1, 2, 3 lengths:", [found[n] for n in (1, 2, 3)])
    print("left out:", {REASONS[why]: count for why, count in made.refused.items()})
    print(f"support: mean {np.mean([row.support for row in made.rows]):.3f}")
    for leg in ("bm25", "dense", "hybrid"):
        ranks = [
            next((h.rank for h in bot.search(r.made.question, 10, leg) if h.passage.id == r.passage.id), 99)
            for r in made.rows
        ]
        tops = [sum(rank <= k for rank in ranks) / len(ranks) for k in (1, 3, 10)]
        print(f"made questions, {leg}: " + "/".join(f"{top:.1%}" for top in tops))
    return list(made.rows)


def told(name: str, before: Ranks, after: Ranks, groups: list[int]) -> None:
    """One line for each leg: top-1, 3 and 10 before and after, and the change of MRR with its interval."""
    for leg in LEGS:
        report = compared(before[leg], after[leg], groups)
        tops = [
            " ".join(f"{getattr(report[f'top{k}'], time).mean:.1%}" for k in (1, 3, 10)) for time in ("before", "after")
        ]
        change = report["mrr@10"].difference
        low, high = change.ci95
        print(f"{name} {leg} {tops[0]} → {tops[1]}, MRR {change.mean:+.3f} [{low:+.3f}, {high:+.3f}] p {change.p:.3f}")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--workspace", type=Path)
    asked.add_argument("--most", type=int, default=3)
    asked.add_argument("--seed", type=int, default=0)
    options = asked.parse_args()
    need_data()
    bot = Mundap.open(options.workspace) if options.workspace else workspace(Path(tempfile.mkdtemp()), bare_customs)
    with bars(made="made", vectors="vectors") as progress:
        rows = made_rows(bot, options.most, progress["made"])
        lexical, dense = bot.legs
        people = pairs(customs(), dense.table)
        row_of = {id: row for row, id in enumerate(dense.table.ids)}
        both = Pairs(
            (*people.questions, *(row.made.question for row in rows)),
            np.concatenate([people.rows, [row_of[row.passage.id] for row in rows]]),
        )
        encoder = bot.components.encoder_named(base_of(bot.config.index.encoder, bot.components.models))
        texts = [passage.embedded for passage in bot.indexed_passages()]
        passages = bot.components.cache.unit_vectors(texts, encoder, progress["vectors"])
        questions = bot.components.cache.unit_vectors(both.questions, AsQueries(encoder), progress["vectors"])
    settings = bot.config.retrieve
    evaluator = HeldoutEvaluator(both, lexical, dense, settings.fusion, settings.weights, settings.pool)
    known = Known(passages, evaluator.starts, questions)
    real, made = np.arange(len(people)), np.arange(len(people), len(both))
    groups = people.rows.tolist()

    def ranks(some: Numbers, tested: Numbers) -> Ranks:
        maps, setting = learn(both, known, some, options.seed)
        print("  learned from", len(some), "with", setting)
        return evaluator.ranks(mapped(passages, maps.passage), mapped(questions[tested], maps.question), tested)

    before = evaluator.ranks(passages, questions[real], real)
    told("made questions of all passages, measured on people's:", before, ranks(made, real), groups)
    for penalty, maps in zip(PENALTIES, fit(known, made, both.rows, PENALTIES, options.seed), strict=True):
        after = evaluator.ranks(mapped(passages, maps.passage), mapped(questions[real], maps.question), real)
        told(f"the same, taken whole under the penalty {penalty}:", before, after, groups)
    fold = people.folds("by_passage", options.seed)
    found: dict[str, Ranks] = {name: {leg: [None] * len(real) for leg in LEGS} for name in ("people", "both")}
    for held in range(FOLDS):
        tested = np.flatnonzero(fold == held)
        learned = np.flatnonzero(fold != held)
        new = np.isin(both.rows[made], both.rows[tested])
        for name, some in (("people", learned), ("both", np.concatenate([learned, made[new]]))):
            for leg, places in ranks(some, tested).items():
                for n, place in zip(tested, places, strict=True):
                    found[name][leg][n] = place
    told("people's questions of other passages:", before, found["people"], groups)
    told("the same and made questions of the held-out ones:", found["people"], found["both"], groups)


if __name__ == "__main__":
    main()
