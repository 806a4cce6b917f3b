"""BM25 against a short reference, and postings in parts against postings built at once."""

from importlib.util import find_spec
from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.index import adder, posting_runs, postings, term_shares
from mundap.index.postings import ARRAYS, Postings, PostingsPart
from mundap.korean.tokens import BIGRAM

TOKENS = st.sampled_from(f"관세 환급 세관 통관 신고 여권 a b 가나 1 {BIGRAM}관세 {BIGRAM}세환".split())
TEXT = st.lists(TOKENS, max_size=12)
TEXTS = st.lists(TEXT, max_size=8)


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


def same(left: PostingsPart, right: PostingsPart) -> None:
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


@given(st.lists(TEXTS, min_size=1, max_size=5), st.data(), TEXT)
def test_parts_without_their_gone_rows_score_as_what_is_left_built_at_once(
    parts: list[list[list[str]]], data: st.DataObject, query: list[str]
) -> None:
    kept = [[data.draw(st.booleans()) for _ in texts] for texts in parts]
    gone = [np.flatnonzero(~np.asarray(some, np.bool_)).astype(np.int32) for some in kept]
    spread = Postings([PostingsPart.build(texts) for texts in parts], 0.9, 0.6, gone)
    left = [
        text for texts, some in zip(parts, kept, strict=True) for text, there in zip(texts, some, strict=True) if there
    ]
    whole, mask = Postings.build(left, 0.9, 0.6), np.asarray([there for some in kept for there in some], np.bool_)
    np.testing.assert_allclose(spread.scores(query)[mask], whole.scores(query), rtol=1e-6)
    assert spread.rarity([*query, "없는말"]) == whole.rarity([*query, "없는말"])
    rows = np.flatnonzero(mask)
    np.testing.assert_array_equal(spread.scores_in(query, rows), spread.scores(query)[rows])
    assert spread.holding(query).tolist() == rows[whole.holding(query)].tolist()
    for token in {*query, "관세"}:
        (one, counts), (other, expected) = spread.listed(token), whole.listed(token)
        assert (one.tolist(), counts.tolist()) == (rows[other].tolist(), expected.tolist())
        np.testing.assert_allclose(spread.impacts(token)[1], whole.impacts(token)[1], rtol=1e-6)
        np.testing.assert_allclose(spread.impacts(token)[1], spread.scores([token])[one], rtol=1e-6)


@given(
    st.lists(st.lists(TEXT, max_size=20), min_size=1, max_size=4),
    st.lists(TEXT, min_size=1, max_size=4),
    st.sampled_from([1, 18, 4096]),
    st.sampled_from([0, 2, 1000]),
    st.sampled_from([0, 200, 1 << 20]),
)
def test_what_is_kept_at_hand_changes_no_bit(
    parts: list[list[list[str]]], queries: list[list[str]], least: int, together: int, most: int
) -> None:
    built = [PostingsPart.build(texts) for texts in parts]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(term_shares, "LEAST", least)
        patch.setattr(adder, "_TOGETHER", together)
        patch.setattr(postings, "_AT_HAND", most)
        patch.setattr(postings, "_A_ROW", 0)
        keeping = Postings(built, 0.9, 0.6)
        kept = [keeping.scores(query) for query in [*queries, *queries]]
    plain = [Postings(built, 0.9, 0.6).scores(query) for query in [*queries, *queries]]
    for one, other in zip(kept, plain, strict=True):
        np.testing.assert_array_equal(one, other)


@given(st.lists(TEXTS, min_size=1, max_size=4), st.data(), st.sampled_from([1, 7, 1000]))
def test_a_merge_of_what_is_left_is_what_is_built_at_once(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[list[str]]], data: st.DataObject, block: int
) -> None:
    kept = [np.asarray([data.draw(st.booleans()) for _ in texts], np.bool_) for texts in parts]
    folder = tmp_path_factory.mktemp("merged")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(posting_runs, "BLOCK", block)
        posting_runs.merge([PostingsPart.build(texts) for texts in parts], kept, folder)
    left = [
        text for texts, some in zip(parts, kept, strict=True) for text, there in zip(texts, some, strict=True) if there
    ]
    same(PostingsPart.open(folder), PostingsPart.build(left))


@given(TEXTS, st.sampled_from([1, 5, 20]))
def test_postings_written_in_runs_are_those_built_at_once(
    tmp_path_factory: pytest.TempPathFactory, texts: list[list[str]], run: int
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(posting_runs, "RUN", run)
        writer = posting_runs.PostingsWriter(folder)
        for text in texts:
            writer.add([text])
        writer.finish()
    same(PostingsPart.open(folder), PostingsPart.build(texts))
    assert all(path.is_file() for path in folder.iterdir())


def test_other_settings_weigh_the_same_postings() -> None:
    texts = [["세관", "신고"], ["세관"], ["환급", "환급"]]
    query = ["세관", "환급"]
    weighed = Postings.build(texts, 1.2, 0.75).weighing(0.9, 0.6)
    np.testing.assert_array_equal(weighed.scores(query), Postings.build(texts, 0.9, 0.6).scores(query))


@pytest.mark.parametrize("size", [3, 5000])
def test_a_row_scores_the_same_to_the_bit_in_whatever_part_it_is(size: int) -> None:
    row, other = ["세관", "세관", "환급", "여권"], ["세관", "환급"]
    postings = Postings([PostingsPart.build([row]), PostingsPart.build([*[other] * size, row])], 0.9, 0.6)
    scores = postings.scores(["세관", "환급", "여권"])
    assert scores[0] == scores[-1] != scores[1]


@pytest.mark.parametrize("texts", [[], [[]], [["세관", "신고"], [], ["세관"]]])
def test_save_then_open_changes_nothing(texts: list[list[str]], tmp_path: Path) -> None:
    part = PostingsPart.build(texts)
    part.save(tmp_path)
    same(PostingsPart.open(tmp_path), part)
    opened, built = (Postings([one], 0.9, 0.6) for one in (PostingsPart.open(tmp_path), part))
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


@given(TEXTS, st.one_of(TOKENS, st.just("없는말")))
def test_the_rows_that_say_a_token_are_listed_with_how_often(texts: list[list[str]], token: str) -> None:
    rows, counts = Postings.build(texts, 0.9, 0.6).listed(token)
    said = {row: text.count(token) for row, text in enumerate(texts) if token in text}
    assert dict(zip(rows.tolist(), counts.tolist(), strict=True)) == said


@given(TEXTS, st.dictionaries(st.one_of(TOKENS, st.just("없는말")), st.floats(-2, 2)))
def test_a_row_weighs_what_its_tokens_weigh(texts: list[list[str]], weights: dict[str, float]) -> None:
    expected = [sum(weights.get(token, 0.0) for token in text) for text in texts]
    np.testing.assert_allclose(Postings.build(texts, 0.9, 0.6).weighed(weights), expected, atol=1e-9)


def test_a_word_counts_65535_times_at_most() -> None:
    scores = Postings.build([["세관"] * 70_000, ["신고"]], 0.9, 0.6).scores(["세관"])
    length = 0.9 * (1 - 0.6 + 0.6 * 70_000 / ((70_000 + 1) / 2))
    assert scores[0] == pytest.approx(log(1 + (2 - 1 + 0.5) / (1 + 0.5)) * 65_535 / (65_535 + length))


@pytest.mark.parametrize("most", [0, 3 * 4 * term_shares.LEAST, 1 << 20])
def test_the_compiled_loop_and_what_is_kept_at_hand_add_what_numpy_adds(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    sizes = [3000, 700, 2000, 1500, 1001, 300, 5]
    rows = np.concatenate([np.sort(random.choice(term_shares.LEAST, n, replace=False)) for n in sizes]).astype(np.int32)
    counts = random.integers(1, 9, len(rows)).astype(np.uint16)
    rows.flags.writeable = counts.flags.writeable = False  # as they are when mapped from a file
    ends = np.cumsum(np.asarray(sizes, np.int64))
    starts = ends - np.asarray(sizes, np.int64)
    soft, weights = random.random(term_shares.LEAST, np.float32), random.random(len(sizes), np.float32)
    expected = np.ones(len(soft), np.float32)
    for start, end, weight in zip(starts, ends, weights, strict=True):
        expected[rows[start:end]] += counts[start:end] / (counts[start:end] + soft[rows[start:end]]) * weight
    terms = term_shares.TermShares(rows, counts, np.asarray([0, *ends]), soft, most)
    for above in (adder.COMPILED_ABOVE, 0) if find_spec("numba") else (adder.COMPILED_ABOVE,):
        monkeypatch.setattr(adder, "COMPILED_ABOVE", above)
        for _ in range(2):  # the second time, from what is kept
            scores = np.ones(len(soft), np.float32)
            adder.add(scores, terms, starts, ends, weights, terms.slots(starts, ends))
            np.testing.assert_array_equal(scores, expected)


@pytest.mark.parametrize("most", [0, 4 * 5000, 1 << 20])
def test_no_more_is_kept_than_is_allowed(most: int) -> None:
    postings = Postings.build([["세관", "환급", "여권"][: n % 4] for n in range(5000)], 0.9, 0.6)
    [part], [soft] = postings.parts, postings._soft
    terms = term_shares.TermShares(part.rows, part.counts, part.starts, soft, most)
    starts, ends = part.starts[:-1], part.starts[1:]
    assert np.count_nonzero(terms.slots(starts, ends) >= 0) == terms.table.shape[0] <= most // (4 * 5000)
    assert sorted(set(terms.slots(starts, ends).tolist()) - {-1}) == list(range(terms.table.shape[0]))
