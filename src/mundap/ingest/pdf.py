"""PDF, through liteparse: paragraphs and ruled tables, page by page. Scanned pages are named, not guessed at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mundap.errors import BadFile
from mundap.extras import need
from mundap.ingest.assemble import assemble
from mundap.ingest.blocks import Block, Cell, Heading, Paragraph, Parsed, Table
from mundap.ingest.build import Reading
from mundap.ingest.heal import unwrap
from mundap.ingest.running import running

_DATE = re.compile(r"D:(\d{4})(\d{2})(\d{2})")
_SENTENCE = re.compile(r"[다요]\s?\.\s*$")  # the last line of a paragraph is sometimes taken for a heading
_NAMED = 5  # pages that a warning names


def read_pdf(path: Path, source: str) -> Reading:
    """A PDF. Raises BadFile for an encrypted or broken one, and for one without any text."""
    return assemble(parse(path), path, source)


def parse(path: Path) -> Parsed:
    """The blocks of every page. Pages without text, and pages that cannot be read, are warnings."""
    library = need("liteparse", "docs")
    parser = library.LiteParse(
        ocr_enabled=False,
        extract_blocks=True,
        extract_document_metadata=True,
        continue_on_page_error=True,
        keep_headers_footers=True,  # it takes sentences near the edge for headers; ingest.running does not
        quiet=True,
    )
    try:
        found = parser.parse(path)
    except library.ParseError as error:
        if "password" in str(error).lower():
            raise BadFile(f"{path.name}: 암호가 걸린 PDF입니다. 암호를 풀어 다시 저장해 주세요.") from error
        raise BadFile(
            f"{path.name}: PDF로 읽을 수 없습니다({error}). 원본을 다시 복사하거나 PDF로 다시 저장해 주세요."
        ) from error
    pages = [(page.page_num, [*_page(page)]) for page in found.pages]
    mute = [number for number, blocks in pages if not blocks]
    if pages and len(mute) == len(pages):
        raise BadFile(
            f"{path.name}: 글자가 없는 PDF입니다(스캔한 그림으로 보입니다). 글자를 인식(OCR)해 다시 저장해 주세요."
        )
    warnings = [f"{_listed(mute)}에 글자가 없습니다(스캔한 그림이나 빈 쪽)."] if mute else []
    warnings += [f"{problem.page_num}쪽을 읽지 못했습니다." for problem in found.page_errors or ()]
    made = _DATE.match(
        getattr(found.doc_meta, "mod_date", None) or getattr(found.doc_meta, "creation_date", None) or ""
    )
    date = "-".join(made.groups()) if made else ""
    return Parsed(tuple(_flowing(pages)), date=date, pages=found.total_pages, warnings=tuple(warnings))


def _listed(numbers: Sequence[int]) -> str:
    more = f" 등 {len(numbers)}쪽" if len(numbers) > _NAMED else ""
    return ", ".join(f"{number}쪽" for number in numbers[:_NAMED]) + more


def _page(page: Any) -> Iterator[Block]:
    number = page.page_num
    for block in page.blocks or ():
        if block.kind == "table":
            yield _table(block, number)
        elif block.lines:
            yield from (Paragraph(text, number) for text in unwrap(block.lines))
        elif block.kind == "heading" and block.text and not _SENTENCE.search(block.text):
            yield Heading(block.text, block.level or 1, number)
        elif block.text:
            marker = f"{block.marker or '•'} " if block.kind == "list_item" else ""
            yield Paragraph(f"{marker}{block.text}", number)


def _table(block: Any, page: int) -> Table:
    rows = [*([block.header] if block.header else []), *(block.rows or ())]
    cells = tuple(tuple(Cell(cell.text) for cell in row) for row in rows)
    return Table(cells, page, header=1 if block.header else 0)


def _flowing(pages: Sequence[tuple[int, Sequence[Block]]]) -> Iterator[Block]:
    """The blocks of all pages without what runs along, a table that goes on over the page made one."""
    texts = [[b.text if not isinstance(b, Table) else "" for b in blocks] for _, blocks in pages]
    held: Table | None = None
    for (_, blocks), left_out in zip(pages, running(texts), strict=True):
        for block in (b for n, b in enumerate(blocks) if n not in left_out):
            if held is not None and isinstance(block, Table) and _continues(held, block):
                first = (
                    block.rows[1:] if _texts(block)[0] in (_texts(held)[0], [""] * len(block.rows[0])) else block.rows
                )
                held = replace(held, rows=held.rows + first, page=held.page)
                continue
            if held is not None:
                yield held
            held = block if isinstance(block, Table) else None
            if held is None:
                yield block
    if held is not None:
        yield held


def _continues(above: Table, below: Table) -> bool:
    """Whether a table on a later page has the same number of columns, and no header of its own or the same."""
    if not above.rows or not below.rows or below.page == above.page or len(above.rows[-1]) != len(below.rows[0]):
        return False
    return not below.header or _texts(above)[0] == _texts(below)[0]


def _texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]
