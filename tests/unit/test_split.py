"""Passages are slices that lose nothing, and no chunk is larger than asked."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.ingest import chunk as cutting
from mundap.ingest.chunk import Sentences, characters
from mundap.ingest.split import chunks, parents, split
from mundap.korean.lists import blocks
from mundap.korean.sentences import sentences
from mundap.types import Document, Passage, Section


def pack(text: str, size: int, overlap: int = 0) -> list[tuple[int, int]]:
    return Sentences(size, overlap).cut(text)


PARTS = st.sampled_from(
    [
        "관세청은 세금을 걷는다. ",
        "그런가? ",
        "1. 여권\n",
        "\n\n",
        "  ",
        "\t",
        "가" * 70,
        "😀",
        "a b ",
        "각",
        ". ",
        "나다라 마바사 ",
    ]
)
TEXTS = st.lists(PARTS, max_size=25).map("".join)
SIZES = st.integers(1, 120)


@given(TEXTS, SIZES)
def test_only_lines_across_an_end_are_taken_apart_and_pieces_are_those_of_all_sentences(text: str, size: int) -> None:
    parts = [part for span in sentences(text) for part in cutting._cut(text, span, size)]
    packed = cutting._packed(characters(text, parts), len(parts), size, 0)
    assert len(text) <= size or pack(text, size) == [(parts[first][0], parts[after - 1][1]) for first, after in packed]


def solid(text: str, offset: int = 0) -> set[int]:
    return {offset + n for n, c in enumerate(text) if not c.isspace()}


def document(*texts: str, **about: Any) -> Document:
    """A document of sections, one for each text, with two line feeds between."""
    whole = "\n\n".join(texts)
    sections, start = [], 0
    for text in texts:
        sections.append(Section(start, start + len(text), **about))
        start += len(text) + 2
    return Document("d", whole, "규정.txt", "규정", sections=tuple(sections))


@given(TEXTS, SIZES)
def test_packed_spans_are_in_order_within_size_and_hold_every_character_that_is_not_blank(text: str, size: int) -> None:
    spans = pack(text, size)
    assert all(0 < end - start <= size for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert solid(text) <= {n for start, end in spans for n in range(start, end)}
    assert all(text[start:end].strip() for start, end in spans)


@given(TEXTS, SIZES, st.integers(0, 60))
def test_overlapping_spans_each_say_something_new_within_size(text: str, size: int, overlap: int) -> None:
    spans = pack(text, size, overlap)
    assert all(0 < end - start <= size for start, end in spans)
    assert all(before[0] < after[0] and before[1] < after[1] for before, after in pairwise(spans))
    assert all(before[1] - after[0] <= overlap for before, after in pairwise(spans))
    assert solid(text) <= {n for start, end in spans for n in range(start, end)}


def test_a_piece_begins_with_the_last_sentences_of_the_one_before_it() -> None:
    text = "가가가 간다. 나나나 난다. 다다다 단다."
    assert [text[s:e] for s, e in pack(text, 7 + 1 + 7, 7)] == [
        "가가가 간다. 나나나 난다.",
        "나나나 난다. 다다다 단다.",
    ]
    assert [text[s:e] for s, e in pack(text, 7 + 1 + 7, 6)] == ["가가가 간다. 나나나 난다.", "다다다 단다."]


@given(st.lists(TEXTS.filter(str.strip), max_size=4), SIZES, st.integers(100, 200))
def test_passages_are_slices_and_cover_every_character_that_is_not_blank(
    texts: list[str], size: int, parent: int
) -> None:
    doc = document(*texts)
    made = split([doc], max_chars=size, parent_chars=parent)
    assert all(doc.text[p.start : p.end] == p.text for p in made)
    assert all(len(p.text) <= size for p in made)
    assert {n for p in made for n in range(p.start, p.end)} >= solid(doc.text)
    assert len({p.id for p in made}) == len(made)


@given(st.lists(TEXTS.filter(str.strip), max_size=3), st.integers(100, 200))
def test_parent_passages_of_running_text_are_within_their_size_and_name_themselves(texts: list[str], size: int) -> None:
    for whole in parents(document(*texts), size):
        listed = len(blocks([*filter(str.strip, whole.text.split("\n"))])) == 1  # which may be twice as long
        assert len(whole.text) <= (2 * size if listed else size)
        assert whole.parent_id == whole.id


def test_an_article_is_cut_between_its_paragraphs_and_a_list_stays_with_its_lead() -> None:
    paragraphs = [f"{mark} " + "회원은 책을 빌릴 수 있다. " * 5 for mark in "①②③"]
    paragraphs.insert(2, "이 경우 다음 각 호의 책은 제외한다.\n1. 사전\n2. " + "지도와 그림과 " * 9)
    parent_passages = parents(document("\n".join(paragraphs)), 150)
    assert [parent.text[0] for parent in parent_passages] == ["①", "②", "이", "③"]
    assert parent_passages[2].text.endswith("그림과")


def test_sentences_are_packed_until_the_next_does_not_fit() -> None:
    text = "가가가 간다. 나나나 난다. 다다다 단다."  # 7 characters each, with a blank between
    assert [text[s:e] for s, e in pack(text, 7 + 1 + 7)] == ["가가가 간다. 나나나 난다.", "다다다 단다."]
    assert [text[s:e] for s, e in pack(text, 7 + 1 + 7 - 1)] == ["가가가 간다.", "나나나 난다.", "다다다 단다."]


def test_a_long_sentence_is_cut_at_a_blank_or_else_in_the_middle() -> None:
    assert pack("가나다라마 바사아자차", 7) == [(0, 5), (6, 11)]
    assert pack("가" * 10, 4) == [(0, 4), (4, 8), (8, 10)]


def test_a_short_whole_is_its_own_chunk() -> None:
    whole = Passage("p", "d", "짧은 글.", 5, 10)
    assert chunks(whole, Sentences(5)) == [whole]


def test_chunks_know_their_whole_and_keep_what_is_known_of_it() -> None:
    text = "가가가 간다. 나나나 난다."
    whole = Passage("p", "d", text, 100, 100 + len(text), "제1조", 3, "규정", meta={"row": 2})
    first, second = chunks(whole, Sentences(8))
    assert (first.text, first.start, first.end) == ("가가가 간다.", 100, 100 + 7)
    assert (second.text, second.start, second.end) == ("나나나 난다.", 100 + 8, 100 + 15)
    for chunk in (first, second):
        assert chunk.parent_id == "p" != chunk.id
        assert (chunk.document_id, chunk.heading, chunk.page, chunk.source) == ("d", "제1조", 3, "규정")
        assert chunk.meta == {"row": 2}


def test_a_row_or_a_passage_of_a_sheet_is_never_cut_into_parent_passages() -> None:
    long = "가나다 라마바. " * 50
    assert [p.text for p in parents(document(long, meta={"kind": "제시문"}), 100)] == [long]
    assert len(parents(document(long), 100)) > 1


def test_the_source_is_the_sections_own_or_the_documents_title() -> None:
    assert parents(document("글"))[0].source == "규정"
    assert parents(document("글", source="관세법 제1조"))[0].source == "관세법 제1조"


def test_ids_depend_on_the_text_and_not_on_what_else_is_in_the_file() -> None:
    one = parents(document("첫째 글", "둘째 글"))
    more = parents(document("새 글", "첫째 글", "둘째 글"))
    assert [p.id for p in one] == [p.id for p in more[1:]]


def test_the_same_text_twice_is_two_passages() -> None:
    first, second = parents(document("같은 글", "같은 글"))
    assert first.id != second.id


@pytest.mark.parametrize("texts", [(), ("",)])
def test_nothing_to_split(texts: tuple[str, ...]) -> None:
    assert [p.text for p in split([document(*texts)])] == list(texts)
    assert split([]) == []
