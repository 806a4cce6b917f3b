"""Train two linear maps over vectors that are there already, one for questions and one for passages.

Multiple negatives ranking (Henderson et al., 2017, arXiv:1705.00652) in NumPy, drawn towards the identity: free maps
gain twenty points on known passages and lose ten on new ones. How strongly they are drawn is chosen within the
training questions, with passages held out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from mundap.encode.adapter import Maps, mapped
from mundap.evaluation.metrics import reciprocal_rank
from mundap.protocols import Progress, Vectors, quiet
from mundap.training.common.folds import Numbers, by_group
from mundap.training.common.heldout import CrossValidated, HeldoutEvaluator, Learn, first_ranks, validate
from mundap.training.common.pairs import FOLDS, Pairs, asked_as

SCALE = (
    50.0  # of cosines before the softmax; 30 and 100 were no better (docs/experiments/2026-11-26-trained-encoders.md)
)
RATE = 1e-3
BATCH = 512  # questions a step
MOST_ROWS = 1000  # passages that a step tells apart
PENALTIES = (0.1, 0.05, 0.02)  # one after the other, each from where the one before has come
STEPS = 40  # for each; the mean of the second half is taken
BLENDS = (0.5, 1.0)
CHOOSING = 2  # of FOLDS folds within the training questions, to save time

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """How strongly the maps are drawn to the identity, and how much of them is taken; `blend` 0 is the identity."""

    penalty: float
    blend: float


@dataclass(frozen=True)
class Known:
    """Vectors of all passages of an index, (passages, dim), where each row's begin, and those of all questions.

    `kin` numbers rows as `kin_of` does; without it each answers other questions.
    """

    passages: Vectors
    starts: Numbers
    questions: Vectors
    kin: Numbers = field(default_factory=lambda: np.empty(0, np.int64))

    def scores(self, maps: Maps, some: Numbers) -> Vectors:
        """(some, rows): what the dense leg gives to each row."""
        return _scores(mapped(self.questions[some], maps.question) @ mapped(self.passages, maps.passage).T, self.starts)


@dataclass(frozen=True)
class Trained:
    """The maps, how they were chosen, and what cross-validation says."""

    maps: Maps
    setting: Setting
    report: CrossValidated


def train_adapter(evaluator: HeldoutEvaluator, known: Known, seed: int = 0, progress: Progress = quiet) -> Trained:
    """Cross-validate by passage and by question, choosing the setting anew in each fold, then train on everything."""
    made = evaluator.pairs
    learned = learner(made, known, seed)
    report = validate(evaluator, (known.passages, known.questions), learned, seed, progress)
    maps, setting = learn(made, known, np.arange(len(made)), seed)
    progress(2 * FOLDS + 1, 2 * FOLDS + 1)
    return Trained(maps, setting, report)


def learner(made: Pairs, known: Known, seed: int = 0) -> Learn:
    """What a fold of a cross-validation learns, and gives for the questions that it held out."""

    def learned(some: Numbers, tested: Numbers) -> tuple[Vectors, Vectors]:
        maps, _ = learn(made, known, some, seed)
        return mapped(known.passages, maps.passage), mapped(known.questions[tested], maps.question)

    return learned


def learn(made: Pairs, known: Known, some: Numbers, seed: int = 0) -> tuple[Maps, Setting]:
    """The maps of these pairs, with the setting that is best on questions held out of them."""
    setting = choose(made, known, some, seed)
    if not setting.blend:
        return Maps.identity(known.passages.shape[1]), setting
    path = dict(zip(PENALTIES, fit(known, some, made.rows, PENALTIES, seed), strict=True))
    return path[setting.penalty].blended(setting.blend), setting


def choose(made: Pairs, known: Known, some: Numbers, seed: int = 0) -> Setting:
    """The setting that is best on new questions, of those that are about as good as any on new passages.

    About as good: within one standard error of the best (Breiman et al., 1984), and not worse than no maps.
    """
    passages = by_group(made.rows[some].tolist(), FOLDS, seed)
    questions = by_group([asked_as(made.questions[n]) for n in some], FOLDS, seed)
    settings = [Setting(PENALTIES[0], 0.0)] + [Setting(p, blend) for p in PENALTIES for blend in BLENDS]
    on_new, on_known = (np.full((len(settings), len(some)), np.nan) for _ in range(2))
    for fold in range(CHOOSING):
        new = passages == fold
        asked = ~new & (questions == fold)
        path = list(fit(known, some[~new & ~asked], made.rows, PENALTIES, seed))
        for number, setting in enumerate(settings):
            maps = path[PENALTIES.index(setting.penalty)].blended(setting.blend)
            for figures, held in ((on_new, new), (on_known, asked)):
                ranks = first_ranks(known.scores(maps, some[held]), made.rows[some[held]])
                figures[number, held] = [reciprocal_rank(int(rank)) for rank in ranks]
    asked_of_new = ~np.isnan(on_new[0])
    on_new = on_new[:, asked_of_new]
    means = on_new.mean(axis=1)
    close = near(on_new[int(means.argmax())] - on_new, made.rows[some[asked_of_new]])
    fit_for_use = close & (means >= means[0])
    return settings[int(np.where(fit_for_use, np.nanmean(on_known, axis=1), -1).argmax())]


def near(differences: Floats, groups: Numbers) -> npt.NDArray[np.bool_]:
    """For each row, whether its mean is at most one standard error, of whole groups, from 0."""
    _, group = np.unique(groups, return_inverse=True)
    sums = np.stack([np.bincount(group, weights=row) for row in differences])
    errors = np.sqrt((sums**2).sum(axis=1))
    close: npt.NDArray[np.bool_] = sums.sum(axis=1) <= errors
    return close


def fit(known: Known, some: Numbers, rows: Numbers, penalties: Sequence[float], seed: int = 0) -> Iterator[Maps]:
    """Yields the maps that STEPS steps lead to under each penalty, on the squares of what is not identity.

    A step tells the right passage of some questions from the other passages that questions are known for, but its kin:
    those that nobody asked about may answer, too.
    """
    dim = known.passages.shape[1]
    same = np.eye(dim, dtype=np.float32)
    maps = [same.copy(), same.copy()]
    moments = [(np.zeros_like(same), np.zeros_like(same)) for _ in maps]
    random = np.random.default_rng(seed)
    answering = np.unique(rows[some])
    step = 0
    for penalty in penalties:
        sums = [np.zeros_like(same), np.zeros_like(same)]
        for number in range(STEPS):
            step += 1
            batch = random.permutation(some)[:BATCH]
            among = answering
            if len(answering) > MOST_ROWS:
                drawn = random.permutation(answering)[:MOST_ROWS]
                among = np.unique(np.concatenate([drawn, rows[batch]]))
            gradients = _gradients(known, batch, rows[batch], among, maps)
            for at, gradient in enumerate(gradients):
                pulled = gradient + np.float32(penalty) * (maps[at] - same)
                maps[at] = _adam(maps[at], pulled, moments[at], step)
                if number >= STEPS // 2:
                    sums[at] += maps[at]
        yield Maps(*(side / np.float32(STEPS - STEPS // 2) for side in sums))


def _gradients(
    known: Known, batch: Numbers, right: Numbers, among: Numbers, maps: Sequence[Vectors]
) -> tuple[Vectors, Vectors]:
    """The gradient of the mean cross-entropy to either map."""
    counts = known.starts[among + 1] - known.starts[among]
    starts = np.concatenate([[0], np.cumsum(counts)])
    passages = known.passages[np.repeat(known.starts[among] - starts[:-1], counts) + np.arange(starts[-1])]
    asked = known.questions[batch]
    (q, q_lengths), (u, u_lengths) = (_unit(rows @ side) for rows, side in ((asked, maps[0]), (passages, maps[1])))
    similar = q @ u.T
    logits = np.float32(SCALE) * _scores(similar, starts)
    if len(known.kin):
        logits[(known.kin[among] == known.kin[right][:, None]) & (among != right[:, None])] = -np.inf
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    chances[np.arange(len(batch)), np.searchsorted(among, right)] -= 1
    pull = chances * np.float32(SCALE / 2 / len(batch))
    pulls = np.repeat(pull, counts, axis=1) * _best(similar, starts)
    pulls[:, starts[:-1]] += pull
    to_q, to_u = pulls @ u, pulls.T @ q
    to_q = (to_q - (to_q * q).sum(axis=1, keepdims=True) * q) / q_lengths
    to_u = (to_u - (to_u * u).sum(axis=1, keepdims=True) * u) / u_lengths
    return asked.T @ to_q, passages.T @ to_u


def _scores(similar: Vectors, starts: Numbers) -> Vectors:
    """(n, rows) of (n, passages): as mundap.index.vectors has it, the mean of a row's own cosine and its best chunk's."""
    own = similar[:, starts[:-1]]
    best = np.maximum.reduceat(_chunks(similar, starts), starts[:-1], axis=1)
    return np.asarray((own + best) / 2, np.float32)


def _best(similar: Vectors, starts: Numbers) -> npt.NDArray[np.bool_]:
    """(n, passages): True at each row's best chunk, or at itself if it has none."""
    pieces = _chunks(similar, starts)
    best = np.maximum.reduceat(pieces, starts[:-1], axis=1)
    is_best: npt.NDArray[np.bool_] = pieces == np.repeat(best, np.diff(starts), axis=1)
    return is_best


def _chunks(similar: Vectors, starts: Numbers) -> Vectors:
    pieces = similar.copy()
    pieces[:, starts[:-1][np.diff(starts) > 1]] = -np.inf
    return pieces


def _unit(rows: Vectors) -> tuple[Vectors, Vectors]:
    lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return rows / lengths, lengths


def _adam(values: Vectors, gradient: Vectors, moments: tuple[Vectors, Vectors], step: int) -> Vectors:
    """The values after a step of Adam (Kingma & Ba, ICLR 2015); the moments are changed in place."""
    mean, square = moments
    mean += np.float32(0.1) * (gradient - mean)
    square += np.float32(0.001) * (gradient * gradient - square)
    down = np.sqrt(square / np.float32(1 - 0.999**step)) + np.float32(1e-8)
    after: Vectors = values - np.float32(RATE / (1 - 0.9**step)) * mean / down
    return after
