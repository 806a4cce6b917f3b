"""Hits and answers as other programs read them: the same JSON from the command line and over HTTP."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from mundap.types import Answer, Hit


def hit_json(hit: Hit) -> dict[str, Any]:
    """A hit as other programs read it; `text` is the parent passage."""
    passage = hit.passage
    return {
        "rank": hit.rank,
        "score": hit.score,
        "passage_id": passage.id,
        "document_id": passage.document_id,
        "source": passage.source,
        "heading": passage.heading,
        "page": passage.page,
        "text": passage.text,
        "origins": dict(hit.origins),
    } | ({"links": [asdict(link) for link in hit.links]} if hit.links else {})


def answer_json(answer: Answer) -> dict[str, Any]:
    """An answer as other programs read it."""
    return {
        "question": answer.question,
        "answer": answer.text,
        "abstained": answer.abstained,
        "citations": [asdict(citation) for citation in answer.citations],
        "sentences": [{"text": one.text, "citations": list(one.citations)} for one in answer.sentences],
        "hits": [hit_json(hit) for hit in answer.hits],
        "timings": {stage: round(ms, 2) for stage, ms in answer.timings.items()},
        "model": answer.model,
        "support": round(answer.support, 4),
        "kind": answer.kind,
        "choices": [{"label": one.label, "passage_id": one.passage_id} for one in answer.choices],
        "generation": answer.generation,
    } | ({"searched": answer.searched} if answer.searched else {})


# JSON leaves these as they are, and tools that read lines take them for line ends.
_LINE_ENDS = {ord(c): f"\\u{ord(c):04x}" for c in "\x85\u2028\u2029"}


def json_line(value: object) -> str:
    """A JSON value that every tool takes for one line, without its end."""
    return json.dumps(value, ensure_ascii=False).translate(_LINE_ENDS)
