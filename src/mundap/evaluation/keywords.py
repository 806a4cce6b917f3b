"""How well an extractor finds the keywords that people gave for a question."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mundap.errors import BadFile
from mundap.evaluation.bootstrap import RESAMPLES
from mundap.evaluation.compare import Key
from mundap.evaluation.estimates import (
    Differences,
    Estimate,
    Estimates,
    differences_json,
    estimate_each,
    estimate_ratio,
)
from mundap.extras import Untyped, data_frame
from mundap.files import cell, uncell
from mundap.ingest.tables import Row, Table, read_csv
from mundap.korean.normalize import squash
from mundap.protocols import Progress, quiet
from mundap.types import Json

Extract = Callable[[Sequence[str]], list[list[str]]]

MACRO = ("precision", "recall", "f1", "exact")
MICRO = ("micro_precision", "micro_recall", "micro_f1")
QUESTION, KEYWORD = ("query", "question", "질문"), ("keyword", "keywords", "키워드")
_COMMA = re.compile("[,，、]")
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Tagged:
    """A question and its keywords, distinct, in their order. `row` is the row in its file, counted from 1."""

    question: str
    keywords: tuple[str, ...]
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Extracted:
    """A question, what was found, and how many of those, the same up to white space, are among its keywords."""

    tagged: Tagged
    found: tuple[str, ...]
    shared: int

    @property
    def measures(self) -> dict[str, float]:
        """The figure of this question for each of MACRO; finding nothing has precision 0.0."""
        said, meant = len(self.found), len(self.tagged.keywords)
        return {
            "precision": self.shared / said if said else 0.0,
            "recall": self.shared / meant,
            "f1": 2 * self.shared / (said + meant),
            "exact": float(self.shared == said == meant),
        }

    @property
    def key(self) -> Key:
        """What two runs join on."""
        return self.tagged.question, self.tagged.keywords

    def to_json(self) -> dict[str, Json]:
        """`{"question", "gold", "row", "found", "measures"}`; `gold` holds the expected keywords."""
        return {
            "question": self.tagged.question,
            "gold": list(self.tagged.keywords),
            "row": self.tagged.row,
            "found": list(self.found),
            "measures": self.measures,
        }


@dataclass(frozen=True, slots=True)
class KeywordReport:
    """MACRO figures are means over questions, MICRO ones count every keyword of the file alike.

    Where a workspace was measured, `compared` says what changed since an earlier run (None without one), and `run`
    where all is kept.
    """

    figures: Estimates
    extractor: str
    resamples: int
    seed: int
    per_question: tuple[Extracted, ...]
    compared: Differences | None = None
    run: Path | None = None

    def to_json(self, per_question: bool = False) -> dict[str, Json]:
        """`{"n", "precision", …, "micro_f1", "ci95": {…}, "extractor", …}`, and, with `per_question`, all that is kept of a run."""
        shown: dict[str, Json] = {
            **self.figures.to_json(),
            "extractor": self.extractor,
            "resamples": self.resamples,
            "seed": self.seed,
        }
        if per_question:
            shown["per_question"] = [one.to_json() for one in self.per_question]
        elif self.run:
            shown["run"] = str(self.run)
        if per_question or self.compared is not None:
            shown["compared"] = differences_json(self.compared or {})
        return shown

    def to_pandas(self) -> Untyped:
        """A row for each question: its text, its keywords, those found, and its figures. Raises MissingExtra."""
        return data_frame(
            [
                {
                    "question": one.tagged.question,
                    "row": one.tagged.row,
                    "keywords": list(one.tagged.keywords),
                    "found": list(one.found),
                    **one.measures,
                }
                for one in self.per_question
            ]
        )

    def _repr_html_(self) -> str:
        return self.figures._repr_html_()


def evaluate_keywords(
    tagged: Sequence[Tagged],
    extract: Extract,
    *,
    extractor: str = "",
    progress: Progress = quiet,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> KeywordReport:
    """Extract from every question and compare as sets, in normal form and without white space.

    Micro and macro averages as in Sebastiani, ACM Computing Surveys 2002, section 7.1.1. Raises
    ValueError without questions, or if `extract` returns another number of lists than of questions.
    """
    if not tagged:
        raise ValueError("no questions")
    found: list[list[str]] = []
    for start in range(0, len(tagged), _BATCH):
        found += extract([t.question for t in tagged[start : start + _BATCH]])
        progress(min(start + _BATCH, len(tagged)), len(tagged))
    results = [_matched(t, words) for t, words in zip(tagged, found, strict=True)]
    macro = estimate_each(MACRO, [list(r.measures.values()) for r in results], resamples=resamples, seed=seed)
    figures = dict(macro)
    shared = [r.shared for r in results]
    twice = [2 * n for n in shared]
    said = [len(r.found) for r in results]
    meant = [len(r.tagged.keywords) for r in results]
    both = [n + m for n, m in zip(said, meant, strict=True)]
    for metric, above, below in zip(MICRO, (shared, shared, twice), (said, meant, both), strict=True):
        found_any = any(below)
        figures[metric] = (
            estimate_ratio(above, below, resamples=resamples, seed=seed) if found_any else Estimate(0.0, 0.0, 0.0, 0)
        )
    return KeywordReport(Estimates(len(results), figures), extractor, resamples, seed, tuple(results))


def _matched(tagged: Tagged, words: Sequence[str]) -> Extracted:
    found = _distinct(words)
    return Extracted(tagged, found, len({squash(w) for w in found} & {squash(w) for w in tagged.keywords}))


def _distinct(words: Sequence[str]) -> tuple[str, ...]:
    """The words that are not blank, the first of those that are the same without white space."""
    first: dict[str, str] = {}
    for word in words:
        if word.strip():
            first.setdefault(squash(word), word.strip())
    return tuple(first.values())


def read_keywords(path: Path) -> tuple[Tagged, ...]:
    """Read a keyword TSV: `query<TAB>keyword` under a header, keywords parted by commas.

    Raises BadFile with the row, what was found and what was expected, for whatever is not so.
    """
    if not path.is_file():
        raise BadFile(f"{path}: 키워드 파일이 없습니다. 경로를 확인하세요.")
    if path.suffix.lower() != ".tsv":
        raise BadFile(f"{path.name}: 읽을 수 없는 키워드 파일입니다. query와 keyword 열이 있는 .tsv 파일이어야 합니다.")
    table, *_ = read_csv(path)
    asked, given = _place(table, QUESTION), _place(table, KEYWORD)
    if asked is None or given is None:
        columns = ", ".join(table.columns) or "없음"
        raise BadFile(
            f"{path.name}: 머리글에 필요한 열이 없습니다. 찾은 열: {columns}. 필요한 열: query(또는 질문), keyword(또는"
            " 키워드). 1행에 'query<탭>keyword'를 입력하세요."
        )
    if not table.rows:
        raise BadFile(f"{path.name}: 질문이 없습니다. 2행부터 '질문<탭>키워드, 키워드'를 입력하세요.")
    return tuple(_tagged(path.name, table, row, asked, given) for row in table.rows)


def keywords_tsv(tagged: Sequence[Tagged]) -> str:
    """The text of a keyword TSV that `read_keywords` reads as these, rows aside; no keyword may hold a comma."""
    text = io.StringIO()
    rows = csv.writer(text, delimiter="\t", lineterminator="\n")
    rows.writerow(("query", "keyword"))
    rows.writerows((cell(one.question), cell(", ".join(one.keywords))) for one in tagged)
    return text.getvalue()


def _tagged(name: str, table: Table, row: Row, asked: int, given: int) -> Tagged:
    number, cells = row
    if any(cells[len(table.columns) :]):
        raise BadFile(
            f"{name} {number}행: 칸이 {len(cells)}개로 머리글({', '.join(table.columns)})보다 많습니다. 키워드는 탭이"
            " 아니라 쉼표로 구분하세요."
        )
    question = uncell(cells[asked]) if asked < len(cells) else ""
    words = _distinct(_COMMA.split(uncell(cells[given]) if given < len(cells) else ""))
    if not question or not words:
        missing = "keyword" if question else "query"
        raise BadFile(f"{name} {number}행: {missing}가 비어 있습니다. '질문<탭>키워드, 키워드'처럼 채우세요.")
    return Tagged(question, words, number)


def _place(table: Table, names: Sequence[str]) -> int | None:
    columns = [squash(column).lower() for column in table.columns]
    return next((columns.index(name) for name in names if name in columns), None)
