"""Word documents: headings of Korean styles, list items, merged cells, and nothing that is deleted or hidden."""

from datetime import datetime
from pathlib import Path

import pytest

from mundap.errors import BadFile
from mundap.ingest.readers import read
from mundap.ingest.split import parents

docx = pytest.importorskip("docx", reason="the extra docs is not installed")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    from docx.oxml import OxmlElement

    document = docx.Document()
    document.core_properties.title = "여비 규정"
    document.core_properties.modified = datetime(2024, 3, 5)
    document.add_heading("여비 규정", 0)
    document.add_heading("총칙", 1)
    paragraph = document.add_paragraph("출장비를 정한다.")
    paragraph.add_run("숨긴 글").font.hidden = True
    deleted = OxmlElement("w:del")
    deleted.append(paragraph.add_run("지운 글")._r)
    deleted[0].find(docx.oxml.ns.qn("w:t")).tag = docx.oxml.ns.qn("w:delText")
    paragraph._p.append(deleted)
    document.add_paragraph("영수증", style="List Bullet")
    style = document.styles.add_style("개요 2", docx.enum.style.WD_STYLE_TYPE.PARAGRAPH)
    document.add_paragraph("숙박비", style=style)
    table = document.add_table(4, 3)
    for y, row in enumerate(
        [("구분", "금액", ""), ("", "서울", "지방"), ("과장", "7만원", "5만원"), ("", "8만원", "")]
    ):
        for x, text in enumerate(row):
            table.cell(y, x).text = text
    table.cell(0, 0).merge(table.cell(1, 0))
    table.cell(0, 1).merge(table.cell(0, 2))
    table.cell(2, 0).merge(table.cell(3, 0))
    table.cell(3, 1).merge(table.cell(3, 2))
    document.sections[0].header.paragraphs[0].text = "머리글"
    path = tmp_path / "규정.docx"
    document.save(str(path))
    return path


def test_everything_that_is_printed_comes_out_in_order(made: Path):
    reading = read(made)
    assert reading.document.title == "여비 규정"
    assert [(p.heading, p.text) for p in parents(reading.document)] == [
        ("총칙", "출장비를 정한다.\n• 영수증"),
        (
            "총칙 > 숙박비",
            "| 구분 | 금액 서울 | 금액 지방 |\n| --- | --- | --- |\n| 과장 | 7만원 | 5만원 |\n| 과장 | 8만원 | 8만원 |",
        ),
    ]
    assert all(p.meta["date"] == "2024-03-05" for p in parents(reading.document))


def test_what_is_no_document_is_a_bad_file(tmp_path: Path, made: Path):
    (tmp_path / "잘림.docx").write_bytes(made.read_bytes()[:2000])
    with pytest.raises(BadFile, match=r"잘림\.docx: 파일이 잘렸거나"):
        read(tmp_path / "잘림.docx")
