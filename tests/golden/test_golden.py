"""Each stage still makes of the twenty documents what it made before. On purpose otherwise: make golden."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .write import DOCUMENTS, STAGES, as_text, documents, golden, passages


def scores(value: Any) -> list[float]:
    """Takes every score out of `value`, and returns them in order."""
    if isinstance(value, list):
        return [score for each in value for score in scores(each)]
    if isinstance(value, dict):
        own = [value.pop("score")] if "score" in value else []
        return own + [score for each in value.values() for score in scores(each)]
    return []


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_makes_what_it_made_before(stage: str) -> None:
    made = json.loads(as_text(STAGES[stage]()))
    kept = json.loads(golden(stage).read_text("utf-8"))
    assert scores(made) == pytest.approx(scores(kept), abs=2e-3)  # the last digits are the machine's
    assert made == kept, f"{stage}.json: if the change is meant, run make golden and read the difference"


def test_every_document_goes_in() -> None:
    assert len(documents()) == len(list(DOCUMENTS.iterdir())) == 20


def test_passages_are_slices_of_their_documents() -> None:
    texts = {document.id: document.text for document in documents()}
    every = passages()
    assert len(every) > 50
    assert all(texts[p.document_id][p.start : p.end] == p.text for p in every)
