"""Fusions, with numbers worked by hand."""

import numpy as np
import pytest

from mundap.errors import UnknownName
from mundap.retrieve.fuse import FUSIONS, Fuse, evidence, fusion, minmax, rrf, zscore

# The mean of 1, 2, 3 is 2 and its deviation (2 / 3) ** 0.5; those of 0, 0, 3 are 1 and 2 ** 0.5.
SCORES = {"bm25": np.asarray([0, 0, 3], np.float32), "dense": np.asarray([1, 2, 3], np.float32)}
EVEN = 1 / (2 / 3) ** 0.5


def test_zscore_standardises_every_leg() -> None:
    fused = zscore(SCORES, {"bm25": 0.5, "dense": 2.0})
    assert fused.dtype == np.float32
    assert fused.tolist() == pytest.approx(
        [0.5 * -1 / 2**0.5 + 2 * -EVEN, 0.5 * -1 / 2**0.5 + 2 * 0, 0.5 * 2 / 2**0.5 + 2 * EVEN]
    )


def test_evidence_takes_bm25_as_it_is() -> None:
    assert evidence(SCORES, {"bm25": 0.5, "dense": 2.0}).tolist() == pytest.approx(
        [0.5 * 0 + 2 * -EVEN, 0.5 * 0 + 2 * 0, 0.5 * 3 + 2 * EVEN]
    )


def test_minmax_scales_every_leg_to_one() -> None:
    fused = minmax(SCORES, {"bm25": 0.5, "dense": 2.0})
    assert fused.dtype == np.float32
    assert fused.tolist() == pytest.approx([0.5 * 0 + 2 * 0, 0.5 * 0 + 2 * 1 / 2, 0.5 * 3 / 3 + 2 * 1])


def test_rrf_adds_reciprocal_ranks_and_equal_scores_share_the_better_rank() -> None:
    assert rrf(SCORES, {"bm25": 1.0, "dense": 2.0}).tolist() == pytest.approx(
        [1 / (60 + 2) + 2 / (60 + 3), 1 / (60 + 2) + 2 / (60 + 2), 1 / (60 + 1) + 2 / (60 + 1)]
    )


@pytest.mark.parametrize("fuse", [zscore, minmax, evidence, rrf])
def test_a_leg_that_tells_nothing_apart_changes_no_order(fuse: Fuse) -> None:
    flat = {"bm25": np.full(3, 7, np.float32), "dense": SCORES["dense"]}
    fused = fuse(flat, {"bm25": 1.0, "dense": 1.0})
    assert np.isfinite(fused).all()
    assert np.diff(fused).tolist() == pytest.approx(
        np.diff(fuse({"dense": SCORES["dense"]}, {"dense": 1.0})).tolist(), abs=1e-6
    )


def test_weights_are_the_fusions_own_or_those_given_and_else_one() -> None:
    assert fusion("rrf", ["bm25", "dense"]).weights == {"bm25": 1.0, "dense": 1.0}
    own = FUSIONS["evidence"].weights
    assert fusion("evidence", ["bm25", "dense", "graph"], {"bm25": 3.0}).weights == {
        "bm25": 3.0,
        "dense": own["dense"],
        "graph": own["graph"],
    }
    assert fusion("evidence", ["dense", "other"]).weights == {"dense": own["dense"], "other": 1.0}


def test_unknown_names_are_told_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="unknown fusion 'rff'; choose one of: evidence, minmax, rrf, zscore"):
        fusion("rff", ["bm25"])
    with pytest.raises(UnknownName, match="unknown leg 'bm52'; choose one of: bm25, dense"):
        fusion("rrf", ["bm25", "dense"], {"bm52": 1.0})
