"""Files of comma-separated values as offices export them, one a line of varied_csv.jsonl: all that is read is compared."""

import json
from pathlib import Path
from typing import Any

import pytest

from mundap.ingest.readers import read

CASES = [json.loads(line) for line in Path(__file__).with_name("varied_csv.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["text"])[:20])
def test_a_csv_gives_what_a_careful_person_reads(tmp_path: Path, case: dict[str, Any]) -> None:
    path = tmp_path / "자료.csv"
    path.write_bytes(case["text"].encode(case["encoding"]))
    reading = read(path, "자료")
    text = reading.document.text
    assert [[s.heading, text[s.start : s.end].replace("\n", " / ")] for s in reading.document.sections] == case[
        "expected"
    ]
    assert [problem.row for problem in reading.problems] == case["problems"]
    assert len(reading.warnings) == case["warnings"]
