"""After search: age, diversity, duplicates and reading order, with numbers worked by hand."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from math import log
from typing import Any
from unicodedata import normalize

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.protocols import Vectors
from mundap.retrieve.after import collapse, mmr, period_end, ranked, weigh_time
from mundap.types import Hit, Passage

TODAY = date(2024, 7, 1)
ARTICLE = "제3조(면세) 여행자가 들여오는 물품 가운데 본인이 쓰던 것과 선물로 받은 것은 관세를 면제한다."


def hit(id: str, score: float = 1.0, text: str = "", heading: str = "", **meta: Any) -> Hit:
    return Hit(Passage(id, "d", text or id, 0, len(text or id), heading=heading, meta=meta), score, 1, {"bm25": 3})


def ids(hits: Sequence[Hit]) -> list[str]:
    return [hit.passage.id for hit in hits]


def unit(*rows: tuple[float, ...]) -> Vectors:
    vectors = np.asarray(rows, np.float32)
    made: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return made


@st.composite
def rankings(draw: st.DrawFn) -> tuple[list[Hit], Vectors]:
    """A ranking full of ties, and unit vectors for it, some of them equal."""
    scores = draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.5, -3.0]), max_size=12))
    texts = draw(st.lists(st.sampled_from(["관세", "관 세", ARTICLE, ARTICLE + " 끝"]), min_size=12, max_size=12))
    dates = draw(st.lists(st.sampled_from([None, "2020", "2024-06", "2023-02-28"]), min_size=12, max_size=12))
    hits = ranked([hit(f"p{n:02}", score, texts[n], date=dates[n]) for n, score in enumerate(scores)])
    angles = draw(st.lists(st.sampled_from([0.0, 0.1, 1.0, 2.0, 3.0]), min_size=len(hits), max_size=len(hits)))
    return hits, np.asarray([[np.cos(a), np.sin(a)] for a in angles], np.float32).reshape(-1, 2)


# -- time ---------------------------------------------------------------------------------------------------------


def test_a_passage_of_one_half_life_keeps_the_floor_and_half_of_the_rest() -> None:
    old, new = weigh_time([hit("a", 2.0, date="2023-07-02"), hit("b", 1.0, date="2024-07-01")], TODAY, 365, 0.3)
    assert ids([old, new]) == ["a", "b"]
    assert old.score == pytest.approx(2.0 + log(0.3 + 0.7 * 2 ** (-365 / 365)))
    assert new.score == 1.0 + log(0.3 + 0.7 * 1)


def test_of_two_versions_the_newer_comes_first_and_however_old_the_floor_stays() -> None:
    hits = weigh_time([hit("옛날", 1.0, date="1950"), hit("올해", 0.5, date="2024-05-01")], TODAY, 365, floor=0.5)
    assert ids(hits) == ["올해", "옛날"]
    assert [h.rank for h in hits] == [1, 2]
    assert hits[1].score == pytest.approx(1.0 + log(0.5))


def test_the_future_is_as_good_as_today() -> None:
    assert weigh_time([hit("a", 1.0, date="2031")], TODAY, 10)[0].score == 1.0


def test_a_passage_without_a_date_is_treated_as_the_dated_ones_are_on_average() -> None:
    scores = {h.passage.id: h.score for h in weigh_time(
        [hit("a", 0.0, date="2024-07-01"), hit("b", 0.0, date="2024-06-21"), hit("c", 0.0), hit("d", 0.0, date="작년")],
        TODAY, 10, floor=0.2,
    )}  # fmt: skip
    assert scores["b"] == pytest.approx(log(0.2 + 0.8 / 2))
    assert scores["c"] == scores["d"] == pytest.approx((0 + log(0.2 + 0.8 / 2)) / 2)
    assert weigh_time([hit("c", 0.7), hit("d", 0.4)], TODAY, 10)[0].score == 0.7


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2024", date(2024, 12, 31)),
        (2024, date(2024, 12, 31)),
        ("2024-02", date(2024, 2, 29)),
        ("2023-02", date(2023, 2, 28)),
        (" 2024-03-05 ", date(2024, 3, 5)),
        ("2024-13", None),
        ("2023-02-29", None),
        ("0000", None),
        ("24-03-05", None),
        ("2024년", None),
        ("", None),
        (None, None),
    ],
)
def test_a_date_is_the_last_day_of_what_is_written(written: object, day: date | None) -> None:
    assert period_end(written) == day


@pytest.mark.parametrize(("half_life", "floor"), [(0, 0.3), (-1, 0.3), (10, 0), (10, 1.1)])
def test_a_half_life_and_a_floor_that_mean_nothing_are_refused(half_life: float, floor: float) -> None:
    with pytest.raises(ValueError, match="half_life_days"):
        weigh_time([], TODAY, half_life, floor)


@given(rankings(), st.floats(0.001, 1e5), st.floats(0.01, 1))
def test_age_lowers_by_no_more_than_the_floor_and_an_older_passage_never_less(
    case: tuple[list[Hit], Vectors], half_life: float, floor: float
) -> None:
    hits, _ = case
    weighed = weigh_time(hits, TODAY, half_life, floor)
    assert sorted(ids(weighed)) == sorted(ids(hits))
    assert weighed == ranked(weighed)
    lost = {h.passage.id: h.score for h in hits}
    lost = {h.passage.id: lost[h.passage.id] - h.score for h in weighed}
    assert all(-1e-9 <= each <= -log(floor) + 1e-9 for each in lost.values())
    days = {h.passage.id: period_end(h.passage.meta["date"]) for h in hits}
    dated = sorted((day, -lost[id]) for id, day in days.items() if day)
    assert all(a[1] <= b[1] + 1e-9 for a, b in pairwise(dated))


def test_equal_ages_change_no_order() -> None:
    hits = ranked([hit(f"p{n}", n / 7, date=str(TODAY - timedelta(9))) for n in range(5)])
    assert ids(weigh_time(hits, TODAY, 30)) == ids(hits)


# -- diversity ----------------------------------------------------------------------------------------------------


def test_mmr_passes_over_what_says_the_same_as_the_first() -> None:
    hits = ranked([hit("a", 3.0), hit("a2", 2.9), hit("b", 2.0), hit("c", 1.0)])
    vectors = unit((1, 0), (1, 0), (0, 1), (3, 4))
    # relevance 1, .95, .5, 0; after a: .5*.95-.5*1 < .5*.5-.5*0; after a and b: a2 -.025, c .5*0-.5*.8
    chosen = mmr(hits, vectors, 4, 0.5)
    assert ids(chosen) == ["a", "b", "a2", "c"]
    assert [h.rank for h in chosen] == [1, 2, 3, 4]
    assert [h.score for h in chosen] == [3.0, 2.0, 2.9, 1.0]
    assert ids(mmr(hits, vectors, 2, 0.5)) == ["a", "b"]


def test_the_nearest_chosen_hit_counts_and_not_the_last() -> None:
    hits = ranked([hit("a", 4.0), hit("b", 3.9), hit("a2", 3.8), hit("c", 0.0)])
    # c is as far from a as b is; a2 equals a, though it is nothing like b, which was chosen last
    assert ids(mmr(hits, unit((1, 0, 0), (0, 1, 0), (1, 0, 0), (0, 0, 1)), 3, 0.4)) == ["a", "b", "c"]


def test_among_equals_the_lower_id_comes_first() -> None:
    hits = [hit("c"), hit("a"), hit("b")]
    assert ids(mmr(hits, unit((1, 1), (1, 1), (1, 1)), 3, 0.7)) == ["a", "b", "c"]


@given(rankings(), st.integers(0, 14), st.sampled_from([0.1, 0.5, 0.9, 1.0]))
def test_mmr_chooses_k_of_the_hits_whatever_their_order(case: tuple[list[Hit], Vectors], k: int, trade: float) -> None:
    hits, vectors = case
    chosen = mmr(hits, vectors, k, trade)
    assert len(chosen) == min(k, len(hits))
    assert set(ids(chosen)) <= set(ids(hits))
    assert [h.rank for h in chosen] == list(range(1, len(chosen) + 1))
    assert mmr(hits[::-1], vectors[::-1], k, trade) == chosen
    assert chosen[:1] == hits[: min(k, 1)]


@given(rankings(), st.sampled_from([0.1, 0.5, 1.0]))
def test_mmr_of_all_hits_is_a_permutation_that_it_leaves_as_it_is(
    case: tuple[list[Hit], Vectors], trade: float
) -> None:
    hits, vectors = case
    rows = dict(zip(ids(hits), vectors, strict=True))
    once = mmr(hits, vectors, len(hits), trade)
    again = mmr(once, np.asarray([rows[id] for id in ids(once)], np.float32).reshape(-1, 2), len(hits), trade)
    assert sorted(ids(once)) == sorted(ids(hits))
    assert again == once
    if trade == 1:
        assert once == hits


def test_what_mmr_cannot_work_with_is_refused() -> None:
    for trade in (0.0, 1.5):
        with pytest.raises(ValueError, match=r"in \(0, 1\]"):
            mmr([hit("a")], unit((1, 0)), 1, trade)
    with pytest.raises(ValueError, match="2 vectors as many as 1 hits"):
        mmr([hit("a")], unit((1, 0), (0, 1)), 1, 0.5)


# -- duplicates ---------------------------------------------------------------------------------------------------

SAME = unit((1, 0), (1, 0))


def collapsed(one: str, other: str, vectors: Vectors = SAME, **about: str) -> bool:
    return len(collapse([hit("a", 2.0, one), hit("b", 1.0, other, **about)], vectors, 0.95).hits) == 1


def test_a_text_that_differs_in_white_space_or_normal_form_is_the_same() -> None:
    assert collapsed("관세는\n세금이다", "관세는  세금 이다", unit((1, 0), (0, 1)))
    assert collapsed("한글", normalize("NFD", "한글"), unit((1, 0), (0, 1)))


def test_one_answer_to_two_questions_is_two_passages() -> None:
    assert not collapsed("네, 됩니다.", "네, 됩니다.", heading="선물도 면세됩니까?")


def test_nearly_the_same_wording_goes_but_only_if_the_vectors_agree() -> None:
    copy = ARTICLE.replace("면제한다.", "면제함.")
    assert collapsed(ARTICLE, copy)
    assert not collapsed(ARTICLE, copy, unit((1, 0), (1, 1)))


@pytest.mark.parametrize(
    "other",
    [
        "제4조(과세) 판매하려는 물품은 금액에 상관없이 관세를 매긴다.",
        ARTICLE.replace("제3조", "제4조"),
        ARTICLE.replace("여행자가", "A등급 여행자가"),
        "",
    ],
)
def test_a_cosine_of_one_does_not_drop_another_article(other: str) -> None:
    assert not collapsed(ARTICLE, other)


def test_the_wording_must_share_four_fifths_of_its_shingles() -> None:
    # 10 characters have 6 shingles, 14 that begin with them have 10: 6 / 10. Of 14 and 16 it is 10 / 12.
    letters = "가나다라마바사아자차카타파하거너"
    assert not collapsed(letters[:10], letters[:14])
    assert collapsed(letters[:14], letters)
    assert not collapsed("관세", "환급")


def test_a_hit_is_compared_with_those_that_stay() -> None:
    # Each is like its neighbour, 8 / 10 and 10 / 12, but the third is unlike the first, 8 / 12.
    letters = "가나다라마바사아자차카타파하거너"
    hits = ranked([hit("a", 3, letters[:12]), hit("b", 2, letters[:14]), hit("c", 1, letters)])
    assert collapse(hits, unit((1, 0), (1, 0), (1, 0)), 0.95).dropped == {"b": "a"}


def test_the_better_hit_stays_and_the_dropped_name_it() -> None:
    hits = ranked(
        [hit("a", 3, ARTICLE), hit("b", 2, "환급은 사흘 안에 된다"), hit("c", 1, ARTICLE + " "), hit("d", 0, "끝")]
    )
    result = collapse(hits, unit((1, 0), (0, 1), (1, 0), (1, 1)), 0.95)
    assert ids(result.hits) == ["a", "b", "d"]
    assert [h.rank for h in result.hits] == [1, 2, 3]
    assert result.dropped == {"c": "a"}
    assert result.hits[0] == hits[0]


@given(rankings(), st.sampled_from([-1.0, 0.5, 0.99, 2.0]))
def test_what_stays_is_in_order_repeats_nothing_and_is_left_alone_the_next_time(
    case: tuple[list[Hit], Vectors], threshold: float
) -> None:
    hits, vectors = case
    result = collapse(hits, vectors, threshold)
    assert ids(result.hits) == [id for id in ids(hits) if id not in result.dropped]
    assert set(result.dropped.values()) <= set(ids(result.hits))
    rows = dict(zip(ids(hits), vectors, strict=True))
    kept = np.asarray([rows[id] for id in ids(result.hits)], np.float32).reshape(-1, 2)
    again = collapse(result.hits, kept, threshold)
    assert (again.hits, again.dropped) == (result.hits, {})


def test_a_vector_for_each_hit_is_needed() -> None:
    with pytest.raises(ValueError, match="2 vectors for 1 hits"):
        collapse([hit("a")], SAME, 0.9)


# -- reading order ------------------------------------------------------------------------------------------------


def test_a_ranking_goes_by_score_then_by_id_and_keeps_the_origins() -> None:
    hits = [hit("b", 1.0), hit("c", 2.0), hit("a", 1.0)]
    assert ranked(hits) == [replace(hits[1], rank=1), replace(hits[2], rank=2), replace(hits[0], rank=3)]
    assert ranked(hits)[0].origins == {"bm25": 3}
