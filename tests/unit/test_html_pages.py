"""Whole pages in the manner of Korean sites, each with the text that it is about (benchmarks/html_main.py)."""

import re
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("lxml", reason="lxml (the extra docs) is not installed")

from mundap.ingest.readers import read

PAGES = sorted((Path(__file__).parent / "html_pages").glob("*.html"))
_MARKS = re.compile(r"\[\d+\]|[^\w가-힣]+")


def words(text: str) -> Counter[str]:
    return Counter(_MARKS.sub(" ", text).split())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_keeps_what_it_says_and_little_else(page: Path) -> None:
    document = read(page).document
    headings = " ".join(dict.fromkeys(section.heading for section in document.sections))
    found, gold = (
        words(f"{document.title} {headings} {document.text}"),
        words(page.with_suffix(".txt").read_text("utf-8")),
    )
    assert (found & gold).total() >= 0.95 * gold.total(), gold - found
    text = words(document.text)
    assert (text & gold).total() >= 0.75 * text.total(), text - gold


@pytest.mark.parametrize(
    ("name", "title", "date"),
    [
        ("apartment", "승강기 정기검사에 따른 운행 중지 안내", "2024-06-10"),
        ("confluence", "플랫폼팀 : 장애 대응 절차", ""),
        ("faq", "자주 묻는 질문", ""),
        ("gnuboard", "2024년 상반기 주민자치 프로그램 수강생 모집", "2024-02-13"),
        ("gov_qna", "한빛세관 - 질의응답", "2023-08-17"),
        ("help_center", "구독을 해지하면 환불받을 수 있나요?", "2024-05-02"),
        ("hospital", "입원 절차", ""),
        ("law", "한빛시 공영주차장 관리 조례", "2023-07-01"),
        ("naver_blog", "수영 초보 두 달, 자유형이 편해진 연습 순서", ""),
        ("news", "내년부터 다회용컵 보증금 300원… 카페 1만 곳 대상", "2023-09-12"),
        ("notion", "입사 첫날 안내", "2024-04-02"),
        ("shop", "국산 들기름 300ml", ""),
        ("tistory", "리눅스에서 디스크 용량 늘리기", "2022-08-19"),
        ("univ_notice", "2024학년도 1학기 수강신청 안내", "2024-01-29"),
        ("wordpress", "퇴직연금 DB형과 DC형, 무엇이 다를까?", "2023-12-01"),
    ],
)
def test_a_page_is_called_and_dated_as_it_says(name: str, title: str, date: str) -> None:
    document = read(PAGES[0].with_name(f"{name}.html")).document
    assert document.title == title
    assert document.sections[0].meta.get("date", "") == date
