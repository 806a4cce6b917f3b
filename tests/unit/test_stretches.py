"""Where sentences surely begin, and that a long text is analysed only where a piece of it may end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.ingest import chunk
from mundap.ingest.chunk import Sentences
from mundap.korean.sentences import sentences
from mundap.korean.stretches import Span, may_end, stretches

PARTS = st.sampled_from(
    [
        "세금을 걷는다. ",
        "그런가요? ",
        '그는 "없다. ',
        '그렇다"고 말했다. ',
        "(예: 여권을 낸다. ",
        "입구). ",
        "2024년에는 ",
        "1. 가. ",
        "'",
        "》",
    ]
)


def texts(line: str) -> list[str]:
    return [line[start:end] for start, end in stretches(line)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("신고한다. 이 경우 내지 않는다. 3월까지 낸다.", ["신고한다. ", "이 경우 내지 않는다. ", "3월까지 낸다."]),
        (
            '그는 "신고한다. 그리고 낸다"고 했다. 그래서 냈다.',
            ['그는 "신고한다. 그리고 낸다"고 했다. ', "그래서 냈다."],
        ),
        ('신고한다"고 했다. 그래서 냈다.', ['신고한다"고 했다. ', "그래서 냈다."]),
        ("여권(신고한다. 그리고 낸다)은 쓴다. 1. 신청서", ["여권(신고한다. 그리고 낸다)은 쓴다. 1. 신청서"]),
        ("", [""]),
    ],
)
def test_a_stretch_begins_behind_a_sentence_outside_of_quotes_and_parentheses(line: str, expected: list[str]) -> None:
    assert texts(line) == expected


@given(st.lists(PARTS, max_size=12).map("".join))
def test_stretches_make_up_the_line(line: str) -> None:
    assert "".join(texts(line)) == line


def test_the_sentences_of_stretches_are_those_of_the_line() -> None:
    line = (
        "물품을 들여온 사람은 신고한다. 다만 우편물은 신고하지 아니한다. 세관장은 “받는다. 그리고 본다”고 알린다. 이 경우 제3조를"
        " 따른다. 3월 2일부터는 수수료(건당 1,000원으로 한다. 우편은 무료다)를 낸다. 그 밖의 일은 세관장이 정한다."
    )
    apart = [
        (first + start, first + end) for first, last in stretches(line) for start, end in sentences(line[first:last])
    ]
    assert apart == sentences(line)


def test_what_stands_across_the_end_of_a_piece_is_analysed_only_if_a_sentence_may_end_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    analysed: list[str] = []

    def watched(text: str) -> list[Span]:
        analysed.append(text)
        return sentences(text)

    monkeypatch.setattr(chunk, "sentences", watched)
    one = "세관장은 물품을 들여온 사람에게 서류를 보여 달라고 한다. "
    pieces = Sentences(300).cut(one * 20)
    assert [end - start for start, end in pieces] == [9 * len(one) - 1, 9 * len(one) - 1, 2 * len(one) - 1]
    assert analysed == []  # no sentence ends in what is left of a piece
    asked = "서류를 본다. 「관세법」에 따라 세관장은 물품을 들여온 사람에게 그것을 보여 달라고 한다. "
    pieces = Sentences(300).cut(one * 8 + asked)
    assert [(one * 8 + asked)[start:end] for start, end in pieces] == [f"{one * 8}서류를 본다.", asked[8:-1]]
    assert analysed == [asked]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("신고한다. 그리고 낸다", True),
        ("신고했다 그리고 낸다", True),
        ("신고한다.3. 세율", True),
        ("지원함 (예: 우편) 그 밖의", True),
        ("여권(원본)을 가지고 온 사람의 짐", False),
        ("1. 여권과 3.5kg의 짐, 2024. 1. 1. 이후의 것", False),
        ("가. 「관세법」 제3조에 따른 것", False),
        ("주요 서류마다 unipass.customs.go.kr의 14~16쪽", False),
        ("「관세평가 운영에 관한 고시」(2014) 제3조", False),
        ("세관장은 “서류를 본다. 그리고 알린다.”라고 말하며", False),
        ("세관장은 “서류를 본다. 그리고 알린다.” 하지만", True),
        ("배는 떠났다 (그림을 보라. 그리고 읽어라) 그러나", True),
        ("배(그림을 보라. 그리고 읽어라)는 떠나고", False),
        ("배는 떠났 다. 그리고", True),
    ],
)
def test_letters_tell_whether_a_sentence_may_be_over(text: str, said: bool) -> None:
    assert may_end(text, 0, len(text)) is said


def test_a_sentence_that_ends_behind_the_place_is_not_over_before_it() -> None:
    assert may_end("신고한다. 그리고", 0, 5)
    assert not may_end("신고한다. 그리고", 0, 3)
    assert not may_end("신고한다. 그리고", 0, 4)  # the stop has no room
    assert not may_end("(신고한다.) 그리고", 0, 6)  # nor has what closes
    assert may_end("(신고한다.) 그리고", 0, 7)


def test_a_quote_is_looked_for_in_its_stretch_alone() -> None:
    text = "세관장은 “본다. 그리고 낸다. 알린다”고 한다."
    assert not may_end(text, 0, 9)
    assert may_end(text, 0, 9, text.index("알린다"))  # in which nothing closes


@pytest.mark.parametrize("size", [40, 60, 90, 140, 300])
def test_pieces_are_those_of_which_every_stretch_is_analysed(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    text = " ".join(
        f"{n}. 제{n}조에 따라 여행자의 짐(가방, 상자)을 {n}일 안에 신고한다. 다만 우편물은 그러하지 아니하다. "
        f"세관장은 “받는다”고 알린다. 수수료는 {n},000원(2024. 1. {n}.부터)으로 함 (우편은 무료) 「관세법」을 따른다."
        for n in range(1, 20)
    )
    found = Sentences(size).cut(text)
    monkeypatch.setattr(chunk, "may_end", lambda *_: True)
    assert Sentences(size).cut(text) == found
