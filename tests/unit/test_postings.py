"""BM25 against a short reference, and postings carried over against postings built anew."""

from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.index.adder import COMPILED_ABOVE, adder
from mundap.index.postings import Postings
from mundap.korean.tokens import BIGRAM

TOKENS = st.sampled_from(f"관세 환급 세관 통관 신고 여권 a b 가나 1 {BIGRAM}관세 {BIGRAM}세환".split())
TEXT = st.lists(TOKENS, max_size=12)
TEXTS = st.lists(TEXT, max_size=8)
ARRAYS = ("terms", "starts", "rows", "counts", "impacts", "lengths", "words")


def reference(texts: list[list[str]], query: list[str], k1: float, b: float) -> list[float]:
    """Lucene's BM25 without the constant factor k1 + 1, text by text and word by word."""
    mean = sum(map(len, texts)) / max(len(texts), 1)
    scores = []
    for text in texts:
        score = 0.0
        for word in query:
            holders = sum(word in other for other in texts)
            idf = log(1 + (len(texts) - holders + 0.5) / (holders + 0.5))
            times = text.count(word)
            if times:
                score += idf * times / (times + k1 * (1 - b + b * len(text) / mean))
        scores.append(score)
    return scores


def same(left: Postings, right: Postings) -> None:
    for name in ARRAYS:
        one, other = getattr(left, name), getattr(right, name)
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other, err_msg=name)


@given(TEXTS, TEXT, st.sampled_from([0.0, 0.9, 1.5]), st.sampled_from([0.0, 0.6, 1.0]))
def test_scores_are_those_of_the_reference(texts: list[list[str]], query: list[str], k1: float, b: float) -> None:
    scores = Postings.build(texts, k1, b).scores(query)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, reference(texts, query, k1, b), atol=1e-5)


def test_a_score_worked_by_hand() -> None:
    # 세관 stands in 1 of 2 texts, twice, in a text of 3 words; the mean is 2 words.
    scores = Postings.build([["세관", "세관", "신고"], ["신고"]], 0.9, 0.6).scores(["세관"])
    assert scores[0] == pytest.approx(log(1 + (2 - 1 + 0.5) / (1 + 0.5)) * 2 / (2 + 0.9 * (1 - 0.6 + 0.6 * 3 / 2)))
    assert scores[1] == 0


def test_a_word_said_twice_counts_twice() -> None:
    postings = Postings.build([["세관", "신고"], ["통관"]], 0.9, 0.6)
    np.testing.assert_allclose(postings.scores(["세관", "세관"]), 2 * postings.scores(["세관"]))


@given(TEXTS)
def test_no_row_scores_for_unknown_words_or_for_none(texts: list[list[str]]) -> None:
    postings = Postings.build(texts, 0.9, 0.6)
    for query in ([], ["없는말"], [""]):
        assert postings.scores(query).tolist() == [0.0] * len(texts)


@given(st.lists(TEXT, min_size=12, max_size=12), st.sets(st.integers(0, 11)), st.sets(st.integers(0, 11)))
def test_what_is_carried_over_equals_what_is_built_anew(
    texts: list[list[str]], before: set[int], after: set[int]
) -> None:
    was, now = sorted(before), sorted(after)
    old = Postings.build([texts[id] for id in was], 1.2, 0.75)
    moved = np.asarray([now.index(id) if id in after else -1 for id in was], np.int64)
    fresh = [row for row, id in enumerate(now) if id not in before]
    built = Postings.build([texts[now[row]] for row in fresh], 0.9, 0.6, old, moved, np.asarray(fresh, np.int64))
    same(built, Postings.build([texts[id] for id in now], 0.9, 0.6))


def test_rows_may_change_places() -> None:
    texts = [["세관", "신고"], ["세관"], ["환급", "환급"]]
    old = Postings.build(texts, 0.9, 0.6)
    turned = Postings.build([], 0.9, 0.6, old, np.asarray([2, 1, 0]), np.empty(0, np.int64))
    same(turned, Postings.build(texts[::-1], 0.9, 0.6))


@pytest.mark.parametrize("texts", [[], [[]], [["세관", "신고"], [], ["세관"]]])
def test_save_then_open_changes_nothing(texts: list[list[str]], tmp_path: Path) -> None:
    built = Postings.build(texts, 0.9, 0.6)
    built.save(tmp_path)
    opened = Postings.open(tmp_path)
    same(opened, built)
    for query in (["세관"], ["세관", "신고", "세관"], ["없는말"], []):
        np.testing.assert_array_equal(opened.scores(query), built.scores(query))
    assert opened.rarity(["세관", "없는말"]) == built.rarity(["세관", "없는말"])


def test_rarity_is_the_inverse_document_frequency() -> None:
    rarity = Postings.build([["세관"], ["세관", "신고"], ["통관"]], 0.9, 0.6).rarity(["세관", "신고", "없는말", "세관"])
    assert rarity == pytest.approx(
        [
            log(1 + (3 - 2 + 0.5) / (2 + 0.5)),
            log(1 + (3 - 1 + 0.5) / (1 + 0.5)),
            log(1 + (3 - 0 + 0.5) / (0 + 0.5)),
            log(1 + (3 - 2 + 0.5) / (2 + 0.5)),
        ]
    )


@given(TEXTS)
def test_the_words_of_a_row_are_its_tokens_without_bigrams(texts: list[list[str]]) -> None:
    words = Postings.build(texts, 0.9, 0.6).words
    assert words.dtype == np.int32
    assert words.tolist() == [sum(not token.startswith(BIGRAM) for token in text) for text in texts]


@given(TEXTS, TOKENS)
def test_the_span_of_a_token_holds_the_rows_that_say_it(texts: list[list[str]], token: str) -> None:
    postings = Postings.build(texts, 0.9, 0.6)
    start, end = postings.span(token)
    said = {row: text.count(token) for row, text in enumerate(texts) if token in text}
    assert dict(zip(postings.rows[start:end].tolist(), postings.counts[start:end].tolist(), strict=True)) == said


@pytest.mark.parametrize("texts", [[], [[]], [["세관"]]])
def test_the_span_of_an_unknown_token_is_empty(texts: list[list[str]]) -> None:
    postings = Postings.build(texts, 0.9, 0.6)
    start, end = postings.span("없는말")
    assert start == end


@given(TEXTS, st.dictionaries(st.one_of(TOKENS, st.just("없는말")), st.floats(-2, 2)))
def test_a_row_weighs_what_its_tokens_weigh(texts: list[list[str]], weights: dict[str, float]) -> None:
    expected = [sum(weights.get(token, 0.0) for token in text) for text in texts]
    np.testing.assert_allclose(Postings.build(texts, 0.9, 0.6).weighed(weights), expected, atol=1e-9)


def test_a_word_counts_65535_times_at_most() -> None:
    scores = Postings.build([["세관"] * 70_000, ["신고"]], 0.9, 0.6).scores(["세관"])
    length = 0.9 * (1 - 0.6 + 0.6 * 70_000 / ((70_000 + 1) / 2))
    assert scores[0] == pytest.approx(log(1 + (2 - 1 + 0.5) / (1 + 0.5)) * 65_535 / (65_535 + length))


def test_the_compiled_loop_adds_what_numpy_adds() -> None:
    pytest.importorskip("numba", reason="needs the extra 'fast'")
    random = np.random.default_rng(0)
    rows = np.sort(random.choice(1000, 300, replace=False)).astype(np.int32)
    impacts = random.random(300, np.float32)
    rows.flags.writeable = impacts.flags.writeable = False  # as they are when mapped from a file
    sums = [np.ones(1000, np.float32) for _ in range(2)]
    adders = [adder(COMPILED_ABOVE), adder(COMPILED_ABOVE + 1)]
    assert adders[0] is not adders[1]
    for add, total in zip(adders, sums, strict=True):
        add(total, rows, impacts, np.float32(2))
    np.testing.assert_array_equal(sums[0], sums[1])
    assert sums[0][rows[0]] == np.float32(1) + impacts[0] * np.float32(2)
