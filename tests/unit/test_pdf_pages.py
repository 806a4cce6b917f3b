"""PDFs drawn here, and two real ones: reading order, tables cell by cell, running lines, headings, pages, forms."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.blocks import said

from mundap.ingest.blocks import Heading, Paragraph, Parsed, Table
from mundap.ingest.grid import grid
from mundap.ingest.pdf.reader import parse
from mundap.ingest.readers import read

pytest.importorskip("liteparse", reason="the extra docs is not installed")
pytest.importorskip("reportlab", reason="reportlab draws the PDFs of these tests")

DOCUMENTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "documents"
FONT = "HYSMyeongJo-Medium"  # one of the fonts that every PDF reader has
TERMS = (
    "회사는 계약자가 보험료를 납입하지 아니한 때에는 14일 이상의 기간을 납입최고 기간으로 정하여 서면으로 알려 드립니다. "
    "이 기간이 끝나는 날의 다음 날에 계약이 해지되며, 해지된 계약을 부활시키려면 연체된 보험료와 이자를 함께 납입하여야 합니다."
)
WORK = (
    "직원의 근로시간은 휴게시간을 제외하고 하루 여덟 시간으로 하며 업무상 필요한 경우에는 당사자의 합의에 따라 한 주에 "
    "열두 시간을 한도로 연장할 수 있다. 연장근로에 대하여는 통상임금의 백분의 오십을 가산하여 지급한다."
)
Draw = Callable[[Any], None]


@pytest.fixture
def drawn(tmp_path: Path) -> Callable[..., Parsed]:
    """`drawn(page, page, …)`: the file whose pages these functions draw, as it is parsed."""

    def make(*pages: Draw, **about: Any) -> Parsed:
        return parse(written(tmp_path / "규정.pdf", *pages, **about))

    return make


def written(path: Path, *pages: Draw, title: str = "") -> Path:
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    canvas = Canvas(str(path), pagesize=A4, invariant=True)
    canvas.setTitle(title)
    for page in pages:
        canvas.setFont(FONT, 10)
        page(canvas)
        canvas.showPage()
    canvas.save()
    return path


def lines(
    canvas: Any, texts: list[str], *, x: float = 80, y: float = 720, size: float = 10, leading: float = 16
) -> None:
    canvas.setFont(FONT, size)
    for n, text in enumerate(texts):
        canvas.drawString(x, y - n * leading, text)


def flowed(canvas: Any, texts: list[str], x: float, y: float, width: float, height: float = 600) -> None:
    """Paragraphs as a word processor sets Korean: broken anywhere."""
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Frame
    from reportlab.platypus import Paragraph as Flowed

    style = ParagraphStyle("body", fontName=FONT, fontSize=10, leading=16, wordWrap="CJK", spaceAfter=10)
    Frame(x, y - height, width, height, leftPadding=0, rightPadding=0).addFromList(
        [Flowed(t, style) for t in texts], canvas
    )


def ruled(canvas: Any, rows: list[list[str]], style: list[tuple[Any, ...]], *, y: float, widths: list[float]) -> None:
    """A table with its upper edge at `y`."""
    from reportlab.lib import colors
    from reportlab.platypus import Table as Drawn

    table = Drawn(rows, colWidths=widths, style=[("FONT", (0, 0), (-1, -1), FONT, 9), *style])
    table.setStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black)] if not style or style[0][0] == "SPAN" else [])
    _, height = table.wrap(500, 800)
    table.drawOn(canvas, 80, y - height)


def texts(parsed: Parsed) -> list[str]:
    return [block.text for block in parsed.blocks if isinstance(block, Paragraph | Heading)]


def tables(parsed: Parsed) -> list[Table]:
    return [block for block in parsed.blocks if isinstance(block, Table)]


def cells(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def test_broken_lines_are_one_paragraph_and_words_are_whole(drawn: Callable[..., Parsed]) -> None:
    parsed = drawn(lambda canvas: flowed(canvas, [TERMS, WORK], 80, 740, 430))
    assert texts(parsed) == [TERMS, WORK]


def test_a_paragraph_goes_on_over_the_page_and_lists_do_not(drawn: Callable[..., Parsed]) -> None:
    parsed = drawn(
        lambda canvas: lines(canvas, [TERMS[:40], TERMS[40:80]], y=100),
        lambda canvas: lines(canvas, [TERMS[80:120], TERMS[120:], "1. 첫째", "2. 둘째"]),
    )
    assert [(said(block), block.page) for block in parsed.blocks] == [(TERMS, 1), ("1. 첫째", 2), ("2. 둘째", 2)]
    assert parsed.pages == 2


def test_items_of_a_list_are_paragraphs_with_their_markers(drawn: Callable[..., Parsed]) -> None:
    items = [
        "1. 신청서를 낸다",
        "가. 인사팀에 낸다",
        "나. 서명을 한다",
        "2) 승인을 받는다",
        "• 팀장",
        "① 대표",
        "- 기타",
    ]
    assert texts(drawn(lambda canvas: lines(canvas, items))) == items


def test_larger_letters_are_headings_with_levels_and_pages(drawn: Callable[..., Parsed]) -> None:
    def page(canvas: Any) -> None:
        lines(canvas, ["취업규칙"], size=20, y=760)
        lines(canvas, ["근로시간"], size=14, y=720)
        lines(canvas, [WORK[:40], "둘째 문단이다."], y=690, leading=40)

    headings = [block for block in drawn(page).blocks if isinstance(block, Heading)]
    assert headings == [Heading("취업규칙", 1, 1), Heading("근로시간", 2, 1)]


def test_columns_are_read_one_after_the_other_below_a_common_title(drawn: Callable[..., Parsed]) -> None:
    def page(canvas: Any) -> None:
        lines(canvas, ["두 단으로 된 소식지의 제목이 여기에 길게 있다"], size=18, y=780)
        flowed(canvas, [TERMS, TERMS], 60, 740, 225)
        flowed(canvas, [WORK, WORK], 310, 735, 225)

    assert texts(drawn(page)) == ["두 단으로 된 소식지의 제목이 여기에 길게 있다", TERMS, TERMS, WORK, WORK]


def test_headers_footers_and_page_numbers_go_and_chapters_on_top_of_pages_stay(drawn: Callable[..., Parsed]) -> None:
    def page(n: int) -> Draw:
        def draw(canvas: Any) -> None:
            lines(canvas, ["(주)모아풀살 인사규정" if n % 2 else "모두에게 알림"], size=8, y=810)
            lines(canvas, [f"제{n}장 근로조건"], size=16, y=770)
            lines(canvas, [f"{n}째 쪽의 본문이다."], y=730)
            lines(canvas, [f"- {n} -"], x=290, size=8, y=30)
            lines(canvas, [f"{n} / 12"], x=500, size=8, y=30)
            lines(canvas, [f"인사팀 {n}쪽"], x=80, size=8, y=30)

        return draw

    parsed = drawn(*[page(n) for n in range(1, 7)])
    assert texts(parsed) == [text for n in range(1, 7) for text in (f"제{n}장 근로조건", f"{n}째 쪽의 본문이다.")]
    assert [block.page for block in parsed.blocks] == [n for n in range(1, 7) for _ in range(2)]


def test_on_two_pages_only_what_says_its_page_goes(drawn: Callable[..., Parsed]) -> None:
    def page(n: int) -> Draw:
        def draw(canvas: Any) -> None:
            lines(canvas, ["같은 첫 줄", f"{n}째 쪽"], y=800)
            lines(canvas, [f"- {n} -"], x=290, y=30)
            lines(canvas, ["문의 1234"], x=80, y=30)

        return draw

    assert texts(drawn(page(1), page(2))) == ["같은 첫 줄", "1째 쪽", "문의 1234", "같은 첫 줄", "2째 쪽", "문의 1234"]


def test_numbers_that_do_not_count_the_pages_stay(drawn: Callable[..., Parsed]) -> None:
    pages = [lambda canvas, n=n: lines(canvas, [f"합계 {n}", "본문이다."], y=800) for n in (700, 20, 3000, 41)]
    assert [text for text in texts(drawn(*pages)) if text != "본문이다."] == [
        "합계 700",
        "합계 20",
        "합계 3000",
        "합계 41",
    ]


def test_merged_cells_keep_their_spans(drawn: Callable[..., Parsed]) -> None:
    rows = [["구분", "요금", ""], ["어른", "평일", "휴일"], ["", "10,000", "12,000"], ["어린이", "5,000", ""]]
    spans = [("SPAN", (1, 0), (2, 0)), ("SPAN", (0, 1), (0, 2))]
    (table,) = tables(drawn(lambda canvas: ruled(canvas, rows, spans, y=700, widths=[80, 100, 100])))
    assert [[(c.text, c.rowspan, c.colspan) for c in row] for row in table.rows] == [
        [("구분", 1, 1), ("요금", 1, 2)],
        [("어른", 2, 1), ("평일", 1, 1), ("휴일", 1, 1)],
        [("10,000", 1, 1), ("12,000", 1, 1)],
        [("어린이", 1, 1), ("5,000", 1, 1), ("", 1, 1)],
    ]
    assert grid(table).rows[-1] == ("어린이", "5,000", "")


def test_a_table_without_side_borders_and_one_without_lines(drawn: Callable[..., Parsed]) -> None:
    from reportlab.lib import colors

    rows = [["품목", "수량", "단가"], ["배추", "3", "2,000원"], ["무", "5", "1,500원"], ["고추", "7", "900원"]]

    def page(canvas: Any) -> None:
        lines(canvas, ["가격표는 다음과 같다."], y=740)
        offices = [("INNERGRID", (0, 0), (-1, -1), 0.5, colors.black), ("LINEABOVE", (0, 0), (-1, 0), 1, colors.black)]
        ruled(canvas, rows, offices, y=720, widths=[80, 80, 80])
        lines(canvas, ["선이 없는 표는 다음과 같다."], y=600)
        ruled(canvas, rows, [("ALIGN", (0, 0), (-1, -1), "LEFT")], y=580, widths=[80, 80, 80])

    parsed = drawn(page)
    assert [cells(table) for table in tables(parsed)] == [rows, rows]
    assert texts(parsed) == ["가격표는 다음과 같다.", "선이 없는 표는 다음과 같다."]


def test_a_frame_around_text_is_no_table(drawn: Callable[..., Parsed]) -> None:
    def page(canvas: Any) -> None:
        canvas.rect(70, 650, 440, 100)
        lines(canvas, ["상자 안의 첫째 문단이다.", "상자 안의 둘째 문단이다."], y=720, leading=40)

    assert texts(drawn(page)) == ["상자 안의 첫째 문단이다.", "상자 안의 둘째 문단이다."]


def test_a_table_over_three_pages_is_one_with_one_header(drawn: Callable[..., Parsed]) -> None:
    header = ["번호", "이름", "부서"]

    def page(n: int) -> Draw:
        rows = [header, *[[str(i), f"직원{i}", f"부서{i % 7}"] for i in range(n * 38, n * 38 + 38)]]
        return lambda canvas: ruled(canvas, rows, [], y=790, widths=[60, 120, 120])

    parsed = drawn(page(0), page(1), page(2))
    (table,) = tables(parsed)
    assert cells(table) == [header, *[[str(i), f"직원{i}", f"부서{i % 7}"] for i in range(3 * 38)]]
    assert texts(parsed) == []


def test_pages_that_are_turned_read_as_they_are_shown(drawn: Callable[..., Parsed]) -> None:
    def turned(canvas: Any) -> None:
        width, _ = canvas._pagesize
        canvas.setPageRotation(90)
        canvas.translate(width, 0)
        canvas.rotate(90)
        lines(canvas, ["바로 보이는 첫째 줄이다.", "둘째 줄이다."], y=400, leading=40)

    def on_its_side(canvas: Any) -> None:
        canvas.setPageRotation(0)
        canvas.translate(595, 0)
        canvas.rotate(90)
        lines(canvas, ["옆으로 누운 첫째 줄이다.", "둘째 줄이다."], y=400, leading=40)

    def upside_down(canvas: Any) -> None:
        canvas.translate(595, 842)
        canvas.rotate(180)
        lines(canvas, ["거꾸로 선 첫째 줄이다.", "둘째 줄이다."], y=400, leading=40)

    found = texts(drawn(turned, on_its_side, upside_down))
    assert found[::2] == ["바로 보이는 첫째 줄이다.", "옆으로 누운 첫째 줄이다.", "거꾸로 선 첫째 줄이다."]
    assert found[1::2] == ["둘째 줄이다."] * 3


def test_what_was_filled_into_a_form_is_read_where_it_stands(drawn: Callable[..., Parsed]) -> None:
    def page(canvas: Any) -> None:
        lines(canvas, ["성명", "제출일"], y=700, leading=40)
        canvas.acroForm.textfield(name="name", value="Kim", x=200, y=695, width=200, height=18, borderWidth=0)

    assert texts(drawn(page)) == ["성명 Kim", "제출일"]


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ("2024년 인사규정.hwp", "2024년 인사규정"),
        ("Microsoft Word - 인사규정.docx", ""),
        ("제목 없음", ""),
        ("untitled", ""),
        ("insurance_biz", ""),
        ("Employee Handbook", "Employee Handbook"),
    ],
)
def test_a_title_is_taken_if_people_would_call_the_document_so(
    drawn: Callable[..., Parsed], given: str, title: str
) -> None:
    assert drawn(lambda canvas: lines(canvas, ["본문이다."]), title=given).title == title


def test_a_watermark_across_the_page_is_left_out(drawn: Callable[..., Parsed]) -> None:
    def page(canvas: Any) -> None:
        lines(canvas, ["본문이다."])
        canvas.translate(200, 300)
        canvas.rotate(45)
        lines(canvas, ["대외비"], x=0, y=0, size=40)

    assert texts(drawn(page)) == ["본문이다."]


def real(name: str) -> Path:
    if not (DOCUMENTS / name).exists():
        pytest.skip(f"needs the shared document {name}")
    return DOCUMENTS / name


def test_every_cell_of_a_real_ruled_table() -> None:
    document = read(real("kbo_only_table.pdf")).document
    assert (document.title, document.meta["date"]) == ("2024_리그규정", "2024-08-12")
    assert document.text.split("\n") == [
        "# 2024년 KBO 리그 규정 변경 요약사항",
        "",
        "| 구분 | 변경 전 | 변경 후 |",
        "| --- | --- | --- |",
        "| 자동 투구 판정 시스템(ABS) 규정 | - | 심판판정의 공정성, 일관성, 정확성 향상을 위해 자동 투구 판정 시스템(ABS)을 "
        "도입하고, 주심의 볼·스트라이크 판정을 대체 |",
        "| KBO 피치클락 규정 | - | 경기장 내 카운트다운 타이머(피치클락)를 이용해 경기진행 속도를 향상 |",
        "| 제26조 [불공정 정보의 입수 및 관련 행위 금지] | - | 퓨처스리그에서는 유니폼 내 착용하는 형태에 한하여 KBO에 사전 "
        "신고한 웨어러블 전자 퍼포먼스 트래킹 시스템 착용 가능 |",
        "| 제28조 [비디오 판독] | - | 수비 시프트 제한 위반 판정에 대해 비디오 판독 요청 가능 |",
        "| 제28조 [비디오 판독] | - | 대기심과 루심간 무전기 사용 |",
    ]


def test_real_terms_of_insurance_paragraph_by_paragraph() -> None:
    parsed = parse(real("korean_texts_two_page.pdf"))
    found = texts(parsed)
    assert (len(found), parsed.pages, parsed.date) == (44, 2, "2024-08-09")
    assert found[:2] == ["【보통약관】", "제1관 목적 및 용어의 정의"]
    assert found[2].startswith(
        "제1조(목적) 이 보험계약(이하 '계약'이라 합니다)은 보험계약자(이하 '계약자'라 합니다)와 보험회사"
    )
    assert found[8] == "라. 진단계약: 계약을 체결하기 위하여 피보험자가 건강진단을 받아야 하는 계약을 말합니다."
    assert all("  " not in text and not text.endswith((",", "을", "에")) for text in found)
    assert sum(block.page == 2 for block in parsed.blocks) == 19
