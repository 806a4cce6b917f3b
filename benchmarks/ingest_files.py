"""Korean documents of known words, written in each format that is read: headings, paragraphs and tables with merged cells.

The same pages in every format; a sheet holds their tables, one below the other. Nothing of them comes from anyone's files.
"""

from __future__ import annotations

import csv
import json
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

ROWS = 8  # of a page's table; the first cell of each pair is merged
PAGE_ROWS = 40  # of a sheet that count as a page
COLUMNS = ("부서", "담당 업무", "담당자", "기준일", "한도(원)", "비고")
_OFFICES = "총무과 재정과 민원과 정보통신과 도시계획과 환경위생과 보건행정과 문화체육과 세무과 교통행정과 복지정책과 감사실".split()
_TASKS = "물품 구매,계약 심사,민원 접수,서버 점검,도로 정비,폐기물 수거,예방 접종,시설 대관,체납 징수,주차 단속,급여 지급,자체 감사".split(
    ","
)
_NAMES = "김하늘 이서준 박지우 최민준 정서연 강도윤 조은우 윤채원 장시우 임수아 한지호 오유진".split()
_NOTES = ("분기마다 보고", "사전 승인 필요", "증빙 제출", "대면 확인", "위임 가능", "전자 결재")
_SAYINGS = (
    "{office}은(는) {task} 업무를 처리할 때 접수일부터 {days}일 이내에 그 결과를 신청인에게 서면으로 알려야 한다.",
    "제{article}조에 따른 비용이 {amount}원을 넘는 경우에는 미리 {other}과(와) 협의하고 예산의 범위를 확인하여야 한다.",
    "다만 긴급한 사유가 있어 협의를 거치지 못하였을 때에는 사유가 없어진 날부터 {days}일 안에 경위를 보고한다.",
    "담당자 {name}은(는) {task}에 관한 서류를 {years}년 동안 보존하며, 보존 기간이 지난 서류는 절차에 따라 폐기한다.",
    "신청인은 통지를 받은 날부터 {days}일 이내에 이의를 신청할 수 있고, {office}은(는) 이를 다시 심사하여야 한다.",
    "수수료는 건당 {amount}원으로 하되, 국가유공자와 장애인에게는 그 금액의 100분의 {percent}을(를) 감면할 수 있다.",
    "{other}에서 관리하는 시설을 사용하려는 사람은 사용 예정일 {days}일 전까지 신청서를 제출하여야 한다.",
    "이 규정에서 정하지 아니한 사항은 {office} 내부 지침 제{article}호와 관계 법령이 정하는 바에 따른다.",
)


@dataclass(frozen=True)
class Page:
    """What one page says. `rows` are as wide as COLUMNS; every second row has the first cell of the row above it."""

    heading: str
    paragraphs: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def pages(count: int, seed: int = 0) -> list[Page]:
    """`count` pages of about 900 characters each, the same for the same seed."""
    rng = random.Random(seed)

    def said(number: int) -> str:
        return " ".join(
            rng.choice(_SAYINGS).format(
                office=rng.choice(_OFFICES),
                other=rng.choice(_OFFICES),
                task=rng.choice(_TASKS),
                name=rng.choice(_NAMES),
                days=rng.randint(3, 90),
                years=rng.randint(2, 30),
                article=rng.randint(1, 120),
                amount=f"{rng.randint(1, 9999) * 100:,}",
                percent=rng.randint(5, 95),
            )
            for _ in range(number)
        )

    def row(office: str) -> tuple[str, ...]:
        day = f"20{rng.randint(10, 25)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
        owner = f"{rng.choice(_NAMES)} {rng.randint(100, 999)}호"
        # Some limits are not set, as in every real sheet.
        limit = "" if rng.random() < 0.1 else str(rng.randint(10_000, 99_999_999))
        return office, rng.choice(_TASKS), owner, day, limit, rng.choice(_NOTES)

    def rows(number: int) -> tuple[tuple[str, ...], ...]:
        offices = [rng.choice(_OFFICES) for _ in range(number // 2)]
        return tuple(row(office) for office in offices for _ in range(2))

    return [
        Page(f"제{n}조({rng.choice(_TASKS)})", tuple(said(3) for _ in range(3)), rows(ROWS))
        for n in range(1, count + 1)
    ]


def sheet(count: int, seed: int = 0) -> list[tuple[str, ...]]:
    """Rows of a sheet of `count` pages."""
    rows = [row for page in pages(count * PAGE_ROWS // ROWS, seed) for row in page.rows]
    return [(f"{row[0]} {n // 2}팀", *row[1:]) for n, row in enumerate(rows)]


# -- the formats ----------------------------------------------------------------------------------------------------


def pdf(path: Path, said: Sequence[Page], password: str = "") -> None:
    """A4 with a font that every reader of PDF has; lines break anywhere, as word processors break Korean."""
    from reportlab.lib import colors
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table

    font = "HYSMyeongJo-Medium"
    pdfmetrics.registerFont(UnicodeCIDFont(font))
    body = ParagraphStyle("body", fontName=font, fontSize=10, leading=16, wordWrap="CJK", spaceAfter=8)
    head = ParagraphStyle("head", parent=body, fontSize=15, leading=22)
    flow = []
    for page in said:
        flow += [Paragraph(page.heading, head), *(Paragraph(escape(text), body) for text in page.paragraphs)]
        pairs = [("SPAN", (0, n), (0, n + 1)) for n in range(1, len(page.rows), 2)]
        lines = [COLUMNS, *(("", *row[1:]) if n % 2 else row for n, row in enumerate(page.rows))]
        style = [("FONT", (0, 0), (-1, -1), font, 9), ("GRID", (0, 0), (-1, -1), 0.5, colors.black), *pairs]
        flow += [Spacer(0, 6), Table(lines, style=style), PageBreak()]
    document = SimpleDocTemplate(
        str(path), encrypt=StandardEncryption(password, canPrint=0) if password else None, invariant=1
    )
    document.build(flow)


def docx(path: Path, said: Sequence[Page]) -> None:
    """Headings, paragraphs and tables with cells that are merged downwards."""
    import docx as word

    document = word.Document()
    for page in said:
        document.add_heading(page.heading, 1)
        for text in page.paragraphs:
            document.add_paragraph(text)
        table = document.add_table(0, len(COLUMNS), "Table Grid")
        for row in (COLUMNS, *page.rows):
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = text
        first = table.columns[0].cells
        for n in range(1, len(page.rows), 2):
            office = page.rows[n - 1][0]
            first[n + 1].text = ""
            first[n].merge(first[n + 1]).text = office
    document.save(str(path))


def pptx(path: Path, said: Sequence[Page]) -> None:
    """A slide for each page, its last paragraph in the notes."""
    import pptx as powerpoint
    from pptx.util import Inches

    deck = powerpoint.Presentation()
    for page in said:
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = page.heading
        slide.placeholders[1].text = "\n".join(page.paragraphs[:-1])
        slide.notes_slide.notes_text_frame.text = page.paragraphs[-1]
        box = Inches(0.5), Inches(4), Inches(9), Inches(3)
        table = slide.shapes.add_table(len(page.rows) + 1, len(COLUMNS), *box).table
        for n, row in enumerate((COLUMNS, *page.rows)):
            for m, text in enumerate(row):
                table.cell(n, m).text = "" if m == 0 and n and n % 2 == 0 else text
        for n in range(1, len(page.rows), 2):
            table.cell(n, 0).merge(table.cell(n + 1, 0))
    deck.save(str(path))


def html(path: Path, said: Sequence[Page]) -> None:
    """A saved page with its menus around it."""
    body = ""
    for page in said:
        body += f"<h2>{page.heading}</h2>" + "".join(f"<p>{escape(text)}</p>" for text in page.paragraphs)
        body += "<table><tr>" + "".join(f"<th>{name}</th>" for name in COLUMNS) + "</tr>"
        for n, row in enumerate(page.rows):
            first = "" if n % 2 else f"<td rowspan=2>{row[0]}</td>"
            body += f"<tr>{first}{''.join(f'<td>{escape(text)}</td>' for text in row[1:])}</tr>"
        body += "</table>"
    menu = "".join(f'<li><a href="/{n}">{office}</a></li>' for n, office in enumerate(_OFFICES))
    path.write_text(
        "<!doctype html><html><head><meta charset=utf-8><title>업무 규정</title></head><body>"
        f"<nav><ul>{menu}</ul></nav><main><h1>업무 규정</h1>{body}</main><footer>대표전화 120</footer></body></html>",
        "utf-8",
    )


def hwp(path: Path, said: Sequence[Page]) -> None:
    """HWP 5 by the records that the unit tests are made of."""
    made = _builders("test_hwp5")
    section = []
    for n, page in enumerate(said):
        first = [made.SECTION] if n == 0 else []
        section.append(made.para(0, *first, page.heading, font=1))
        section += [made.para(0, text) for text in page.paragraphs]
        section.append(made.para(0, made.table(1, (len(page.rows) + 1, len(COLUMNS)), *_hwp_cells(made, page))))
    made.hwp(path, b"".join(section))


def _hwp_cells(made: Any, page: Page) -> list[bytes]:
    cells = [made.cell(2, 0, m, made.para(2, name), header=True) for m, name in enumerate(COLUMNS)]
    for n, row in enumerate(page.rows, 1):
        for m, text in enumerate(row):
            if m or n % 2:
                cells.append(made.cell(2, n, m, made.para(2, text), down=2 if m == 0 else 1))
    return cells


def hwpx(path: Path, said: Sequence[Page]) -> None:
    """HWPX by the XML that the unit tests are made of."""
    made = _builders("test_hwpx")
    body = []
    for page in said:
        body += [made.p(page.heading, font=1), *(made.p(escape(text)) for text in page.paragraphs)]
        rows = [[made.tc(0, m, name, header=1) for m, name in enumerate(COLUMNS)]]
        for n, row in enumerate(page.rows, 1):
            rows.append([made.tc(n, m, text, down=2 if m == 0 else 1) for m, text in enumerate(row) if m or n % 2])
        body.append(made.p(made.tbl(*rows)))
    made.hwpx(path, *body)


def _builders(name: str) -> Any:
    tests = str(Path(__file__).resolve().parents[1] / "tests" / "unit")
    if tests not in sys.path:
        sys.path.append(tests)
    return __import__(name)


def txt(path: Path, said: Sequence[Page], encoding: str = "utf-8") -> None:
    """Articles below each other; a table is a line for each row, its cells between bars."""
    lines = []
    for page in said:
        lines += [page.heading, *page.paragraphs, *(" | ".join(row) for row in page.rows), ""]
    path.write_text("\n".join(lines), encoding)


def records(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """A list of objects, one for each row."""
    said = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    path.write_text(json.dumps(said, ensure_ascii=False, indent=1), "utf-8")


def xlsx(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """Limits are numbers and days are days, as in a sheet that people have filled in."""
    from datetime import date

    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("업무")
    page.append(COLUMNS)
    for row in rows:
        page.append([*row[:3], date.fromisoformat(row[3]), int(row[4]) if row[4] else None, row[5]])
    book.save(path)


def delimited(path: Path, rows: Sequence[Sequence[str]], encoding: str = "cp949") -> None:
    """In CP949, as Excel saves a csv in Korea."""
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])


WRITERS: dict[str, Callable[[Path, Sequence[Page]], None]] = {
    "pdf": pdf,
    "hwp": hwp,
    "hwpx": hwpx,
    "docx": docx,
    "pptx": pptx,
    "html": html,
    "txt": txt,
}
SHEETS: dict[str, Callable[[Path, Sequence[Sequence[str]]], None]] = {
    "xlsx": xlsx,
    "csv": delimited,
    "json": records,
}
FORMATS = ("pdf", "hwp", "hwpx", "docx", "pptx", "xlsx", "html", "csv", "txt", "json")


def write(path: Path, count: int, seed: int = 0) -> None:
    """A file of `count` pages in the format of its suffix."""
    kind = path.suffix[1:]
    if kind in SHEETS:
        SHEETS[kind](path, sheet(count, seed))
    else:
        WRITERS[kind](path, pages(count, seed))


# -- files that are wrong -------------------------------------------------------------------------------------------


def encrypted(path: Path) -> None:
    """A PDF that asks for a password."""
    pdf(path, pages(1), password="암호1234")


def bomb(path: Path) -> None:
    """A DOCX of 300 KB that unpacks to 300 MB; written member by member, so that it is made of little memory."""
    import zipfile

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("word/document.xml", "w") as member:
            for _ in range(300):
                member.write(bytes(1 << 20))


def truncated(path: Path) -> None:
    """The first half of a document in the format of the suffix."""
    write(path, 2)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
