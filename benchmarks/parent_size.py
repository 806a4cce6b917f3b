"""How large parent passages should be that are cut from long documents, by where the answers to questions stand.

    python benchmarks/parent_size.py korquad [--questions 800] [--articles 100] [--sizes 400 600 1000 1600 2400]
    python benchmarks/parent_size.py rulebook [--answers extractive]

KorQuAD's articles and a rule book, each without a line break. A question is found if a place where its answer stands is in
what was found. Large parent passages hold more, so what is found is cut off at a budget of characters, as a prompt is: as many
parent passages as fit, and the first in any case. With --answers a generator writes each answer too: an extract is right if it
quotes that place, a model's own words if the answer is among them.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mundap.errors import GeneratorError
from mundap.evaluation.bootstrap import mean_interval
from mundap.evaluation.estimates import paired_difference
from mundap.ingest.readers import read
from mundap.korean.normalize import squash
from mundap.progress import bar
from mundap.types import Answer, Hit, Passage
from mundap.workspace import Mundap
from shared import DATA, KORQUAD, need_data

BUDGETS = (1600, 3200)
LEGS = ("bm25", "hybrid")
DEPTH = 30
FIRST = (3, 5)
USUAL = 1600  # what the others are compared with
OWN = Path(__file__).parent / "data" / "rulebook.tsv"


@dataclass(frozen=True)
class LocatedQuestion:
    """A question, and where in which document its answer may stand. `group` is drawn whole."""

    question: str
    document: str
    answers: tuple[str, ...]
    places: tuple[int, ...]
    group: str

    def inside(self, passage: Passage, start: int, end: int) -> bool:
        """Whether a place is between two offsets of the passage's document."""
        return Path(passage.source).stem == self.document and any(start <= place < end for place in self.places)


def articles(folder: Path, most: int) -> list[LocatedQuestion]:
    """Write each article as a text file; the questions on them."""
    found = []
    for number, article in enumerate(json.loads(KORQUAD.read_text("utf-8"))["data"][:most]):
        name, text = f"{number:03}", ""
        for paragraph in article["paragraphs"]:
            for one in paragraph["qas"]:
                answer = one["answers"][0]
                place = len(text) + answer["answer_start"]
                found.append(LocatedQuestion(one["question"], name, (answer["text"],), (place,), name))
            text += paragraph["context"].replace("\n", " ") + " "
        (folder / f"{name}.txt").write_text(text.rstrip() + "\n", "utf-8")
    return found


def rulebook(folder: Path) -> list[LocatedQuestion]:
    """Write the rule book; our own questions on it, whose answers are quotes of a rule."""
    (book,) = (DATA / "futsal").glob("*규칙*.txt")
    (folder / "rulebook.txt").write_bytes(book.read_bytes())
    document = read(folder / "rulebook.txt").document
    sections = defaultdict(list)
    for section in document.sections:
        sections[section.heading].append((section.start, section.end))
    found = []
    with OWN.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            quotes = tuple(row["answer"].split(" | "))
            places = [
                place
                for quote in quotes
                for start, end in sections[row["rule"]]
                if (place := document.text.find(quote, start, end)) >= 0
            ]
            if not places:
                raise SystemExit(f"{row['question']}: {row['answer']} is not in {row['rule']}")
            found.append(LocatedQuestion(row["question"], "rulebook", quotes, tuple(places), row["question"]))
    return found


def holds(hits: list[Hit], one: LocatedQuestion, budget: int) -> bool:
    """Whether an answer's place is in as many hits as fit."""
    used = 0
    for number, hit in enumerate(hits):
        used += len(hit.passage.text)
        if number and used > budget:
            return False
        if one.inside(hit.passage, hit.passage.start, hit.passage.end):
            return True
    return False


def asked(bot: Mundap, question: str) -> Answer | None:
    """The answer; None where a model wrote nothing, as small ones do."""
    try:
        return bot.ask(question)
    except GeneratorError:
        return None


def right(answer: Answer, one: LocatedQuestion, extracts: bool) -> bool:
    """Whether it quotes a place of the answer, or says it."""
    if answer.abstained:
        return False
    if not extracts:
        said = squash(answer.text)
        return any(squash(text) in said for text in one.answers)
    passages = {hit.passage.id: hit.passage for hit in answer.hits}
    for citation in answer.citations:
        passage = passages[citation.passage_id]
        start = passage.start + passage.text.find(citation.quote)
        if one.inside(passage, start, start + len(citation.quote)):
            return True
    return False


def main() -> None:
    """Cut, index and ask for each size, in one workspace whose vectors are kept."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("corpus", choices=["korquad", "rulebook"])
    options.add_argument("--questions", type=int, default=800)
    options.add_argument("--articles", type=int, default=100)
    options.add_argument("--sizes", type=int, nargs="+", default=[400, 600, 1000, 1600, 2400])
    options.add_argument("--answers", default="", help="a generator, as in mundap.toml, that answers too")
    options.add_argument("--only-answers", action="store_true", help="leave out what is found")
    options.add_argument("--workspace", type=Path, help="kept, with its vectors")
    chosen = options.parse_args()
    need_data()
    with tempfile.TemporaryDirectory() as name:
        folder = chosen.workspace or Path(name)
        (folder / "docs").mkdir(parents=True, exist_ok=True)
        made = articles(folder / "docs", chosen.articles) if chosen.corpus == "korquad" else rulebook(folder / "docs")
        questions = random.Random(0).sample(made, min(chosen.questions, len(made)))
        values: dict[tuple[int, str], list[float]] = defaultdict(list)
        for size in chosen.sizes:
            measure(folder, size, questions, chosen, values)
    groups = [one.group for one in questions]
    print(f"{len(questions)} questions; % [95 %], articles drawn whole; less parents of {USUAL}")
    for (size, what), found in values.items():
        low, high = mean_interval(found, groups=groups)
        line = f"parents of {size:5} {what:22} {100 * np.mean(found):.1f} [{100 * low:.1f}, {100 * high:.1f}]"
        if (USUAL, what) in values and size != USUAL:
            change = paired_difference(values[USUAL, what], found, groups=groups)
            line += f"  {100 * change.mean:+.1f} [{100 * change.ci95[0]:+.1f}, {100 * change.ci95[1]:+.1f}] (p {change.p:.4f})"
        print(line)


def measure(
    folder: Path,
    size: int,
    questions: list[LocatedQuestion],
    chosen: argparse.Namespace,
    values: dict[tuple[int, str], list[float]],
) -> None:
    """What is found, and answered, with parent passages of that size."""
    generator = f'[generate]\ngenerator = "{chosen.answers}"\n' if chosen.answers else ""
    (folder / "mundap.toml").write_text(f"[ingest]\nparent_chars = {size}\n{generator}", "utf-8")
    bot = Mundap.open(folder)
    bot.ingest()
    with bar(f"{size}") as progress:
        bot.index({"vectors": progress})
    parent_passages = [p for p in bot.corpus.all_passages() if p.parent_id in (None, p.id)]
    print(
        f"{size}: {len(parent_passages)} parent passages of {np.mean([len(p.text) for p in parent_passages]):.0f} characters",
        flush=True,
    )
    for leg in () if chosen.only_answers else LEGS:
        with bar(leg) as progress:
            for number, one in enumerate(questions, 1):
                hits = bot.search(one.question, k=DEPTH, leg=leg)
                inside = [one.inside(hit.passage, hit.passage.start, hit.passage.end) for hit in hits]
                for count in FIRST:
                    values[size, f"{leg} first {count}"].append(any(inside[:count]))
                for budget in BUDGETS:
                    values[size, f"{leg} {budget} characters"].append(holds(hits, one, budget))
                progress(number, len(questions))
    if chosen.answers:
        began = time.perf_counter()
        with bar(chosen.answers) as progress:
            for number, one in enumerate(questions, 1):
                answer = asked(bot, one.question)
                values[size, "answered"].append(bool(answer and not answer.abstained))
                values[size, "answered right"].append(
                    bool(answer and right(answer, one, chosen.answers == "extractive"))
                )
                progress(number, len(questions))
        print(f"{size}: {(time.perf_counter() - began) / len(questions):.2f} s an answer", flush=True)


if __name__ == "__main__":
    main()
