"""Broken lines become paragraphs, and what runs along on every page is left out."""

from hypothesis import given
from hypothesis import strategies as st

from mundap.ingest.heal import unwrap
from mundap.ingest.running import running


def test_a_word_that_was_broken_is_whole_again():
    assert unwrap(["우천으로 경기를 마치지 못한 경우 서", "스펜디드 게임으로 하고 정규이닝은 9회", "까지 한다."]) == [
        "우천으로 경기를 마치지 못한 경우 서스펜디드 게임으로 하고 정규이닝은 9회까지 한다."
    ]


def test_items_articles_and_short_lines_begin_anew():
    lines = [
        "제1조(목적) 이 규정은 직원의 연차 사용에 관한 사항을 정함을",
        "목적으로 한다.",
        "제2조(정의) 이 규정에서 사용하는 용어의 뜻은 다음과 같으며",
        "1. 연차: 근로기준법에 따른 유급 휴가를 말하며 한 해에 쓴다",
        "가. 반차를 포함한다",
        "끝",
    ]
    assert unwrap(lines) == [f"{lines[0]} {lines[1]}", *lines[2:]]


def test_lists_of_short_lines_stay():
    assert unwrap(["사과", "배", "감"]) == ["사과", "배", "감"]


@given(st.lists(st.text("가나다 .1", min_size=1, max_size=40)))
def test_no_letter_is_lost(lines: list[str]):
    assert "".join("".join(unwrap(lines)).split()) == "".join("".join(lines).split())


def page(n: int, *body: str) -> list[str]:
    return [f"관세청 안내서 제{n % 2}장", *body, f"- {n} -"]


def test_headers_and_page_numbers_of_many_pages_are_found_and_nothing_else():
    pages = [page(n, f"{n}번째 내용이다.", "본문이다.", f"{'가나다라마바사'[n]}로 끝") for n in range(1, 7)]
    assert running(pages) == [{0, 4}] * 6


def test_odd_and_even_headers_are_found():
    pages = [
        ["왼쪽" if n % 2 else "오른쪽", f"본문 {chr(0xAC00 + n * 30)}", f"{n}항의 뜻이다.", f"{n} / 8쪽"]
        for n in range(8)
    ]
    assert running(pages) == [{0, 3}] * 8


def test_two_pages_are_too_few_to_tell():
    assert running([page(1, "가"), page(2, "나")]) == [set(), set()]


def test_what_stands_in_the_middle_stays_however_often_it_comes():
    pages = [["a" * n, "b" * n, "주의: 서명할 것", "c" * n, "d" * n] for n in range(1, 6)]
    assert running(pages) == [set()] * 5
