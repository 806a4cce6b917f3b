"""Lines that head a part of a document are told from items of a list and from mentions."""

import pytest

from mundap.ingest.blocks import Cell, Heading, Paragraph, Table
from mundap.ingest.grid import Grid, grid
from mundap.ingest.headings import heads, marked, named

TABLE = Table(((Cell("가"), Cell("나")), (Cell("1"), Cell("2"))))
RULES = """\
제1장 총칙
제1조(목적) 이 규정은 연차의 사용을 정함을 목적으로 한다.
제2조(정의)
① 연차란 유급 휴가를 말한다.
제3조의2 [신청] 3일 전까지 신청한다.
제2장 부서
제4조 (부서장) 제3조에 따라 승인한다.
부칙
이 규정은 2024년 1월 1일부터 시행한다."""

PLAN = """\
Ⅰ. 추진 배경
이용자가 늘었다.
Ⅱ. 추진 계획
1. 일정
3월에 시작한다.
가. 접수
온라인으로 받는다.
나. 심사
서류를 본다.
2. 예산
1억 원이다.
Ⅲ. 기대 효과
만족도가 오른다."""


def found(text: str) -> list[tuple[int, str]]:
    """(level, text) of the headings in lines of text."""
    return [(b.level, b.text) for b in marked([Paragraph(text)]) if isinstance(b, Heading)]


def bodies(text: str) -> list[str]:
    return [b.text for b in marked([Paragraph(text)]) if isinstance(b, Paragraph)]


def test_articles_of_a_rule_are_headings_and_their_first_sentence_is_not() -> None:
    assert found(RULES) == [
        (2, "제1장 총칙"),
        (5, "제1조(목적)"),
        (5, "제2조(정의)"),
        (5, "제3조의2 [신청]"),
        (2, "제2장 부서"),
        (5, "제4조 (부서장)"),
        (1, "부칙"),
    ]
    assert bodies(RULES)[0] == "이 규정은 연차의 사용을 정함을 목적으로 한다."


def test_numberings_nest_in_the_order_in_which_they_come() -> None:
    levels = found(PLAN)
    assert [text for _, text in levels] == [
        *("Ⅰ. 추진 배경", "Ⅱ. 추진 계획", "1. 일정", "가. 접수", "나. 심사", "2. 예산", "Ⅲ. 기대 효과")
    ]
    assert [level - levels[0][0] for level, _ in levels] == [0, 0, 1, 2, 2, 1, 0]


@pytest.mark.parametrize(
    "text",
    [
        "1. 여권\n2. 항공권\n3. 비자\n준비물은 이렇다.",
        "준비물\n가. 신청서\n나. 신분증 사본\n담당자에게 낸다.",
        "1. 신청서를 작성합니다.\n접수처에 냅니다.",
        "제3조에 따라 승인한다.\n승인은 하루 걸린다.",
        "제3조 및 제4조를 준용한다.\n예외는 없다.",
        "제1조(목적) ········ 3\n제2조(정의) ········ 4",
        "3. 끝난 목록의 꼬리\n이어지는 글",
        "2024. 3. 5. 공고\n내용",
    ],
)
def test_lists_sentences_mentions_and_contents_are_no_headings(text: str) -> None:
    assert found(text) == []
    assert "\n".join(bodies(text)) == text


def test_what_the_format_marks_stays_above_what_it_does_not() -> None:
    blocks: list[Paragraph | Heading | Grid] = [
        Heading("취업규칙", 1),
        Paragraph("제1조(목적) 정한다."),
        Paragraph("□ 일정"),
        grid(TABLE),
    ]
    assert [(b.level, b.text) for b in marked(blocks) if isinstance(b, Heading)] == [
        (1, "취업규칙"),
        (6, "제1조(목적)"),
        (7, "□ 일정"),
    ]


def test_lines_stay_with_their_page() -> None:
    blocks: list[Paragraph | Heading | Grid] = [Paragraph("앞", 1), Paragraph("뒤", 1), Paragraph("다음 쪽", 2)]
    assert marked(blocks) == [Paragraph("앞\n뒤", 1), Paragraph("다음 쪽", 2)]


def test_an_item_that_the_format_numbers_heads_nothing_among_others() -> None:
    listed = [Paragraph(text, listed=True) for text in ("2. 신청", "가. 서류", "3. 심사")]
    assert [block for block in marked(listed) if isinstance(block, Heading)] == []
    alone = [
        Paragraph("1. 신청", listed=True),
        Paragraph("서류를 낸다."),
        Paragraph("2. 심사", listed=True),
        Paragraph("본다."),
    ]
    assert [block.text for block in marked(alone) if isinstance(block, Heading)] == ["1. 신청", "2. 심사"]


def test_a_heading_over_two_lines_above_a_table_is_one() -> None:
    lines: list[Paragraph | Heading | Grid] = [Paragraph("□ 줄 추가하기, 셀 나누기,\n셀 너비를 같게"), grid(TABLE)]
    assert marked(lines)[0] == Heading("□ 줄 추가하기, 셀 나누기, 셀 너비를 같게", 6)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("filler", [".", "…", "…… ", ". ", "·", "… 1", " "])
def test_a_line_of_ten_thousand_dots_takes_no_hour(filler: str) -> None:
    marked([Paragraph("제1장 총칙 " + (filler * 10_000)[:10_000] + "끝")])


@pytest.mark.parametrize("line", ["제1장 총칙 ........ 3", "제1장 총칙 · · · · 12 ", "1. 목적 … 4", "1. 목적 ‥‥‥‥"])
def test_a_line_of_a_table_of_contents_is_no_heading(line: str) -> None:
    assert all(isinstance(piece, Paragraph) for piece in marked([Paragraph(line), Paragraph("글이 이어진다.")]))


def test_items_of_an_article_are_no_headings_and_those_of_a_plan_below_it_are() -> None:
    text = """\
제7조(회원)
다음 각 호의 사람은 회원이 될 수 있다.
1. 삭제 <2020. 1. 1.>
1의2. 시민으로서 나이가 열네 살 이상인 사람을 말한다.
가. 학생
1) 초등학생은 보호자와 함께 온다.
나. 교사
책을 빌린다.
제2장 보칙
1. 일정
삼월에 시작한다."""
    assert [text for _, text in found(text)] == ["제7조(회원)", "제2장 보칙", "1. 일정"]


def test_an_item_beside_one_that_was_put_in_later_is_no_heading() -> None:
    assert found("1. 어른\n1의2. 아이는 보호자와 함께 온다.\n2. 노인") == []


@pytest.mark.parametrize(
    "mention", ["제3조(회원)에 따른 사람", "제3조(회원)의 사람", "제3조(회원)ㆍ제4조(자격)를 준용한다."]
)
def test_an_article_that_is_mentioned_by_its_name_heads_nothing(mention: str) -> None:
    assert found(mention + "\n책을 빌린다.") == []


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("제1조(목적) 정한다.", 5),
        ("제2장 총칙", 2),
        ("부칙 <제3호, 2020. 1. 1.>", 0),
        ("[별표 2]", 0),
        ("제1조에 따른다.", None),
    ],
)
def test_headings_of_rules_have_their_levels(line: str, level: int | None) -> None:
    assert (heads(line) or (None,))[0] == level


def test_names_are_shown_without_notes_but_those_of_supplements_keep_their_number() -> None:
    assert named("제1장 총칙 <개정 2020. 1. 1.>") == "제1장 총칙"
    assert named("부칙 <제3호, 2020. 1. 1.>") == "부칙 <제3호, 2020. 1. 1.>"
