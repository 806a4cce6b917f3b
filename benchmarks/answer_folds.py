"""What `mundap train reader` and `train support` are worth to people who ask about passages that they were not fitted on.

    python benchmarks/answer_folds.py WORKSPACE SHEET.xlsx LABELS.jsonl --unanswerable NEAR.jsonl [--wrong 0.1] [--search]

WORKSPACE is indexed with the passages of SHEET (it is made if it is not there). Every labelled question is asked twice, by
the model that ships and by one that was fitted on the sheet without the passages that the label names, in folds by
passage; labels are never learned from. What a question finds is read once and judged by each model. An answer is right if
it holds the facts of its label and none of what it must not hold, wrong if it is given and not right; what must be refused
is refused or not.

With --search also by an adapter and a light reranker of the same folds, and by them with the reader, as `mundap train all`
puts them to use together: a workspace is trained for each fold beside WORKSPACE, and kept.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import mundap as md
from mundap.evaluation.metrics import auroc
from mundap.evaluation.questions import Question
from mundap.generate.evidence import Line, ReaderModel
from mundap.generate.extractive import Extractive
from mundap.generate.reading import Evidence, Reader
from mundap.generate.support import support
from mundap.korean.normalize import squash
from mundap.synth.qa import jsonl
from mundap.training.common.folds import by_group
from mundap.training.common.pairs import FOLDS, asked_as, questions_in, rows_of
from mundap.training.reader.config import SupportConfig
from mundap.training.reader.fit_reader import rows, train_reader
from mundap.training.reader.fit_support import calibrate, drawn, prior_of, sample
from mundap.types import Answer, Hit

Label = Mapping[str, Any]


class ReadOnce(Reader):
    """A reader that keeps everything it has read: models differ in what they make of it, not in what is read."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader.weigh, reader.encoder, reader.everyday)
        self._reader = reader
        self._kept: dict[tuple[str, tuple[str, ...]], Evidence] = {}

    def read(self, question: str, hits: Sequence[Hit]) -> Evidence:
        """As `Reader.read`."""
        key = (question, tuple(hit.passage.id for hit in hits))
        if key not in self._kept:
            self._kept[key] = self._reader.read(question, hits)
        return self._kept[key]


def judged(reader: Reader, answer: Answer, model: ReaderModel | None, line: Line | None) -> Answer:
    """What is answered from the same passages by another model, never withheld, with the support that it has."""
    again = Extractive(reader, 0.0, model=model).answer(answer.question, answer.hits)
    return replace(again, support=support(reader.read(answer.question, answer.hits), line, model))


def opened(root: Path, sheet: Path) -> md.Mundap:
    """The workspace, indexed. What is asked is answered from passages alone, never from a recorded answer."""
    if not (root / "mundap.toml").is_file():
        root.mkdir(parents=True)
        (root / "mundap.toml").write_text("", "utf-8")
    bot = md.Mundap.open(root)
    if not bot.corpus.counts()[0]:
        bot.ingest([sheet])
        bot.index()
    return configured(bot, faq=False)


def configured(bot: md.Mundap, **generate: object) -> md.Mundap:
    """The workspace with other settings of [generate]."""
    changed = bot.config.generate.model_copy(update=generate)
    return bot.reconfigured(bot.config.model_copy(update={"generate": changed}))


def fact(text: str) -> str:
    """How facts are compared: without white space, commas and case."""
    return re.sub(r"[\s,]+", "", unicodedata.normalize("NFKC", text)).lower()


def right(label: Label, answer: Answer) -> bool:
    """Whether the answer holds the label's facts."""
    text = fact(answer.text)
    must, some, never = (
        [any(fact(said) in text for said in one) for one in label.get(name, [])]
        for name in ("must", "any_of", "must_not")
    )
    return all(must) and (not some or sum(some) >= label.get("at_least", 1)) and not any(never)


def passages_of(bot: md.Mundap, label: Label) -> set[str]:
    """The passages that the label names, white space aside: by how they begin, else all of its source."""
    start = squash(label.get("gold_passage_start", ""))[:40]
    source = squash(label.get("gold_source") or label.get("near_source", ""))
    texts = {squash(p.text): squash(p.source) for p in bot.corpus.all_passages() if p.parent_id == p.id}
    begun = {text for text in texts if start and text.startswith(start)}
    return begun or {text for text, of in texts.items() if of and of == source}


def trained_to_search(root: Path, number: int, questions: Sequence[Question]) -> md.Mundap:
    """A copy of the workspace that searches by an adapter and a light reranker of these questions; it is made once."""
    folder = root.parent / f"{root.name}-fold-{number}"
    if not folder.is_dir():
        made = folder.with_suffix(".part")
        shutil.rmtree(made, ignore_errors=True)
        shutil.copytree(root, made)
        sheet = made / "questions.jsonl"
        sheet.write_text(
            jsonl({"question": q.question, "gold": [*q.gold], "answer": q.answer} for q in questions), "utf-8"
        )
        for name, train in (("adapter", md.train.adapter), ("reranker", md.train.reranker)):
            train(md.Mundap.open(made), sheet, out=name)
            md.promote.model(md.Mundap.open(made), name, force=True)
            md.Mundap.open(made).index()
        made.rename(folder)
    return configured(md.Mundap.open(folder), faq=False, min_support=0.0)


def told(
    name: str, labels: Sequence[Label], answers: Sequence[Answer], near: Sequence[Answer], threshold: Sequence[float]
) -> None:
    """Print the shares of right, wrong and withheld answers, of near questions refused, and lengths.

    `threshold` has what the support of each answer is held against, those of `near` behind those of `answers`.
    """
    given = [not a.abstained and a.support >= t for a, t in zip(answers, threshold, strict=False)]
    verdicts = Counter(
        ("right" if right(label, a) else "wrong") if shown else "withheld"
        for label, a, shown in zip(labels, answers, given, strict=True)
    )
    refused = [a.abstained or a.support < t for a, t in zip(near, threshold[len(answers) :], strict=True)]
    lengths = [len(a.text) for a, shown in zip(answers, given, strict=True) if shown]
    shares = " ".join(f"{v} {verdicts[v] / len(labels):.1%}" for v in ("right", "wrong", "withheld"))
    separates = auroc(np.array([a.support for a in answers]), np.array([a.support for a in near])) if near else 0.0
    nearby = f" near refused {np.mean(refused):.1%} AUROC {separates:.3f}" if near else ""
    print(f"{name:36}{shares}{nearby} chars {statistics.median(lengths or [0]):.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("labels", type=Path, nargs="+")
    parser.add_argument("--unanswerable", type=Path)
    parser.add_argument("--wrong", type=float, default=0.1, help="share of wrong answers for the promised threshold")
    parser.add_argument("--questions", type=int, default=1500, help="of the sheet that are learned from")
    parser.add_argument("--search", action="store_true", help="also with what searches trained in the same folds")
    options = parser.parse_args()
    bot = opened(options.workspace, options.sheet)
    labels = [json.loads(line) for file in options.labels for line in file.read_text("utf-8").splitlines() if line]
    near = (
        [json.loads(line) for line in options.unanswerable.read_text("utf-8").splitlines()]
        if options.unanswerable
        else []
    )
    sheet = [question for question in questions_in(bot.corpus, options.sheet)[0] if question.gold]
    asked = drawn(sheet, options.questions)
    table = bot.legs[0].table
    texts = table.store.passages([*table.ids])
    golds = [None if row is None else texts[table.ids[row]] for row in rows_of(asked, table)]
    k = bot.config.retrieve.k
    made = rows(asked, golds, k, bot.find, bot.components.reader.read)
    print(f"{len(made)} rows of the sheet, {len(labels)} labels, {len(near)} near the topic", flush=True)

    everything = [*labels, *near]
    named = [passages_of(bot, label) for label in everything]
    folds = by_group(
        [min(names, default=label["question"]) for names, label in zip(named, everything, strict=True)], FOLDS
    )
    always = configured(bot, min_support=0.0)
    questions = [label["question"] for label in everything]
    reader = ReadOnce(always.components.reader)

    def ask(by: md.Mundap, question: str) -> Answer:
        answer = replace(by.ask(question), question=bot.mended(question).text)
        reader.read(answer.question, answer.hits)  # the bot has just read it
        return answer

    shipped = [ask(always, question) for question in questions]
    n = len(labels)
    for threshold in (bot.config.generate.min_support, 0.0):
        told(f"shipped, at {threshold}", labels, shipped[:n], shipped[n:], [threshold] * len(everything))

    again = [judged(reader, answer, None, None) for answer in shipped]
    told("shipped, judged again", labels, again[:n], again[n:], [bot.config.generate.min_support] * len(everything))

    learned: list[Answer] = list(shipped)
    calibrated: list[Answer] = list(shipped)
    searched: list[Answer] = list(shipped)
    both: list[Answer] = list(shipped)
    thresholds = {name: [0.0] * len(everything) for name in ("reader", "support", "promise")}
    for number in range(FOLDS):
        held = [place for place in range(len(everything)) if folds[place] == number]
        out = set().union(*(named[place] for place in held))
        same = {asked_as(questions[place]) for place in held}

        def fits(question: str, golds: Iterable[str], out: set[str] = out, same: set[str] = same) -> bool:
            return out.isdisjoint(golds) and asked_as(question) not in same

        left = [q for q in sheet if fits(q.question, map(squash, q.gold))]
        search = trained_to_search(options.workspace, number, left) if options.search else None

        some = [row for row in made if fits(row.question, row.shown.golds)]
        trained = train_reader(some)
        seen = [one for row in some for one in row.asked]
        drawn_on = sample(seen, None, None)
        fitted = calibrate(drawn_on, prior_of(seen, None))
        kept = calibrate(drawn_on, prior_of(seen, None), SupportConfig(options.wrong, 0.9))
        for place in held:
            learned[place] = judged(reader, shipped[place], trained.model, None)
            calibrated[place] = judged(reader, shipped[place], None, fitted.line)
            thresholds["reader"][place] = trained.report.support.threshold
            thresholds["support"][place] = fitted.report.threshold
            thresholds["promise"][place] = kept.report.threshold
            if search:
                searched[place] = judged(reader, ask(search, questions[place]), None, None)
                both[place] = judged(reader, searched[place], trained.model, None)
        promise = kept.report.promise
        assert promise is not None
        print(f"fold {number}: {len(some)} rows, without {len(out)} passages; {promise.sentence}", flush=True)
    told("reader, at its threshold", labels, learned[:n], learned[n:], thresholds["reader"])
    told("support, at its threshold", labels, calibrated[:n], calibrated[n:], thresholds["support"])
    told(f"support, promised {options.wrong}", labels, calibrated[:n], calibrated[n:], thresholds["promise"])
    shown = {"shipped": shipped, "reader": learned, "support": calibrated}
    if options.search:
        usual = [bot.config.generate.min_support] * len(everything)
        told("search", labels, searched[:n], searched[n:], usual)
        told("search and reader, at its threshold", labels, both[:n], both[n:], thresholds["reader"])
        shown |= {"search": searched, "search and reader": both}
    for name, answers in shown.items():
        for step in range(10, 90, 10):
            at = step / 100
            told(f"{name}, at {at}", labels, answers[:n], answers[n:], [at] * len(everything))


if __name__ == "__main__":
    main()
