"""Hits and answers as other programs read them: the same JSON from the command line and over HTTP."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import NotRequired, TypedDict

from mundap.types import Answer, Hit


class HitJson(TypedDict):
    """A hit as other programs read it; `text` is the parent passage. `links` are there where the graph found it."""

    rank: int
    score: float
    passage_id: str
    document_id: str
    source: str
    heading: str
    page: int | None
    text: str
    origins: dict[str, int]
    links: NotRequired[list[dict[str, object]]]


class AnswerJson(TypedDict):
    """An answer as other programs read it. `searched` is there where typos were corrected, `truncated` where a limit ended
    the text."""

    question: str
    answer: str
    abstained: bool
    citations: list[dict[str, object]]
    sentences: list[dict[str, object]]
    hits: list[HitJson]
    timings: dict[str, float]
    model: str
    support: float
    kind: str
    choices: list[dict[str, object]]
    generation: str
    searched: NotRequired[str]
    truncated: NotRequired[bool]


def hit_json(hit: Hit) -> HitJson:
    """A hit as other programs read it."""
    passage = hit.passage
    made: HitJson = {
        "rank": hit.rank,
        "score": hit.score,
        "passage_id": passage.id,
        "document_id": passage.document_id,
        "source": passage.source,
        "heading": passage.heading,
        "page": passage.page,
        "text": passage.text,
        "origins": dict(hit.origins),
    }
    if hit.links:
        made["links"] = [asdict(link) for link in hit.links]
    return made


def answer_json(answer: Answer) -> AnswerJson:
    """An answer as other programs read it."""
    made: AnswerJson = {
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
    }
    if answer.searched:
        made["searched"] = answer.searched
    if answer.truncated:
        made["truncated"] = True
    return made


# JSON leaves these as they are, and tools that read lines take them for line ends.
_LINE_ENDS = {ord(c): f"\\u{ord(c):04x}" for c in "\x85\u2028\u2029"}


def json_line(value: object) -> str:
    """A JSON value that every tool takes for one line, without its end."""
    return json.dumps(value, ensure_ascii=False).translate(_LINE_ENDS)
