"""The loosest threshold for which few of the given answers being wrong is promised, not only measured.

Selective classification with guaranteed risk (Geifman & El-Yaniv, NIPS 2017), by fixed-sequence testing (Angelopoulos,
Bates, Candès, Jordan & Lei, "Learn then Test", 2021): thresholds are tested one by one from strict to loose with an exact
binomial test (Clopper & Pearson, Biometrika 1934), and the first that cannot be shown ends it, so that looking at many
costs nothing. What is promised holds for questions drawn as those that it was calibrated on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from mundap.types import Json

_STEP = 100  # thresholds are hundredths
_FORGIVEN = 2  # wrong answers with which the first threshold may still pass: none would let one mislabelled row end it
_SHARES = range(1, 51)  # hundredths of wrong answers that are tried where what was wanted cannot be promised


@dataclass(frozen=True)
class Promise:
    """At most `wrong` of the answers given at `threshold` are wrong, in `confidence` of all draws of the `n` questions.

    Of these `answered` were answered, `missed` of them wrongly; `bound` is the upper end of that share at this confidence.
    `threshold` is None if nothing can be promised; `reachable` is then the least share for which it could be, with
    its threshold, or None, and `needed` how many questions would have to be answered at least.
    """

    wrong: float
    confidence: float
    n: int
    threshold: float | None = None
    answered: int = 0
    missed: int = 0
    bound: float = 1.0
    needed: int = 0
    reachable: tuple[float, float] | None = None

    def to_json(self) -> dict[str, Json]:
        """The fields by name, and the `sentence`."""
        return {**asdict(self), "sentence": self.sentence}

    @property
    def sentence(self) -> str:
        """What is promised, or that nothing can be and what could, in Korean."""
        if self.threshold is not None:
            return (
                f"임계값 {self.threshold}에서 오답률(답한 질문 중 정답 제시문을 하나도 인용하지 않은 비율)이 {self.wrong:.0%} 이하임을 "
                f"신뢰 수준 {self.confidence:.0%}로 보장합니다. 보정 질문 {self.n}개 중 {self.answered}개에 답해 {self.missed}개가 오답이었고, "
                f"상한은 {self.bound:.1%}입니다. 이 보장은 보정에 쓴 질문과 분포가 같은 질문에만 유효합니다."
            )
        why = f"질문 {self.n}개로는 오답률 {self.wrong:.0%} 이하를 신뢰 수준 {self.confidence:.0%}로 보장하는 임계값을 찾을 수 없습니다."
        if self.n < self.needed:
            return f"{why} 답한 질문이 최소 {self.needed}개 필요합니다."
        if self.reachable is None:
            return f"{why} 더 높은 오답률도 보장할 수 없습니다."
        share, threshold = self.reachable
        return f"{why} 보장할 수 있는 값: --wrong {share} (임계값 {threshold})"


def promise(
    scores: npt.ArrayLike, wrong: npt.NDArray[np.bool_], most: float = 0.05, confidence: float = 0.9
) -> Promise:
    """The loosest threshold at which at most the share `most` of the answers is wrong.

    `scores` (n,) are the support of questions that had no part in fitting it, `wrong` (n,) whether the answer of each
    would be wrong. Raises ValueError unless `most` and `confidence` lie between 0 and 1.
    """
    if not 0 < most < 1 or not 0 < confidence < 1:
        raise ValueError(f"wrong {most} and confidence {confidence} must lie between 0 and 1")
    support = np.asarray(scores, np.float64)
    found = _tested(support, wrong, most, confidence)
    if found is not None:
        answered = support >= found
        n, missed = int(answered.sum()), int(wrong[answered].sum())
        return Promise(most, confidence, len(support), found, n, missed, upper_bound(missed, n, confidence))
    reachable = None
    for share in (hundredth / 100 for hundredth in _SHARES if hundredth / 100 > most):
        loosest = _tested(support, wrong, share, confidence)
        if loosest is not None:
            reachable = (share, loosest)
            break
    return Promise(most, confidence, len(support), needed=fewest(0, most, confidence), reachable=reachable)


def _tested(
    support: npt.NDArray[np.float64], wrong: npt.NDArray[np.bool_], most: float, confidence: float
) -> float | None:
    """The last threshold of the sequence that passes; None if the first does not."""
    passed = None
    for threshold in _sequence(support, fewest(_FORGIVEN, most, confidence)):
        answered = support >= threshold
        if at_most(int(wrong[answered].sum()), int(answered.sum()), most) > 1 - confidence:
            break
        passed = threshold
    return passed


def _sequence(support: npt.NDArray[np.float64], first: int) -> Iterator[float]:
    """Thresholds from strict to loose; the strictest lets `first` questions through, or all if there are fewer.

    It is chosen by the scores alone, never by what was right.
    """
    enough = min(first, len(support))
    for threshold in (hundredth / _STEP for hundredth in range(_STEP, -1, -1)):
        if enough and (support >= threshold).sum() >= enough:
            yield threshold


def at_most(k: int, n: int, share: float) -> float:
    """The probability of `k` or fewer of `n` where each has the probability `share`."""
    if k >= n:
        return 1.0
    logs = [
        math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1)
        + i * math.log(share) + (n - i) * math.log1p(-share)
        for i in range(k + 1)
    ]  # fmt: skip
    return min(1.0, math.fsum(map(math.exp, logs)))


def upper_bound(k: int, n: int, confidence: float) -> float:
    """The one-sided upper confidence bound of a share of which `k` of `n` were seen (Clopper & Pearson 1934)."""
    if k >= n:
        return 1.0
    low, high = k / n, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if at_most(k, n, middle) > 1 - confidence else (low, middle)
    return high


def fewest(k: int, share: float, confidence: float) -> int:
    """How many have to be seen so that `k` of them still show that no more than `share` are such."""
    low, high = k + 1, k + 2
    while at_most(k, high, share) > 1 - confidence:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at_most(k, middle, share) > 1 - confidence else (low, middle)
    return high
