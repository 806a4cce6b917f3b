"""Known questions: the same words with other particles are the same question; another number is another."""

import pytest

from mundap.generate.known import Known, KnownAnswers, known_answer
from mundap.korean.normalize import squash
from mundap.types import Passage

KNOWN = [
    Known("여행자 휴대품의 면세 한도는 얼마인가요?", "800달러입니다.", "p1"),
    Known("관세 환급은 언제 신청할 수 있나요?", "5년 안에 합니다.", "p2"),
    Known("술은 2병까지 면세되나요?", "네.", "p3"),
    Known("DHL로 보낼 수 있나요?", "네, 됩니다.", "p4"),
    Known("답이 없는 질문인가요?", "", "p5"),
]


def matched(question: str) -> str | None:
    found = KnownAnswers(KNOWN).match(question)
    return found.passage_id if found else None


@pytest.mark.parametrize(
    ("question", "passage"),
    [
        ("여행자 휴대품의 면세 한도는 얼마인가요?", "p1"),
        ("여행자 휴대품 면세한도는 얼마입니까", "p1"),
        ("여행자의 휴대품은 면세 한도가 얼마인가요?", "p1"),
        ("관세 환급을 언제 신청할 수 있나요?", "p2"),
        ("술 2병까지 면세되나요?", "p3"),
        ("DHL로는 보낼 수 있나요?", "p4"),
    ],
)
def test_the_same_words_with_other_particles_match(question: str, passage: str) -> None:
    assert matched(question) == passage


@pytest.mark.parametrize(
    "question",
    [
        "술은 3병까지 면세되나요?",
        "술은 12병까지 면세되나요?",
        "EMS로 보낼 수 있나요?",
        "관세 환급은 언제 신청할 수 없나요?",
        "관세 환급은 언제 신청 못 하나요?",
        "술은 2병까지 면세되지 않나요?",
        "면세 한도는 얼마인가요?",
        "승무원 휴대품의 면세 한도는 얼마인가요?",
        "답이 없는 질문인가요?",
        "고양이",
        "",
        "😀",
    ],
)
def test_another_number_name_negation_or_subject_does_not(question: str) -> None:
    assert matched(question) is None


@pytest.mark.parametrize(
    "negated", ["세관에 신고를 안 하나요?", "세관에 신고를 못 하나요?", "세관에 신고를 하지 않나요?"]
)
def test_a_short_negation_is_another_question(negated: str) -> None:
    known = KnownAnswers([Known("세관에 신고를 하나요?", "네.", "p")])
    assert known.match("세관에 신고를 하나요") is not None
    assert known.match(negated) is None
    assert KnownAnswers([Known(negated, "아니요.", "p")]).match("세관에 신고를 하나요?") is None


LONG = "미국에서 산 전자제품 {n}개를 국제 우편으로 보낼 때 관세와 부가가치세 신고 서류를 공항 세관에 직접 {end}"


@pytest.mark.parametrize(
    ("n", "end", "same"),
    [
        ("3", "제출하여야 하나요?", True),
        ("3", "제출해야 합니까", True),
        ("4", "제출하여야 하나요?", False),
        ("30", "제출하여야 하나요?", False),
        ("3", "제출하지 않아야 하나요?", False),
        ("3", "못 제출하나요?", False),
    ],
)
def test_in_a_long_question_one_number_or_negation_still_counts(n: str, end: str, same: bool) -> None:
    known = KnownAnswers([Known(LONG.format(n="3", end="제출하여야 하나요?"), "네.", "p")])
    assert (known.match(LONG.format(n=n, end=end)) is not None) == same


def test_of_two_that_match_the_nearer_one_and_then_the_first() -> None:
    known = [
        Known("면세 한도는요?", "둘", "p2"),
        Known("면세 한도는?", "하나", "p1"),
        Known("면세 한도는?", "셋", "p3"),
    ]
    found = KnownAnswers(known).match("면세 한도는?")
    assert found is not None
    assert found.passage_id == "p1"


def test_nothing_known_nothing_matched() -> None:
    assert KnownAnswers([]).match("면세 한도는?") is None


def test_the_recorded_answer_says_that_it_is_one_and_cites_its_passage() -> None:
    text = "여행자는 세관에 신고한다. 휴대품의 면세 한도는 800달러입니다. 술은 따로 계산한다."
    answer = known_answer("한도는요?", KNOWN[0], Passage("p1", "d", text, 0, len(text), source="고시"), "ko")
    assert (answer.question, answer.abstained, answer.model) == ("한도는요?", False, "known")
    assert answer.text.startswith("800달러입니다. [1]")
    assert KNOWN[0].question in answer.text
    assert [(c.passage_id, c.source, c.quote) for c in answer.citations] == [
        ("p1", "고시", "휴대품의 면세 한도는 800달러입니다.")
    ]
    assert [hit.passage.id for hit in answer.hits] == ["p1"]


@pytest.mark.parametrize("recorded", ["네.", "😀", "전혀 다른 말"])
def test_an_answer_that_shares_nothing_with_its_passage_still_cites_it(recorded: str) -> None:
    text = "첫 문장이다. 둘째 문장이다."
    answer = known_answer("?", Known("?", recorded, "p"), Passage("p", "d", text, 0, len(text)), "en")
    assert answer.citations
    assert all(squash(c.quote) in squash(text) for c in answer.citations)
