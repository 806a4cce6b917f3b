"""Sentences are spans of the text that lose no character."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.ingest.encoding import decode
from mundap.korean.kiwi import MOST, bites
from mundap.korean.sentences import sentences

PARTS = st.sampled_from(
    [
        "관세청은 세금을 걷는다. ",
        "언제인가요? ",
        "1. 여권\n",
        "\n\n",
        " ",
        "\t",
        "3.5%",
        "😀",
        "(가) ",
        "각",
        "…",
        "”",
        "e\u0301",
        "Mr. Kim ",
        "2\\. ",
        "② ",
        "(이하 같다. ",
        ") ",
        "제3조. ",
        "2020. 1. 1. ",
        "한다)ㆍ",
        '"',
        "'",
        "- ",
        "**",
    ]
)
TEXTS = st.one_of(st.lists(PARTS, max_size=15).map("".join), st.text(st.characters(codec="utf-8"), max_size=60))


def texts(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@given(TEXTS)
def test_every_character_that_is_not_blank_lies_in_exactly_one_span(text: str) -> None:
    spans = sentences(text)
    covered = [n for start, end in spans for n in range(start, end)]
    assert covered == sorted(set(covered))
    assert {n for n, c in enumerate(text) if not c.isspace()} <= set(covered)
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)


@given(TEXTS)
def test_a_line_break_ends_a_sentence(text: str) -> None:
    assert all("\n" not in sentence for sentence in texts(text))


@pytest.mark.parametrize("unit", ["a", "ab ", "(", "안녕하세요. ", "\ud800", "\0"])
def test_a_line_that_is_too_long_for_kiwi_loses_nothing_and_takes_no_hour(unit: str) -> None:
    text = (unit * 100_000)[:100_000].rstrip()
    assert "".join("".join(texts(text)).split()) == "".join(text.split())
    assert all(end - start <= MOST for start, end in sentences(text))


@pytest.mark.timeout(20)
def test_a_run_of_hangul_is_not_taken_apart() -> None:
    text = "가" * 400_000
    assert "".join(texts(text)) == text
    assert texts("나" * 600 + ". 다음 문장입니다. 끝입니다.")[-2:] == ["다음 문장입니다.", "끝입니다."]


def test_a_long_line_is_cut_at_blanks() -> None:
    words = "".join(f"{n} " for n in range(5 * MOST))
    assert [words[start:end] for start, end in bites(words)][1][0].isdigit()
    assert [word for start, end in bites(words) for word in words[start:end].split()] == words.split()
    assert [*bites("")] == [(0, 0)]
    assert [*bites("a" * (2 * MOST + 1))] == [(0, MOST), (MOST, 2 * MOST), (2 * MOST, 2 * MOST + 1)]


@pytest.mark.parametrize("text", ["", " ", "\n\n", " \t\n "])
def test_blank_text_has_none(text: str) -> None:
    assert sentences(text) == []


def test_numbers_and_decimals_do_not_end_a_sentence() -> None:
    assert texts("세율은 3.5%입니다. 합계는 1,000.50원입니다.") == ["세율은 3.5%입니다.", "합계는 1,000.50원입니다."]


def test_offsets_count_characters_also_after_emoji() -> None:
    assert texts("😀 안녕하세요. 😀👍 반갑습니다.\n여권") == ["😀 안녕하세요.", "😀👍 반갑습니다.", "여권"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("통관합니다. 「관세법」에 따릅니다.", ["통관합니다.", "「관세법」에 따릅니다."]),
        ("왜 중요한가?“풋살화”를 신으면 빠릅니다. 끝.", ["왜 중요한가?", "“풋살화”를 신으면 빠릅니다.", "끝."]),
        ("질문이 뭐예요?”라며 웃었다.", ["질문이 뭐예요?”라며 웃었다."]),
        ("그는 “안녕하세요”라고 말했다. 갔다.", ["그는 “안녕하세요”라고 말했다.", "갔다."]),
        ("“갔습니다.” 그는 말했다.", ["“갔습니다.”", "그는 말했다."]),
    ],
)
def test_what_touches_a_closing_quote_belongs_to_the_sentence_of_the_quote(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == found


@pytest.mark.parametrize(
    "text",
    [
        "비용(식비를 포함한다. 이하 이 장에서 같다)ㆍ시간을 줄이는 계획은 위원회가 세운다.",
        "연구원(파견된 사람은 제외한다) 및 조교는 신청할 수 있다.",
        "기간은 10일(휴일은 제외한다. 다만, 연휴는 포함한다) 전까지로 한다.",
        "손해[이자를 포함한다] 중 일부를 배상한다.",
        "회사는 “내일 갑니다. 모레 옵니다.”라고 알렸다.",
        '직원은 "오늘은 쉽니다. 내일 오세요."라고 말했다.',
        "1. 신분증 사본",
        "3\\. 그 밖에 위원회가 정하는 것",
        "**4.** 사진을 낸다.",
        "가. 나이가 어린 사람이 먼저 탄다.",
        "1의2. 도서관의 장이 정하는 자료",
        "① 누구든지 책을 빌릴 수 있다.",
        "(2) 사진을 낸다.",
        "서식 No. 7 을 쓴다.",
        "2021. 3. 2. 이후 접수한 것부터 적용한다.",
        "근거는 도서관법 제7조제2항. 제3항도 같다.",
        "면적은 3.5 또는 2.1이다.",
        "제2조제3호다목에 따른 자료",
        "3\\. 「도서관운영법」 제146조의2제1항에 따른 관리관으로 사무를 수행한 사람",
        "자료를 빌린다. (제7조 참조).",
    ],
)
def test_a_sentence_is_not_cut_within(text: str) -> None:
    assert len(texts(text)) == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("책을 빌린다. ② 반납은 제때 한다.", ["책을 빌린다.", "② 반납은 제때 한다."]),
        ("책을 빌린다.2. 반납한다.", ["책을 빌린다.", "2. 반납한다."]),
        ("이렇게 합니다.- 책을 고른다.- 빌린다.", ["이렇게 합니다.", "- 책을 고른다.", "- 빌린다."]),
        ("언제 여나요? (답) 아침에 엽니다.", ["언제 여나요?", "(답) 아침에 엽니다."]),
        ("빌릴 수 있다(잡지는 제외한다). 사서가 돕는다.", ["빌릴 수 있다(잡지는 제외한다).", "사서가 돕는다."]),
        (
            "책은 오래 빌릴 수 있다. (예: 소설을 빌린다) 그 뒤에 사서가 돕는다.",
            ["책은 오래 빌릴 수 있다.", "(예: 소설을 빌린다)", "그 뒤에 사서가 돕는다."],
        ),
        ("근거는 도서관법 제7조. 다만, 잡지는 제외한다.", ["근거는 도서관법 제7조.", "다만, 잡지는 제외한다."]),
        ("도서관은 '24년에 열었다. 서점은 '25년에 닫았다.", ["도서관은 '24년에 열었다.", "서점은 '25년에 닫았다."]),
    ],
)
def test_a_sentence_begins_with_its_mark(text: str, found: list[str]) -> None:
    assert texts(text) == found


@pytest.mark.timeout(20)
@pytest.mark.parametrize("unit", ["( ", "* ", "” ", "1. ", "' ", "다. ) ", "- ", "끝났다. ("])
def test_a_line_of_marks_takes_no_hour(unit: str) -> None:
    sentences((unit * 10_000)[:10_000])


LAW = Path(__file__).parents[2].parent / "shared" / "data" / "law"
INNER = re.compile(
    r"\([^()\[\]]*\)|\[[^()\[\]]*\]|「[^「」]*」|“[^“”]*”"
)  # two levels of these hold all that statutes have


@pytest.mark.slow
@pytest.mark.skipif(not LAW.exists(), reason="needs the statutes beside the checkout: ../shared/data/law")
@pytest.mark.parametrize("name", ["*.md", "*.txt"])
def test_no_sentence_of_a_statute_is_cut_within_brackets_or_behind_its_number(name: str) -> None:
    broken = []
    for path in LAW.glob(name):
        for line in decode(path.read_bytes(), path.name).split("\n"):
            spans = sentences(line)
            flat = INNER.sub(lambda m: "x" * len(m[0]), INNER.sub(lambda m: "x" * len(m[0]), line))
            for (start, end), (after, _) in pairwise(spans):
                piece = flat[start:end]
                halved = flat[end - 1 : after + 1].strip("x ") == "" and flat[after - 1] == "x"
                if halved or re.fullmatch(r"[*\s]*(\d+(의\d+)?|[가-하]|[①-⑳])\W*", piece):
                    broken.append(line[max(end - 30, 0) : after + 20])
    assert broken == []
