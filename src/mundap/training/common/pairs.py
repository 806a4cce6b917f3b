"""Questions and the parent passages that answer them: what every trainer of a retriever learns from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mundap.errors import BadFile, MundapError
from mundap.evaluation.questions import Question, linked, read_questions
from mundap.evaluation.twins import Twins
from mundap.files import digest
from mundap.index.table import Table
from mundap.ingest.tables import read_csv, read_xlsx
from mundap.korean.normalize import normalize, squash
from mundap.training.common.folds import Numbers, by_group
from mundap.training.common.registry import data_of

if TYPE_CHECKING:
    from mundap.store.corpus import Corpus

FOLDS = 5
FEWEST_QUESTIONS, FEWEST_PASSAGES = 50, 10  # under these a cross-validation says nothing
SPLITS = ("by_passage", "by_question")  # new documents, and new questions on known ones
_SHEETS = {".xlsx": read_xlsx, ".xls": read_xlsx, ".ods": read_xlsx, ".csv": read_csv, ".tsv": read_csv}


@dataclass(frozen=True)
class Pairs:
    """Questions, and the row of the index's table whose passage answers each; one with several right passages is in as
    many pairs.

    `repeated` counts questions that came before with the same passages, `missing` those whose passages are not in the
    index; both are left out. `twins` has the rows of passages that say the same, or differ only in numbers, together.
    """

    questions: tuple[str, ...]
    rows: Numbers
    repeated: int = 0
    missing: int = 0
    twins: tuple[tuple[int, ...], ...] = ()

    def __len__(self) -> int:
        return len(self.questions)

    @cached_property
    def right(self) -> tuple[frozenset[int], ...]:
        """For each pair the rows of all passages that answer its question."""
        rows: dict[str, set[int]] = {}
        for question, row in zip(self.questions, self.rows.tolist(), strict=True):
            rows.setdefault(asked_as(question), set()).add(row)
        return tuple(frozenset(rows[asked_as(question)]) for question in self.questions)

    @cached_property
    def groups(self) -> Numbers:
        """For each pair the number of its passage, the same for passages that answer one question."""
        return np.array(linked([sorted(rows) for rows in self.right]), np.int64)

    @cached_property
    def kin(self) -> Numbers:
        """See `kin_of`."""
        return kin_of([sorted(rows) for rows in self.right], self.twins)

    def folds(self, split: str, seed: int = 0) -> Numbers:
        """The fold of each pair. By passage, all questions of a passage are in one; by question, a question is."""
        groups = self.groups.tolist() if split == "by_passage" else [asked_as(question) for question in self.questions]
        return by_group(groups, FOLDS, seed)

    def save(self, folder: Path, ids: Sequence[str], seed: int) -> None:
        """Write the pairs and their folds as pairs.json, by which a run can be repeated. `ids` are the table's."""
        columns = [self.folds(split, seed).tolist() for split in SPLITS]
        kept = {
            "seed": seed,
            "folds": FOLDS,
            "pairs": [
                {"question": question, "passage_id": ids[row], **dict(zip(SPLITS, fold, strict=True))}
                for question, row, fold in zip(
                    self.questions, self.rows.tolist(), zip(*columns, strict=True), strict=True
                )
            ],
        }
        (folder / "pairs.json").write_text(json.dumps(kept, ensure_ascii=False, indent=0), "utf-8")

    def save_split(self, folder: Path, ids: Sequence[str], seed: int, parts: Sequence[str]) -> None:
        """Write the pairs as pairs.json, each with the part that it was in."""
        found = _lines(self.questions, ids, self.rows, parts)
        (folder / "pairs.json").write_text(
            json.dumps({"seed": seed, "pairs": found}, ensure_ascii=False, indent=0), "utf-8"
        )


def _lines(questions: Sequence[str], ids: Sequence[str], rows: Numbers, parts: Sequence[str]) -> list[dict[str, str]]:
    return [
        {"question": question, "passage_id": ids[row], "part": part}
        for question, row, part in zip(questions, rows.tolist(), parts, strict=True)
    ]


def asked_as(question: str) -> str:
    """What tells one question from another, blanks aside."""
    return squash(question)


def questions_in(corpus: Corpus, data: Path | None) -> tuple[list[Question], dict[str, str]]:
    """The questions of a file, those without a passage too, or those that the corpus knows; and where they are from.

    A file is a Q/A sheet, a FAQ, whose answers are the passages, KorQuAD or SQuAD JSON, or JSONL. Raises BadFile for a
    file that is none of these, and MundapError if there are no questions.
    """
    if data is not None:
        items = _faq(data) or list(read_questions(data).items)
        return items, data_of(data)
    known = corpus.questions()
    if not known:
        raise MundapError(
            "읽어 들인 문서에 질문이 없습니다. 질문 파일을 지정하거나(--data 파일), 질문·제시문 열이 있는 시트를 읽어 들이세요."
        )
    passages = corpus.passages(sorted({q.passage_id for q in known}))
    items = [
        Question(normalize(q.question).strip(), (passages[q.passage_id].text,), q.answer)
        for q in known
        if q.passage_id in passages
    ]
    parts = [part for q in items for part in (q.question, *q.gold)]
    return items, {"file": "corpus", "digest": digest(*parts, size=16)}


def _faq(path: Path) -> list[Question]:
    """The questions of a sheet that has answers and no passages; none of any other file."""
    read = _SHEETS.get(path.suffix.lower())
    if read is None or not path.is_file():
        return []
    try:
        tables = list(read(path))
    except OSError as error:
        raise BadFile(f"{path.name}: 파일을 열 수 없습니다({error.strerror}). 경로와 권한을 확인하세요.") from error
    if any(table.place("passage") is not None for table in tables):
        return []
    found = []
    for table in tables:
        question, answer = table.place("question"), table.place("answer")
        if question is None or answer is None:
            continue
        for number, cells in table.rows:
            asked, said = (cells[place] if place < len(cells) else "" for place in (question, answer))
            if asked and said:
                found.append(Question(asked, (said,), said, number))
    return found


def pairs(questions: Sequence[Question], table: Table) -> Pairs:
    """The questions that can be learned from, with each of their gold passages in the table, each pair once.

    Raises MundapError if too few are left.
    """
    kept: dict[tuple[str, int], str] = {}
    missing = repeated = 0
    for question, rows_of_it in zip(questions, right_rows(questions, table), strict=True):
        new = {(asked_as(question.question), row): question.question for row in rows_of_it}
        missing += not new
        repeated += bool(new) and new.keys() <= kept.keys()
        for key, asked in new.items():
            kept.setdefault(key, asked)
    rows = [row for _, row in kept]
    check_enough(len(rows), len(set(rows)))
    return Pairs(tuple(kept.values()), np.array(rows, np.int64), repeated, missing, twins_in(table))


def twins_in(table: Table) -> tuple[tuple[int, ...], ...]:
    """The rows of a table's passages that say the same or differ only in numbers, those of each group together."""
    ids = [*table.ids]
    row_of = {id: row for row, id in enumerate(ids)}
    groups = Twins.among([*table.store.passages(ids).values()]).groups
    return tuple(tuple(row_of[p.id] for p in group.passages) for group in groups if group.kind != "contained")


def kin_of(rights: Sequence[Sequence[int]], twins: Sequence[Sequence[int]]) -> Numbers:
    """For each row a number, the same for rows that answer one question and for twins: none of these is a wrong answer to
    what another answers. `rights` has the rows that answer each question."""
    rows = max(max(some) for some in (*rights, *twins)) + 1
    return np.array(linked([*rights, *twins, *([row] for row in range(rows))])[-rows:], np.int64)


def rows_of(questions: Sequence[Question], table: Table) -> list[int | None]:
    """For each question the row of its first gold passage that is in the table; None if none is."""
    return [next(iter(rows), None) for rows in right_rows(questions, table)]


def right_rows(questions: Sequence[Question], table: Table) -> list[list[int]]:
    """For each question the rows of its gold passages that are in the table, in their order."""
    ids, mask = [*table.ids], table.mask(None)
    passages = table.store.passages(ids)
    found = ((row, id) for row, id in enumerate(ids) if id in passages and (mask is None or mask[row]))
    row_of = {squash(passages[id].text): row for row, id in found}
    return [[row_of[text] for text in dict.fromkeys(map(squash, q.gold)) if text in row_of] for q in questions]


def dealt_wrong(questions: Sequence[Question], seed: int = 0) -> list[Question]:
    """The same questions with each other's passages: what is learned from them is worth nothing (a null check)."""
    order = np.random.default_rng(seed).permutation(len(questions))
    return [replace(question, gold=questions[n].gold) for question, n in zip(questions, order, strict=True)]


def enough(questions: int, passages: int) -> bool:
    """Whether a cross-validation says anything."""
    return questions >= FEWEST_QUESTIONS and passages >= FEWEST_PASSAGES


def check_enough(questions: int, passages: int) -> None:
    """Raises MundapError if there are too few to learn from, and to measure on."""
    if not enough(questions, passages):
        raise MundapError(
            f"학습 데이터가 부족합니다: 색인에 제시문이 있는 질문 {questions}개, 제시문 {passages}개"
            f"(최소 {FEWEST_QUESTIONS}개와 {FEWEST_PASSAGES}개 필요). 질문 파일과 색인을 확인하세요."
        )
