"""Broken lines become paragraphs."""

from hypothesis import given
from hypothesis import strategies as st

from mundap.ingest.heal import close_gaps, join, unwrap


def test_a_word_that_was_broken_is_whole_again() -> None:
    lines = ["우천으로 경기를 마치지 못한 경우 서", "스펜디드 게임으로 하고 정규이닝은 9회", "까지 한다."]
    assert join([lines]) == ["우천으로 경기를 마치지 못한 경우 서스펜디드 게임으로 하고 정규이닝은 9회까지 한다."]


def test_items_articles_and_short_lines_begin_anew() -> None:
    lines = [
        "제1조(목적) 이 규정은 직원의 연차 사용에 관한 사항을 정함을",
        "목적으로 한다.",
        "제2조(정의) 이 규정에서 사용하는 용어의 뜻은 다음과 같으며",
        "1. 연차: 근로기준법에 따른 유급 휴가를 말하며 한 해에 쓴다",
        "가. 반차를 포함한다",
        "끝",
    ]
    assert unwrap(lines) == [f"{lines[0]} {lines[1]}", *lines[2:]]


def test_lists_of_short_lines_stay() -> None:
    assert unwrap(["사과", "배", "감"]) == ["사과", "배", "감"]


@given(st.lists(st.text("가나다 .1", min_size=1, max_size=40)))
def test_no_letter_is_lost(lines: list[str]) -> None:
    assert "".join("".join(unwrap(lines)).split()) == "".join("".join(lines).split())


def test_lines_that_a_writer_ended_by_blanks_are_whole_again() -> None:
    text = "동일가격 입찰자가 2인 이상인 경우 전자조달시스템 프로그    램을 이용하여 추첨으로 결정한다."
    assert close_gaps(text) == text.replace("    ", "")
    text = "입찰에 참가하고자 하는 업체는 서약서를 제출한    것으로 간주한다."
    assert close_gaps(text) == text.replace("    ", " ")
    assert close_gaps("담당    교통과    전화") == "담당    교통과    전화"
