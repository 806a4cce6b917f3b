"""A question must find its own answer among all answers: 846 random pairs of the shared sheet, nothing trained.

    python benchmarks/question_to_answer.py [--pairs 846] [--seeds 5] [--cache FOLDER]

The form of a public experiment on 846 pairs whose encoder, before it was trained, found .398, .511 and .572 of the
answers first, in the first two and in the first three. Those pairs are others than ours: compare with care.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mundap.evaluation.metrics import first_right, top
from mundap.evaluation.questions import Question
from mundap.korean.normalize import squash
from mundap.progress import bar
from peers import Remembered, Sheet, fill_workspace
from shared import customs, need_data

LEGS = ("bm25", "dense", "hybrid")
DEPTHS = (1, 2, 3)


def draw(questions: Sequence[Question], pairs: int, seed: int) -> dict[str, Question]:
    """`pairs` questions by their answer, squashed; no two have the same answer. Ends with a sentence if they lack."""
    shuffled = random.Random(seed).sample(questions, len(questions))
    distinct: dict[str, Question] = {}
    for question in shuffled:
        if question.answer:
            distinct.setdefault(squash(question.answer), question)
    if len(distinct) < pairs:
        sys.exit(f"{pairs} pairs wanted, but there are {len(distinct)} distinct answers")
    return dict(list(distinct.items())[:pairs])


def figures(drawn: dict[str, Question], encoder: Remembered, folder: Path) -> dict[str, list[float]]:
    """For each leg, the share of questions whose answer is among the first 1, 2 and 3, in percent."""
    answers = [question.answer for question in drawn.values()]
    encoder.encode_queries([question.question for question in drawn.values()])
    bot = fill_workspace(Sheet(answers, [""] * len(answers), folder), encoder, sources=False)
    bot.index()
    result = {}
    for leg in LEGS:
        ranks = []
        for answer, question in drawn.items():
            hits = bot.search(question.question, k=max(DEPTHS), leg=leg)
            ranks.append(first_right([squash(hit.passage.text) == answer for hit in hits]))
        result[leg] = [100 * statistics.mean(top(rank, depth) for rank in ranks) for depth in DEPTHS]
    return result


def main() -> None:
    """Print mean, minimum and maximum over seeds for each leg."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pairs", type=int, default=846)
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "mundap-peers")
    chosen = options.parse_args()
    need_data()
    encoder = Remembered(chosen.cache)
    questions = customs()
    runs = []
    with bar("seeds") as progress:
        for seed in range(chosen.seeds):
            drawn = draw(questions, chosen.pairs, seed)
            with tempfile.TemporaryDirectory() as name:
                runs.append(figures(drawn, encoder, Path(name) / "workspace"))
            progress(seed + 1, chosen.seeds)
    print(f"{chosen.pairs} pairs, {chosen.seeds} seeds; mean [min, max], %\n")
    print("|  |", " | ".join(f"top-{depth}" for depth in DEPTHS), "|")
    print("|---" * (len(DEPTHS) + 1) + "|")
    for leg in LEGS:
        cells = []
        for place in range(len(DEPTHS)):
            each = [run[leg][place] for run in runs]
            cells.append(f"{statistics.mean(each):.1f} [{min(each):.1f}, {max(each):.1f}]")
        print(f"| {leg} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
