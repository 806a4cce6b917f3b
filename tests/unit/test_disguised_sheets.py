"""Sheets whose name says another format: web pages and XML as xls, text as xls, workbooks as csv. All values are compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.workbooks import workbook

from mundap.ingest.build import Reading
from mundap.ingest.readers import read
from mundap.ingest.sheets.sheet import Options

EXPORTED = """<html><head><meta http-equiv="Content-Type" content="text/html; charset=euc-kr"><style>
td{mso-number-format:"\\@";} .num{mso-number-format:"\\#\\,\\#\\#0";} .pct{mso-number-format:"0\\.0%"}
.day{mso-number-format:"yyyy\\-mm\\-dd"}</style></head><body>
<h3>민원 처리 현황</h3>
<table border=1><tr><th rowspan=2>부서</th><th rowspan=2>우편번호</th><th colspan=2>2024년</th></tr>
<tr><th>접수</th><th>비율</th></tr>
<tr><td rowspan=2>총무과<td>06234<td class=num>1234567<td class="pct">0.125
<tr><td>01234</td><td class=num>12</td><td class=pct>0.5</td></tr>
<tr><td>재무과</td><td>00001</td><td style="mso-number-format:'0\\0022건\\0022'">5</td><td class=day>45292</td></tr></table>
<p>※ 잠정치임</p><table><tr><td>근거</td><td>쪽수</td></tr><tr><td><a href="https://a.kr/b">조례</a></td><td>12</td></tr>
</table></body></html>"""

SAVED = """<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head>
<meta http-equiv=Content-Type content="text/html; charset=ks_c_5601-1987"><meta name=Generator content="Microsoft Excel 15">
<style><!--.xl65{mso-number-format:"\\#\\,\\#\\#0\\,";}--></style>
<!--[if gte mso 9]><xml><x:ExcelWorkbook><x:ExcelWorksheets><x:ExcelWorksheet><x:Name>총괄</x:Name></x:ExcelWorksheet>
</x:ExcelWorksheets></x:ExcelWorkbook></xml><![endif]--></head><body>
<table border=0><col width=72><col width=80 style='display:none'><col width=10>
<tr height=22><td colspan=3>□ 예산 현황 (단위: 천원)</td></tr>
<tr><td>항목</td><td>내부</td><td>금액</td></tr>
<tr><td>인건비</td><td>비밀</td><td class=xl65 align=right>12</td></tr>
<tr style='display:none'><td>숨은 행</td><td>a</td><td>1</td></tr>
<tr><td>물건비</td><td>비밀</td><td class=xl65>1,235</td></tr>
<![if supportMisalignedColumns]><tr height=0 style='display:none'><td width=72></td></tr><![endif]></table></body></html>"""

XML = """<?xml version="1.0" encoding="euc-kr"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Styles><Style ss:ID="Default"/><Style ss:ID="s1"><NumberFormat ss:Format="#,##0&quot;원&quot;"/></Style>
<Style ss:ID="s2"><NumberFormat ss:Format="Percent"/></Style><Style ss:ID="s3" ss:Parent="s1"/>
<Style ss:ID="d"><NumberFormat ss:Format="Short Date"/></Style><Style ss:ID="t"><NumberFormat ss:Format="h:mm"/></Style></Styles>
<Worksheet ss:Name="2024년"><Table><Column ss:Index="4" ss:Hidden="1"/><Column ss:StyleID="d"/>
<Row><Cell ss:MergeAcross="2"><Data ss:Type="String">주차 요금표</Data></Cell></Row>
<Row ss:Index="3"><Cell><Data ss:Type="String">차종</Data></Cell><Cell><Data ss:Type="String">요금</Data></Cell>
<Cell><Data ss:Type="String">감면</Data></Cell><Cell><Data ss:Type="String">내부</Data></Cell>
<Cell><Data ss:Type="String">시행</Data></Cell><Cell><Data ss:Type="String">시작</Data></Cell></Row>
<Row><Cell ss:MergeDown="1"><Data ss:Type="String">승용차</Data></Cell>
<Cell ss:StyleID="s1"><Data ss:Type="Number">1000</Data></Cell><Cell ss:StyleID="s2"><Data ss:Type="Number">0.3</Data></Cell>
<Cell><Data ss:Type="String">x</Data></Cell><Cell><Data ss:Type="DateTime">2024-03-05T00:00:00.000</Data></Cell>
<Cell ss:StyleID="t"><Data ss:Type="DateTime">1899-12-31T09:30:00.000</Data></Cell></Row>
<Row><Cell ss:Index="2" ss:StyleID="s3"><Data ss:Type="Number">2500</Data></Cell>
<Cell ss:HRef="https://a.kr/b"><Data ss:Type="String">조례</Data></Cell><Cell ss:Index="5"><Data ss:Type="Error">#N/A</Data></Cell>
<Cell><Data ss:Type="Boolean">1</Data><Comment ss:Author="총무과"><ss:Data><B>총무과:</B>
바뀔 수 있음</ss:Data></Comment></Cell></Row></Table></Worksheet>
<Worksheet ss:Name="옛것"><Table><Row><Cell><Data ss:Type="String">숨은 시트</Data></Cell></Row></Table>
<WorksheetOptions xmlns="urn:schemas-microsoft-com:office:excel"><Visible>SheetHidden</Visible></WorksheetOptions></Worksheet>
</Workbook>"""

ARCHIVE = """MIME-Version: 1.0
X-Document-Type: Workbook
Content-Type: multipart/related; boundary="----=_N"

------=_N
Content-Transfer-Encoding: quoted-printable
Content-Type: text/html; charset="utf-8"

<html><body><table><tr><td>=ED=92=88=EB=AA=A9</td><td>=EA=B0=92</td></tr><tr><td>a</td><td>1</td></tr></table></body></html>

------=_N--
"""
GOODS = ["품목: 김치 / 값: 5000", "품목: 젓갈 / 값: 3,000"]


def lines(reading: Reading) -> list[str]:
    text = reading.document.text
    return [text[s.start : s.end].replace("\n", " / ") for s in reading.document.sections]


def saved(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def test_a_web_page_of_a_portal_is_a_sheet(tmp_path: Path) -> None:
    reading = read(saved(tmp_path / "현황.xls", EXPORTED, "cp949"))
    assert lines(reading) == [
        "부서: 총무과 / 우편번호: 06234 / 2024년 접수: 1,234,567 / 2024년 비율: 12.5%",
        "부서: 총무과 / 우편번호: 01234 / 2024년 접수: 12 / 2024년 비율: 50.0%",
        "부서: 재무과 / 우편번호: 00001 / 2024년 접수: 5건 / 2024년 비율: 2024-01-01",
        "※ 잠정치임",
        "근거: 조례 (https://a.kr/b) / 쪽수: 12",
    ]
    assert reading.document.sections[0].heading == "민원 처리 현황"


def test_a_web_page_that_excel_saved_shows_its_numbers_already(tmp_path: Path) -> None:
    path = saved(tmp_path / "예산.xls", SAVED, "cp949")
    reading = read(path)
    assert lines(reading) == ["항목: 인건비 / 금액: 12", "항목: 물건비 / 금액: 1,235"]
    assert {s.heading for s in reading.document.sections} == {"총괄 > □ 예산 현황 (단위: 천원)"}
    (warning,) = reading.warnings
    assert "숨긴 행 4, 숨긴 열 B(내부)" in warning
    assert "항목: 숨은 행 / 내부: a / 금액: 1" in lines(read(path, options=Options(hidden=True)))


@pytest.mark.parametrize("name", ["요금.xls", "요금.xml", "요금.xlsx"])
def test_xml_of_2003_is_a_workbook(tmp_path: Path, name: str) -> None:
    reading = read(saved(tmp_path / name, XML, "cp949"))
    assert lines(reading) == [
        "차종: 승용차 / 요금: 1,000원 / 감면: 30.00% / 시행: 2024-03-05 / 시작: 9:30",
        "차종: 승용차 / 요금: 2,500원 / 감면: 조례 (https://a.kr/b) / 시행: #N/A / 시작: TRUE (메모: 바뀔 수 있음)",
    ]
    assert {s.heading for s in reading.document.sections} == {"2024년 > 주차 요금표"}
    assert [w for w in reading.warnings if "숨긴 열 D(내부)" in w or "E5 #N/A" in w or "옛것" in w] == [
        *reading.warnings
    ]
    assert len(reading.warnings) == 3


@pytest.mark.parametrize(
    ("name", "text", "encoding"),
    [
        ("표.xls", '품목,값\n김치,5000\n젓갈,"3,000"\n', "cp949"),
        ("표.xls", "품목\t값\n김치\t5000\n젓갈\t3,000\n", "utf-16"),
        ("표.xlsx", "품목;값\r\n김치;5000\r\n젓갈;3,000\r\n", "utf-8-sig"),
        (
            "표.xls",
            "<meta charset=utf-8><table><tr><td>품목<td>값<tr><td>김치<td>5000<tr><td>젓갈<td>3,000</table>",
            "utf-8",
        ),
        ("표.csv", "<table><tr><th>품목<th>값<tr><td>김치<td>5000<tr><td>젓갈<td>3,000</table>", "cp949"),
        ("표.xls", "<html><table><tr><td>품목<td>값<tr><td>김치<td>5000<tr><td>젓갈<td>3,000</table></html>", "utf-16"),
    ],
)
def test_text_under_the_name_of_a_sheet_is_read_by_what_it_is(
    tmp_path: Path, name: str, text: str, encoding: str
) -> None:
    assert lines(read(saved(tmp_path / name, text, encoding))) == GOODS


def test_a_web_archive_of_excel_is_a_sheet(tmp_path: Path) -> None:
    assert lines(read(saved(tmp_path / "표.xls", ARCHIVE))) == ["품목: a / 값: 1"]


@pytest.mark.parametrize("name", ["표.xls", "표.csv", "표.xlsb", "표.txt"])
def test_an_xlsx_under_another_name_is_one(tmp_path: Path, name: str) -> None:
    path = workbook(tmp_path / "표.xlsx", Sheet1=[["품목", "값"], ["김치", 5000], ["젓갈", "3,000"]])
    assert lines(read(path.rename(tmp_path / name))) == GOODS


def test_a_page_without_a_table_is_a_page(tmp_path: Path) -> None:
    path = saved(tmp_path / "표.xls", "<html><body><p>세션이 만료되었습니다.</p></body></html>")
    assert lines(read(path)) == ["세션이 만료되었습니다."]


def test_a_question_sheet_of_a_portal_has_its_questions(tmp_path: Path) -> None:
    page = "<table><tr><th>질문</th><th>답변</th></tr><tr><td>주차는 어디서 하나요?</td><td>지하 1층에서<br>합니다.</td></tr></table>"
    document = read(saved(tmp_path / "질의.xls", page)).document
    assert [(q.question, q.answer) for q in document.questions] == [("주차는 어디서 하나요?", "지하 1층에서\n합니다.")]


def test_cells_that_claim_the_whole_sheet_do_not_fill_it(tmp_path: Path) -> None:
    row = f"<tr>{'<td rowspan=1000 colspan=1000>가</td>' * 20}</tr>"
    assert len(lines(read(saved(tmp_path / "표.xls", f"<table>{row * 300}</table>")))) == 1
