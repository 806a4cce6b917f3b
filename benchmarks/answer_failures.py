"""Which part is to blame for each labelled question that is not answered rightly.

    python benchmarks/answer_failures.py WORKSPACE LABELS.jsonl

search: the facts are in none of the passages that were found first; reading: they are in those, but not in what was read by
the sentence; support: the sentences were there and the answer was withheld; choice: other sentences were quoted; label: what
it must not say stands in the same sentences as what it must.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import mundap as md
from answer_folds import Label, configured, fact, right
from mundap.types import Answer

FIRST = 5


def lacks(label: Label, text: str) -> bool:
    """Whether a fact of the label is not in the text."""
    must, some = (
        [any(fact(said) in fact(text) for said in one) for one in label.get(name, [])] for name in ("must", "any_of")
    )
    return not all(must) or (bool(some) and sum(some) < label.get("at_least", 1))


def to_blame(bot: md.Mundap, label: Label, answer: Answer) -> str:
    """The first part on the way to the answer that lost it."""
    if lacks(label, "\n".join(hit.passage.text for hit in answer.hits[:FIRST])):
        return "search"
    evidence = bot.components.reader.read(label["question"], answer.hits)
    if lacks(label, "\n".join(sentence.text for sentence in evidence.sentences)):
        return "reading"
    if answer.abstained:
        return "support"
    return "choice" if lacks(label, answer.text) else "label"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("labels", type=Path)
    options = parser.parse_args()
    bot = configured(md.Mundap.open(options.workspace), faq=False)
    labels = [json.loads(line) for line in options.labels.read_text("utf-8").splitlines() if line]
    blamed: Counter[str] = Counter()
    for label in labels:
        answer = bot.ask(label["question"])
        if answer.abstained or not right(label, answer):
            part = to_blame(bot, label, answer)
            blamed[part] += 1
            print(f"{part:8} {answer.support:.2f} {label['question']}")
    print(f"{len(labels)} questions, {sum(blamed.values())} not right: {dict(blamed)}")


if __name__ == "__main__":
    main()
