"""Of a question's words only those count as lacking in the documents that a document could say."""

import pytest

from mundap.generate.reading import Reader
from mundap.korean.telling import telling
from mundap.types import Hit, Passage


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("관리비를 더 내 달라고 하는데 괜찮나요?", {"관리비", "내", "하"}),
        ("저를 내쫓아 버린대요. 이래도 되나요?", {"내쫓"}),
        ("보관함을 써도 되는 거예요?", {"보관", "함", "쓰"}),
        ("이거 언제 도착해요?", {"도착"}),
        ("회비는 얼마예요?", {"회비"}),
    ],
)
def test_words_that_only_point_help_or_take_a_stance_tell_nothing(question: str, words: set[str]) -> None:
    assert telling(question) == words


def test_a_polite_question_is_as_much_answered_as_a_bare_one() -> None:
    text = "예약은 하루 전까지 취소할 수 있다."
    read = [
        Reader().read(question, [Hit(Passage("p", "d", text, 0, len(text)), 1.0, 1)]).coverage
        for question in ("예약 취소", "저 예약 취소해 버려도 괜찮은 거예요?")
    ]
    assert read == [1.0, 1.0]
