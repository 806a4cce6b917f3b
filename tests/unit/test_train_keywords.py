"""What of keyword training needs no torch: the split, the tokenizer, the page of samples, the presets, serving's errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.errors import ConfigError, MundapError
from mundap.evaluate.keywords import Tagged, evaluate_keywords
from mundap.korean.keyword_model import KeywordModel, Spelling, Writing, joined, parted
from mundap.korean.normalize import normalize
from mundap.training.keywords.bart import END, PAD, new_tokenizer
from mundap.training.keywords.samples import samples_page
from mundap.training.keywords.seq2seq import PRESETS, SCRATCH, split, worth_it

QUESTIONS = [Tagged(f"질문 {n}은 무엇인가요?", (f"질문{n}",), n) for n in range(95)]


def test_a_tenth_is_held_out_and_the_same_one_each_time():
    learned, held = split(QUESTIONS, 0)
    assert (len(learned), len(held)) == (85, 10)
    assert {*learned, *held} == set(QUESTIONS)
    assert split(QUESTIONS, 0) == (learned, held)
    assert split(QUESTIONS, 1) != (learned, held)
    assert split(QUESTIONS[::-1], 0)[1] == held[::-1]  # the order of the file does not matter


def test_what_is_asked_twice_is_on_one_side():
    twice = [*QUESTIONS, *(Tagged(one.question.replace(" ", ""), ("다른", "키워드")) for one in QUESTIONS)]
    learned, held = split(twice, 0)
    assert len(held) == 20
    assert not {one.question.replace(" ", "") for one in learned} & {one.question.replace(" ", "") for one in held}


def test_too_few_questions_are_refused():
    with pytest.raises(MundapError, match="서로 다른 질문 19개"):
        split(QUESTIONS[:19] * 3, 0)


def test_the_original_system_is_a_preset():
    assert PRESETS["original"] == {"epochs": 2, "batch": 8, "lr": 3e-5, "beams": 5, "max_length": 512}
    assert SCRATCH in PRESETS


@pytest.mark.parametrize(("f1", "p", "better"), [(0.1, 0.01, True), (0.1, 0.2, False), (-0.1, 0.01, False)])
def test_a_model_is_worth_it_if_it_beats_the_rules_beyond_chance(f1: float, p: float, better: bool):
    assert worth_it({"difference": {"f1": f1, "p": p}}) is better


WORDS = new_tokenizer(["이사화물 통관예약을 하면 뭐가 좋나요?", "이사화물, 통관, 예약, 장점"], 400)
LINES = st.text(
    st.one_of(
        st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), st.characters(exclude_categories=["Cs", "Cc"])
    ),
    min_size=1,
).map(lambda text: " ".join(normalize(text).replace("▁", "").split()))


@given(LINES.filter(bool))
def test_every_text_can_be_written_also_in_syllables_that_no_question_held(text: str):
    spelling = Spelling(WORDS, WORDS.token_to_id(END), 10_000)
    ids = spelling.encode(text)
    assert ids[-1] == WORDS.token_to_id(END)
    assert spelling.decode(ids) == normalize(text)


def test_a_long_text_is_cut_and_still_ends():
    end = WORDS.token_to_id(END)
    spelling = Spelling(WORDS, end, 8)
    whole = Spelling(WORDS, end, 10_000).encode("이사화물 통관예약을 하면 뭐가 좋나요? " * 3)
    assert spelling.encode("이사화물 통관예약을 하면 뭐가 좋나요? " * 3) == [*whole[:7], end]
    assert spelling.decode([WORDS.token_to_id(PAD), *spelling.encode("통관"), WORDS.token_to_id(PAD)]) == "통관"


def test_keywords_are_written_with_commas_and_read_again():
    assert parted(joined(["이사화물", "통관", "장점"])) == ["이사화물", "통관", "장점"]
    assert parted(" 통관,, 통 관, 예약 ,") == ["통관", "예약"]
    assert parted("") == []


def test_a_model_that_is_not_there_or_not_exported_says_what_to_run(tmp_path: Path):
    with pytest.raises(ConfigError, match="mundap train keywords"):
        KeywordModel(tmp_path / "none")
    model = tmp_path / "관세"
    model.mkdir()
    with pytest.raises(ConfigError, match="mundap train keywords"):
        KeywordModel(model)
    Writing(2, 2, 128, 64, 5).save(model)
    with pytest.raises(ConfigError, match="mundap export onnx 관세"):
        KeywordModel(model)


def test_the_page_shows_the_worst_first_and_marks_what_both_have():
    found = {"통관 <b>예약?": ["통관", "세금"], "면세 한도?": ["면세", "한도"]}
    tagged = [Tagged("면세 한도?", ("면세", "한도")), Tagged("통관 <b>예약?", ("통관", "예약"))]
    report = evaluate_keywords(tagged, lambda texts: [found[text] for text in texts], resamples=10)
    page = samples_page("관세", {"학습한 모델": report, "규칙": report}, "2026-11-26")
    assert page.index("통관 &lt;b&gt;예약?") < page.index("면세 한도?")
    assert "<mark>통관</mark>, <span>예약</span>" in page
    assert "<mark>통관</mark>, <span>세금</span>" in page
    assert "<script" not in page
