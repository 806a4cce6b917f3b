"""Questions that the staff answered themselves: a sheet among the uploads, read as any other and opened with any program."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Set
from dataclasses import dataclass
from pathlib import Path

from mundap.access import tags_of
from mundap.errors import BadFile
from mundap.files import cell, digest, uncell
from mundap.ingest.encoding import decode
from mundap.korean.normalize import normalize, squash
from mundap.workspace.uploads import Uploads

NAME = "직원 답변.csv"
STAFF_SHEET = Uploads.source(NAME)
SOURCE = "직원 답변"  # what a citation calls an answer that names no source
QUESTION, ANSWER, FROM, ACCESS = HEADER = ("질문", "답변", "출처", "접근태그")


@dataclass(frozen=True)
class StaffAnswer:
    """A question and what the staff answer to it. `source` is what a citation calls it; with `access` only those see it who
    have one of these tags."""

    question: str
    answer: str
    source: str = SOURCE
    access: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The same for all that differ in blanks and marks only."""
        return question_id(self.question)

    def seen_by(self, tags: Set[str] | None) -> bool:
        """Whether someone sees it who has these tags; None sees all."""
        return tags is None or not self.access or any(tag in tags for tag in self.access)


def question_id(question: str) -> str:
    """A name of a question, the same for all that differ in blanks and marks only."""
    return digest(squash(normalize(question)))


def read_staff_answers(path: Path | None) -> tuple[StaffAnswer, ...]:
    """Those in the sheet, in order; none if it is not there. Raises BadFile for a sheet without its columns."""
    if path is None or not path.is_file():
        return ()
    try:
        rows = list(csv.reader(io.StringIO(decode(path.read_bytes(), NAME), newline="")))
    except csv.Error as error:
        raise BadFile(f"{STAFF_SHEET}: CSV로 읽을 수 없습니다({error}). 파일을 고치거나 지우세요.") from error
    header = [name.strip() for name in rows[0]] if rows else []
    if QUESTION not in header or ANSWER not in header:
        raise BadFile(
            f"{STAFF_SHEET}: '{QUESTION}'와 '{ANSWER}' 열이 필요합니다. 있는 열: {', '.join(header) or '없음'}"
        )
    found = []
    for row in rows[1:]:
        cells = {name: uncell(value.strip()) for name, value in zip(header, row, strict=False)}
        if cells.get(QUESTION) and cells.get(ANSWER):
            access = tuple(tags_of(cells.get(ACCESS, "")))
            found.append(StaffAnswer(cells[QUESTION], cells[ANSWER], cells.get(FROM) or SOURCE, access))
    return tuple(found)


def staff_sheet(answers: Iterable[StaffAnswer]) -> bytes:
    """The sheet of these, as spreadsheets open it."""
    written = io.StringIO(newline="")
    rows = csv.writer(written)
    rows.writerow(HEADER)
    for one in answers:
        rows.writerow(cell(text) for text in (one.question, one.answer, one.source, ", ".join(one.access)))
    return written.getvalue().encode("utf-8-sig")
