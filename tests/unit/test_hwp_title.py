"""The title of a document of HWP from the large line at its head, and where there is none."""

from __future__ import annotations

from collections import Counter

import pytest

from mundap.ingest.blocks import Cell, Table
from mundap.ingest.hwp.flow import Line, Piece
from mundap.ingest.hwp.title import title_of

TEXT = Line("이 규정은 직원의 휴가에 관한 사항을 정함을 목적으로 한다.", size=1000)


def title(*pieces: Piece) -> str:
    sizes = Counter[int]()
    for piece in pieces:
        if isinstance(piece, Line):
            sizes[piece.size] += len(piece.text)
    return title_of(pieces, sizes)


def large(text: str, size: int = 1600) -> Line:
    return Line(text, size=size)


def test_the_large_line_at_the_head_is_the_title() -> None:
    assert title(large("직원 휴가 규정"), TEXT) == "직원 휴가 규정"
    assert (
        title(Line("공고 제2024-8호", size=1000), large("시설관리원 용역 입찰공고"), TEXT) == "시설관리원 용역 입찰공고"
    )
    assert (
        title(large("2025년 시설관리원"), large("용역업체 선정 공고"), TEXT) == "2025년 시설관리원 용역업체 선정 공고"
    )
    assert title(large("직원 휴가 규정"), large("인사과", 1300), TEXT, TEXT) == "직원 휴가 규정"
    assert title(large("사업 계획서", 2700), Table(((Cell("작성일"), Cell("3월 5일")),)), TEXT) == "사업 계획서"


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (TEXT, TEXT),
        (large("직원 휴가 규정", 1100), TEXT),  # hardly larger
        (large("직원 휴가 규정"),),  # with nothing under it
        (large("직원 휴가 규정"), TEXT, large("직원 상벌 규정"), TEXT),  # two of the same size
        (large("제1장 총칙"), *[TEXT] * 9, large("제2장 휴가"), TEXT),  # titles of chapters
        (TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, large("직원 휴가 규정"), TEXT),  # not at the head
        (Table(((Cell("가"),),)), large("직원 휴가 규정"), TEXT),
        (large("1. 목적과 범위"), TEXT),
        (large("□ 신청 방법"), TEXT),
        (large("연차는 15일로 한다."), TEXT),
        (large("보도자료", 2000), large("주차장 요금이 내린다", 1600), TEXT, TEXT),
        (large("공 고"), TEXT),
        (large("나라시설관리공단"), TEXT),
        (large("나라시 나라구"), Line("수신 각 부서", size=1000), Line("제목 휴가 안내", size=1000), TEXT),
        (large("가" * 70), TEXT, TEXT, TEXT),
        (large("첫째"), large("둘째"), large("셋째 줄의 제목"), TEXT, TEXT),
    ],
)
def test_where_no_line_or_several_could_be_the_title_there_is_none(pieces: tuple[Piece, ...]) -> None:
    assert title(*pieces) == ""
