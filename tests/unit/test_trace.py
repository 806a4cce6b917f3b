"""Sentences of an answer are tied to the quotes that bear them out, and quotes to their place in the document."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mundap.generate.cite import cited
from mundap.generate.trace import find, marks, traced
from mundap.types import Answer, Citation, Hit, Passage

TEXT = "머리말입니다.\n\n관세율은 13퍼센트입니다. 부가가치세는 10퍼센트입니다.\n\n면세 한도는 150달러입니다. 술은 따로입니다."
_, DUTY, LIMIT = TEXT.split("\n\n")
PASSAGES = {
    id: Passage(id, "d", text, TEXT.index(text), TEXT.index(text) + len(text), source=source)
    for id, text, source in (("p1", DUTY, "세율"), ("p2", LIMIT, "한도"))
}
HITS = tuple(Hit(passage, 1.0, rank) for rank, passage in enumerate(PASSAGES.values(), 1))


def trace(text: str, *quotes: tuple[str, str], hits: tuple[Hit, ...] = HITS) -> Answer:
    citations = tuple(Citation(id, PASSAGES[id].source, quote) for id, quote in quotes)
    made = Answer("?", text, citations or cited(text, hits), hits)
    return traced(made, PASSAGES, {"d": "지문"}.get, "세대 1")


def tied(answer: Answer) -> list[tuple[str, list[str]]]:
    return [(one.text, [answer.citations[n].quote for n in one.citations]) for one in answer.sentences]


def test_a_quote_is_the_slice_of_its_document() -> None:
    answer = trace("부가가치세는  10퍼센트입니다. [1]", ("p1", "부가가치세는\n10퍼센트입니다."))
    [citation] = answer.citations
    assert TEXT[citation.start : citation.end] == citation.quote == "부가가치세는 10퍼센트입니다."
    assert (citation.document_id, citation.document_digest, answer.generation) == ("d", "지문", "세대 1")


def test_quotes_that_stand_in_the_text_are_its_sentences() -> None:
    said = "관세율은 13퍼센트입니다. 부가가치세는 10퍼센트입니다. [1]\n술은 따로입니다. [2]"
    answer = trace(
        said, ("p1", "관세율은 13퍼센트입니다."), ("p1", "부가가치세는 10퍼센트입니다."), ("p2", "술은 따로입니다.")
    )
    assert tied(answer) == [
        ("관세율은 13퍼센트입니다.", ["관세율은 13퍼센트입니다."]),
        ("부가가치세는 10퍼센트입니다.", ["부가가치세는 10퍼센트입니다."]),
        ("술은 따로입니다.", ["술은 따로입니다."]),
    ]


def test_a_model_s_sentence_is_tied_by_the_marker_that_stands_for_it() -> None:
    answer = trace("네, 맞아요. 세율이 13퍼센트예요 [1]. 한도는 150달러까지예요 [2]. 더 물어 주세요.")
    assert tied(answer) == [
        ("네, 맞아요.", ["관세율은 13퍼센트입니다."]),
        ("세율이 13퍼센트예요 [1].", ["관세율은 13퍼센트입니다."]),
        ("한도는 150달러까지예요 [2].", ["면세 한도는 150달러입니다."]),
        ("더 물어 주세요.", []),
    ]


def test_without_markers_a_sentence_is_tied_to_what_clearly_holds_it() -> None:
    answer = trace("청바지 관세율은 13퍼센트입니다. 날씨가 좋습니다.")
    assert tied(answer) == [
        ("청바지 관세율은 13퍼센트입니다.", ["관세율은 13퍼센트입니다."]),
        ("날씨가 좋습니다.", []),
    ]


def test_one_sentence_in_two_passages_is_tied_to_the_one_that_is_marked() -> None:
    twin = replace(PASSAGES["p2"], id="p1", document_id="e")
    hits = (Hit(twin, 1.0, 1), HITS[1])
    said = "술은 따로입니다."
    made = Answer("?", f"{said} [2]", (Citation("p1", "", said), Citation("p2", "", said)), hits)
    answer = traced(made, {"p1": twin, "p2": PASSAGES["p2"]}, {"d": "지문"}.get, "")
    assert [one.citations for one in answer.sentences] == [(1,)]


def test_brackets_of_the_document_are_no_markers() -> None:
    quote = "한도는 150달러[3]입니다."
    passage = Passage("p", "d", quote, 0, len(quote))
    made = Answer("?", f"{quote} [1]", (Citation("p", "", quote),), (Hit(passage, 1.0, 1),))
    answer = traced(made, {"p": passage}, {"d": "지문"}.get, "")
    assert tied(answer) == [(quote, [quote])]
    assert [group.numbers for group in marks(made.text, [(0, len(quote))])] == [(1,)]


def test_a_row_of_a_table_may_be_shown_as_it_is_said() -> None:
    table = "| 구분 | 요금 |\n| --- | --- |\n| 승용차 | 3,000원 |"
    row = "| 승용차 | 3,000원 |"
    passage = Passage("p", "d", table, 0, len(table), meta={"kind": "table"})
    made = Answer("?", "구분: 승용차, 요금: 3,000원 [1]", (Citation("p", "", row),), (Hit(passage, 1.0, 1),))
    answer = traced(made, {"p": passage}, {"d": "지문"}.get, "")
    assert tied(answer) == [("구분: 승용차, 요금: 3,000원", [row])]


@given(st.lists(st.sampled_from([*"가나[1] \n", "다. ", "[2]", "관세율은 13퍼센트입니다. "]), max_size=12).map("".join))
def test_sentences_hold_all_the_words_in_order(text: str) -> None:
    answer = trace(text)
    after = 0
    for one in answer.sentences:
        start = text.index(one.text, after)
        assert not any(letter.isalpha() for letter in text[after:start])
        after = start + len(one.text)
        assert all(0 <= place < len(answer.citations) for place in one.citations)
    assert not any(letter.isalpha() for letter in text[after:])


def test_a_quote_is_found_whatever_its_white_space() -> None:
    assert find("가 나\n다", "나 다") == (2, 5)
    assert find("가 나", "다") is find("가 나", " ") is None
