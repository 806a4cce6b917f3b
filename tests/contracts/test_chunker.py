"""What every way of cutting a passage keeps to."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mundap.encode import token_counter
from mundap.errors import ConfigError, UnknownName
from mundap.ingest.chunk import CHUNKERS, Fixed, Sentences, Whole, Window, characters, make_chunker, tokens
from mundap.ingest.grid import row_spans
from mundap.ingest.split import chunks
from mundap.jobs.task import Cut
from mundap.protocols import Chunker
from mundap.types import Passage

TEXT = "연차는 열다섯 날이다. 다음 해까지 쓴다. 쓰지 않으면 소멸한다. 병가는 해마다 예순 날이다.\n가족 돌봄 휴가는 열흘이다."
PARTS = st.sampled_from(
    ["관세청은 세금을 걷는다. ", "그런가? ", "1. 여권\n", "\n\n", "  ", "가" * 70, "😀", "a b ", "각", ". "]
)
TEXTS = st.lists(PARTS, max_size=20).map("".join)


def syllables(texts: Sequence[str]) -> list[int]:
    """A count that a reader can check: every character but blanks is a token."""
    return [len("".join(text.split())) for text in texts]


@pytest.fixture(
    params=[
        *(make_chunker(name, 40, 10, 1, characters) for name in CHUNKERS),
        Sentences(12, 4, tokens(syllables)),
        Fixed(12, 4, tokens(syllables)),
        Window(0),
    ],
    ids=[*CHUNKERS, "structure-tokens", "fixed-tokens", "sentence"],
)
def chunker(request: pytest.FixtureRequest) -> Chunker:
    made: Chunker = request.param
    return made


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS)
def test_pieces_are_in_order_and_hold_every_character_that_is_not_blank(chunker: Chunker, text: str) -> None:
    spans = chunker.cut(text)
    assert all(before < after and before[1] <= after[1] for before, after in pairwise(spans))
    held = {n for start, end in spans for n in range(start, end)}
    assert {n for n, c in enumerate(text) if not c.isspace()} <= held


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text("가나 ", min_size=1, max_size=30).map(str.strip), min_size=1, max_size=12))
def test_every_row_is_in_one_group(chunker: Chunker, cells: list[str]) -> None:
    text = "| 열 |\n| --- |\n" + "\n".join(f"| {cell} |" for cell in cells)
    groups = chunker.group(text, row_spans(text))
    assert [n for first, after in groups for n in range(first, after)] == list(range(len(cells)))


def test_a_passage_in_one_piece_is_itself(chunker: Chunker) -> None:
    passage = Passage("p", "d", "연차.", 0, 3)
    assert chunks(passage, chunker) == [passage]


def cut(chunker: Chunker, text: str = TEXT) -> list[str]:
    return [text[start:end] for start, end in chunker.cut(text)]


def test_sentences_are_packed_to_a_size_in_tokens() -> None:
    assert cut(Sentences(20, 0, tokens(syllables))) == [
        "연차는 열다섯 날이다. 다음 해까지 쓴다.",  # 10 + 9
        "쓰지 않으면 소멸한다.",  # 10; the next has 13
        "병가는 해마다 예순 날이다.",
        "가족 돌봄 휴가는 열흘이다.",
    ]


def test_a_sentence_longer_than_the_size_in_tokens_is_cut_between_words() -> None:
    assert cut(Sentences(6, 0, tokens(syllables)), "가족 돌봄 휴가는 열흘이다.") == ["가족 돌봄", "휴가는", "열흘이다."]


def test_a_fixed_size_does_not_care_for_sentences() -> None:
    assert cut(Fixed(12, 0, tokens(syllables)))[:2] == ["연차는 열다섯 날이다. 다음", "해까지 쓴다. 쓰지 않으면"]
    assert cut(Fixed(12, 4, tokens(syllables)))[:2] == ["연차는 열다섯 날이다. 다음", "다음 해까지 쓴다. 쓰지"]


def test_a_window_has_the_neighbours_of_its_sentence() -> None:
    assert cut(Window(1))[:3] == [
        "연차는 열다섯 날이다. 다음 해까지 쓴다.",
        "연차는 열다섯 날이다. 다음 해까지 쓴다. 쓰지 않으면 소멸한다.",
        "다음 해까지 쓴다. 쓰지 않으면 소멸한다. 병가는 해마다 예순 날이다.",
    ]


def test_whole_is_whole() -> None:
    assert cut(Whole()) == [TEXT]


def test_tokens_are_those_of_the_encoder() -> None:
    counted = token_counter("e5-small")(["연차는 언제 소멸하나요?", "연차", ""])
    assert counted[0] > counted[1] > counted[2] == 0
    long = " ".join([TEXT] * 8)
    pieces = cut(Cut(chunking="fixed", size=50, encoder="e5-small").chunker(), long)
    assert len(pieces) > 4
    assert max(token_counter("e5-small")(pieces)) <= 50


def test_an_encoder_that_cannot_count_and_an_unknown_chunking_are_told() -> None:
    with pytest.raises(ConfigError, match="chunk_unit"):
        Cut(size=50, encoder="hashed").chunker()
    with pytest.raises(UnknownName, match="structure"):
        make_chunker("semantic")
