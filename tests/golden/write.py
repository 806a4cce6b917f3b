"""Twenty short documents through every stage: `python -m tests.golden.write` keeps what each makes of them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mundap as md
from mundap.ingest.build import Reading
from mundap.ingest.readers import files_below, nfc_path, read
from mundap.ingest.split import parents
from mundap.korean.tokens import SearchTokenizer
from mundap.types import Document, Passage

HERE = Path(__file__).parent
DOCUMENTS = HERE / "documents"
MAX_CHARS = 120  # short, so that short documents are cut
QUESTIONS = (
    "연차는 언제 소멸하나요?",
    "주차장은 몇 시에 닫나요?",
    "비밀번호는 얼마나 자주 바꾸나요?",
    "반려동물이 짖는 소리는 어떻게 다루나요?",
    "화성의 위성은 몇 개인가요?",
)


def documents() -> list[Document]:
    """Every document, known by its path below the folder."""
    return [reading(path).document for path in files_below(DOCUMENTS)]


def reading(path: Path) -> Reading:
    """One document, and what was wrong with it."""
    return read(path, nfc_path(path.relative_to(DOCUMENTS)))


def passages() -> list[Passage]:
    """The parent passages, and the chunks of those that are cut."""
    read_ = documents()
    every = [*(parent for document in read_ for parent in parents(document)), *md.split(read_, MAX_CHARS)]
    return list({passage.id: passage for passage in every}.values())


def the_documents() -> Any:
    """What was read: text, sections, known questions, and rows left out."""
    return [
        {
            "id": document.id,
            "source": document.source,
            "title": document.title,
            "text": document.text,
            "sections": [[s.start, s.end, s.heading, s.source] for s in document.sections],
            "questions": [[q.question, q.answer, q.start, q.row] for q in document.questions],
            "problems": [[problem.row, problem.reason] for problem in found.problems],
        }
        for found in map(reading, files_below(DOCUMENTS))
        for document in [found.document]
    ]


def the_passages() -> Any:
    """Parent passages, and their chunks under them."""
    every = passages()
    return [
        {
            "id": parent.id,
            "source": parent.source,
            "heading": parent.heading,
            "start": parent.start,
            "text": parent.text,
            "chunks": [p.text for p in every if p.parent_id == parent.id and p.id != parent.id],
        }
        for parent in every
        if parent.parent_id == parent.id
    ]


def the_tokens() -> Any:
    """The search tokens of each passage's first line and of the questions."""
    texts = [*QUESTIONS, *(p.text.split("\n")[0] for p in passages() if p.parent_id == p.id)]
    return dict(zip(texts, map(" ".join, SearchTokenizer()(texts)), strict=True))


def searcher() -> md.Hybrid:
    """All passages, found by words and by hashed vectors."""
    every = passages()
    return md.Hybrid(md.BM25(every), md.Dense(every, encoder=md.HashedEncoder()))


def the_hits() -> Any:
    """The best three for each question. Scores are rounded: the last digits are the machine's."""
    found = searcher()
    return {
        question: [
            {
                "source": hit.passage.source,
                "text": hit.passage.text,
                "score": round(hit.score, 3),
                "origins": dict(sorted(hit.origins.items())),
            }
            for hit in found.search(question, k=3)
        ]
        for question in QUESTIONS
    }


def the_answers() -> Any:
    """The extractive answer to each question."""
    found = searcher()
    answers = {question: md.Extractive().answer(question, found.search(question, k=3)) for question in QUESTIONS}
    return {
        question: {
            "text": answer.text,
            "abstained": answer.abstained,
            "citations": [[citation.source, citation.quote] for citation in answer.citations],
        }
        for question, answer in answers.items()
    }


STAGES: dict[str, Callable[[], Any]] = {
    "documents": the_documents,
    "passages": the_passages,
    "tokens": the_tokens,
    "hits": the_hits,
    "answers": the_answers,
}


def golden(stage: str) -> Path:
    """The file of a stage."""
    return HERE / f"{stage}.json"


def as_text(value: Any) -> str:
    """As it is kept."""
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    """Rewrite every golden file."""
    logging.basicConfig()
    for stage, made in STAGES.items():
        golden(stage).write_text(as_text(made()), "utf-8")


if __name__ == "__main__":
    main()
