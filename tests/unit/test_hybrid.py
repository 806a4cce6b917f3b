"""A hybrid: candidates of every leg, scores of every leg, one order."""

import numpy as np
import pytest

from mundap.encode.hashed import HashedEncoder
from mundap.index.bm25 import BM25
from mundap.index.dense import Dense
from mundap.retrieve.hybrid import Hybrid
from mundap.types import Hit, Passage

TEXTS = ["관세청은 관세를 걷는다", "환급은 사흘 안에 된다", "세관에 신고한다", "여권을 챙긴다", "신고서를 세관에 낸다"]


@pytest.fixture
def passages(passage) -> list[Passage]:
    return [passage(text) for text in TEXTS]


def seen(hits: list[Hit]) -> list[tuple[str, float]]:
    return [(hit.passage.id, hit.score) for hit in hits]


@pytest.mark.parametrize("leg", [BM25, lambda passages: Dense(passages, HashedEncoder())], ids=["bm25", "dense"])
@pytest.mark.parametrize("method", ["evidence", "zscore", "rrf"])
def test_a_hybrid_of_one_leg_has_the_order_of_that_leg(passages: list[Passage], leg, method: str):
    one = leg(passages)
    expected = [(hit.passage.id, hit.origins) for hit in one.search("세관 신고", 5)]
    hybrid = Hybrid(one, method=method)
    assert [(hit.passage.id, hit.origins) for hit in hybrid.search("세관 신고", 5)] == expected


def test_scores_are_the_fusion_of_the_scores_of_every_leg(passages: list[Passage]):
    lexical, dense = BM25(passages), Dense(passages, HashedEncoder())
    hits = Hybrid(lexical, dense, method="evidence", weights={"bm25": 0.5, "dense": 2.0}).search("세관 신고", 5)
    rows = np.arange(5)
    cosines = dense.score("세관 신고", rows)
    standard = (cosines - cosines.mean()) / cosines.std()
    expected = dict(zip(lexical.table.ids, 0.5 * lexical.score("세관 신고", rows) + 2.0 * standard, strict=True))
    assert dict(seen(hits)) == pytest.approx(expected, abs=1e-5)


def test_origins_are_the_ranks_in_each_leg(passages: list[Passage]):
    lexical, dense = BM25(passages), Dense(passages, HashedEncoder())
    places = {leg.name: {hit.passage.id: hit.rank for hit in leg.search("세관 신고", 5)} for leg in (lexical, dense)}
    for hit in Hybrid(lexical, dense).search("세관 신고", 5):
        assert hit.origins == {leg: ranks[hit.passage.id] for leg, ranks in places.items() if hit.passage.id in ranks}


def test_a_small_pool_limits_the_candidates_but_never_below_k(passages: list[Passage]):
    dense = Dense(passages, HashedEncoder())
    assert len(Hybrid(dense, pool=1).search("세관 신고", 1)) == 1
    assert len(Hybrid(dense, pool=1).search("세관 신고", 4)) == 4


def test_a_hybrid_needs_legs_over_the_same_passages(passages: list[Passage]):
    with pytest.raises(ValueError, match="same passages"):
        Hybrid(BM25(passages), Dense(passages[1:], HashedEncoder()))
    with pytest.raises(ValueError, match="needs legs"):
        Hybrid()
