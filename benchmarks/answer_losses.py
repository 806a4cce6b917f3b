"""Which loss teaches an encoder to find a question's own answer among 846: held-out pairs, and pairs it learned from.

    python benchmarks/answer_losses.py [--losses mnrl triplet denoising] [--seed 0] [--set epochs=3 batch=16 …]

A fifth of the pairs is held out. All 846 answers are candidates for both parts. The figures on pairs that were learned
are there to be set beside a public experiment on 846 other pairs, which scored its own training questions: after it was
trained .76, .84 and .85 of the answers were found first, in the first two and in the first three.
"""

from __future__ import annotations

import argparse
import ast
import csv
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two threads spin on a busy machine

import numpy as np

from mundap.evaluation.bootstrap import mean_interval
from mundap.evaluation.metrics import top
from mundap.evaluation.questions import Question
from mundap.progress import bar
from mundap.store.cache import AsQueries
from mundap.training.common.examples import Split
from mundap.training.common.heldout import EncodedData, HeldoutEvaluator
from mundap.training.common.pairs import pairs
from mundap.training.retriever.config import EmbeddingConfig
from mundap.training.retriever.encoder import train_encoder
from mundap.training.retriever.fit_encoder import examples
from mundap.training.retriever.transformer_encoder import InTraining
from mundap.workspace import Mundap
from quality import workspace
from question_to_answer import DEPTHS, draw
from shared import customs, need_data


def answers_as_passages(folder: Path, drawn: dict[str, Question]) -> Mundap:
    """A workspace whose passages are the answers."""

    def write(path: Path) -> None:
        with path.with_suffix(".csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["제시문"])
            rows.writerows([question.answer] for question in drawn.values())

    return workspace(folder, write)


def line(name: str, ranks: list[int | None]) -> None:
    """The share of answers among the first so many, with 95 % intervals."""
    cells = []
    for depth in DEPTHS:
        found = [top(rank, depth) for rank in ranks]
        low, high = mean_interval(found)
        cells.append(f"top{depth} {100 * np.mean(found):.1f} [{100 * low:.1f}, {100 * high:.1f}]")
    print(f"{name:48}", "  ".join(cells), flush=True)


def main() -> None:
    """One training for each loss, over the same pairs and the same split."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--losses", nargs="+", default=["mnrl", "triplet", "denoising"])
    options.add_argument("--pairs", type=int, default=846)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--set", nargs="*", default=[], metavar="FIELD=VALUE")
    chosen = options.parse_args()
    need_data()
    drawn = draw(customs(), chosen.pairs, chosen.seed)
    given = dict(one.split("=", 1) for one in chosen.set)
    values = {"every": 0, "blend": False, "batch": 16, "part": 0}
    values |= {key: ast.literal_eval(text) for key, text in given.items()}
    with tempfile.TemporaryDirectory() as name:
        bot = answers_as_passages(Path(name) / "workspace", drawn)
        lexical, dense = bot.legs
        made = pairs([Question(q.question, (q.answer,)) for q in drawn.values()], dense.table)
        evaluator = HeldoutEvaluator(made, lexical, dense)
        texts = [passage.embedded for passage in bot.indexed_passages()]
        known = bot.components.cache.unit_vectors(made.questions, AsQueries(bot.components.encoder))
        encoded = EncodedData(evaluator, texts, bot.components.cache.unit_vectors(texts, bot.components.encoder), known)
        order = np.random.default_rng(chosen.seed).permutation(len(made))
        parts = Split.around(made, np.sort(order[: len(made) // 5]), chosen.seed, known=len(made) ** 2)
        looked = {"held out": parts.by_passage, "learned": parts.train}
        print(f"{len(made)} pairs: {', '.join(f'{len(some)} {part}' for part, some in looked.items())}; {values}")
        for part, some in looked.items():
            for leg, ranks in evaluator.ranks(encoded.passages, encoded.questions[some], some).items():
                line(f"{part}, {leg}, e5-small untrained", ranks)
        for loss in chosen.losses:
            config = EmbeddingConfig(**{"loss": loss, "seed": chosen.seed, **values})
            began = time.process_time()
            with bar(loss) as progress:
                work = Path(name) / loss
                found = train_encoder(
                    examples(encoded, config, parts, bot.components.models),
                    config,
                    bot.components.models,
                    work,
                    progress=progress,
                )
            assert found is not None
            took = time.process_time() - began
            encoder = InTraining(found.towers)
            passages = encoder.encode_passages(texts)
            print(f"{loss}: {found.chosen}, {took:.0f} CPU seconds", flush=True)
            for part, some in looked.items():
                asked = encoder.encode_queries([made.questions[n] for n in some])
                for leg, ranks in evaluator.ranks(passages, asked, some).items():
                    line(f"{part}, {leg}, {loss}", ranks)


if __name__ == "__main__":
    main()
