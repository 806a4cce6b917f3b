"""A hybrid: candidates of every leg, scores of every leg, one order."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from tests.conftest import MakePassage

from mundap.encode.hashed import HashedEncoder
from mundap.index.bm25 import BM25
from mundap.index.dense import Dense
from mundap.protocols import Leg, Scores
from mundap.retrieve.hybrid import Candidates, Hybrid
from mundap.types import Hit, Passage

TEXTS = ["관세청은 관세를 걷는다", "환급은 사흘 안에 된다", "세관에 신고한다", "여권을 챙긴다", "신고서를 세관에 낸다"]


@pytest.fixture
def passages(passage: MakePassage) -> list[Passage]:
    return [passage(text) for text in TEXTS]


def seen(hits: list[Hit]) -> list[tuple[str, float]]:
    return [(hit.passage.id, hit.score) for hit in hits]


@pytest.mark.parametrize("leg", [BM25, lambda passages: Dense(passages, HashedEncoder())], ids=["bm25", "dense"])
@pytest.mark.parametrize("method", ["evidence", "zscore", "minmax", "rrf"])
def test_a_hybrid_of_one_leg_has_the_order_of_that_leg(
    passages: list[Passage], leg: Callable[[list[Passage]], Leg], method: str
) -> None:
    one = leg(passages)
    expected = [(hit.passage.id, hit.origins) for hit in one.search("세관 신고", 5)]
    hybrid = Hybrid(one, method=method)
    assert [(hit.passage.id, hit.origins) for hit in hybrid.search("세관 신고", 5)] == expected


def test_scores_are_the_fusion_of_the_scores_of_every_leg(passages: list[Passage]) -> None:
    lexical, dense = BM25(passages), Dense(passages, HashedEncoder())
    hits = Hybrid(lexical, dense, method="evidence", weights={"bm25": 0.5, "dense": 2.0}).search("세관 신고", 5)
    rows = np.arange(5)
    cosines = dense.score("세관 신고", rows)
    standard = (cosines - cosines.mean()) / cosines.std()
    expected = dict(zip(lexical.table.ids, 0.5 * lexical.score("세관 신고", rows) + 2.0 * standard, strict=True))
    assert dict(seen(hits)) == pytest.approx(expected, abs=1e-5)


def test_origins_are_the_ranks_in_each_leg(passages: list[Passage]) -> None:
    lexical, dense = BM25(passages), Dense(passages, HashedEncoder())
    places = {leg.name: {hit.passage.id: hit.rank for hit in leg.search("세관 신고", 5)} for leg in (lexical, dense)}
    for hit in Hybrid(lexical, dense).search("세관 신고", 5):
        assert hit.origins == {leg: ranks[hit.passage.id] for leg, ranks in places.items() if hit.passage.id in ranks}


def test_a_small_pool_limits_the_candidates_but_never_below_k(passages: list[Passage]) -> None:
    dense = Dense(passages, HashedEncoder())
    assert len(Hybrid(dense, pool=1).search("세관 신고", 1)) == 1
    assert len(Hybrid(dense, pool=1).search("세관 신고", 4)) == 4


def test_a_hybrid_needs_legs_over_the_same_passages(passages: list[Passage]) -> None:
    with pytest.raises(ValueError, match="same passages"):
        Hybrid(BM25(passages), Dense(passages[1:], HashedEncoder()))
    with pytest.raises(ValueError, match="needs legs"):
        Hybrid()


class Reversing:
    """A ranker that turns the order of its candidates round, and keeps what it was shown."""

    def __init__(self, depth: int, step: float = 1.0) -> None:
        self.depth = depth
        self.reads = 0
        self.step = step
        self.shown: list[Candidates] = []

    def score(self, question: str, candidates: Candidates) -> Scores:
        self.shown.append(candidates)
        return (self.step * np.arange(len(candidates.rows))).astype(np.float32)


@pytest.mark.parametrize("depth", [1, 3, 5, 40])
def test_a_ranker_orders_its_depth_anew_and_the_rest_stay_behind(passages: list[Passage], depth: int) -> None:
    legs = BM25(passages), Dense(passages, HashedEncoder())
    plain = [hit.passage.id for hit in Hybrid(*legs).search("세관 신고", 5)]
    ranker = Reversing(depth)
    hits = Hybrid(*legs, ranker=ranker).search("세관 신고", 5)
    assert [hit.passage.id for hit in hits] == plain[:depth][::-1] + plain[depth:]
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5]
    assert all(before.score > after.score for before, after in pairwise(hits))
    [shown] = ranker.shown
    assert len(shown.rows) == len(shown.fused) == min(depth, 5)
    assert {len(scores) for scores in shown.legs.values()} == {min(depth, 5)}


def test_fewer_hits_than_the_depth_are_the_best_of_the_ranker(passages: list[Passage]) -> None:
    legs = BM25(passages), Dense(passages, HashedEncoder())
    everything = Hybrid(*legs, ranker=Reversing(4)).search("세관 신고", 5)
    assert seen(Hybrid(*legs, ranker=Reversing(4)).search("세관 신고", 2)) == seen(everything[:2])


def test_what_a_ranker_cannot_tell_apart_goes_by_id(passages: list[Passage]) -> None:
    hits = Hybrid(Dense(passages, HashedEncoder()), ranker=Reversing(3, step=0.0)).search("세관 신고", 5)
    first = [hit.passage.id for hit in hits[:3]]
    assert first == sorted(first)


def test_origins_and_filters_are_as_without_a_ranker(passages: list[Passage]) -> None:
    legs = BM25(passages), Dense(passages, HashedEncoder())
    allowed = {passages[0].id, passages[2].id, passages[4].id}
    plain = {hit.passage.id: hit.origins for hit in Hybrid(*legs).search("세관 신고", 5, allowed)}
    ranked = Hybrid(*legs, ranker=Reversing(2)).search("세관 신고", 5, allowed)
    assert {hit.passage.id: hit.origins for hit in ranked} == plain
    assert plain.keys() == allowed


def test_a_ranker_is_not_asked_about_nothing(passages: list[Passage]) -> None:
    ranker = Reversing(3)
    assert Hybrid(BM25(passages), ranker=ranker).search("없는말", 5) == []
    assert ranker.shown == []
