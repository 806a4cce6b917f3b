"""What is struck out no longer holds: it is not read, and its owner is told where it stood."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
import xlsxwriter
import xlwt
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font

from mundap.ingest.readers import read
from mundap.ingest.sheets.sheet import Options

KEPT = ["품목: 김치 / 값: 6,000원", "품목: 젓갈", "품목: 넓이 10³㎡ / 값: 7"]
ALL = ["품목: 김치 / 값: 5,000원6,000원", "품목: 젓갈 / 값: 9", "품목: 넓이 10³㎡ / 값: 7"]


def inline(path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["품목", "값"])
    sheet["A2"], sheet["B2"] = "김치", CellRichText(TextBlock(InlineFont(strike=True), "5,000원"), "6,000원")
    sheet["A3"], sheet["B3"] = "젓갈", 9
    sheet["B3"].font = Font(strike=True)
    sheet["A4"], sheet["B4"] = CellRichText("넓이 10", TextBlock(InlineFont(vertAlign="superscript"), "3"), "㎡"), 7
    book.save(path)


def shared(path: Path) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        struck, high = book.add_format({"font_strikeout": True}), book.add_format({"font_script": 1})
        sheet = book.add_worksheet("Sheet")
        sheet.write_row(0, 0, ["품목", "값"])
        sheet.write_column(1, 0, ["김치", "젓갈"])
        sheet.write_rich_string(1, 1, struck, "5,000원", "6,000원")
        sheet.write_number(2, 1, 9, struck)
        sheet.write_rich_string(3, 0, "넓이 10", high, "3", "㎡")
        sheet.write_number(3, 1, 7)


def biff(path: Path) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Sheet")
    style = xlwt.easyxf("font: struck_out on")
    high = xlwt.easyxf("font: escapement superscript").font
    for row, texts in enumerate([["품목", "값"], ["김치"], ["젓갈"]]):
        for column, text in enumerate(texts):
            sheet.write(row, column, text)
    plain = xlwt.easyxf("").font
    sheet.write_rich_text(1, 1, [("5,000원", style.font), ("6,000원", plain)])
    sheet.write(2, 1, 9, style)
    sheet.write_rich_text(3, 0, [("넓이 10", plain), ("3", high), ("㎡", plain)])
    sheet.write(3, 1, 7)
    book.save(str(path))


def xml_2003(path: Path) -> None:
    def row(*cells: str) -> str:
        return f"<Row>{''.join(cells)}</Row>"

    def cell(data: str, kind: str = "String", style: str = "Default") -> str:
        return f'<Cell ss:StyleID="{style}"><Data ss:Type="{kind}">{data}</Data></Cell>'

    path.write_text(
        '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"'
        ' xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Styles><Style ss:ID="Default"/>'
        '<Style ss:ID="s1"><Font ss:StrikeThrough="1"/></Style></Styles><Worksheet ss:Name="Sheet"><Table>'
        + row(cell("품목"), cell("값"))
        + row(cell("김치"), cell("<S>5,000원</S>6,000원"))
        + row(cell("젓갈"), cell("9", "Number", "s1"))
        + row(cell("넓이 10³㎡"), cell("7", "Number"))
        + "</Table></Worksheet></Workbook>",
        "utf-8",
    )


def opendocument(path: Path) -> None:
    def cell(text: str, about: str = "") -> str:
        return f"<table:table-cell {about}><text:p>{text}</text:p></table:table-cell>"

    def style(name: str, family: str, about: str) -> str:
        letters = f"<style:text-properties {about}/>"
        return f'<style:style style:name="{name}" style:family="{family}">{letters}</style:style>'

    rows = [
        [cell("품목"), cell("값")],
        [cell("김치"), cell('<text:span text:style-name="T1">5,000원</text:span>6,000원')],
        [cell("젓갈"), cell("9", 'table:style-name="ce1"')],
        [cell('넓이 10<text:span text:style-name="T2">3</text:span>㎡'), cell("7")],
    ]
    styles = [
        style("ce1", "table-cell", 'style:text-line-through-style="solid"'),
        style("T1", "text", 'style:text-line-through-style="solid"'),
        style("T2", "text", 'style:text-position="super 58%"'),
    ]
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text", "style")
    )
    table = "".join(f"<table:table-row>{''.join(row)}</table:table-row>" for row in rows)
    body = f'<office:body><office:spreadsheet><table:table table:name="Sheet">{table}</table:table>'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:automatic-styles>{''.join(styles)}</office:automatic-styles>"
            f"{body}</office:spreadsheet></office:body></office:document-content>",
        )


@pytest.mark.parametrize(
    ("name", "write"),
    [("a.xlsx", inline), ("b.xlsx", shared), ("c.xls", biff), ("d.ods", opendocument), ("e.xls", xml_2003)],
)
def test_what_a_sheet_strikes_out_is_left_out_and_named(
    tmp_path: Path, name: str, write: Callable[[Path], None]
) -> None:
    write(tmp_path / name)
    document, warnings = (reading := read(tmp_path / name)).document, reading.warnings
    assert [document.text[s.start : s.end].replace("\n", " / ") for s in document.sections] == KEPT
    assert warnings == (
        "시트 'Sheet': 취소선을 그은 내용(B2, B3)은 제외했습니다. 포함하려면 mundap.toml에 [ingest] hidden = true를 설정하세요",
    )
    whole = read(tmp_path / name, options=Options(hidden=True))
    assert [whole.document.text[s.start : s.end].replace("\n", " / ") for s in whole.document.sections] == ALL
    assert whole.warnings == ()


def test_what_a_document_strikes_out_is_left_out_and_named(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("주차 요금은 ")
    paragraph.add_run("1,000원").font.strike = True
    paragraph.add_run("1,500원이다.")
    table = document.add_table(2, 2)
    for cell, text in zip([*table.rows[0].cells, *table.rows[1].cells], ["구분", "요금", "경차", ""], strict=True):
        cell.text = text
    table.cell(1, 1).paragraphs[0].add_run("500원").font.double_strike = True
    table.cell(1, 1).paragraphs[0].add_run("700원").font.strike = False
    document.save(str(tmp_path / "안내.docx"))
    reading = read(tmp_path / "안내.docx")
    assert reading.document.text == "주차 요금은 1,500원이다.\n\n| 구분 | 요금 |\n| --- | --- |\n| 경차 | 700원 |"
    assert reading.warnings == (
        "취소선을 그은 내용은 제외했습니다('1,000원', '500원'). 포함하려면 취소선을 지우고 다시 저장하세요",
    )


def test_what_a_slide_strikes_out_is_left_out_and_named(tmp_path: Path) -> None:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "주차 안내"
    frame = slide.shapes.add_textbox(0, 0, 100, 100).text_frame
    for text in ("1,000원", "1,500원"):
        frame.paragraphs[0].add_run().text = text
    frame.paragraphs[0].runs[0].font._element.set("strike", "sngStrike")
    deck.save(str(tmp_path / "안내.pptx"))
    reading = read(tmp_path / "안내.pptx")
    assert reading.document.text == "# 주차 안내\n\n1,500원"
    assert reading.warnings == (
        "취소선을 그은 내용은 제외했습니다('1,000원'). 포함하려면 취소선을 지우고 다시 저장하세요",
    )


def test_what_a_web_page_under_the_name_of_a_sheet_strikes_out_is_left_out(tmp_path: Path) -> None:
    rows = "<tr><td>품목</td><td>값</td></tr><tr><td>김치</td><td><s>5,000원</s>6,000원</td></tr>"
    rows += "<tr><td>젓갈</td><td><span style='text-decoration:line-through'>9</span></td></tr>"
    (tmp_path / "a.xls").write_text(f"<html><body><table>{rows}</table></body></html>", "utf-8")
    document = read(tmp_path / "a.xls").document
    assert [document.text[s.start : s.end].replace("\n", " / ") for s in document.sections] == KEPT[:2]
