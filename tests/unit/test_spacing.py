"""Compounds of a short question, spaced as the documents space them."""

from collections.abc import Callable

import pytest

from mundap.index.postings import Postings
from mundap.korean.meaning import says_something
from mundap.korean.spacing import parted, spaced
from mundap.korean.tokens import SearchTokenizer

TEXTS = [
    "관세의 납부기한은 15일입니다.",
    "관세 납부기한이 지나면 가산세를 냅니다.",
    "여행자 휴대품은 자진 신고를 합니다. 자진 신고 서류는 세관에 있습니다.",
]


@pytest.fixture(scope="module")
def space() -> Callable[[str], str]:
    postings = Postings.build(SearchTokenizer()(TEXTS), 0.9, 0.6)
    return lambda question: spaced(question, lambda tokens: postings.holders(tokens).tolist())


@pytest.mark.parametrize("question", ["관세 납부 기한", "관세 납부기한", "관세납부기한"])
def test_what_most_passages_join_is_joined(space: Callable[[str], str], question: str) -> None:
    assert space(question).endswith("납부기한")
    assert space(question) == space("관세 납부 기한")


@pytest.mark.parametrize("question", ["휴대품 자진신고", "휴대품 자진 신고"])
def test_what_most_passages_write_apart_is_apart(space: Callable[[str], str], question: str) -> None:
    assert space(question) == "휴대품 자진 신고"


def test_compounds_that_no_passage_holds_are_apart(space: Callable[[str], str]) -> None:
    assert space("주차요금 할인") == space("주차 요금 할인") == "주차 요금 할인"


def test_a_long_question_stays(space: Callable[[str], str]) -> None:
    question = "지난달에 들여온 물건의 관세 납부 기한이 언제까지인지 알고 싶습니다"
    assert space(question) == question


@pytest.mark.parametrize("text", "1|12|?|...|ㅋㅋ|ㅠㅠ|ㅇㅇ|네|음|뭐야|왜?|언제?|얼마?|그거|a|👍|①| ".split("|"))
def test_what_says_nothing(text: str) -> None:
    assert not says_something(text)


@pytest.mark.parametrize("text", "술|세금|면세한도|125|8517.12|FTA|1만 달러|2병|담배 면세?|關稅|환급되나요".split("|"))
def test_what_says_something(text: str) -> None:
    assert says_something(text)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("당일예약취소하면얼마돌려받나요", "당일 예약 취소하면 얼마 돌려받나요"),
        ("월급을두달째못받았는데어디에신고해요", "월급을 두 달째 못 받았는데 어디에 신고해요"),
    ],
)
def test_a_question_typed_as_one_word_is_taken_apart(typed: str, read: str) -> None:
    assert parted(typed) == read


@pytest.mark.parametrize("text", ["자동차손해배상보장법 적용 대상은?", "개인통관고유부호발급", "관세를 냅니다", ""])
def test_compounds_stay_together(text: str) -> None:
    assert parted(text) == text
