"""How the ways of cutting passages compare, with nothing trained: the dense leg and the hybrid on the customs sheet.

python benchmarks/chunking.py [--questions 600]   every question has the same passages as candidates
"""

from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path

from mundap.evaluation.retrieval import evaluate_retrieval
from mundap.korean.normalize import squash
from mundap.progress import bar
from mundap.workspace import Mundap
from quality import workspace
from shared import bare_customs, customs, need_data

WAYS = {
    "structure, 300 characters": "",
    "structure, 150 characters": "chunk_chars = 150",
    "structure, 600 characters": "chunk_chars = 600",
    "structure, 100 tokens": 'chunk_unit = "tokens"',
    "structure, 200 tokens": 'chunk_unit = "tokens"\nchunk_tokens = 200',
    "fixed, 100 tokens": 'chunking = "fixed"\nchunk_unit = "tokens"',
    "window, 1 sentence on either side": 'chunking = "window"',
    "whole": 'chunking = "whole"',
}
SHOWN = ("top1", "top3", "top10")


def main() -> None:
    """Cut, index and ask, for each way, in one workspace whose vectors are kept."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--questions", type=int, default=600)
    chosen = options.parse_args()
    need_data()
    questions = random.Random(0).sample(customs(), chosen.questions)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        workspace(folder, bare_customs)
        print(f"{len(questions)} questions; mean and 95 % interval, passages drawn with their questions")
        for way, settings in WAYS.items():
            (folder / "mundap.toml").write_text(f"[ingest]\n{settings}\n", "utf-8")
            bot = Mundap.open(folder)
            bot.ingest()
            with bar(way) as progress:
                bot.index({"vectors": progress})
            parent_passages = [p for p in bot.corpus.all_passages() if p.parent_id == p.id]
            pieces = len(bot.corpus.ids()) - len(parent_passages)
            searchers = bot.searchers
            legs = {leg: searchers[leg].search for leg in ("dense", "hybrid")}
            report = evaluate_retrieval(questions, legs, {squash(p.text) for p in parent_passages})
            for leg, found in report.legs.items():
                shown = (f"{100 * found.figures[m].mean:.1f} [{_ends(found.figures[m].ci95)}]" for m in SHOWN)
                print(f"{way} | {pieces} pieces | {leg} | {' | '.join(shown)}", flush=True)


def _ends(ends: tuple[float, float]) -> str:
    return ", ".join(f"{100 * end:.1f}" for end in ends)


if __name__ == "__main__":
    main()
