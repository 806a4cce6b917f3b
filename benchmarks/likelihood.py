"""What a language model's opinion of the first five brings: log p(question | passage), added to the scores of the search.

python benchmarks/likelihood.py korquad [--every 3]   nothing trained
python benchmarks/likelihood.py customs [--every 1]   nothing trained
python benchmarks/likelihood.py folds WORKSPACE       what `mundap train reranker` measures, in its folds, of the customs questions in
                                                      a workspace of the customs sheet, best with an adapter in use
Options: --model gemma3-270m (a folder, a GGUF file or a hub's name), --known FILE keeps what was computed.
"""

from __future__ import annotations

import argparse
import pickle
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mundap.config import Retrieve
from mundap.evaluation.questions import Question
from mundap.generate.likelihood import Likelihood
from mundap.korean.normalize import normalize, squash
from mundap.progress import bar
from mundap.protocols import Progress
from mundap.retrieve.light import LightModel
from mundap.retrieve.likelihood import ASKS, DEPTH, END
from mundap.training.common.measure import METRICS, compared
from mundap.training.rerank.config import RerankerConfig
from mundap.training.rerank.fit_ranker import Examples, Trainer, held_out, rank_of
from mundap.workflows.train.ranking import trainer_of
from mundap.workflows.train.run import silent
from mundap.workspace import Mundap
from quality import workspace
from shared import bare_customs, bare_korquad, customs, korquad, need_data

WEIGHTS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3)
FOUND = 10  # as many hits as are looked at


@dataclass(frozen=True)
class Found:
    """What a search found for a question: texts and scores, best first, which are right, and the group of its passage."""

    question: str
    texts: Sequence[str]
    scores: Sequence[float]
    right: Sequence[bool]
    group: int


class Told:
    """Likelihoods that were computed before, in a file, and by a model that is loaded when one is missing."""

    def __init__(self, model: str, file: Path | None, models: Path) -> None:
        self._named, self._models = model, models
        self._file = file
        self._known: dict[tuple[str, str], float] = pickle.loads(file.read_bytes()) if file and file.is_file() else {}
        self._model: Likelihood | None = None
        self.seconds: list[float] = []

    def of(self, one: Found) -> list[float]:
        """log p(question | text) for the first DEPTH."""
        texts = list(one.texts[:DEPTH])
        missing = [text for text in dict.fromkeys(texts) if (one.question, text) not in self._known]
        if missing:
            self._model = self._model or Likelihood(self._named, self._models)
            started = time.process_time()
            told = self._model.after(missing, ASKS, normalize(one.question) + END)
            self.seconds.append(time.process_time() - started)
            self._known |= {(one.question, text): value for text, value in zip(missing, told, strict=True)}
        return [self._known[one.question, text] for text in texts]

    def keep(self) -> None:
        """Write what is known."""
        if self._file:
            self._file.write_bytes(pickle.dumps(self._known))


class Recorder:
    """A trainer that remembers what its models found first."""

    def __init__(self, trainer: Trainer, texts: Sequence[str]) -> None:
        self._trainer = trainer
        self._texts = texts
        self.found: dict[int, Found] = {}

    def __getattr__(self, name: str) -> object:
        return getattr(self._trainer, name)

    def ranks(self, model: LightModel, some: Sequence[int], made: Examples) -> list[int | None]:
        """As the trainer's."""
        ranks = []
        for n, (rows, scores) in zip(some, self._trainer.ordered(model, np.asarray(some), made), strict=True):
            right = np.isin(rows[:FOUND], made.right[n]).tolist()
            texts = [self._texts[row] for row in rows[:FOUND]]
            self.found[int(n)] = Found(made.questions[n], texts, scores[:FOUND].tolist(), right, int(made.rows[n]))
            ranks.append(rank_of(rows, made.right[n]))
        return ranks


def searched(bot: Mundap, questions: Sequence[Question], progress: Progress) -> list[Found]:
    """What the hybrid search finds."""
    groups: dict[str, int] = {}
    found = []
    for number, question in enumerate(questions, 1):
        hits = bot.search(question.question, FOUND)
        golds = {squash(gold) for gold in question.gold}
        right = [squash(hit.passage.text) in golds for hit in hits]
        group = groups.setdefault(min(golds), len(groups))
        texts = [hit.passage.embedded for hit in hits]
        found.append(Found(question.question, texts, [hit.score for hit in hits], right, group))
        progress(number, len(questions))
    return found


def rank(one: Found, told: Sequence[float], weight: float) -> int | None:
    """The rank of the first right one, with the likelihoods of the first counted by `weight`."""
    scores = np.array(one.scores[: len(told)]) + weight * np.array(told)
    order = [*np.argsort(-scores, kind="stable").tolist(), *range(len(told), len(one.texts))]
    return next((place for place, n in enumerate(order, 1) if one.right[n]), None)


def show(found: Sequence[Found], told: Told) -> None:
    """A line for each weight, with paired differences and intervals that draw passages whole."""
    with bar("likelihoods") as progress:
        likely = []
        for number, one in enumerate(found, 1):
            likely.append(told.of(one))
            progress(number, len(found))
    told.keep()
    groups = [one.group for one in found]
    before = [rank(one, one_told, 0) for one, one_told in zip(found, likely, strict=True)]
    print(
        f"{len(found)} questions on {len(set(groups))} passages; {', '.join(METRICS)}; difference of top1, top3, mrr@10"
    )
    for weight in (0, *WEIGHTS):
        after = [rank(one, one_told, weight) for one, one_told in zip(found, likely, strict=True)]
        made = compared(before, after, groups)
        figures = "/".join(f"{100 * made[metric].after.mean:.1f}" for metric in METRICS)
        moved = ", ".join(
            f"{100 * made[m].difference.mean:+.1f} [{100 * made[m].difference.low:+.1f}, {100 * made[m].difference.high:+.1f}]"
            for m in ("top1", "top3", "mrr@10")
        )
        print(f"weight {weight:4}{' *' if weight == Retrieve().likelihood_weight else '  '} {figures}   {moved}")
    if told.seconds:
        print(f"CPU seconds a question: median {np.median(told.seconds):.2f}, mean {np.mean(told.seconds):.2f}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("what", choices=("korquad", "customs", "folds"))
    options.add_argument("workspace", nargs="?", type=Path)
    options.add_argument("--model", default="gemma3-270m")
    options.add_argument("--every", type=int, default=1)
    options.add_argument("--known", type=Path)
    chosen = options.parse_args()
    need_data()
    with tempfile.TemporaryDirectory() as name:
        folder = chosen.workspace or Path(name)
        told = Told(chosen.model, chosen.known, folder / ".mundap" / "models")
        if chosen.what == "folds":
            bot = Mundap.open(folder)
            trainer = trainer_of(bot, customs(), RerankerConfig(), silent)
            ids = [*trainer.lexical.table.ids]
            passages = bot.corpus.passages(ids)
            for split in ("by_passage", "by_question"):
                recorder = Recorder(trainer, [passages[id].embedded for id in ids])
                held_out(recorder, split)  # type: ignore[arg-type]
                print(split)
                show([recorder.found[n] for n in sorted(recorder.found)], told)
            return
        fresh = not (folder / "mundap.toml").exists()
        write = bare_customs if chosen.what == "customs" else bare_korquad
        bot = workspace(folder, write) if fresh else Mundap.open(folder)
        questions = (customs() if chosen.what == "customs" else korquad())[:: chosen.every]
        with bar("searches") as progress:
            found = searched(bot, questions, progress)
        show(found, told)


if __name__ == "__main__":
    main()
