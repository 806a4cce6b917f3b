"""The shared rows as the benchmarks use them. Nothing of them is copied into the project."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from pathlib import Path

from mundap.evaluation.questions import Question, read_questions

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
CUSTOMS = DATA / "customs" / "customs_qa.xlsx"
KORQUAD = DATA / "korquad" / "korquad_dev_100.json"
HELD_OUT = 5  # one passage in five


def need_data() -> None:
    """End with a sentence where the rows are not there."""
    if not DATA.is_dir():
        sys.exit(f"these benchmarks need the shared rows in {DATA}")


def customs() -> list[Question]:
    """Every question of the customs sheet with its passage."""
    return list(read_questions(CUSTOMS).items)


def korquad() -> list[Question]:
    """Every KorQuAD question with its paragraph."""
    return list(read_questions(KORQUAD).items)


def held_out(questions: Sequence[Question], seed: int) -> list[int]:
    """The places of the questions whose passage is among the fifth that `seed` holds out."""
    passages = list(dict.fromkeys(question.gold for question in questions))
    held = set(random.Random(seed).sample(passages, len(passages) // HELD_OUT))
    return [n for n, question in enumerate(questions) if question.gold in held]


def bare_customs(path: Path) -> None:
    """Write the customs passages with their sources, without questions and answers, as a sheet."""
    import openpyxl

    rows = list(openpyxl.load_workbook(CUSTOMS, read_only=True).active.values)
    source, passage = rows[0].index("출처"), rows[0].index("제시문")
    book = openpyxl.Workbook()
    book.active.append(["출처", "제시문"])
    for text, origin in {row[passage]: row[source] for row in reversed(rows[1:])}.items():
        book.active.append([origin, text])
    book.save(path)


def bare_korquad(path: Path) -> None:
    """Write the KorQuAD paragraphs as a sheet."""
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["출처", "제시문"])
    for number, text in enumerate(dict.fromkeys(read_questions(KORQUAD).corpus or ())):
        book.active.append([f"문단 {number}", text])
    book.save(path)
