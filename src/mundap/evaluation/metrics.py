"""One short function per formula. Ranks count from 1; a rank of None is a miss."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Sequence
from math import log2
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mundap.korean.normalize import normalize

Floats = npt.NDArray[np.float64]

_EPSILON = 1e-9  # 0.95 * 20 may come out a hair above 19


def first_right(right: Sequence[bool]) -> int | None:
    """The rank of the first right hit, or None. `right` says of each hit, best first, whether it is."""
    return next((rank for rank, is_right in enumerate(right, 1) if is_right), None)


def top(rank: int | None, k: int) -> float:
    """1.0 if the first right hit is among the best `k`, else 0.0; its mean is the top-k accuracy."""
    return float(rank is not None and rank <= k)


def reciprocal_rank(rank: int | None, k: int = 10) -> float:
    """1 / rank, and 0.0 beyond `k`; its mean is MRR@k (Voorhees, TREC-8 1999)."""
    return 1 / rank if rank is not None and rank <= k else 0.0


def ndcg(right: Sequence[bool], golds: int, k: int = 10) -> float:
    """Normalised discounted cumulative gain at `k` with gains of 0 and 1, in [0, 1].

    The discount is log2(rank + 1) and the ideal has all `golds` right passages first
    (Järvelin & Kekäläinen, TOIS 2002). No more than `golds` of `right` may be True.
    Raises ValueError if `golds` is less than 1 or than the number of right hits.
    """
    if golds < max(1, sum(right)):
        raise ValueError(f"{golds} gold passages, but {sum(right)} right hits; at least 1 gold is needed")
    gain = sum(1 / log2(rank + 1) for rank, is_right in enumerate(right[:k], 1) if is_right)
    return gain / sum(1 / log2(rank + 1) for rank in range(1, min(golds, k) + 1))


def rank_or_end(rank: int | None, depth: int) -> float:
    """`rank`, and depth + 1 for a miss, where `depth` hits were asked for."""
    return float(depth + 1 if rank is None else rank)


class AverageRank(NamedTuple):
    """`mean` is in [1, depth + 1]; `missed` questions have no right hit in their first `depth`."""

    mean: float
    missed: int


def average_rank(ranks: Sequence[int | None], depth: int) -> AverageRank:
    """The mean rank of the first right hit. A miss counts as depth + 1, so it is a lower bound.

    Raises ValueError without ranks.
    """
    if not ranks:
        raise ValueError("the average of no ranks")
    return AverageRank(
        sum(rank_or_end(rank, depth) for rank in ranks) / len(ranks), sum(rank is None for rank in ranks)
    )


def auroc(positive: npt.ArrayLike, negative: npt.ArrayLike) -> float:
    """The chance that a positive score is above a negative one, ties counting half, in [0, 1].

    The Mann-Whitney statistic from midranks (Hanley & McNeil, Radiology 1982).
    Raises ValueError if either is empty or holds what is not finite.
    """
    above, below = _scores(positive), _scores(negative)
    _, group, sizes = np.unique(np.concatenate([above, below]), return_inverse=True, return_counts=True)
    midranks = np.cumsum(sizes) - (sizes - 1) / 2
    wins = midranks[group[: len(above)]].sum() - len(above) * (len(above) + 1) / 2
    return float(wins / (len(above) * len(below)))


def balanced_accuracy(answerable: npt.ArrayLike, unanswerable: npt.ArrayLike, threshold: float) -> float:
    """The mean of the shares answered and refused rightly, in [0, 1]; (1 + J) / 2 of Youden's J.

    A question is answered when its score is `threshold` or more (Brodersen et al., ICPR 2010).
    """
    return float(np.mean(_scores(answerable) >= threshold) + np.mean(_scores(unanswerable) < threshold)) / 2


def risk(answerable: npt.ArrayLike, unanswerable: npt.ArrayLike, threshold: float) -> float:
    """The share of unanswerable questions among those answered, in [0, 1]; 0.0 if none is answered.

    The selective risk of El-Yaniv & Wiener, JMLR 2010. It depends on how many of each are asked.
    """
    right = int(np.sum(_scores(answerable) >= threshold))
    wrong = int(np.sum(_scores(unanswerable) >= threshold))
    return wrong / (right + wrong) if right + wrong else 0.0


def threshold_at(answerable: npt.ArrayLike, unanswerable: npt.ArrayLike, max_risk: float = 1.0) -> float:
    """The threshold of highest balanced accuracy (Youden, Cancer 1950) whose `risk` is at most `max_risk`.

    It lies midway between two neighbouring scores; among equals the widest gap wins, then the lower
    one. One that answers everything is the lowest score, one that refuses everything is just above
    the highest. Measured on the scores it was chosen on, it flatters: choose it on other questions.
    """
    wanted, unwanted = np.sort(_scores(answerable)), np.sort(_scores(unanswerable))
    values = np.unique(np.concatenate([wanted, unwanted]))
    middle = values[:-1] / 2 + values[1:] / 2
    between = np.where((middle > values[:-1]) & (middle < values[1:]), middle, values[1:])
    candidates = np.concatenate([values[:1], between, [np.nextafter(values[-1], np.inf)]])
    gaps = np.concatenate([[0.0], values[1:] / 2 - values[:-1] / 2, [0.0]])
    right = len(wanted) - np.searchsorted(wanted, candidates)
    wrong = len(unwanted) - np.searchsorted(unwanted, candidates)
    allowed = wrong <= max_risk * (right + wrong) + _EPSILON
    # J times len(wanted) * len(unwanted): whole numbers, so that equals are equal
    gain = np.where(allowed, (right * len(unwanted) - wrong * len(wanted)).astype(np.float64), -np.inf)
    return float(candidates[np.lexsort((candidates, -gaps, -gain))[0]])


def coverage_at_precision(scores: npt.ArrayLike, right: Sequence[bool], precision: float = 0.95) -> float:
    """The largest share of all questions that one threshold answers with this share right, in [0, 1].

    `right` says of each score whether its answer would be (Kamath, Jia & Liang, ACL 2020).
    Raises ValueError if the lengths differ or there are none.
    """
    values, correct = _scores(scores), np.asarray(right, bool)
    if len(values) != len(correct):
        raise ValueError(f"{len(values)} scores, but {len(correct)} are said to be right or wrong")
    order = np.argsort(-values, kind="stable")
    answered = np.arange(1, len(values) + 1)
    whole_ties = np.append(np.diff(values[order]) != 0, True)
    enough = np.cumsum(correct[order]) >= precision * answered - _EPSILON
    return float(np.max(answered * (whole_ties & enough)) / len(values))


class Bin(NamedTuple):
    """`n` questions of like probability: its mean, and the share of them that turned out right."""

    predicted: float
    right: float
    n: int


def reliability(probabilities: npt.ArrayLike, right: Sequence[bool], bins: int = 10) -> tuple[Bin, ...]:
    """The reliability curve: at most `bins` bins of equal mass, in rising order, none empty.

    Equal mass rather than equal width, so that no bin rests on a few questions (Nguyen & O'Connor,
    EMNLP 2015). Equal probabilities share a bin, that of their middle, whatever order they come in.
    Raises ValueError if the lengths differ or there are none.
    """
    values, correct = _scores(probabilities), np.asarray(right, np.float64)
    if len(values) != len(correct):
        raise ValueError(f"{len(values)} probabilities, but {len(correct)} are said to be right or wrong")
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    middle = (np.cumsum(sizes) - sizes / 2)[group]
    number = np.minimum((middle * bins // len(values)).astype(np.int64), bins - 1)
    return tuple(
        Bin(float(values[number == n].mean()), float(correct[number == n].mean()), int(np.sum(number == n)))
        for n in np.unique(number)
    )


def calibration_error(bins: Sequence[Bin]) -> float:
    """How far the bins' probabilities are from their shares, weighted by size, in [0, 1] (ECE; Guo et al., ICML 2017).

    It judges the probabilities for the mix of questions that was asked: with more unanswerable ones
    among them, lower probabilities would have been right.
    """
    return sum(b.n * abs(b.predicted - b.right) for b in bins) / sum(b.n for b in bins)


_BRACKETS = str.maketrans(dict.fromkeys("'\"《》<>〈〉()‘’", " "))
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalize_answer(text: str) -> str:
    """The form in which KorQuAD compares answers (Lim, Kim & Lee 2019, evaluate-v1.0.py).

    Quotes and brackets become spaces, other ASCII punctuation goes, letters are lower case, and
    white space is one space. Composed to NFC first, so that decomposed Hangul is the same answer.
    """
    return " ".join(normalize(text).translate(_BRACKETS).lower().translate(_PUNCTUATION).split())


def exact_match(prediction: str, answer: str) -> float:
    """1.0 if both are the same after `normalize_answer`, else 0.0."""
    return float(normalize_answer(prediction) == normalize_answer(answer))


def character_f1(prediction: str, answer: str) -> float:
    """The harmonic mean of precision and recall of characters, in [0, 1] (KorQuAD 1.0).

    Characters count as often as they occur, in any order, without spaces. As in KorQuAD, 0.0 if
    either has none.
    """
    said = Counter(normalize_answer(prediction).replace(" ", ""))
    meant = Counter(normalize_answer(answer).replace(" ", ""))
    same = (said & meant).total()
    return 2 * same / (said.total() + meant.total()) if same else 0.0


def _scores(values: npt.ArrayLike) -> Floats:
    scores = np.asarray(values, np.float64)
    if scores.ndim != 1 or not len(scores) or not np.isfinite(scores).all():
        raise ValueError(f"expected a row of one or more finite scores, found shape {scores.shape}")
    return scores
