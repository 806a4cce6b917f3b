"""The page of `mundap inspect`: every passage with what is known of it, tables drawn as tables."""

from __future__ import annotations

from mundap.evaluation.html_parts import frame, note, section, table
from mundap.evaluation.markup import Markup, tag
from mundap.ingest.grid import TABLE, cells_of, row_spans
from mundap.jobs.task import Read
from mundap.types import Passage


def inspect_page(name: str, found: Read) -> str:
    """A whole HTML file."""
    document = found.reading.document
    pages = f" · {found.reading.pages}쪽" if found.reading.pages else ""
    told = f"{document.title} · 문단 {len(found.parents)}개 · 청크 {len(found.chunks)}개 · {found.reading.characters}자{pages}"
    warned = [note(f"경고: {warning}") for warning in found.reading.warnings]
    warned += [note(f"건너뜀 {problem.row}행: {problem.reason}") for problem in found.reading.problems]
    warned += [note(f"열: {said}") for said in found.reading.columns]
    passages = [_passage(n, passage, found) for n, passage in enumerate(found.parents, 1)]
    return frame("문단 보기", name, told, *warned, *passages)


def _passage(number: int, passage: Passage, found: Read) -> Markup:
    pieces = sum(piece.parent_id == passage.id for piece in found.chunks)
    page = f"{passage.page}쪽" if passage.page else ""
    facts = [page, str(passage.meta.get("date", "")), f"{len(passage.text)}자", f"청크 {pieces}개", passage.id]
    body = _drawn(passage) if passage.meta.get("kind") == TABLE else tag("pre", passage.text)
    return section(f"{number}. {passage.heading}".strip(), note(" · ".join(fact for fact in facts if fact)), body)


def _drawn(passage: Passage) -> Markup:
    names = cells_of(passage.text.partition("\n")[0])
    return table(names, [cells_of(passage.text[start:end]) for start, end in row_spans(passage.text)], texts=True)
