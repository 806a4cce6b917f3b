"""A question in the documents' words."""

from collections.abc import Sequence

from mundap.retrieve.synonyms import reworded
from mundap.retrieve.translate import Translations

TABLE = Translations({"술": {"주류": 0.6, "면세": 0.05, "술": 0.1}, "세금": {"관세": 0.3, "세금": 0.5}}, {}, {}, 1e-4)


def words(texts: Sequence[str]) -> list[list[str]]:
    return [text.replace("은", "").replace("?", "").split() for text in texts]


def test_the_likeliest_word_of_the_documents_takes_the_place_of_the_askers() -> None:
    assert reworded("술 세금은?", TABLE, words) == ["주류 세금은?"]


def test_a_word_that_the_question_holds_already_is_no_exchange() -> None:
    assert reworded("술 주류 세금은?", TABLE, words) == []


def test_a_question_of_unknown_words_stays_alone() -> None:
    assert reworded("연차는?", TABLE, words) == []
