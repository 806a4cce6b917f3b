"""Where the tables of a sheet are, what their columns mean, and what workbooks hold besides values."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.comments import Comment

from mundap.ingest.readers import read
from mundap.ingest.sheets import values
from mundap.ingest.sheets.sheet import Options, ignore

Rows = Sequence[Sequence[Any]]


def book(folder: Path, rows: Rows, change: Callable[[Any], None] = lambda sheet: None, title: str = "Sheet") -> Path:
    made = openpyxl.Workbook()
    made.active.title = title
    for row in rows:
        made.active.append(list(row))
    change(made.active)
    made.save(folder / "자료.xlsx")
    return folder / "자료.xlsx"


def said(path: Path, options: Options = Options()) -> list[tuple[str, str]]:
    """The heading and the text of each passage, in one line."""
    reading = read(path, "자료", options)
    assert reading.problems == ()
    document = reading.document
    return [(s.heading, document.text[s.start : s.end].replace("\n", " / ")) for s in document.sections]


def merge(*areas: str) -> Callable[[Any], None]:
    def merged(sheet: Any) -> None:
        for area in areas:
            sheet.merge_cells(area)

    return merged


def test_names_over_blanks_are_said_of_each_column_below(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["구분", "2023년", None, "2024년"],
        [None, "신청", "승인", "신청"],
        ["연차", 120, 118, 131],
        ["병가", 14, 13, 2],
    ]
    assert said(book(tmp_path, rows)) == [
        ("", "구분: 연차 / 2023년 신청: 120 / 2023년 승인: 118 / 2024년 신청: 131"),
        ("", "구분: 병가 / 2023년 신청: 14 / 2023년 승인: 13 / 2024년 신청: 2"),
    ]


def test_a_header_of_three_rows(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["지역", "인구", None, None, None],
        [None, "남", None, "여", None],
        [None, "성인", "아동", "성인", "아동"],
        ["가람", 1, 2, 3, 4],
    ]
    path = book(tmp_path, rows, merge("A1:A3", "B1:E1", "B2:C2", "D2:E2"))
    assert said(path) == [("", "지역: 가람 / 인구 남 성인: 1 / 인구 남 아동: 2 / 인구 여 성인: 3 / 인구 여 아동: 4")]


def test_a_wide_merged_header_is_said_once(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["이름", "연락처", None, None, None], ["김하늘", "02-1", "010-2", "a@b.kr", "우편함 3"]]
    assert said(book(tmp_path, rows, merge("B1:E1"))) == [
        ("", "이름: 김하늘 / 연락처: 02-1 / 010-2 / a@b.kr / 우편함 3")
    ]


def test_totals_and_notes_are_told_apart(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["부서", "접수"],
        ["총무과", 10],
        ["재무과", 5],
        ["합계", 15],
        ["※ 이송을 포함한다."],
        ["자료: 총무과"],
    ]
    document = read(book(tmp_path, rows)).document
    assert [section.meta.get("total", False) for section in document.sections] == [False, False, True, False]
    assert document.text.split("\n\n")[-1] == "※ 이송을 포함한다.\n자료: 총무과"
    assert "kind" not in document.sections[-1].meta


def test_tables_without_a_header_and_forms(tmp_path: Path) -> None:
    assert said(book(tmp_path, [["1인 가구", "월 150,000원"], ["2인 가구", "월 250,000원"]])) == [
        ("", "1인 가구: 월 150,000원"),
        ("", "2인 가구: 월 250,000원"),
    ]
    form = [["사업명", "가람 숲 가꾸기"], ["담당부서", "산림과"], ["연락처", "02-123-4567"]]
    assert said(book(tmp_path, form)) == [("", "사업명: 가람 숲 가꾸기 / 담당부서: 산림과 / 연락처: 02-123-4567")]


@pytest.mark.parametrize(
    "names", [[2022, 2023, 2024], ["2022년", "2023년", "2024년"], ["1월", "2월", "3월"], [1, 2, 3]]
)
def test_numbers_in_order_are_names_of_columns(tmp_path: Path, names: list[Any]) -> None:
    rows: list[list[Any]] = [["지역", *names], ["가람", 100, 110, 120], ["나래", 200, 210, 220]]
    assert said(book(tmp_path, rows))[0][1] == "지역: 가람 / " + " / ".join(
        f"{name}: {value}" for name, value in zip(names, (100, 110, 120), strict=True)
    )


def test_empty_columns_are_dropped(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        [None, "번호", None, "이름", "전화"],
        [None, 1, None, "김하늘", "02-1"],
        [None, 2, None, "이바다", "02-2"],
    ]
    assert [text for _, text in said(book(tmp_path, rows))] == [
        "번호: 1 / 이름: 김하늘 / 전화: 02-1",
        "번호: 2 / 이름: 이바다 / 전화: 02-2",
    ]


@pytest.mark.parametrize(
    ("name", "values"),
    [("수량", [3, 4]), ("내선", [3101, 3205, 3102]), ("전화", ["02-1", "02-2", "02-3"]), ("점수", [1, 2, 4])],
)
def test_a_blank_column_in_a_table_parts_no_numbers(tmp_path: Path, name: str, values: list[Any]) -> None:
    people = ["김하늘", "이바다", "박구름"]
    rows: list[list[Any]] = [
        ["이름", None, name, "비고"],
        *([people[n], None, value, "가"] for n, value in enumerate(values)),
    ]
    assert [text for _, text in said(book(tmp_path, rows))] == [
        f"이름: {people[n]} / {name}: {value} / 비고: 가" for n, value in enumerate(values)
    ]


def test_lines_between_rows_stand_above_those_below(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["지역", "인구"], ["■ 수도권"], ["서울", 1], ["인천", 3], ["■ 영남"], ["부산", 5]]
    assert said(book(tmp_path, rows, title="인구")) == [
        ("인구 > ■ 수도권", "지역: 서울 / 인구: 1"),
        ("인구 > ■ 수도권", "지역: 인천 / 인구: 3"),
        ("인구 > ■ 영남", "지역: 부산 / 인구: 5"),
    ]


def test_a_table_that_begins_behind_a_blank_row_has_its_own_header(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["차종", "요금"],
        ["승용", "1,000원"],
        ["화물", "2,000원"],
        [],
        ["대상", "감면율"],
        ["경차", "30%"],
        ["장애인", "50%"],
    ]
    assert [text for _, text in said(book(tmp_path, rows))] == [
        "차종: 승용 / 요금: 1,000원",
        "차종: 화물 / 요금: 2,000원",
        "대상: 경차 / 감면율: 30%",
        "대상: 장애인 / 감면율: 50%",
    ]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("질의", "응답"),
        ("질의내용", "회신내용"),
        ("문의내용", "처리결과"),
        ("질문(Q)", "답변(A)"),
        ("1. 질 문\n(고객)", "2. 답 변"),
        ("QUESTION", "answer"),
        ("FAQ", "답변"),
        ("제목", "내용"),
    ],
)
def test_columns_of_questions_and_answers(tmp_path: Path, question: str, answer: str) -> None:
    rows: list[list[Any]] = [["번호", question, answer], [1, "언제 여나요?", "아침 9시에 엽니다."]]
    reading = read(book(tmp_path, rows))
    assert [(known.question, known.answer) for known in reading.document.questions] == [
        ("언제 여나요?", "아침 9시에 엽니다.")
    ]
    assert reading.columns[0].startswith("Sheet: 질문 ← ")


@pytest.mark.parametrize(
    ("names", "row"),
    [
        (["제목", "내용"], ["단수 안내", "3월 5일 9시부터 물이 나오지 않습니다."]),
        (["문의내용", "처리결과"], ["가로등 고장", "완료"]),
    ],
)
def test_names_that_say_little_need_questions(tmp_path: Path, names: list[str], row: list[str]) -> None:
    reading = read(book(tmp_path, [names, row, row]))
    assert reading.document.questions == ()
    assert reading.columns == ()


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["이름: 김하늘"], ["전화: 3102"]], ["이름: 김하늘", "전화: 3102"]),
        ([["1. 작성"], ["2. 접수"], ["3. 심사"]], ["1. 작성", "2. 접수", "3. 심사"]),
        ([["□ 절차"], ["○ 작성"], ["○ 접수"]], ["□ 절차: ○ 작성", "□ 절차: ○ 접수"]),
        ([["과목"], ["국어"], ["수학"]], ["과목: 국어", "과목: 수학"]),
    ],
)
def test_a_list_in_one_column_has_no_header(tmp_path: Path, rows: list[list[Any]], expected: list[str]) -> None:
    assert [line for _, line in said(book(tmp_path, rows))] == expected


def test_a_header_that_begins_again_makes_a_row_of_each_part(tmp_path: Path) -> None:
    path = book(tmp_path, [["순위", "지역", "순위", "지역"], [1, "서울", 3, "대구"], [2, "부산", None, None]])
    assert said(path) == [("", "순위: 1 / 지역: 서울"), ("", "순위: 3 / 지역: 대구"), ("", "순위: 2 / 지역: 부산")]


def test_a_ditto_is_what_stands_above_and_a_unit_below_is_a_note(tmp_path: Path) -> None:
    rows: Rows = [
        ["연번", "부서", "건수"],
        [1, "총무과", "5"],
        [2, "〃", "6"],
        [3, "〃", "7"],
        ["(단위: 건)", None, None],
    ]
    assert [line for _, line in said(book(tmp_path, rows))] == [
        "연번: 1 / 부서: 총무과 / 건수: 5",
        "연번: 2 / 부서: 총무과 / 건수: 6",
        "연번: 3 / 부서: 총무과 / 건수: 7",
        "(단위: 건)",
    ]


def test_a_section_without_a_table_has_a_title_of_its_own(tmp_path: Path) -> None:
    rows: Rows = [
        ["1. 요금", None],
        ["차종", "요금"],
        ["승용차", 1000],
        [],
        ["2. 유의 사항", None],
        ["야간에는 무료입니다.", None],
    ]
    assert said(book(tmp_path, rows)) == [
        ("1. 요금", "차종: 승용차 / 요금: 1000"),
        ("2. 유의 사항", "야간에는 무료입니다."),
    ]


def test_a_header_that_names_other_columns_begins_a_table_under_the_same_title(tmp_path: Path) -> None:
    rows: Rows = [
        ["분기 실적", None, None],
        ["품목", "1월", "2월"],
        ["김치", 1, 2],
        ["젓갈", 4, 5],
        ["품목", "3월", "4월"],
        ["김치", 7, 8],
    ]
    assert said(book(tmp_path, rows, merge("A1:C1"))) == [
        ("분기 실적", "품목: 김치 / 1월: 1 / 2월: 2"),
        ("분기 실적", "품목: 젓갈 / 1월: 4 / 2월: 5"),
        ("분기 실적", "품목: 김치 / 3월: 7 / 4월: 8"),
    ]


def test_a_merged_cell_under_a_merged_name_is_said_once(tmp_path: Path) -> None:
    rows: Rows = [["구분", None, "계"], ["초등", "1학년", 21], ["합계", None, 42]]

    assert [line for _, line in said(book(tmp_path, rows, merge("A1:B1", "A3:B3")))] == [
        "구분: 초등 / 구분: 1학년 / 계: 21",
        "구분: 합계 / 계: 42",
    ]


@pytest.mark.parametrize(
    ("question", "answer"),
    [("질의요지", "회신요지"), ("고객 문의", "상담 답변"), ("건의내용", "검토결과"), ("민원 질문", "담당자 답변")],
)
def test_names_that_speak_of_questions_need_questions(tmp_path: Path, question: str, answer: str) -> None:
    names = ["번호", "문의처", question, "답변일", answer]
    asked = [1, "총무과 3102번입니다", "언제 여나요?", "2024-03-05 09:00", "아침 9시에 엽니다."]
    reading = read(book(tmp_path, [names, asked]))
    assert [(known.question, known.answer) for known in reading.document.questions] == [
        ("언제 여나요?", "아침 9시에 엽니다.")
    ]
    assert read(book(tmp_path, [names, [1, "총무과", "가로등 고장", "2024-03-05", "완료"]])).document.questions == ()


def test_columns_of_any_name_can_be_named(tmp_path: Path) -> None:
    path = book(tmp_path, [["고객 발화", "안내 문구"], ["언제 여나요?", "아홉 시."]])
    assert read(path).document.questions == ()
    named = Options(columns=(("question", ("고객 발화",)), ("answer", ("안내문구",))))
    assert [known.answer for known in read(path, "자료", named).document.questions] == ["아홉 시."]


def test_links_comments_and_formulas(tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        sheet["B2"].hyperlink = "https://example.kr/a"
        sheet["B3"].comment = Comment("총무과:\n2025년부터 폐지", "총무과")

    rows: list[list[Any]] = [["항목", "값"], ["홈페이지", "바로가기"], ["일비", "20,000원"], ["합", "=1+2"]]
    reading = read(book(tmp_path, rows, change))
    assert reading.document.text.split("\n\n") == [
        "항목: 홈페이지\n값: 바로가기 (https://example.kr/a)",
        "항목: 일비\n값: 20,000원 (메모: 2025년부터 폐지)",
        "항목: 합",
    ]
    (warning,) = reading.warnings
    assert "B4" in warning
    assert "다시 저장" in warning


def test_addresses_are_said_once_and_places_within_the_book_are_none(tmp_path: Path) -> None:
    rows = [["업체", "문의"], ["가람", "메일"], ["garam.go.kr", "c@d.kr"], ["나래", "표로 이동"]]

    def change(sheet: Any) -> None:
        links = {
            "A2": "https://garam.go.kr/",
            "B2": "mailto:a@b.kr?subject=x",
            "A3": "https://garam.go.kr/",
            "B3": "mailto:c@d.kr",
            "B4": "#'둘째'!A1",
        }
        for place, address in links.items():
            sheet[place].hyperlink = address

    assert [text for _, text in said(book(tmp_path, rows, change))] == [
        "업체: 가람 (https://garam.go.kr/) / 문의: 메일 (a@b.kr)",
        "업체: garam.go.kr / 문의: c@d.kr",
        "업체: 나래 / 문의: 표로 이동",
    ]


def test_parts_of_a_workbook_that_other_programs_write(tmp_path: Path) -> None:
    """Prefixes, shared and phonetic strings, cells without places, days since 1904."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="r" Type="{office}/officeDocument" Target="/xl/book.xml"/></Relationships>',
        "xl/book.xml": f'<x:workbook xmlns:x="{main}" xmlns:r="{office}"><x:workbookPr date1904="1"/><x:sheets><x:sheet name="표" r:id="a"/></x:sheets></x:workbook>',
        "xl/_rels/book.xml.rels": f'<Relationships xmlns="{package}"><Relationship Id="a" Type="{office}/worksheet" Target="s.xml"/>'
        f'<Relationship Id="b" Type="{office}/sharedStrings" Target="t.xml"/><Relationship Id="c" Type="{office}/styles" Target="u.xml"/></Relationships>',
        "xl/t.xml": f'<sst xmlns="{main}"><si><r><t>날</t></r><r><t>짜</t></r><rPh sb="0" eb="1"><t>ナル</t></rPh></si><si><t>값_x000D_</t></si></sst>',
        "xl/u.xml": f'<styleSheet xmlns="{main}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
        "xl/s.xml": f'<x:worksheet xmlns:x="{main}"><x:sheetData><x:row><x:c t="s"><x:v>0</x:v></x:c><x:c t="s"><x:v>1</x:v></x:c></x:row>'
        '<x:row><x:c s="1"><x:v>43830</x:v></x:c><x:c t="b"><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>',
    }
    path = tmp_path / "자료.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    assert [text for _, text in said(path)] == ["날짜: 2024-01-01 / 값: TRUE"]


def test_a_sheet_of_libreoffice(tmp_path: Path) -> None:
    names = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"'
        for short in ("office", "table", "text", "style")
    )

    def row(*cells: str, about: str = "") -> str:
        return f"<table:table-row {about}>{''.join(cells)}</table:table-row>"

    def cell(text: str, about: str = "") -> str:
        return f"<table:table-cell {about}><text:p>{text}</text:p></table:table-cell>"

    shown = (
        '<table:table-column/><table:table-column/><table:table-column table:visibility="collapse"/>'
        + row(cell("부서"), cell("할인율", 'office:value="0.1"'), cell("내부"))
        + row(cell("총무과", 'table:number-rows-spanned="2"'), cell("12.5%", 'office:value="0.125"'), cell("비밀"))
        + row("<table:covered-table-cell/>", cell("7%"))
        + row(cell("재무과"), cell("30%"), about='table:visibility="collapse"')
        + row('<table:table-cell table:number-columns-repeated="1000"/>', about='table:number-rows-repeated="1000000"')
    )
    content = (
        f"<office:document-content {names}><office:automatic-styles>"
        '<style:style style:name="ta2"><style:table-properties table:display="false"/></style:style></office:automatic-styles>'
        f'<office:body><office:spreadsheet><table:table table:name="요금">{shown}</table:table>'
        f'<table:table table:name="옛것" table:style-name="ta2">{row(cell("가"), cell("나"))}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    path = tmp_path / "자료.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
    assert said(path) == [("요금", "부서: 총무과 / 할인율: 12.5%"), ("요금", "부서: 총무과 / 할인율: 7%")]
    warnings = " ".join(read(path).warnings)
    assert all(named in warnings for named in ("옛것", "행 4", "열 C(내부)"))


def test_values_of_older_formats(tmp_path: Path) -> None:
    """As for xls and xlsb, whose library gives values without their formats."""
    path = book(
        tmp_path,
        [["값"], [1234.0], [0.5], [True], [date(2024, 1, 2)], [datetime(2024, 1, 2, 3, 4)], [time(9, 30)]],
        lambda sheet: sheet.append([timedelta(hours=30, minutes=5)]),
    )
    (sheet,) = values.sheets(path, Options(), ignore)
    assert [cells[0] for _, cells in sheet.rows] == [
        *("값", "1234", "0.5", "TRUE", "2024-01-02", "2024-01-02 03:04", "09:30", "30:05")
    ]
