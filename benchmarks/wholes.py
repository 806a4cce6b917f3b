"""How large wholes should be that are cut from long documents: KorQuAD's articles, each without a line break.

python benchmarks/wholes.py [--questions 800] [--articles 100] [--sizes 400 600 1000 1600 2400]

A question is answered if the place where its answer stands is in what was found. Large wholes hold more, so what is found
is cut off at a budget of characters, as a prompt is: as many wholes as fit, and the first in any case.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mundap.cli.show import bar
from mundap.evaluate.bootstrap import mean_interval, paired_difference
from mundap.pipeline import Mundap
from mundap.types import Hit
from shared import KORQUAD, need_data

BUDGETS = (1600, 3200)
LEGS = ("bm25", "hybrid")
DEPTH = 30
USUAL = 1600  # what the others are compared with


@dataclass(frozen=True)
class Asked:
    """A question, and where its answer stands in the article of that name."""

    question: str
    article: str
    at: int


def articles(folder: Path, most: int) -> list[Asked]:
    """Write each article as a text file; the questions on them."""
    found = []
    for number, article in enumerate(json.loads(KORQUAD.read_text("utf-8"))["data"][:most]):
        name, text = f"{number:03}", ""
        for paragraph in article["paragraphs"]:
            context = paragraph["context"]
            found += [
                Asked(one["question"], name, len(text) + one["answers"][0]["answer_start"]) for one in paragraph["qas"]
            ]
            text += context.replace("\n", " ") + " "
        (folder / f"{name}.txt").write_text(text.rstrip() + "\n", "utf-8")
    return found


def holds(hits: list[Hit], asked: Asked, budget: int) -> bool:
    """Whether the answer's place is in as many hits as fit."""
    used = 0
    for number, hit in enumerate(hits):
        used += len(hit.passage.text)
        if number and used > budget:
            return False
        passage = hit.passage
        if Path(passage.source).stem == asked.article and passage.start <= asked.at < passage.end:
            return True
    return False


def main() -> None:
    """Cut, index and ask for each size, in one workspace whose vectors are kept."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--questions", type=int, default=800)
    options.add_argument("--articles", type=int, default=100)
    options.add_argument("--sizes", type=int, nargs="+", default=[400, 600, 1000, 1600, 2400])
    chosen = options.parse_args()
    need_data()
    values: dict[tuple[int, str, int], list[float]] = {}
    groups: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "docs").mkdir()
        questions = random.Random(0).sample(articles(folder / "docs", chosen.articles), chosen.questions)
        groups = [one.article for one in questions]
        for size in chosen.sizes:
            (folder / "mundap.toml").write_text(f"[ingest]\nparent_chars = {size}\n", "utf-8")
            bot = Mundap.open(folder)
            bot.ingest()
            with bar(f"{size}") as progress:
                bot.index({"vectors": progress})
            wholes = [p for p in bot.corpus.all_passages() if p.parent_id == p.id]
            print(
                f"{size}: {len(wholes)} wholes of {np.mean([len(p.text) for p in wholes]):.0f} characters", flush=True
            )
            for leg in LEGS:
                with bar(leg) as progress:
                    for number, one in enumerate(questions, 1):
                        hits = bot.search(one.question, k=DEPTH, leg=leg)
                        for budget in BUDGETS:
                            values.setdefault((size, leg, budget), []).append(holds(hits, one, budget))
                        progress(number, len(questions))
    print(f"{len(questions)} questions; % answered [95 %], articles drawn whole; less wholes of {USUAL}")
    for (size, leg, budget), found in values.items():
        low, high = mean_interval(found, groups=groups)
        change = paired_difference(values[USUAL, leg, budget], found, groups=groups)
        print(
            f"{leg:7} wholes of {size:5} budget {budget:5}: {100 * np.mean(found):.1f} [{100 * low:.1f}, {100 * high:.1f}]"
            f"  {100 * change.mean:+.1f} [{100 * change.ci95[0]:+.1f}, {100 * change.ci95[1]:+.1f}] (p {change.p_value:.4f})"
        )


if __name__ == "__main__":
    main()
