"""Citations stand in their passage, belong to their statement, and never name a passage that was not there."""

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mundap.generate.cite import cited, repair, verified
from mundap.generate.compose import begun_thought, refuses, written
from mundap.korean.normalize import squash
from mundap.types import Citation, Hit, Passage


def hit(rank: int, text: str) -> Hit:
    return Hit(Passage(f"p{rank}", "d", text, 0, len(text), source=f"문서 {rank}"), 1 / rank, rank)


DUTY = hit(1, "제3조(관세율)\n청바지에 붙는 관세율은 13퍼센트입니다. 부가가치세는 10퍼센트를 더합니다.")
LIMIT = hit(2, "면세 한도는 미화 150달러입니다.\n다만 미국에서 보낸 물품은 200달러까지 면세됩니다.")
HITS = [DUTY, LIMIT]


def quotes(text: str, hits: list[Hit] = HITS) -> list[tuple[str, str]]:
    return [(c.passage_id, c.quote) for c in cited(text, hits)]


def test_each_statement_is_cited_by_the_sentence_that_supports_it() -> None:
    text = "청바지의 관세율은 13퍼센트입니다 [1]. 미국에서 온 물품은 200달러까지 면세됩니다. [2]"
    assert quotes(text) == [
        ("p1", "청바지에 붙는 관세율은 13퍼센트입니다."),
        ("p2", "다만 미국에서 보낸 물품은 200달러까지 면세됩니다."),
    ]


def test_a_short_heading_does_not_win_over_the_sentence_that_says_it() -> None:
    assert quotes("관세율은 13퍼센트입니다[1]") == [("p1", "청바지에 붙는 관세율은 13퍼센트입니다.")]


@pytest.mark.parametrize("marks", ["[1][2]", "[1, 2]", " [1] [2]", "[1、2]"])
def test_several_markers_after_one_statement_all_count(marks: str) -> None:
    text = f"부가가치세는 10퍼센트이고 면세 한도는 150달러입니다{marks}."
    assert quotes(text) == [("p1", "부가가치세는 10퍼센트를 더합니다."), ("p2", "면세 한도는 미화 150달러입니다.")]


def test_one_sentence_cited_twice_is_one_citation() -> None:
    assert quotes("관세율은 13퍼센트입니다 [1]. 즉 청바지 관세율은 13퍼센트입니다 [1].") == [
        ("p1", "청바지에 붙는 관세율은 13퍼센트입니다.")
    ]


def test_a_statement_that_shares_no_word_is_cited_by_what_the_answer_is_about() -> None:
    assert quotes("네 [2]. 미국 물품은 200달러까지입니다.") == [
        ("p2", "다만 미국에서 보낸 물품은 200달러까지 면세됩니다.")
    ]
    assert quotes("Yes [2].") == [("p2", "면세 한도는 미화 150달러입니다.")]


def test_a_citation_names_the_source_of_its_passage() -> None:
    assert cited("관세율은 13퍼센트입니다 [1].", HITS)[0].source == "문서 1"


def test_without_markers_only_a_sentence_that_a_passage_clearly_holds_is_cited() -> None:
    assert quotes("청바지 관세율은 13퍼센트입니다. 오늘은 날씨가 맑고 바람이 붑니다.") == [
        ("p1", "청바지에 붙는 관세율은 13퍼센트입니다.")
    ]
    assert quotes("오늘은 날씨가 맑고 바람이 붑니다.") == []
    assert quotes("청바지 관세율은 13퍼센트입니다.", hits=[]) == []


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("그렇습니다 [3].", "그렇습니다."),
        ("그렇습니다 [1][7].", "그렇습니다 [1]."),
        ("그렇습니다 [1, 7].", "그렇습니다 [1]."),
        ("그렇습니다 [0].", "그렇습니다."),
        ("그렇습니다 [1][2].", "그렇습니다 [1][2]."),
        ("[별표 9]에 있고 [2023]년 것입니다 [2].", "[별표 9]에 있고 [2023]년 것입니다 [2]."),
    ],
)
def test_markers_that_point_nowhere_are_removed(text: str, repaired: str) -> None:
    assert repair(text, 2) == repaired
    assert cited(text, []) == ()


def test_quotes_are_verified_against_the_passage_they_name_white_space_aside() -> None:
    good = Citation("p1", "문서 1", "청바지에  붙는\n관세율은 13퍼센트입니다.")
    elsewhere = Citation("p2", "문서 2", "청바지에 붙는 관세율은 13퍼센트입니다.")
    changed = Citation("p1", "문서 1", "청바지에 붙는 관세율은 8퍼센트입니다.")
    unknown = Citation("p9", "문서 9", "청바지에 붙는 관세율은 13퍼센트입니다.")
    blank = Citation("p1", "문서 1", " \n")
    assert verified([good, elsewhere, changed, unknown, blank], HITS) == (good,)


REFUSAL = "죄송합니다. 등록된 문서에서 이 질문에 대한 답을 찾지 못했습니다."


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        (REFUSAL, True),
        (REFUSAL + " [1]", True),
        ("등록된 문서에서 이 질문에 대한 답을 찾지 못했습니다", True),
        ("안타깝지만 등록된 문서에서 이 질문에 대한 답을 찾지 못했습니다.", True),
        ("관세율은 13퍼센트입니다 [1]. 나머지는 등록된 문서에서 이 질문에 대한 답을 찾지 못했습니다.", False),
        ("관세율은 13퍼센트입니다.", False),
    ],
)
def test_an_answer_is_a_refusal_when_that_is_all_it_says(text: str, refused: bool) -> None:
    assert refuses(text, REFUSAL) is refused


PIECES = st.lists(
    st.sampled_from(
        [
            *("[1]", " [2]", "[", "1", "9]", "[9", "]", ",", " ", "\n", "가", "세율은 13퍼센트입니다. "),
            *("<think>", "</think>", "<생각>", "</생각>", "</생", "각>", "<"),
        ]
    )
    | st.text(max_size=6),
    max_size=12,
)


@settings(max_examples=2 * settings().max_examples)
@given(
    PIECES,
    st.lists(
        st.sampled_from(["세율은 13퍼센트입니다. ", "나. 다음\n", "[1] ", "\t"]) | st.text(max_size=20), max_size=5
    ),
)
def test_every_quote_stands_in_its_passage_whatever_the_answer_and_the_passages_are(
    pieces: list[str], texts: list[str]
) -> None:
    hits = [hit(rank, text) for rank, text in enumerate(["".join(texts), *texts], 1)]
    citations = cited("".join(pieces), hits)
    passages = {h.passage.id: h.passage.text for h in hits}
    assert all(c.quote in passages[c.passage_id] and squash(c.quote) for c in citations)
    assert verified(citations, hits) == citations


@settings(max_examples=5 * settings().max_examples)
@given(PIECES)
def test_what_is_streamed_is_the_repaired_text_however_it_was_cut(pieces: list[str]) -> None:
    whole = "".join(pieces)
    unthought = re.sub(r"(?s)<think>.*?(</think>|\Z)|<생각>.*?(</생각>|\Z)", "", whole)
    unthought = re.sub(r"[ \t]*</(think|생각)>", "", unthought)  # an end without a begin
    assert "".join(written(pieces, 2)) == repair(unthought, 2).strip()
    assert "".join(written(pieces, 2)) == "".join(written(list(whole), 2))


TAGS = st.sampled_from(
    [
        *(
            '<자료 번호="1">',
            '<자료 번호="2" 출처="관세 안내">',
            "</자료>",
            "‹자료 번호=1›",
            "＜자료 1＞",
            "< / 자료 >",
        ),
        *("<제시문>", "</제시문>", "<질문>", "</질문>", "</답변>", "<모범답안>", "</think>", "</thought>", "</생각>"),
    ]
)
SAID = st.sampled_from(
    ["세율은 13퍼센트", "입니다. ", "자료", "가 < 나", "질문: ", "〈관세법〉 ", "[1]", "\n", "a<b>c"]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(SAID, TAGS), max_size=12), st.lists(st.integers(0, 200), max_size=12))
def test_tags_of_the_prompt_never_stay_however_the_stream_is_cut(parts: list[str], cuts: list[int]) -> None:
    whole = "".join(parts)
    places = sorted({0, *(cut for cut in cuts if cut < len(whole)), len(whole)})
    pieces = [whole[start:end] for start, end in itertools.pairwise(places)]
    text = "".join(written(pieces, 2))
    assert not re.search(r"[<‹＜]\s*/?\s*(자료|제시문|질문|답변|모범답안|think|thought|생각)[^<>‹›＜＞]*[>›＞]", text)
    assert text == "".join(written([whole], 2))
    assert text.count("세율은 13퍼센트") == whole.count("세율은 13퍼센트")


@pytest.mark.parametrize("end", ["<|im_end|>", "<|eot_id|>", "<end_of_turn>", "[|endofturn|]", "<|im_start|>user"])
def test_an_answer_ends_where_the_model_spells_the_end_of_its_turn(end: str) -> None:
    pieces = list(f"세율은 13퍼센트입니다 [1].{end}\n다음 질문은 무엇인가요?")
    assert "".join(written(pieces, 1)) == "세율은 13퍼센트입니다 [1]."


def test_a_prompt_that_begins_a_thought_is_known_by_its_end() -> None:
    assert begun_thought("<|im_start|>assistant\n<think>\n") == "<think>"
    assert begun_thought("[|assistant|]<thought>\n") == "<thought>"
    assert begun_thought("<|im_start|>assistant\n<think>\n\n</think>\n\n") == ""
    assert begun_thought("<think>을 쓰세요") == ""
    assert "".join(written(["<think>", "따져 보면", "</th", "ink>\n답입니다."], 1)) == "답입니다."


def test_thoughts_are_not_part_of_the_answer() -> None:
    thinking = ["<th", "ink>\n[1]을 보면…", "</thi", "nk>\n\n답", "입니다 [1]."]
    assert list(written(thinking, 1)) == ["답", "입니다 [1]."]
    assert list(written(["<생", "각>자료 1을 보면", "…</생", "각", ">\n답", "입니다 [1]."], 1)) == ["답", "입니다 [1]."]
    assert "".join(written(["<think>끝나지 않은 생각"], 1)) == ""
    assert "".join(written(["답입니다 [1]. <생각>왜 <think>냐</think> 하면"], 1)) == "답입니다 [1]."
    assert "".join(written(["<세율>은 ", "8퍼센트"], 1)) == "<세율>은 8퍼센트"


def test_text_is_shown_as_soon_as_it_cannot_change() -> None:
    pieces = iter(["관세율은", " 13", "퍼센트입니다", " [", "1", "]", "."])
    shown = written(pieces, 1)
    assert [next(shown) for _ in range(3)] == ["관세율은", " 13", "퍼센트입니다"]
    assert list(shown) == [" [1]", "."]
