"""Blocks into one document: Markdown text, a section for what stands under each heading, and one for each table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from mundap.errors import BadFile
from mundap.ingest.blocks import Block, Heading, Paragraph, Parsed, Table
from mundap.ingest.build import Builder, Reading
from mundap.ingest.dated import DATE
from mundap.ingest.grid import (
    MAX_PLACES,
    TABLE,
    Grid,
    TableTooLarge,
    grid,
    groups,
    markdown_row,
    markdown_rule,
    one_line,
    parted,
)
from mundap.ingest.headings import Piece, marked, named
from mundap.ingest.split import PAGES
from mundap.korean.display import shown
from mundap.korean.lists import item
from mundap.korean.normalize import name_of, normalize
from mundap.types import Document

TABLE_CHARS = 1600  # of a table's passage; a longer table makes several, each with the header
_CAPTION = 60  # characters; a longer paragraph above a table is no caption
_SENTENCE = re.compile(r"(?:[.!?。]|[다요죠])\s*$")
_WHEN = re.compile(  # (2024. 3. 5. 현재), 2024년 말 기준, 날짜:
    r"(?=.*(?:\d|날짜|일자|일시|일))[(\[<〈*※\s]*(?:(?:날짜|일자|일시|기준일|작성일|조사일)자?\s*[:：]?\s*)?"
    r"(?:['’]?(?:19|20)?\d\d\s?[년.\-/]\s?(?:\d{1,2}\s?[월.\-/]?\s?)?(?:\d{1,2}\s?[일.]?\.?)?)?"
    r"\s*(?:\([월화수목금토일]\))?\s*말?\s*(?:현재|기준)?[)\]>〉\s]*"
)
_LEAD = re.compile(r"(?:^|[.!?]\s)(?P<topic>[^.!?\n]{2,60}?)[은는]\s(?:다음|아래)(?:의\s?)?\s?(?:표)?(?:과|와)\s같")
_UNIT = re.compile(r"[(\[<〈*※\s]*단위\s*[:：].{1,30}|[(\[]\s*단위\s[^()]{1,30}[)\]]")
_DEEPEST = 6  # levels of Markdown headings


def assemble(parsed: Parsed, path: Path, source: str) -> Reading:
    """The document that `parsed` makes. Headings are Markdown lines between the sections, not part of them.

    Raises BadFile for a table that is too large.
    """
    title = one_line(parsed.title) or name_of(path.stem)
    document = _Assembly(Builder(source, title, {DATE: parsed.date} if parsed.date else {}))
    try:
        pieces = marked([*_cleaned(parsed.blocks)])
    except TableTooLarge as error:
        raise BadFile(
            f"{path.name}: 칸이 {MAX_PLACES:,}개를 넘는 표가 있습니다. 표를 엑셀 파일로 나누어 저장하세요."
        ) from error
    for block in pieces:
        match block:
            case Heading():
                document.head(block)
            case Paragraph():
                document.waiting.append(block)
            case Grid():
                document.table(block)
    return Reading(document.finished(), (), parsed.warnings, parsed.pages)


@dataclass
class _Assembly:
    """Where the document has come to: the headings above, and the paragraphs that wait for their section."""

    builder: Builder
    above: list[Heading] = field(default_factory=list)
    waiting: list[Paragraph] = field(default_factory=list)
    pages: list[tuple[int, int]] = field(default_factory=list)
    bare: bool = False  # nothing has come under the last heading yet
    last: tuple[int, int] = (0, 0)  # the span of its words

    def head(self, heading: Heading) -> None:
        self.close()
        if self.bare and heading.level <= self.above[-1].level:
            self.keep_heading()
        self.above = [*(h for h in self.above if h.level < heading.level), heading]
        self.turn(self.builder.length, heading.page)
        end = self.builder.line(f"{'#' * min(len(self.above), _DEEPEST)} {heading.text}")[1]
        self.last = (end - len(heading.text), end)
        self.bare = True

    def close(self) -> None:
        """Make a section of the paragraphs that wait."""
        if not self.waiting:
            return
        start = self.builder.length
        for paragraph in self.waiting:
            self.turn(start, paragraph.page)
            start += len(paragraph.text) + 1
        self.section("\n".join(paragraph.text for paragraph in self.waiting), self.waiting[0].page)
        self.waiting.clear()

    def keep_heading(self) -> None:
        """A heading with nothing under it says what it says."""
        *path, heading = self.above
        self.builder.cover(self.last, heading=_shown(path, self.builder.title), page=heading.page)

    def table(self, found: Grid) -> None:
        caption = found.caption or found.title or caption_of(self.waiting)
        self.close()
        head = [markdown_row(found.columns), markdown_rule(len(found.columns))]
        room = TABLE_CHARS - sum(len(line) + 1 for line in head)
        for page, rows in found.by_page():
            for group in groups(rows, room):
                self.turn(self.builder.length, page)
                self.section("\n".join([*head, *map(markdown_row, group)]), page, caption, kind=TABLE)

    def section(self, text: str, page: int | None, caption: str = "", **meta: str) -> None:
        path = [*self.above, Heading(caption, _DEEPEST)] if caption else self.above
        self.builder.add(text, heading=_shown(path, self.builder.title), page=page, meta=meta)
        self.bare = False

    def turn(self, start: int, page: int | None) -> None:
        """Page `page` begins at `start`, unless it has begun."""
        if page is not None and (not self.pages or page != self.pages[-1][1]):
            self.pages.append((start, page))

    def finished(self) -> Document:
        self.close()
        if self.bare:
            self.keep_heading()
        if self.pages:
            self.builder.meta[PAGES] = self.pages
        return self.builder.document()


def _shown(path: Iterable[Heading], title: str) -> str:
    return " > ".join(named(heading.text) for heading in path if heading.text != title)


def caption_of(above: list[Paragraph]) -> str:
    """The line right above a table, if it is short and no sentence, or what a sentence there announces; above a line that
    only says of when the table is, and with one that says in what it counts."""
    lines = [line if len(line) <= _CAPTION else "" for line in (above[-1].text.split("\n") if above else [])]
    unit = ""
    while lines and (_WHEN.fullmatch(lines[-1]) or (not unit and _UNIT.fullmatch(lines[-1]))):
        line = lines.pop()
        unit = unit or ("" if _WHEN.fullmatch(line) else line)
    last = lines[-1] if lines and not _SENTENCE.search(lines[-1]) else ""
    if not last and above:
        last = _topic(above[-1].text.rsplit("\n", 1)[-1])
    return f"{last} {unit}".strip()


def _topic(line: str) -> str:
    """What a line says that the table below it is of: ① 연가 일수는 다음과 같다."""
    said = shown(line)
    found = _LEAD.search(said.removeprefix(item(said)).strip())
    return found["topic"] if found else ""


def _cleaned(blocks: Iterable[Block]) -> Iterator[Piece]:
    """The blocks in normal form, without empty ones; a table that only frames text is the text."""
    for block in blocks:
        if isinstance(block, Table):
            yield from _tabular(block)
        elif isinstance(block, Heading):
            if text := one_line(block.text):
                yield replace(block, text=text)
        elif text := _trimmed(block.text):
            yield replace(block, text=text)


def _tabular(table: Table) -> Iterator[Piece]:
    for part in parted(table):
        found = grid(part)
        if found.rows and len(found.columns) > 1:
            yield found
            continue
        for row in part.rows:
            for cell in row:
                if text := _trimmed(cell.text):
                    yield Paragraph(text, table.page)


def _trimmed(text: str) -> str:
    return "\n".join(line for line in (line.strip() for line in normalize(text).split("\n")) if line)
