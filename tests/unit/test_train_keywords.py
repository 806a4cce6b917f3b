"""What of keyword training needs no torch: the split, the tokenizer, the page of samples, the presets, serving's errors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.errors import ConfigError, MundapError
from mundap.evaluation.estimates import compare_each
from mundap.evaluation.keywords import Tagged, evaluate_keywords
from mundap.korean.keyword_model import KeywordModel, Spelling, Writing, joined, parted
from mundap.korean.normalize import normalize
from mundap.training.keywords.bart import END, PAD, new_tokenizer
from mundap.training.keywords.config import SCRATCH, KeywordsConfig
from mundap.training.keywords.samples import samples_page
from mundap.training.keywords.seq2seq import METRICS, Seq2seqReport, split

QUESTIONS = [Tagged(f"질문 {n}은 무엇인가요?", (f"질문{n}",), n) for n in range(95)]


def test_a_tenth_is_held_out_and_the_same_one_each_time() -> None:
    learned, held = split(QUESTIONS, 0)
    assert (len(learned), len(held)) == (85, 10)
    assert {*learned, *held} == set(QUESTIONS)
    assert split(QUESTIONS, 0) == (learned, held)
    assert split(QUESTIONS, 1) != (learned, held)
    assert split(QUESTIONS[::-1], 0)[1] == held[::-1]  # the order of the file does not matter


def test_what_is_asked_twice_is_on_one_side() -> None:
    twice = [*QUESTIONS, *(Tagged(one.question.replace(" ", ""), ("다른", "키워드")) for one in QUESTIONS)]
    learned, held = split(twice, 0)
    assert len(held) == 20
    assert not {one.question.replace(" ", "") for one in learned} & {one.question.replace(" ", "") for one in held}


def test_too_few_questions_are_refused() -> None:
    with pytest.raises(MundapError, match="서로 다른 질문 19개"):
        split(QUESTIONS[:19] * 3, 0)


def test_values_are_as_suits_the_base_unless_they_are_given() -> None:
    known = KeywordsConfig().settled()
    assert (known.epochs, known.batch, known.lr, known.beams, known.max_length) == (2, 8, 3e-5, 5, 512)
    small = KeywordsConfig(SCRATCH, lr=1e-3)
    assert (small.values.epochs, small.values.lr) == (12, 1e-3)
    assert KeywordsConfig(SCRATCH, "original").values == known.values
    assert small.settled() == small.settled().settled() == KeywordsConfig.from_card(small.settled().to_card())


def always(words: tuple[str, ...], texts: Sequence[str]) -> list[list[str]]:
    return [list(words) for _ in texts]


@pytest.mark.parametrize(
    ("found", "verdict"), [(("통관", "예약"), "better"), (("예약",), "same"), (("세금",), "worse")]
)
def test_a_model_is_worth_it_if_it_beats_the_rules_beyond_chance(found: tuple[str, ...], verdict: str) -> None:
    tagged = [Tagged(f"{n}번 예약?", ("통관", "예약")) for n in range(20)]
    sides = [evaluate_keywords(tagged, partial(always, words)) for words in (("예약",), found)]
    rows = ([[one.measures[metric] for metric in METRICS] for one in side.per_question] for side in sides)
    report = Seq2seqReport(180, sides[1], sides[0], compare_each(METRICS, *rows), ({"epoch": 1, "f1": 0.5},))
    assert report.verdict == verdict
    shown = json.loads(json.dumps(report.to_json()))
    assert (shown["learned"], shown["held_out"], shown["epochs"]) == (180, 20, [{"epoch": 1, "f1": 0.5}])
    assert shown["rules"]["f1"] == pytest.approx(2 / 3)
    assert shown["difference"]["f1"] == pytest.approx(shown["model"]["f1"] - shown["rules"]["f1"])


WORDS = new_tokenizer(["이사화물 통관예약을 하면 뭐가 좋나요?", "이사화물, 통관, 예약, 장점"], 400)
LINES = st.text(
    st.one_of(
        st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), st.characters(exclude_categories=["Cs", "Cc"])
    ),
    min_size=1,
).map(lambda text: " ".join(normalize(text).replace("▁", "").split()))


@given(LINES.filter(bool))
def test_every_text_can_be_written_also_in_syllables_that_no_question_held(text: str) -> None:
    spelling = Spelling(WORDS, WORDS.token_to_id(END), 10_000)
    ids = spelling.encode(text)
    assert ids[-1] == WORDS.token_to_id(END)
    assert spelling.decode(ids) == normalize(text)


def test_a_long_text_is_cut_and_still_ends() -> None:
    end = WORDS.token_to_id(END)
    spelling = Spelling(WORDS, end, 8)
    whole = Spelling(WORDS, end, 10_000).encode("이사화물 통관예약을 하면 뭐가 좋나요? " * 3)
    assert spelling.encode("이사화물 통관예약을 하면 뭐가 좋나요? " * 3) == [*whole[:7], end]
    assert spelling.decode([WORDS.token_to_id(PAD), *spelling.encode("통관"), WORDS.token_to_id(PAD)]) == "통관"


def test_keywords_are_written_with_commas_and_read_again() -> None:
    assert parted(joined(["이사화물", "통관", "장점"])) == ["이사화물", "통관", "장점"]
    assert parted(" 통관,, 통 관, 예약 ,") == ["통관", "예약"]
    assert parted("") == []


def test_a_model_that_is_not_there_or_not_exported_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="mundap train keywords"):
        KeywordModel(tmp_path / "none")
    model = tmp_path / "관세"
    model.mkdir()
    with pytest.raises(ConfigError, match="mundap train keywords"):
        KeywordModel(model)
    Writing(2, 2, 128, 64, 5).save(model)
    with pytest.raises(ConfigError, match="mundap export onnx 관세"):
        KeywordModel(model)


def test_the_page_shows_the_worst_first_and_marks_what_both_have() -> None:
    found = {"통관 <b>예약?": ["통관", "세금"], "면세 한도?": ["면세", "한도"]}
    tagged = [Tagged("면세 한도?", ("면세", "한도")), Tagged("통관 <b>예약?", ("통관", "예약"))]
    report = evaluate_keywords(tagged, lambda texts: [found[text] for text in texts], resamples=10)
    page = samples_page("관세", {"학습한 모델": report, "규칙": report}, "2026-11-26")
    assert page.index("통관 &lt;b&gt;예약?") < page.index("면세 한도?")
    assert "<mark>통관</mark>, <span>예약</span>" in page
    assert "<mark>통관</mark>, <span>세금</span>" in page
    assert "<script" not in page
