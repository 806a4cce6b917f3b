"""What is mutated: small documents of every family, made by the builders of the unit tests, and shared ones if there."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any

from tests.unit import (
    test_docx,
    test_html,
    test_hwp5,
    test_hwpx,
    test_mail,
    test_pdf_errors,
    test_pdf_pages,
    test_tables,
)

DOCUMENTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "documents"
Seed = tuple[str, bytes]  # suffix, content

RULE = "제1조(목적) 이 규정은 휴가를 정한다.\n제2조(연차) 연차는 15일이다.\n제3조(소멸) 연차는 1년 뒤 소멸한다. 미리 알린다.\n"
NOTE = "# 안내\n\n이용 시간은 9시부터입니다.\n\n## 요금\n\n| 구분 | 값 |\n|---|---|\n| 소형 | 1,000원 |\n\n```\n# 코드\n```\n"
SHEET = '출처,제시문,질문,답변\n규정,연차는 15일이다.,연차는 며칠인가요?,15일\n안내,"쉼표, 줄\n바꿈",왜?,그래서\n'
TABLE = "이름\t전화\t2024-03-01\n서울\t02-120\t1.5\n부산\t\t#REF!\n"
ROWS = [
    {"instruction": "연차는?", "input": "", "output": "15일"},
    {"질문": "왜?", "답변": ["가", 1, None, {"나": 2.5}]},
]
SQUAD = {
    "version": "1",
    "data": [
        {
            "title": "연차",
            "paragraphs": [
                {
                    "context": "연차는 15일이다.",
                    "qas": [{"id": "1", "question": "며칠?", "answers": [{"text": "15일", "answer_start": 4}]}],
                }
            ],
        }
    ],
}
CHAT = [{"messages": [{"role": "user", "content": "왜?"}, {"role": "assistant", "content": "그래서"}]}]
MAIL = (
    "MIME-Version: 1.0\r\nSubject: =?utf-8?B?7JWI64K0?=\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\n"
    "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    "<p>=EB=B3=B4=EA=B4=80<b>x</b></p>\r\n--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    "iVBORw0KGgo=\r\n--b--\r\n"
)


def pdf(folder: Path) -> list[Seed]:
    path = folder / "a.pdf"

    def text(canvas: Any) -> None:
        test_pdf_pages.lines(canvas, ["제1조(목적) 이 규정은", "휴가를 정한다.", "1. 연차", "2. 병가"])

    def table(canvas: Any) -> None:
        rows = [["구분", "평일", "주말"], ["소형", "1,000", "2,000"], ["대형", "", "3,000"]]
        test_pdf_pages.ruled(canvas, rows, [("SPAN", (1, 2), (2, 2))], y=700, widths=[80, 80, 80])

    made = [test_pdf_pages.written(path, *pages, title="휴가 규정").read_bytes() for pages in ((text,), (text, table))]
    made += [test_pdf_errors.drawn(path, pages=n, pageCompression=0, text="본문이다. 끝.") for n in (1, 3)]
    return [(".pdf", raw) for raw in made] + shared("kbo_only_table.pdf")


def hwp(folder: Path) -> list[Seed]:
    path = folder / "a.hwp"
    five, x = test_hwp5, test_hwpx
    table = five.table(1, (2, 2), *(five.cell(2, r, c, five.para(2, f"{r}{c}")) for r in (0, 1) for c in (0, 1)))
    body = five.para(0, "휴가 규정", shape=1) + five.para(0, "다음 표와 같다.", table) + five.para(0, "끝.", shape=3)
    about: dict[str, Any] = {"\x05HwpSummaryInformation": five.summary("휴가 규정", 133_000_000_000_000_000)}
    made = [five.hwp(path, body, **about).read_bytes(), five.hwp(path, body, five.para(0, "둘"), flags=0).read_bytes()]
    cells = [[x.tc(r, c, f"{r}{c}") for c in (0, 1)] for r in (0, 1)]
    package = x.PACKAGE.format(title="휴가 규정", modified="2024-03-04T05:06:07Z")
    lines = (x.p("휴가 규정", shape=1), x.p("다음과 같다.", x.tbl(*cells, caption=x.p("표"))), x.p("끝.", shape=3))
    packed = x.hwpx(path, *lines, Contents__content_hpf=package).read_bytes()
    plain = x.HML.format(picture="QUJD" * 10).encode()
    real = shared("autorag_min.hwp", "lists.hwp", "dist.hwp", "table1.hwp", "Table.hwpx")
    return [(".hwp", raw) for raw in made] + [(".hwpx", packed), (".hml", plain)] + real


def office(folder: Path) -> list[Seed]:
    return [(".docx", _docx(folder)), (".pptx", _pptx()), (".xlsx", _xlsx(folder))]


def _docx(folder: Path) -> bytes:
    document = test_docx.docx.Document()
    document.core_properties.title = "휴가 규정"
    document.add_heading("휴가", 1)
    document.add_paragraph("연차는 15일이다.", style="List Number")
    table = document.add_table(3, 3)
    for n, cell in enumerate(c for row in table.rows for c in row.cells):
        cell.text = f"칸 {n}"
    table.cell(0, 0).merge(table.cell(1, 1))
    document.save(folder / "a.docx")
    return (folder / "a.docx").read_bytes()


def _pptx() -> bytes:
    from pptx import Presentation
    from pptx.util import Inches

    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "대관 안내"
    slide.notes_slide.notes_text_frame.text = "환불 규정"
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(6), Inches(2)).table
    for n in range(4):
        table.cell(n // 2, n % 2).text = f"칸 {n}"
    table.cell(0, 0).merge(table.cell(1, 0))
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def _xlsx(folder: Path) -> bytes:
    rows: list[list[Any]] = [
        ["출처", "제시문", "질문", "답변"],
        ["규정", "연차는 15일이다.", "며칠?", "15일"],
        ["", "글", 3.5, "=1/0"],
    ]
    return test_tables.xlsx_file(folder, 문답=rows, 표=[["가", 1], ["나", 2.0]]).read_bytes()


def html(folder: Path) -> list[Seed]:
    pages = [test_html.BOARD.format(charset=charset).encode(charset) for charset in ("utf-8", "euc-kr")]
    return [*((".html", page) for page in pages), (".mht", MAIL.encode()), (".xls", pages[0])]


def mail(folder: Path) -> list[Seed]:
    letter = test_mail.mail()
    letter.add_alternative("<p>공영주차장</p><table><tr><td>소형<td>1,000원</table>", subtype="html")
    letter.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="요금표.pdf")
    bare = f"From: {test_mail.coded('김한빛', 'ks_c_5601-1987')} <a@b.example>\nSubject: 안내\nDate: 2024-03-05\n\n> 지난 글\n글\n"
    forwarded = EmailMessage()
    forwarded["Subject"] = "전달"
    forwarded.set_content("참고하세요.")
    forwarded.add_attachment(letter)
    full = test_mail.mail()
    for name, raw in (
        ("규정.txt", RULE.encode("cp949")),
        ("표.xlsx", _xlsx(folder)),
        ("전달.eml", forwarded.as_bytes()),
    ):
        full.add_attachment(raw, maintype="application", subtype="octet-stream", filename=name)
    mails = (letter.as_bytes(), bare.encode("cp949"), forwarded.as_bytes(), MAIL.encode(), full.as_bytes())
    return [(".eml", raw) for raw in mails]


def image(folder: Path) -> list[Seed]:
    from PIL import Image, ImageDraw

    picture = Image.new("L", (120, 40), 255)
    ImageDraw.Draw(picture).text((10, 10), "Rule 15 days", fill=0)
    made = []
    for kind in ("png", "jpeg", "gif", "bmp", "tiff", "webp"):
        picture.save(out := io.BytesIO(), kind)
        made.append((f".{kind}", out.getvalue()))
    return made


def text(folder: Path) -> list[Seed]:
    encodings = ("utf-8", "cp949", "utf-16", "utf-8-sig")
    return [(".txt", RULE.encode(encoding)) for encoding in encodings] + [(".md", NOTE.encode())]


def tables(folder: Path) -> list[Seed]:
    sheets = [(".csv", SHEET.encode(encoding)) for encoding in ("utf-8-sig", "cp949", "utf-16")]
    return [*sheets, (".tsv", TABLE.encode()), (".csv", SHEET.replace(",", ";").encode())]


def json_files(folder: Path) -> list[Seed]:
    whole = [(".json", json.dumps(value, ensure_ascii=False).encode()) for value in (ROWS, SQUAD, CHAT)]
    lines = [".jsonl", ".json"]
    return whole + [
        (s, "\n".join(json.dumps(row, ensure_ascii=n > 0) for row in ROWS).encode()) for n, s in enumerate(lines)
    ]


def shared(*names: str) -> list[Seed]:
    return [(Path(name).suffix, (DOCUMENTS / name).read_bytes()) for name in names if (DOCUMENTS / name).exists()]


FAMILIES: dict[str, Callable[[Path], list[Seed]]] = {
    "pdf": pdf,
    "hwp": hwp,
    "office": office,
    "html": html,
    "mail": mail,
    "text": text,
    "tables": tables,
    "json": json_files,
    "image": image,
}


@cache  # writers put the time of day into a file
def seeds(family: str) -> list[Seed]:
    """The documents of a family, the same on every machine that has the same shared ones."""
    with tempfile.TemporaryDirectory() as folder:
        return FAMILIES[family](Path(folder))
