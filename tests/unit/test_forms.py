"""Forms of every format are read as pairs of a name and a value, and ordinary tables are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mundap.ingest.blocks import Cell, Table
from mundap.ingest.grid import grid, row_spans, spoken
from mundap.ingest.readers import read

ROWS = (
    ("성 명", "김한빛", "생년월일", "1990. 1. 1."),
    ("소속", "총무과", "연락처(휴대폰)", "010-1234-5678"),
    ("주소", "서울특별시 중구 세종대로 110"),
)
PAIRS = [
    "성 명: 김한빛",
    "생년월일: 1990. 1. 1.",
    "소속: 총무과",
    "연락처(휴대폰): 010-1234-5678",
    f"주소: {ROWS[2][1]}",
]


def table(*rows: tuple[str, ...]) -> Table:
    """Rows of cells; the last of a shorter row reaches to the end."""
    width = max(map(len, rows))
    return Table(
        tuple(
            (*(Cell(text) for text in row[:-1]), Cell(row[-1], colspan=width - len(row) + 1)) if row else ()
            for row in rows
        )
    )


def hwp(path: Path) -> Path:
    pytest.importorskip("olefile", reason="the extra docs is not installed")
    from tests.unit import test_hwp5 as five

    cells = [
        five.cell(2, y, x, five.para(2, text), across=3 if len(row) == 2 and x else 1)
        for y, row in enumerate(ROWS)
        for x, text in enumerate(row)
    ]
    return five.hwp(path.with_suffix(".hwp"), five.para(0, "", five.table(1, (3, 4), *cells)))


def hwpx(path: Path) -> Path:
    pytest.importorskip("lxml", reason="the extra docs is not installed")
    from tests.unit import test_hwpx as x

    rows = [
        [x.tc(y, n, text, across=3 if len(row) == 2 and n else 1) for n, text in enumerate(row)]
        for y, row in enumerate(ROWS)
    ]
    return x.hwpx(path.with_suffix(".hwpx"), x.p(x.tbl(*rows, columns=4)))


def docx(path: Path) -> Path:
    document = pytest.importorskip("docx", reason="the extra docs is not installed").Document()
    made = document.add_table(3, 4)
    for y, row in enumerate(ROWS):
        for x, text in enumerate(row):
            made.cell(y, x).text = text
    made.cell(2, 1).merge(made.cell(2, 3))
    document.save(path.with_suffix(".docx"))
    return path.with_suffix(".docx")


def pdf(path: Path) -> Path:
    pytest.importorskip("liteparse", reason="the extra docs is not installed")
    pytest.importorskip("reportlab", reason="reportlab draws the PDFs of these tests")
    from tests.unit.test_pdf_pages import ruled, written

    def page(canvas: Any) -> None:
        rows = [[*row, *[""] * (4 - len(row))] for row in ROWS]
        ruled(canvas, rows, [("SPAN", (1, 2), (3, 2))], y=700, widths=[80, 120, 80, 120])

    return written(path.with_suffix(".pdf"), page)


def html(path: Path) -> Path:
    pytest.importorskip("lxml", reason="the extra docs is not installed")
    rows = "".join(
        "<tr>" + "".join(f"<td{' colspan=3' if len(row) == 2 and n else ''}>{text}" for n, text in enumerate(row))
        for row in ROWS
    )
    path.with_suffix(".html").write_text(f"<meta charset=utf-8><p>신청서이다.</p><table>{rows}</table>", "utf-8")
    return path.with_suffix(".html")


@pytest.mark.parametrize("made", [hwp, hwpx, docx, pdf, html])
def test_rows_of_two_pairs_are_read_as_pairs_in_every_format(tmp_path: Path, made: Callable[[Path], Path]) -> None:
    document = read(made(tmp_path / "신청서")).document
    (section,) = [section for section in document.sections if section.meta.get("kind") == "table"]
    text = document.text[section.start : section.end]
    assert spoken(text, row_spans(text)).split("\n") == PAIRS


def test_a_value_may_be_empty_or_several_and_a_name_stands_under_that_of_its_rows() -> None:
    rows = (
        (Cell("신청인", rowspan=2), Cell("성명"), Cell("김한빛"), Cell("연락처"), Cell("02-1"), Cell("010-2")),
        (Cell("주소"), Cell("서울", colspan=4)),
        (Cell("대리인", rowspan=2), Cell("성명"), Cell("이나래"), Cell("연락처"), Cell(""), Cell("")),
        (Cell("관계"), Cell("가족", colspan=4)),
    )
    assert grid(Table(rows)).rows == (
        ("신청인 성명", "김한빛", ""),
        ("신청인 연락처", "02-1", "010-2"),
        ("신청인 주소", "서울", ""),
        ("대리인 성명", "이나래", ""),
        ("대리인 연락처", "", ""),
        ("대리인 관계", "가족", ""),
    )


def test_what_is_no_pair_in_a_form_stays_in_its_row() -> None:
    rows = table(
        ("성명", "김한빛", "소속", "총무과"),
        ("직위", "주무관", "전화", "02-1"),
        ("성별", "여", "국적", "대한민국"),
        ("참가자", "가", "나", "다"),
        ("전화", "주소", "팩스", "메모"),
    )
    assert grid(rows).rows[-2:] == (("참가자", "가", "나", "다"), ("전화", "주소", "팩스", "메모"))
    assert grid(rows).rows[:2] == (("성명", "김한빛", "", ""), ("소속", "총무과", "", ""))


def test_one_pair_in_each_row_is_a_form_too() -> None:
    rows = (
        ("사업명", "주차장 늘리기"),
        ("장소", "서울특별시 중구"),
        ("사업 기간", "2024년 3월"),
        ("기대하는 것", "넓은 자리"),
    )
    found = grid(table(*rows))
    assert (found.columns, found.rows) == (("", ""), rows)


def test_a_title_over_a_form_stays_its_title() -> None:
    found = grid(table(("참가 신청서",), *ROWS[:2]))
    assert (found.title, found.rows[0]) == ("참가 신청서", ("성 명", "김한빛"))


@pytest.mark.parametrize(
    "rows",
    [
        (
            ("성명", "소속", "직위", "연락처"),
            ("김한빛", "총무과", "주무관", "02-1"),
            ("이나래", "교통과", "팀장", "02-2"),
        ),
        (("품명", "수량", "품명", "수량"), ("배추", "3", "무", "5"), ("고추", "7", "파", "9")),
        (("담당", "하는 일", "연락처", "자리"), ("김한빛", "총괄", "02-1", "3층")),
        (("구분", "정원", "현원", "비고"), ("일반직", "20", "18", "휴직 2"), ("기술직", "10", "9", "")),
        (("항목", "내용", "항목", "내용"), ("성명", "김한빛", "주소", "서울"), ("전화", "02-1", "팩스", "02-2")),
        (("기간", "3월", "4월", "5월"), ("장소", "강당", "회의실", "강당"), ("인원", "20", "30", "40")),
        (("연번", "일시", "장소", "내용"), ("1", "3월 5일", "강당", "개회"), ("2", "3월 6일", "회의실", "토의")),
        (("용어", "뜻"), ("주소", "사는 곳"), ("성명", "이름")),
        (("항목", "설명"), ("장소", "강당"), ("대상", "직원")),
        (("기간", "할인율"), ("3일", "10%"), ("5일", "20%")),
        (("담당", "전화번호"), ("총무과", "02-1"), ("교통과", "02-2")),
        (("장소", "요일"), ("강당", "월"), ("회의실", "화")),
        (("2023년", "2024년", "담당", "비고"), ("1", "2", "총무과", "3")),
    ],
)
def test_ordinary_tables_keep_their_header_and_their_rows(rows: tuple[tuple[str, ...], ...]) -> None:
    found = grid(table(*rows))
    assert (found.columns, found.rows) == (rows[0], rows[1:])


WORDS = st.sampled_from(["성명", "주소", "연락처", "김한빛", "02-1", "", "가", "작성자", "1,000원", "비고", "기간"])


@given(st.integers(2, 4).flatmap(lambda n: st.lists(st.lists(WORDS, min_size=n, max_size=n), min_size=2, max_size=6)))
def test_no_word_is_lost_or_added_whatever_is_taken_for_a_form(rows: list[list[str]]) -> None:
    found = grid(Table(tuple(tuple(map(Cell, row)) for row in rows)))
    table = rows[bool(found.title) :]
    assume(len(table) < 2 or table[0][0] != table[1][0])  # a header that was written out over two rows is said once
    said = Counter(word for row in (found.columns, *found.rows) for cell in row for word in cell.split())
    titled = found.title.split()
    words = Counter(cell for row in rows for cell in row if cell and cell not in titled)
    said = Counter({word: count for word, count in said.items() if word not in titled})
    added = said - words  # labels of groups, in the blanks on the left of rows below them
    blanks = sum(next((x for x, cell in enumerate(row) if cell), 0) for row in rows[1:])
    assert words <= said
    assert added.total() <= blanks
    assert len({len(row) for row in (found.columns, *found.rows)}) == 1


@given(
    st.lists(st.sampled_from("품목 수량 단가 지역 요금 평일 주말".split()), min_size=4, max_size=4, unique=True),
    st.lists(st.lists(st.from_regex(r"[가나다라]{1,3}|\d{1,4}", fullmatch=True), min_size=4, max_size=4), min_size=2),
)
def test_a_table_whose_cells_name_nothing_keeps_its_header(header: list[str], rows: list[list[str]]) -> None:
    found = grid(Table(tuple(tuple(map(Cell, row)) for row in (header, *rows))))
    assert found.columns == tuple(header)
    assert found.rows == tuple(map(tuple, rows))
