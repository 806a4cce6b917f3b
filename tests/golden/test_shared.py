"""The real documents are still read as they were when their Markdown was read by eye. On purpose otherwise: make
golden-documents, and look at build/documents beside the originals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .shared import KEPT, differences, documents, figures

pytest.importorskip("hwp2md", reason="the extra docs is not installed")


def test_real_documents_are_read_as_before(shared_data: Path) -> None:
    made = {path.name: figures(path) for path in documents()}
    found = [*differences(json.loads(KEPT.read_text("utf-8")), made)]
    assert not found, "\n".join(["if this is meant, run make golden-documents and read the difference:", *found])


def test_a_difference_is_named() -> None:
    kept = {"a.hwp": {"pages": 1, "headings": ["가", "나"]}, "b.hwp": {"error": "x"}}
    made = {"a.hwp": {"pages": 2, "headings": ["가", "다"]}, "b.hwp": {"error": "x"}}
    assert [*differences(kept, made)] == ["a.hwp: headings was ['나'], is ['다']", "a.hwp: pages was 1, is 2"]
