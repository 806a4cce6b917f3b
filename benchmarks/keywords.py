"""A keyword model from scratch on labels of the rules, for the customs questions; needs `make setup-train`.

python benchmarks/keywords.py [--threads 1] [--epochs N] [--keep FOLDER]

A tenth of the questions (seed 1) is put away first and looked at once, at the end, through the exported model. Of the
others the trainer holds out a tenth by itself (seed 0), to choose the epoch. Prints F1 with intervals on both, whether
the exported model writes what transformers' `generate` writes, and CPU seconds from the labels to the export.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

from mundap.evaluation.keywords import KeywordReport, evaluate_keywords
from mundap.extras import need
from mundap.korean.keyword_model import KeywordModel, Spelling, Writing
from mundap.korean.keyword_rules import extract
from mundap.progress import bar
from mundap.synth.journal import Journal
from mundap.synth.keywords import ByRules, label
from mundap.training.keywords.config import SCRATCH, KeywordsConfig
from mundap.training.keywords.onnx_export import export_keywords
from mundap.training.keywords.seq2seq import train_keywords
from shared import customs, need_data

SHOWN = ("exact", "precision", "recall", "f1", "micro_f1")


def cpu_seconds() -> float:
    """Of this process, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def line(name: str, report: KeywordReport) -> str:
    """The figures of a report in percent."""
    figures = report.figures
    cells = []
    for metric in SHOWN:
        low, high = (100 * end for end in figures[metric].ci95)
        cells.append(f"{metric} {100 * figures[metric].mean:.1f} [{low:.1f}, {high:.1f}]")
    return f"{name:34} n {figures.n}  {'  '.join(cells)}"


def generated(folder: Path, texts: list[str]) -> list[str]:
    """What transformers writes, one text at a time."""
    torch, transformers = need("torch", extra="train"), need("transformers", extra="train")
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    words = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    writing = Writing.read(folder)
    spelling = Spelling(words.backend_tokenizer, writing.end, writing.most_in)
    with torch.inference_mode():
        return [
            spelling.decode(model.generate(input_ids=torch.tensor([spelling.encode(text)]))[0].tolist())
            for text in texts
        ]


def run(root: Path, threads: int, epochs: int | None) -> None:
    """Label, train, export, measure."""
    need("torch", extra="train").set_num_threads(threads)
    with as_file(files("mundap") / "examples/customs-mini/user_dictionary.txt") as words:
        rules = ByRules(lambda texts: extract(texts, words))
        asked = [question.question for question in customs()]
        tagged = label(asked, rules, Journal(root / "labels", rules.name)).tagged
        order = random.Random(1).sample(range(len(tagged)), len(tagged))
        away = [tagged[n] for n in sorted(order[: len(tagged) // 10])]
        rest = [tagged[n] for n in sorted(order[len(tagged) // 10 :])]
        config = KeywordsConfig(SCRATCH, epochs=epochs).settled()
        began, clock = cpu_seconds(), time.monotonic()
        with bar("training") as progress:
            trained = train_keywords(rest, config, rules.extract, root / "work", progress=progress)
    assert trained is not None
    folder = root / "model"
    folder.mkdir()
    trained.save(folder)
    learned = cpu_seconds()
    export_keywords(folder)
    exported = cpu_seconds()
    print(f"{len(tagged)} questions; learned {trained.report.learned}, {trained.model['parameters']:,} parameters")
    print(f"{config}\nCPU seconds: training {learned - began:.0f}, export {exported - learned:.0f}", end="; ")
    print(f"wall {time.monotonic() - clock:.0f} s with {threads} thread(s)")
    for epoch in trained.report.epochs:
        print("  ", ", ".join(f"{name} {figure:.3f}" for name, figure in epoch.items()))
    print(line("held out, chose the epoch", trained.report.model))
    model = KeywordModel(folder)
    times: list[float] = []

    def served(texts: Sequence[str]) -> list[list[str]]:
        found = []
        for text in texts:
            started = time.process_time()
            found += model.extract([text])
            times.append(time.process_time() - started)
        return found

    report = evaluate_keywords(away, served)
    print(line("put away, exported model", report))
    texts = [one.question for one in away]
    same = sum(a == b for a, b in zip(map(model.write, texts), generated(folder, texts), strict=True))
    print(f"the exported model writes what transformers writes: {same} of {len(texts)}")
    print(f"CPU of one question: median {1000 * float(np.median(times)):.0f} ms")
    for one in report.per_question[:8]:
        print(f"   {one.tagged.question} | {', '.join(one.tagged.keywords)} | {', '.join(one.found)}")


def main() -> None:
    """Run it in a temporary folder."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--epochs", type=int)
    options.add_argument("--keep", type=Path, help="an empty folder in which the model is left")
    chosen = options.parse_args()
    need_data()
    with tempfile.TemporaryDirectory() as folder:
        root = chosen.keep or Path(folder)
        root.mkdir(parents=True, exist_ok=True)
        run(root, chosen.threads, chosen.epochs)


if __name__ == "__main__":
    main()
