"""Search tokens: what a noun keeps of its particle, its compound and its spelling."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.korean.tokens import BIGRAM, SearchTokenizer, bigrams, content


def test_a_noun_is_freed_of_its_particle() -> None:
    for text in ("관세청은", "관세청에서도", "관세청의", "관세청"):
        assert content([text]) == [["관세청"]]


def test_a_text_gives_morphemes_joins_and_bigrams() -> None:
    assert SearchTokenizer()(["이사화물은 통관"]) == [
        [*["이사", "화물", "통관"], "이사화물", *["_이사", "_사화", "_화물", "_물은", "_은통", "_통관"]]
    ]


def test_parts_can_be_left_out() -> None:
    assert SearchTokenizer(joins=False, bigrams=False)(["이사화물은 통관"]) == [["이사", "화물", "통관"]]
    assert SearchTokenizer(bigrams=False)(["이사화물은 통관"]) == [["이사", "화물", "통관", "이사화물"]]


def test_nouns_that_do_not_touch_are_not_joined() -> None:
    assert SearchTokenizer(bigrams=False)(["이사 화물"]) == [["이사", "화물"]]


def test_letters_are_lower_case_and_repeats_are_kept() -> None:
    assert content(["DHL dhl 통관 통관"]) == [["dhl", "dhl", "통관", "통관"]]


def test_bigrams_leave_out_blanks_and_punctuation() -> None:
    assert bigrams("관세 청, A-1_b") == [BIGRAM + gram for gram in ("관세", "세청", "청a", "a1", "1b")]
    assert bigrams("가") == bigrams("") == bigrams("…!? ") == []


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), max_size=4))
def test_each_text_has_its_tokens_whatever_stands_beside_it(texts: list[str]) -> None:
    tokenize = SearchTokenizer()
    assert tokenize(texts) == [tokenize([text])[0] for text in texts]
    assert all(token and "\n" not in token for tokens in tokenize(texts) for token in tokens)


def test_no_texts_no_tokens() -> None:
    assert SearchTokenizer()([]) == []


@pytest.mark.slow
def test_a_user_dictionary_keeps_a_word_whole_and_changes_the_name(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("이사화물\tNNP\t5\n", "utf-8")
    own = SearchTokenizer(joins=False, bigrams=False, user_dictionary=words)
    assert own(["이사화물은 통관"]) == [["이사화물", "통관"]]
    before = own.name
    words.write_text("이사화\tNNP\t5\n물은통\tNNP\t5\n", "utf-8")
    assert own.name != before
    assert own(["이사화물은 통관"]) != [["이사화물", "통관"]]  # a new name with the old tokens would spoil the cache


@pytest.mark.parametrize("other", [SearchTokenizer(joins=False), SearchTokenizer(bigrams=False)])
def test_the_name_changes_with_the_tokens(other: SearchTokenizer) -> None:
    assert other.name != SearchTokenizer().name == SearchTokenizer().name


@pytest.mark.timeout(60)
@pytest.mark.parametrize("unit", ["a", "(", "연차는 15일이다. "])
def test_a_text_that_is_too_long_for_kiwi_takes_no_hour(unit: str) -> None:
    (tokens,) = SearchTokenizer()([unit * (60_000 // len(unit)) + " 소멸시효"])
    assert "소멸시효" in tokens


@pytest.mark.parametrize(
    "forms",
    [
        "1만 달러|10,000달러|10000 USD|$10,000|만불|미화 1만불|ＵＳＤ １０，０００",
        "2L|2리터|2ℓ|2,000㎖|두 리터",
        "1천만원|10,000,000원|천만 원|￦10,000,000",
        "5kg|5킬로|5㎏|5,000그램",
        "10%|10퍼센트|10프로|１０％",
        "한 병|1병|한병",
        "두 갑|2갑|두갑",
        "㈜문답|(주)문답",
    ],
)
def test_ways_to_write_an_amount_give_the_same_tokens(forms: str) -> None:
    tokens = SearchTokenizer()([f"현금 {form} 초과" for form in forms.split("|")])
    assert all(sorted(found) == sorted(tokens[0]) for found in tokens)
