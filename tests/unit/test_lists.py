"""Leads, items, and what belongs together in a list."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.korean.lists import announces, blocks, item, leans, level, note, openings, repealed
from mundap.korean.sentences import sentences


@pytest.mark.parametrize(
    "text",
    [
        "대출 기간은 다음과 같다.",
        "반납은 아래와 같이 합니다.",
        "다음 각 호의 어느 하나에 해당하는 사람은 회원이 될 수 있다. <개정 2020. 1. 1.>",
        "회원은 다음의 어느 하나에 해당하는 경우 자격을 잃는다.",
        "연체하면 다음의 불이익이 있다.",
        "아래 서류를 준비하세요",
        "다음 중 하나를 고르면 된다.",
        "신청할 때는 다음 두 가지 서류를 낸다.",
        "다음은 주의사항이다.",
        "자세한 절차는 아래를 참고하세요.",
        "이용 요금:",
        "**문의처 :**",
        "다음 표에 따라 요금을 매긴다.",
    ],
)
def test_a_lead_announces_what_follows(text: str) -> None:
    assert announces(text)


@pytest.mark.parametrize(
    "text",
    [
        "다음 날 반납한다.",
        "그다음 달에 다시 빌릴 수 있다.",
        "다음에 또 오세요.",
        "책상 아래에 둔다.",
        "바로 아래 하급 기관의 장에게 맡길 수 있다.",
        "위와 같이 하면 된다.",
        "제1항 각 호의 서류를 낸다.",
        "이용 요금: 3,000원",
        "접수일의 다음의 다음 날까지",
        "",
    ],
)
def test_other_sentences_announce_nothing(text: str) -> None:
    assert not announces(text)


@pytest.mark.parametrize(
    ("text", "marker"),
    [
        ("① 회원은 책을 빌릴 수 있다.", "①"),
        ("**②** 회원은 책을 돌려준다.", "②"),
        ("1. 신분증", "1."),
        ("  12\\. 신분증", "12."),
        ("1의2. 회원증", "1의2."),
        ("3.「도서관법」에 따른 사람", "3."),
        ("2, 사진 한 장", "2,"),
        ("가. 어른", "가."),
        ("나\\. 아이", "나."),
        ("3) 기다린다", "3)"),
        ("(4) 받는다", "(4)"),
        ("다) 돌려준다", "다)"),
        ("(라) 돌려준다", "(라)"),
        ("- 주말은 쉰다", "-"),
        ("•주말은 쉰다", "•"),
        ("○ 주말", "○"),
        ("□ 일정", "□"),
        ("Ⅱ. 계획", "Ⅱ."),
        ("b. second", "b."),
    ],
)
def test_items_are_told_by_their_marker(text: str, marker: str) -> None:
    assert item(text) == marker


@pytest.mark.parametrize(
    "text",
    [
        *(
            "3.5톤 이하",
            "2020. 1. 1. 시행",
            "3. 1. 부터 적용한다",
            "-5도 아래",
            "제1항에 따라",
            "가게에 간다",
            "1.",
            "① ",
        ),
        *("※ 주말 제외", "다만, 주말은 제외한다.", "1)은 제외한다", "나.", "", "2,000원", "E. coli"),
    ],
)
def test_what_only_looks_like_a_marker_is_none(text: str) -> None:
    assert item(text) == ""


def test_markers_have_their_levels() -> None:
    rank = [level(marker) for marker in ("□", "①", "1.", "가.", "1)", "가)", "-", "•")]
    assert rank == sorted(rank)
    with pytest.raises(ValueError, match="다만"):
        level("다만")


@pytest.mark.parametrize(
    "text", ["※ 주말 제외", "다만, 주말은 쉰다.", "단 아이는 무료", "비고: 없음", "주1) 세금 포함"]
)
def test_notes_belong_to_what_stands_before(text: str) -> None:
    assert note(text)
    assert not note("단체는 할인한다.")


def grouped(text: str) -> list[list[str]]:
    spans = sentences(text)
    found = [text[start:end] for start, end in spans]
    return [found[first:after] for first, after in blocks(found, openings(text, spans))]


def sizes(text: str) -> list[int]:
    return [len(block) for block in grouped(text)]


def test_a_lead_stands_with_its_whole_list() -> None:
    text = """도서관은 누구나 이용할 수 있다.
회원 자격은 다음과 같다.
1. 어른
가. 시민
나. 직장인
2. 아이. 다만, 여섯 살 아래는 보호자와 함께 온다.
※ 외국인도 같다.
회원증은 사흘 안에 나온다."""
    assert sizes(text) == [1, 7, 1]


def test_a_list_of_one_item_and_one_without_a_lead_are_lists() -> None:
    assert sizes("빌릴 수 있는 책은 아래와 같다.\n- 소설") == [2]
    assert sizes("대출 안내\n1. 책 : 5권\n2. 잡지 : 2권") == [3]
    assert sizes("2. 잡지 : 2권\n3. 음반 : 1장") == [2]


def test_items_in_one_line_stand_with_their_lead_and_provisos() -> None:
    text = "대출 한도는 다음과 같다. 1. 책을 5권까지 빌린다. 다만, 만화는 제외한다. 2. 음반을 1장 빌린다."
    assert sizes(text) == [4]


def test_sentences_between_lead_and_list_and_between_items_belong_to_the_list() -> None:
    text = """다음의 경우에는 책을 새로 사야 한다. 참고로 헌책도 된다.
1. 책을 잃은 경우
잃은 지 한 달이 지나야 한다.
2. 책을 찢은 경우
(낙서도 같다)
담당자에게 문의한다."""
    assert sizes(text) == [6, 1]


def test_two_lists_are_two_blocks() -> None:
    text = """다음과 같이 낸다.
1. 카드
2. 현금
연체료는 다음의 기준으로 센다.
1. 책은 하루 100원
2. 음반은 하루 200원"""
    assert sizes(text) == [3, 3]


def test_paragraphs_of_a_statute_are_no_items_and_keep_their_items_and_provisos() -> None:
    text = """① 회원은 책을 빌릴 수 있다. 다만, 사전은 제외한다.
② 다음 각 호의 어느 하나에 해당하면 회원의 자격을 잃는다. <개정 2020. 1. 1.>
1. 이사한 경우
2. 탈퇴한 경우
③ 자격을 잃은 사람은 회원증을 돌려준다. 이 경우 책도 돌려준다.
④ 삭제 <2020. 1. 1.>
⑤ 회원은 누구나 될 수 있다."""
    assert sizes(text) == [2, 3, 1, 1, 1, 1]


def test_two_leads_share_the_list_below_them() -> None:
    text = "① 관장은 다음 각 호의 사항을 알려야 한다. 다음 각 호의 사항을 바꿀 때에도 같다.\n1. 요금\n2. 시간"
    assert sizes(text) == [4]


def test_circled_items_below_a_lead_are_items() -> None:
    assert sizes("준비물은 다음과 같다.\n① 신분증\n② 사진\n감사합니다.") == [3, 1]
    assert sizes("1. 책은 다음의 경우에만 빌린다.\n①어른이 빌리는 책\n②아이가 빌리는 책\n2. 음반") == [4]


def test_lists_within_a_list_do_not_end_it() -> None:
    text = "순서는 아래와 같다.\n1. 신청\n1) 서류\n- 사진\n2) 요금\n2. 대출\n1) 카드"
    assert sizes(text) == [7]


LINES = st.sampled_from(
    [
        "1. 가",
        "2. 나",
        "가. 다",
        "① 라",
        "② 마",
        "1) 바",
        "- 사",
        "※ 아",
        "다만, 자",
        "다음과 같다.",
        "차이다.",
        "(카)",
        "○ 타",
        "",
        "5\\. 파",
    ]
)


@given(st.lists(LINES, max_size=12), st.randoms(use_true_random=False))
def test_every_sentence_is_in_one_block_in_order(lines: list[str], random: Random) -> None:
    for opens in (None, [random.random() < 0.5 for _ in lines]):
        found = blocks(lines, opens)
        assert [n for first, after in found for n in range(first, after)] == [*range(len(lines))]
        assert all(first < after for first, after in found)


@given(st.text(max_size=40))
def test_any_text_can_be_asked(text: str) -> None:
    announces(text)
    marker = item(text)
    assert not marker or 0 <= level(marker) <= 7


@pytest.mark.parametrize(
    ("text", "empty"),
    [
        ("③ 삭제 <2023. 8. 8.>", True),
        ("**②** 삭제", True),
        ("7\\. 삭제 <2022.1.11>", True),
        ("삭제 [2019. 1. 15.]", True),
        ("3. 기록의 삭제", False),
        ("④ 사진의 삭제를 요구할 수 있다.", False),
    ],
)
def test_a_repealed_provision_says_nothing(text: str, empty: bool) -> None:
    assert repealed(text) is empty


@pytest.mark.parametrize(
    ("text", "leaning"),
    [
        ("다만, 휴관일에는 그러하지 아니하다.", True),
        ("이 경우 이용료는 절반으로 한다.", True),
        ("이 때에는 관장에게 알린다.", True),
        ("이 경우의 이용료는 따로 정한다.", False),
        ("이 규칙은 도서관에 적용한다.", False),
    ],
)
def test_a_sentence_that_says_nothing_without_the_one_before_it(text: str, leaning: bool) -> None:
    assert leans(text) is leaning
