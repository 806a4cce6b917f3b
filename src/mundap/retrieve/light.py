"""A light ranker trained on the user's own questions: learned fusion of what is known of each candidate.

A conditional logit (McFadden 1974; as listwise loss: Cao et al., ICML 2007) over a handful of features. It needs
no more than NumPy, learns in seconds, and costs a few milliseconds a question.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mundap.errors import MundapError
from mundap.files import digest, load_array
from mundap.index.bm25 import LexicalLeg
from mundap.index.dense import DenseLeg
from mundap.korean.normalize import squash
from mundap.protocols import Mask, Scores
from mundap.retrieve.fuse import standard
from mundap.retrieve.hybrid import Candidates
from mundap.retrieve.neighbours import VectorsOf, likeness, vectors_without_maps
from mundap.retrieve.translate import Translations, Translator, read_words

DEPTH = 40  # candidates that are ranked anew; the rest stay behind them
FEATURES = (
    "dense",
    "bm25",
    "length",
    "translation",
    "asked",
    "nearest",
    "translation_asked",
    "neighbours",
)
SCORES_ONLY = FEATURES[:3]  # what a learned fusion of the legs sees
_OF_KNOWN = FEATURES[4:]  # of the questions that are known
_BM25_UNIT = 5.0
_NEAR, _NEAR_UNIT = 0.9, 0.05  # cosines of related questions lie around this, with the default encoder

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class KnownQuestions:
    """Known questions: `vectors` (n, dim) in half precision, and the parent passage that answers each."""

    vectors: npt.NDArray[np.float16]
    passages: tuple[str, ...]


@dataclass(frozen=True)
class LightModel:
    """`weights` by name of FEATURES; a feature without one is not computed.

    `encoder` and `tokenizer` are those of the index it was trained over. `questions` are digests of all questions
    that it was trained on: whoever measures it must know which ones it has seen.
    """

    weights: Mapping[str, float]
    encoder: str
    tokenizer: str
    questions: frozenset[str]
    translations: Translations
    asked: KnownQuestions

    def save(self, folder: Path) -> None:
        """Write the model into `folder`: model.json, synonyms.tsv, which people may edit, and the questions."""
        known = self.translations
        shown = {
            "kind": "light",
            "weights": dict(self.weights),
            "encoder": self.encoder,
            "tokenizer": self.tokenizer,
            "questions": sorted(self.questions),
            "known": {word: round(share, 4) for word, share in known.known.items()},
            "background": known.background,
            "floor": known.floor,
            "passages": list(self.asked.passages),
        }
        (folder / "model.json").write_text(json.dumps(shown, ensure_ascii=False), "utf-8")
        known.save(folder / "synonyms.tsv")
        np.save(folder / "questions.npy", self.asked.vectors)

    @classmethod
    def open(cls, folder: Path) -> LightModel:
        """Read what `save` wrote. Raises MundapError if it is not there or damaged, BadFile for synonyms.tsv."""
        try:
            kept = json.loads((folder / "model.json").read_text("utf-8"))
            words = read_words(folder / "synonyms.tsv")
            return cls(
                kept["weights"],
                kept["encoder"],
                kept["tokenizer"],
                frozenset(kept["questions"]),
                Translations(words, kept["known"], kept["background"], kept["floor"]),
                KnownQuestions(load_array(folder / "questions.npy", mapped=False), tuple(kept["passages"])),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise MundapError(
                f"{folder}: 학습한 리랭커를 읽을 수 없습니다({error}). 다시 학습하려면: mundap train reranker --out {folder.name}"
            ) from error


def tokenizer_name(lexical: LexicalLeg) -> str:
    """The identity of the leg's tokenizer; "" for a plain function."""
    return getattr(lexical.tokenize, "name", "")


def seen(question: str) -> str:
    """The digest by which a model remembers a question."""
    return digest(squash(question))


@dataclass(frozen=True)
class Hidden:
    """What a ranker must not know of while its features are computed for training: numbers of known questions."""

    questions: npt.NDArray[np.bool_]


class LightRanker:
    """A light model over one index."""

    depth = DEPTH
    reads = 0

    def __init__(self, model: LightModel, lexical: LexicalLeg, dense: DenseLeg) -> None:
        """Raises MundapError if the index is of another encoder or tokenizer than the model."""
        for what, was, now in (
            ("임베딩", model.encoder, dense.encoder.name),
            ("형태소 분석", model.tokenizer, tokenizer_name(lexical)),
        ):
            if was != now:
                raise MundapError(
                    f"리랭커는 {what} {was}(으)로 학습했지만 색인은 {now}(으)로 만들었습니다."
                    " 다시 학습하세요: mundap train reranker"
                )
        self.model = model
        translator = Translator(model.translations, lexical.postings)
        self.features = Features(lexical, dense, translator, model.asked, vectors_without_maps(dense))
        self._names = tuple(name for name in FEATURES if name in model.weights)
        self._weights = np.array([model.weights[name] for name in self._names])

    def score(self, question: str, candidates: Candidates) -> Scores:
        """The log-odds of each candidate, up to a constant."""
        scores: Scores = (self.features.of(question, candidates, self._names) @ self._weights).astype(np.float32)
        return scores


class Features:
    """What is known of candidates: a column for each of FEATURES.

    dense: the cosine, standardised over the candidates. bm25: as it is. length: log of the passage's words.
    translation: how well it explains the question's words, standardised. asked: 1 if questions are known that it
    answers. nearest: how close the closest of them is, 0 if none is known. translation_asked: the translation where questions
    are known, else 0, since it was learned from these very questions and is surer of their passages
    (docs/experiments/2026-11-29-light-ranker-on-new-documents.md). neighbours: how like it is to the passages that answer the
    nearest known questions, 0 where questions are known of itself.
    """

    def __init__(
        self,
        lexical: LexicalLeg,
        dense: DenseLeg,
        translator: Translator,
        asked: KnownQuestions,
        vectors_of: VectorsOf,
    ) -> None:
        """`vectors_of` gives the own vectors of rows, by which passages are alike."""
        self.lexical = lexical
        self.dense = dense
        self.translator = translator
        self._vectors = asked.vectors.astype(np.float32)
        self._rows = lexical.table.ids.rows(asked.passages)
        self._vectors_of = vectors_of

    def of(
        self, question: str, candidates: Candidates, names: Sequence[str] = FEATURES, hidden: Hidden | None = None
    ) -> Matrix:
        """(candidates, len(names))."""
        columns: dict[str, npt.NDArray[np.floating]] = {
            "dense": standard(candidates.legs["dense"]),
            "bm25": candidates.legs["bm25"] / _BM25_UNIT,
            "length": np.log(np.maximum(self.lexical.postings.words[candidates.rows], 1)),
        }
        if "translation" in names or "translation_asked" in names:
            tokens = self.lexical.tokenize([question])[0]
            columns["translation"] = standard(self.translator.score(tokens, candidates.rows))
        if set(_OF_KNOWN) & set(names):
            similar, counted = self._known(question, hidden)
            nearest = self._nearest(similar, counted, candidates)
            columns["asked"] = ~np.isnan(nearest)
            columns["nearest"] = np.where(columns["asked"], (np.nan_to_num(nearest) - _NEAR) / _NEAR_UNIT, 0)
            if "neighbours" in names:
                like = likeness(similar, counted, self._rows, candidates.rows, self._vectors_of)
                columns["neighbours"] = like * np.isnan(nearest)
        if "translation_asked" in names:
            columns["translation_asked"] = columns["translation"] * columns["asked"]
        return np.stack([columns[name] for name in names], axis=1).astype(np.float64)

    def nearest(self, question: str, candidates: Candidates, hidden: Hidden | None = None) -> Matrix:
        """For each candidate, the cosine of the nearest known question that it answers; NaN if none is known."""
        return self._nearest(*self._known(question, hidden), candidates)

    def _known(self, question: str, hidden: Hidden | None) -> tuple[Scores, Mask]:
        """The cosine of each known question, and which of them count."""
        there = self._rows >= 0
        similar: Scores = self._vectors @ self.dense.embed(question)
        return similar, there if hidden is None else there & ~hidden.questions

    def _nearest(self, similar: Scores, counted: Mask, candidates: Candidates) -> Matrix:
        best = np.full(len(self.lexical.table), -np.inf)
        np.maximum.at(best, self._rows[counted], similar[counted])
        near = best[candidates.rows]
        return np.where(np.isfinite(near), near, np.nan)


def fit(
    features: Matrix,
    right: npt.NDArray[np.int64],
    counts: Matrix | None = None,
    aside: Mask | None = None,
    penalty: float = 1e-3,
) -> Matrix:
    """The weights, (d,), that make the right candidate of each question most likely.

    `features` is (n, candidates, d), `right` the place of the right candidate, and `counts` what each question counts
    (default: 1 each). `aside` is True where a candidate, (n, candidates), is not to be told from the right one. Newton's method with halved steps on the penalised likelihood, which is concave.
    """
    n, _, d = features.shape
    weights = np.zeros(d)
    shares = np.full(n, 1 / n) if counts is None else counts / counts.sum()
    apart = np.where(np.zeros(features.shape[:2], np.bool_) if aside is None else aside, -np.inf, 0.0)
    value, chances = _likelihood(features, right, shares, apart, weights, penalty)
    for _ in range(100):
        mean = np.einsum("nc,ncd->nd", chances, features)
        gradient = shares @ (features[np.arange(n), right] - mean) - penalty * weights
        spread = (features * np.sqrt(shares[:, None] * chances)[..., None]).reshape(-1, d)
        step = np.linalg.solve(spread.T @ spread - (mean.T * shares) @ mean + penalty * np.eye(d), gradient)
        while True:
            after, moved = _likelihood(features, right, shares, apart, weights + step, penalty)
            if after >= value or float(np.abs(step).max()) < 1e-9:
                break
            step /= 2
        weights, gained, value, chances = weights + step, after - value, after, moved
        if gained < 1e-9:
            break
    return weights


def _likelihood(
    features: Matrix, right: npt.NDArray[np.int64], shares: Matrix, apart: Matrix, weights: Matrix, penalty: float
) -> tuple[float, Matrix]:
    scores = features @ weights + apart
    scores -= scores.max(axis=1, keepdims=True)
    odds = np.exp(scores)
    totals = odds.sum(axis=1)
    value = float(shares @ (scores[np.arange(len(right)), right] - np.log(totals)) - penalty / 2 * weights @ weights)
    return value, odds / totals[:, None]
