"""Sheets as offices lay them out, one a line of varied_sheets.jsonl: all headings and passages are compared."""

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from mundap.ingest.readers import read

CASES = [json.loads(line) for line in Path(__file__).with_name("varied_sheets.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["expected"][0])[:40])
def test_a_sheet_gives_what_a_careful_person_reads(tmp_path: Path, case: dict[str, Any]) -> None:
    book = openpyxl.Workbook()
    book.active.title = case["sheet"]
    for row in case["rows"]:
        book.active.append(row)
    for area in case["merged"]:
        book.active.merge_cells(area)
    path = tmp_path / "자료.xlsx"
    book.save(path)
    reading = read(path, "자료")
    document = reading.document
    found = [[s.heading, document.text[s.start : s.end].replace("\n", " / ")] for s in document.sections]
    assert found == case["expected"]
    assert (reading.problems, reading.warnings) == ((), ())
