"""How well the shared rows are searched and answered, with nothing trained.

python benchmarks/quality.py customs [--seeds 5]   by-passage splits, legs and fusions
python benchmarks/quality.py korquad               4,110 questions on 718 paragraphs
python benchmarks/quality.py words                 BM25: what each kind of token, and the source, brings
python benchmarks/quality.py abstain               KorQuAD questions asked of the customs corpus
python benchmarks/quality.py answers               quotes, and character F1 against recorded answers
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mundap.evaluation.abstain import evaluate_abstain
from mundap.evaluation.bootstrap import mean_interval
from mundap.evaluation.metrics import character_f1
from mundap.evaluation.questions import Question
from mundap.evaluation.retrieval import evaluate_retrieval
from mundap.index.bm25 import BM25, LexicalLeg
from mundap.index.dense import DenseLeg
from mundap.korean.normalize import squash
from mundap.korean.tokens import SearchTokenizer
from mundap.progress import bar
from mundap.protocols import Searcher
from mundap.retrieve.fuse import FUSIONS
from mundap.retrieve.hybrid import Hybrid
from mundap.types import Hit
from mundap.workspace import Mundap
from shared import bare_customs, bare_korquad, customs, held_out, korquad, need_data

SHOWN = ("top1", "top3", "top10", "mrr@10")


def workspace(folder: Path, write: Callable[[Path], None]) -> Mundap:
    """A workspace over the sheet that `write` makes, indexed."""
    (folder / "docs").mkdir(parents=True, exist_ok=True)
    (folder / "mundap.toml").write_text("", "utf-8")
    write(folder / "docs" / "passages.xlsx")
    bot = Mundap.open(folder)
    bot.ingest()
    with bar("vectors") as progress:
        bot.index({"vectors": progress})
    return bot


def legs_of(bot: Mundap) -> dict[str, Searcher]:
    """The legs alone, under each fusion, and as a workspace searches."""
    searchers = bot.searchers
    lexical, dense = searchers["bm25"], searchers["dense"]
    assert isinstance(lexical, LexicalLeg)
    assert isinstance(dense, DenseLeg)
    fused = {f"hybrid {name}": Hybrid(lexical, dense, method=name) for name in FUSIONS}
    return {"bm25": lexical, "dense": dense, **fused, "hybrid, as searched": searchers["hybrid"]}


def figures(
    bot: Mundap, questions: Sequence[Question], legs: Mapping[str, Searcher]
) -> dict[str, dict[str, list[float]]]:
    """For each leg and metric, the figure of each question."""
    corpus = {squash(p.text) for p in bot.corpus.all_passages() if p.parent_id == p.id}
    asked = {name: _search(leg) for name, leg in legs.items()}
    with bar("questions") as progress:
        report = evaluate_retrieval(questions, asked, corpus, depth=10, progress=progress)
    return {name: {metric: report.values(name, metric) for metric in SHOWN} for name in legs}


def _search(leg: Searcher) -> Callable[[str, int], list[Hit]]:
    return lambda question, k: leg.search(question, k)


def show_splits(values: Mapping[str, Mapping[str, Sequence[float]]], splits: Sequence[Sequence[int]]) -> None:
    """Mean, minimum and maximum over splits."""
    print(f"{len(splits)} splits of {', '.join(str(len(split)) for split in splits)} questions; mean [min, max], %")
    for name, metrics in values.items():
        cells = []
        for metric in SHOWN:
            each = [100 * statistics.mean(metrics[metric][n] for n in split) for split in splits]
            cells.append(f"{metric} {statistics.mean(each):5.1f} [{min(each):.1f}, {max(each):.1f}]")
        print(f"{name:24}", "  ".join(cells))


def show_all(values: Mapping[str, Mapping[str, Sequence[float]]], questions: Sequence[Question]) -> None:
    """Means with intervals that resample passages."""
    print(f"{len(questions)} questions; mean [95 % interval], %")
    groups = [question.gold for question in questions]
    for name, metrics in values.items():
        cells = []
        for metric in SHOWN:
            low, high = mean_interval(metrics[metric], groups=groups)
            cells.append(f"{metric} {100 * statistics.mean(metrics[metric]):5.1f} [{100 * low:.1f}, {100 * high:.1f}]")
        print(f"{name:24}", "  ".join(cells))


def run_customs(folder: Path, seeds: int) -> None:
    """Held-out passages with all their questions, searched among all passages."""
    questions = customs()
    bot = workspace(folder, bare_customs)
    show_splits(figures(bot, questions, legs_of(bot)), [held_out(questions, seed) for seed in range(seeds)])


def run_korquad(folder: Path, seeds: int) -> None:
    """Every question on its paragraph."""
    questions = korquad()
    bot = workspace(folder, bare_korquad)
    show_all(figures(bot, questions, legs_of(bot)), questions)


def run_words(folder: Path, seeds: int) -> None:
    """BM25 with parts of the recipe left out."""
    questions = customs()
    (folder / "mundap.toml").write_text('[index]\nencoder = "hashed"\n', "utf-8")
    (folder / "docs").mkdir()
    bare_customs(folder / "docs" / "passages.xlsx")
    bot = Mundap.open(folder)
    bot.ingest()
    parent_passages = [p for p in bot.corpus.all_passages() if p.parent_id == p.id]
    unnamed = [replace(p, source="") for p in parent_passages]
    recipes: dict[str, Searcher] = {
        "content morphemes": BM25(unnamed, SearchTokenizer(joins=False, bigrams=False)),
        "+ joins": BM25(unnamed, SearchTokenizer(bigrams=False)),
        "+ bigrams": BM25(unnamed, SearchTokenizer(joins=False)),
        "+ joins + bigrams": BM25(unnamed),
        "+ joins + bigrams + 출처": BM25(parent_passages),
        "the last, k1 1.5 b .75": BM25(parent_passages, k1=1.5, b=0.75),
    }
    show_splits(figures(bot, questions, recipes), [held_out(questions, seed) for seed in range(seeds)])


def run_abstain(folder: Path, seeds: int) -> None:
    """500 customs questions against 500 that the corpus cannot answer."""
    bot = workspace(folder, bare_customs)
    # Other questions than those the calibration was fitted on (docs/experiments/2026-11-21-abstention.md).
    samples = [random.Random(7).sample([q.question for q in asked], 500) for asked in (customs(), korquad())]
    scores: list[list[float]] = []
    with bar("questions") as progress:
        for sample in samples:
            scores.append([bot.support(question) for question in sample])
            progress(len(scores) * 500, 1000)
    right, wrong = scores
    for key, value in evaluate_abstain(right, wrong, bot.config.generate.min_support).to_json().items():
        print(f"{key}: {value}")


def run_answers(folder: Path, seeds: int) -> None:
    """300 customs questions asked of the bare corpus, so that no recorded answer helps."""
    bot = workspace(folder, bare_customs)
    questions = random.Random(7).sample([q for q in customs() if q.answer], 300)
    answers = []
    began = time.process_time()
    with bar("questions") as progress:
        for question in questions:
            answers.append(bot.ask(question.question))
            progress(len(answers), len(questions))
    spent = time.process_time() - began
    answered = [(q, a) for q, a in zip(questions, answers, strict=True) if not a.abstained]
    quotes = [
        squash(c.quote) in squash(next(h.passage.text for h in a.hits if h.passage.id == c.passage_id))
        for _, a in answered
        for c in a.citations
    ]
    cited = sum(bool(a.citations) for _, a in answered)
    scores = [character_f1(a.text, q.answer) for q, a in answered]
    low, high = mean_interval(scores, groups=[q.gold for q, _ in answered])
    print(f"answered {len(answered)} of {len(questions)}; with a citation {cited}")
    print(f"quotes in their passage: {sum(quotes)} of {len(quotes)}")
    print(f"character F1 against recorded answers: {100 * np.mean(scores):.1f} [{100 * low:.1f}, {100 * high:.1f}]")
    print(f"CPU seconds for all {len(questions)}, from cold: {spent:.0f}")
    print(f"median retrieve {statistics.median(a.timings['retrieve_ms'] for a in answers):.0f} ms")


RUNS = {
    "customs": run_customs,
    "korquad": run_korquad,
    "words": run_words,
    "abstain": run_abstain,
    "answers": run_answers,
}


def main() -> None:
    """Run one of them in a temporary workspace."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("what", choices=RUNS)
    options.add_argument("--seeds", type=int, default=5)
    chosen = options.parse_args()
    need_data()
    with tempfile.TemporaryDirectory() as folder:
        RUNS[chosen.what](Path(folder), chosen.seeds)


if __name__ == "__main__":
    main()
