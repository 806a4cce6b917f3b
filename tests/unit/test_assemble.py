"""Blocks become a document whose sections are slices, whose tables keep their header, and whose pages are known."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mundap as md
from mundap.generate.reading import Reader
from mundap.ingest.assemble import TABLE_CHARS, assemble
from mundap.ingest.blocks import Block, Cell, Heading, Paragraph, Parsed, Table
from mundap.ingest.chunk import Sentences
from mundap.ingest.dated import dated
from mundap.ingest.grid import cells_of, grid, markdown_row
from mundap.ingest.split import chunks, parents
from mundap.types import Document, Passage

FEES = Table(
    (
        (Cell("구장", rowspan=2), Cell("요금", colspan=2), Cell("비고", rowspan=2)),
        (Cell("평일"), Cell("주말")),
        (Cell("강남"), Cell("5만원"), Cell("7만원"), Cell("주차\n가능")),
        (Cell("수원", rowspan=2), Cell("무료", colspan=2), Cell("")),
        (Cell("4만원"), Cell("6만원"), Cell("야간")),
        (Cell("예약은 앱에서", colspan=4),),
    ),
    page=2,
)
CELLS = st.builds(Cell, st.text("가나다 |\\\n", max_size=6), st.integers(-1, 3), st.integers(0, 3))
TABLES = st.lists(st.lists(CELLS, max_size=4).map(tuple), max_size=5).map(lambda rows: Table(tuple(rows)))


def document(*blocks: Block, **about: Any) -> Document:
    return assemble(Parsed(blocks, **about), Path("안내.pdf"), "안내.pdf").document


def passages(*blocks: Block) -> list[Passage]:
    return parents(document(*blocks))


def test_merged_cells_are_filled_and_headers_of_two_rows_are_one() -> None:
    found = grid(FEES)
    assert found.columns == ("구장", "요금 평일", "요금 주말", "비고")
    assert found.rows == (
        ("강남", "5만원", "7만원", "주차 가능"),
        ("수원", "무료", "무료", ""),
        ("수원", "4만원", "6만원", "야간"),
        ("예약은 앱에서", "", "", ""),
    )


def test_a_cell_over_the_whole_table_is_its_title() -> None:
    table = Table(((Cell("2024년 요금", colspan=2),), (Cell("구장"), Cell("요금")), (Cell("강남"), Cell("5만원"))))
    (passage,) = passages(table)
    assert passage.heading == "2024년 요금"
    assert passage.text == "| 구장 | 요금 |\n| --- | --- |\n| 강남 | 5만원 |"


def test_empty_rows_and_columns_are_left_out() -> None:
    table = Table(
        ((Cell("구장"), Cell(""), Cell("요금")), (Cell(""), Cell(""), Cell("")), (Cell("강남"), Cell(""), Cell("5")))
    )
    assert (grid(table).columns, grid(table).rows) == (("구장", "요금"), (("강남", "5"),))


def test_a_frame_around_text_is_text() -> None:
    (passage,) = passages(Table(((Cell("알림\n내일은 쉽니다."),),)))
    assert (passage.text, passage.meta) == ("알림\n내일은 쉽니다.", {})


def test_headings_make_a_path_and_stand_in_the_text_beside_the_passages() -> None:
    found = document(Heading("규정", 1), Heading("휴가", 2), Paragraph("연차는 15일이다."), Heading("경조", 2))
    assert found.text == "# 규정\n\n## 휴가\n\n연차는 15일이다.\n\n## 경조"
    assert [(p.heading, p.text) for p in parents(found)] == [("규정 > 휴가", "연차는 15일이다."), ("규정", "경조")]


def test_a_long_table_repeats_its_header_and_never_breaks_a_row() -> None:
    rows = [(Cell(f"구장{n}"), Cell(f"{n}만원")) for n in range(300)]
    found = passages(Heading("요금표", 1), Table(((Cell("이름"), Cell("값")), *rows)))
    assert len(found) > 1
    assert all(p.text.startswith("| 이름 | 값 |\n| --- | --- |\n") and len(p.text) <= TABLE_CHARS for p in found)
    assert [line for p in found for line in p.text.split("\n")[2:]] == [f"| 구장{n} | {n}만원 |" for n in range(300)]
    for whole in found:
        pieces = chunks(whole, Sentences(100, 50))
        assert "\n".join(piece.text for piece in pieces) == "\n".join(whole.text.split("\n")[2:])
        assert all(len(piece.text) <= 100 for piece in pieces)


def test_rows_are_indexed_as_they_would_be_said() -> None:
    (whole,) = passages(Heading("요금표", 1), FEES)
    assert "구장: 강남, 요금 평일: 5만원, 요금 주말: 7만원, 비고: 주차 가능" in whole.worded.split("\n")
    assert "|" not in whole.embedded
    assert "|" in whole.headed


def test_a_question_about_a_cell_is_answered_with_its_row() -> None:
    found = passages(Heading("대관 안내", 1), Paragraph("예약은 앱에서 한다."), FEES)
    answer = md.Extractive(Reader()).answer(
        "강남 구장의 주말 요금은?", md.BM25(found).search("강남 구장의 주말 요금은?")
    )
    assert "구장: 강남, 요금 평일: 5만원, 요금 주말: 7만원" in answer.text
    assert "| 강남 | 5만원 | 7만원 | 주차 가능 |" in [citation.quote for citation in answer.citations]


def test_pages_follow_the_text() -> None:
    text = "연차는 십오 일이며 다음 해까지 쓴다. " * 60
    found = passages(Paragraph(text, 1), Paragraph(text, 2), Heading("끝", 1, 3), Paragraph("마친다.", 3))
    assert [p.page for p in found] == sorted(p.page for p in found if p.page)
    assert {p.page for p in found} == {1, 2, 3}


def test_a_caption_names_its_table() -> None:
    found = passages(Paragraph("요금은 다음과 같다.\n<표 1> 요금표"), FEES)
    assert [p.heading for p in found] == ["", "<표 1> 요금표"]


@pytest.mark.parametrize(
    ("name", "own", "expected"),
    [
        ("안내_20240105.pdf", "2023-01-01", "2024-01-05"),
        ("안내.pdf", "2023-01-01", "2023-01-01"),
        ("안내.pdf", "", None),
    ],
)
def test_the_date_is_the_names_or_else_the_formats(name: str, own: str, expected: str | None) -> None:
    reading = assemble(Parsed((Paragraph("안내한다."),), date=own), Path(name), name)
    assert dated(reading.document).sections[0].meta.get("date") == expected


@given(
    st.lists(
        st.one_of(TABLES, st.builds(Paragraph, st.text("가 \n.제1조", max_size=20), st.integers(1, 3))), max_size=6
    )
)
def test_any_blocks_make_slices(blocks: list[Block]) -> None:
    found = document(*blocks)
    for whole in parents(found):
        for piece in [whole, *chunks(whole, Sentences(50))]:
            assert found.text[piece.start : piece.end] == piece.text
            assert piece.text.strip()


@given(st.lists(st.text("가| \\", max_size=5).map(str.strip), min_size=1, max_size=4))
def test_cells_come_back_from_their_row(cells: list[str]) -> None:
    assert cells_of(markdown_row(cells)) == cells


def test_a_form_has_no_header_and_a_long_merged_text_stands_once() -> None:
    form = Table(
        (
            (Cell("작성일"), Cell("3월 5일"), Cell("작성자", colspan=2), Cell("이나래")),
            (Cell("이름"), Cell("주차장 늘리기", colspan=4)),
            (Cell("배경"), Cell("자리가 모자란다.", colspan=4)),
        )
    )
    assert grid(form).columns == ("", "")
    assert grid(form).rows[2:] == (("이름", "주차장 늘리기"), ("배경", "자리가 모자란다."))
    long = "가" * 61
    table = Table(
        (
            (Cell("이름"), Cell("가"), Cell("나")),
            (Cell("강남"), Cell(long, colspan=2)),
            (Cell("수원"), Cell("1"), Cell("2")),
        )
    )
    assert grid(table).rows[0] == ("강남", long, "")


@pytest.mark.parametrize(
    ("above", "caption"),
    [
        ("반별 성적\n날짜", "반별 성적"),
        ("반별 성적\n2024. 3. 5.(화)", "반별 성적"),
        ("반별 성적\n(2024년 12월 말 현재)", "반별 성적"),
        ("부서별 예산\n(단위: 천원)", "부서별 예산 (단위: 천원)"),
        ("부서별 예산\n’24. 1. 1. 기준\n(단위 : 명)", "부서별 예산 (단위 : 명)"),
        ("부서별 예산\n(단위 : 명)\n(2024. 1. 1. 기준)", "부서별 예산 (단위 : 명)"),
        ("예산은 다음과 같다.\n(단위: 원)", "(단위: 원)"),
        ("예산은 다음과 같다.\n2024년 기준", ""),
        ("예산\n[단위 천원]", "예산 [단위 천원]"),
        ("예산\n단위 사업별 배분", "단위 사업별 배분"),
        ("2024. 3. 5.", ""),
        ("2024년 예산", "2024년 예산"),
        ("3월 5일 일정", "3월 5일 일정"),
        ("5", "5"),
    ],
)
def test_a_caption_is_no_date_and_keeps_the_unit(above: str, caption: str) -> None:
    made = document(Paragraph(above), Table(((Cell("이름"), Cell("값")), (Cell("가"), Cell("1")))))
    assert [section.heading for section in made.sections if section.meta.get("kind")] == [caption]
    assert above in made.text
