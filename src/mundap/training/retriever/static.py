"""Train vectors of words so that a question is near the passage that answers it; in NumPy, without a model to start from.

Multiple negatives ranking (Henderson et al., 2017, arXiv:1705.00652): no two questions of one passage are in a batch.
Words begin as random signs of their letters, longer the rarer they are, which is a TF-IDF in few dimensions (Kanerva
et al., 2000), so that untrained words still do what words do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from mundap.encode.static import Words, drawn
from mundap.protocols import Progress, Vectors, quiet
from mundap.training.common.folds import Numbers
from mundap.training.common.heldout import CrossValidated, HeldoutEvaluator, Learn, validate
from mundap.training.common.pairs import FOLDS
from mundap.training.retriever.batches import batches
from mundap.training.retriever.config import StaticConfig


@dataclass(frozen=True)
class Tokens:
    """The words of each question, and of each passage of an index."""

    questions: Sequence[Sequence[str]]
    passages: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Trained:
    """The words, and what cross-validation says of them."""

    words: Words
    report: CrossValidated


@dataclass(frozen=True)
class Texts:
    """Texts as numbers of words: those of text n are `words[starts[n]:starts[n + 1]]`, each once."""

    words: Numbers
    starts: Numbers

    @classmethod
    def of(cls, texts: Sequence[Sequence[str]], places: dict[str, int]) -> Texts:
        """Numbers that `places` gives; words that it has not are left out, and a text without words has word 0."""
        found = [sorted({places[word] for word in words if word in places}) or [0] for words in texts]
        starts = np.concatenate([[0], np.cumsum([len(row) for row in found])]).astype(np.int64)
        return cls(np.array([n for row in found for n in row], np.int64), starts)

    def of_texts(self, some: Numbers) -> tuple[Numbers, Numbers]:
        """The words of these texts one after another, and where each text begins."""
        counts = self.starts[some + 1] - self.starts[some]
        starts = np.cumsum(counts) - counts
        return self.words[np.repeat(self.starts[some] - starts, counts) + np.arange(counts.sum())], starts


def train_static(
    evaluator: HeldoutEvaluator,
    tokens: Tokens,
    before: tuple[Vectors, Vectors],
    config: StaticConfig,
    progress: Progress = quiet,
) -> Trained:
    """Cross-validate by passage and by question, then train on everything.

    `before` holds the vectors of all passages and all questions by the encoder in use.
    """
    report = validate(evaluator, before, learner(evaluator, tokens, config), config.seed, progress)
    words = learn(evaluator, tokens, np.arange(len(evaluator.pairs)), config)
    progress(2 * FOLDS + 1, 2 * FOLDS + 1)
    return Trained(words, report)


def learner(evaluator: HeldoutEvaluator, tokens: Tokens, config: StaticConfig) -> Learn:
    """What a fold of a cross-validation learns, and gives for the questions that it held out."""

    def learned(some: Numbers, tested: Numbers) -> tuple[Vectors, Vectors]:
        words = learn(evaluator, tokens, some, config)
        return words.means(tokens.passages), words.means([tokens.questions[n] for n in tested])

    return learned


def learn(evaluator: HeldoutEvaluator, tokens: Tokens, some: Numbers, config: StaticConfig) -> Words:
    """The words of these pairs, and of the passages that answer them."""
    rows, right = np.unique(evaluator.pairs.rows[some], return_inverse=True)
    passages = [tokens.passages[start] for start in evaluator.starts[rows]]
    return fit([tokens.questions[n] for n in some], passages, right, evaluator.pairs.kin[rows], config)


def fit(
    questions: Sequence[Sequence[str]],
    passages: Sequence[Sequence[str]],
    right: Numbers,
    kin: Numbers,
    config: StaticConfig,
) -> Words:
    """The vectors of all words of the questions and passages. `right` is the passage of each question, and `kin` numbers
    passages as `kin_of` does."""
    seen = Counter(word for words in passages for word in set(words))
    words = sorted({*seen, *(word for words in questions for word in words)})
    rarity = np.array([log(1 + len(passages) / (seen[word] + 0.5)) for word in words], np.float32)
    length = config.size * float(rarity.max())
    vectors = config.size * rarity[:, None] * np.stack([drawn(word, config.dim) for word in words])
    places = {word: place for place, word in enumerate(words)}
    asked, told = Texts.of(questions, places), Texts.of(passages, places)
    mean, square = np.zeros_like(vectors), np.zeros_like(vectors)
    random = np.random.default_rng(config.seed)
    step = 0
    for _ in range(config.epochs):
        for batch in batches(right, config.batch, random):
            step += 1
            texts = asked.of_texts(batch), told.of_texts(right[batch])
            rows, gradient = _gradient(vectors, texts, kin[right[batch]], config.scale)
            mean[rows] += np.float32(0.1) * (gradient - mean[rows])
            square[rows] += np.float32(0.001) * (gradient * gradient - square[rows])
            down = np.sqrt(square[rows] / np.float32(1 - 0.999**step)) + np.float32(1e-8)
            vectors[rows] -= np.float32(config.rate / (1 - 0.9**step)) * mean[rows] / down
    return Words(tuple(words), vectors.astype(np.float16), length)


def _gradient(
    vectors: Vectors, both: tuple[tuple[Numbers, Numbers], tuple[Numbers, Numbers]], kin: Numbers, scale: float
) -> tuple[Numbers, Vectors]:
    """The words of a batch, and the gradient of the mean cross-entropy to the vector of each."""
    asked, told = both
    (q, q_lengths), (p, p_lengths) = (_means(vectors, words, starts) for words, starts in both)
    logits = np.float32(scale) * (q @ p.T)
    logits[(kin[:, None] == kin) & ~np.eye(len(kin), dtype=bool)] = -np.inf
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    chances[np.diag_indices(len(chances))] -= 1
    pull = chances * np.float32(scale / len(chances))
    to_q, to_p = pull @ p, pull.T @ q
    to_q = (to_q - (to_q * q).sum(axis=1, keepdims=True) * q) / q_lengths
    to_p = (to_p - (to_p * p).sum(axis=1, keepdims=True) * p) / p_lengths
    words = np.concatenate([asked[0], told[0]])
    counts = [np.diff([*starts, len(some)]) for some, starts in (asked, told)]
    texts = np.repeat(np.arange(len(to_q) + len(to_p)), np.concatenate(counts))
    order = np.argsort(words, kind="stable")
    rows, firsts = np.unique(words[order], return_index=True)
    return rows, np.add.reduceat(np.concatenate([to_q, to_p])[texts[order]], firsts, axis=0)


def _means(vectors: Vectors, words: Numbers, starts: Numbers) -> tuple[Vectors, Vectors]:
    """The sum of each text's words, of length one, and its length before."""
    sums = np.add.reduceat(vectors[words], starts, axis=0)
    lengths = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), np.float32(1e-6))
    return sums / lengths, lengths
