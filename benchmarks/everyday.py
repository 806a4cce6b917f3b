"""What the table of everyday words is worth in search: questions in citizens' words on nine statutes.

python benchmarks/everyday.py [--weights 0.3,0.5,0.8,1]

data/everyday.tsv has 98 of our own with the articles that answer, data/answers/law_citizens.jsonl 144 by their anchors,
and data/answers/law.jsonl, half of them formal, shows what it costs. Intervals are of the paired difference.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mundap.cli.show import bar
from mundap.evaluation.bootstrap import mean_interval
from mundap.index.bm25 import LexicalLeg
from mundap.index.widen import Widening
from mundap.korean.everyday import EverydayWords, shipped
from mundap.korean.normalize import normalize, squash
from mundap.protocols import Leg
from mundap.retrieve.hybrid import Hybrid
from mundap.types import Passage
from mundap.workspace import Mundap
from shared import DATA, need_data

HERE = Path(__file__).parent / "data"
ARTICLE = re.compile(r"제(\d+)조(의\d+)?(?= |$)")
CUTS = (1, 3, 5)

Query = tuple[str, frozenset[int]]  # a question, and the rows that answer it


def own(rows: Sequence[Passage]) -> Iterator[Query]:
    """The questions of data/everyday.tsv; every passage of an article that answers is right."""
    for line in (HERE / "everyday.tsv").read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            question, source, articles = line.split("\t")
            wanted = set(articles.split("|"))
            yield question, frozenset(n for n, row in enumerate(rows) if row.source == source and wanted & named(row))


def named(row: Passage) -> set[str]:
    """The articles of a passage's heading: 3, 3의2."""
    return {number + (branch or "") for number, branch in ARTICLE.findall(row.heading)}


def anchored(name: str, rows: Sequence[Passage]) -> Iterator[Query]:
    """The questions of one of the labelled files, where their anchors stand."""
    for line in (HERE / "answers" / f"{name}.jsonl").read_text("utf-8").splitlines():
        label = json.loads(line)
        yield (
            label["question"],
            frozenset(n for n, row in enumerate(rows) if squash(label["anchor"]) in squash(row.text)),
        )


def places(leg: Leg | Hybrid, asked: Sequence[Query]) -> list[int]:
    """The place of the first right passage of each question from 0, 99 if it is not among the first ten."""
    found = []
    for question, right in asked:
        text = normalize(question)
        rows = leg.candidates(text, 10).rows if isinstance(leg, Hybrid) else leg.find(text, 10)[0]
        found.append(next((n for n, row in enumerate(rows[:10]) if int(row) in right), 99))
    return found


def show(what: str, before: Sequence[int], after: Sequence[int]) -> None:
    """Shares of right passages among the first, and the paired difference of the first."""
    was, now = np.array(before), np.array(after)
    low, high = mean_interval(((now < 1) * 1.0 - (was < 1) * 1.0).tolist())
    shares = "/".join(f"{100 * float(np.mean(now < cut)):.1f}" for cut in CUTS)
    print(
        f"{what:34} {shares}  {100 * float(np.mean((now < 1) * 1.0 - (was < 1))):+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"
    )


def main() -> None:
    """Index the statutes in a temporary workspace and search them with and without the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--weights", default="0.8")
    weights = [float(weight) for weight in options.parse_args().weights.split(",")]
    need_data()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "mundap.toml").write_text(f'[ingest]\npaths = ["{DATA / "law"}"]\n', "utf-8")
        bot = Mundap.open(Path(folder))
        bot.ingest()
        with bar("vectors") as progress:
            bot.index({"vectors": progress})
        lexical, dense = bot.legs
        passages = {passage.id: passage for passage in bot.corpus.all_passages()}
        rows = [passages[id] for id in lexical.table.ids]
        words = EverydayWords(shipped())
        for name, asked in (
            ("everyday", list(own(rows))),
            ("law_citizens", list(anchored("law_citizens", rows))),
            ("law", list(anchored("law", rows))),
        ):
            asked = [one for one in asked if one[1]]
            print(f"{name}: {len(asked)} questions; top-1/3/5, difference of top-1 [95 %]", file=sys.stderr)
            bare = LexicalLeg(lexical.postings, lexical.table, bot.components.tokenizer)
            before = {leg.name: places(leg, asked) for leg in (bare, Hybrid(bare, dense))}
            for leg_name, found in before.items():
                show(f"{name} {leg_name} without", found, found)
            for weight in weights:
                widening = Widening(lexical.postings, bot.components.tokenizer, words, weight)
                wide = LexicalLeg(lexical.postings, lexical.table, bot.components.tokenizer, widening)
                for leg in (wide, Hybrid(wide, dense)):
                    show(f"{name} {leg.name} {weight}", before[leg.name], places(leg, asked))


if __name__ == "__main__":
    main()
