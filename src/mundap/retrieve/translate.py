"""What askers call what the documents say: a translation table learned from questions and their passages.

An asker's 술 is the document's 주류. IBM model 1 (Brown et al., Computational Linguistics 1993) learns from the
pairs which words of passages bring forth which words of questions, and a passage is scored by the chance that it
brings forth the whole question (Berger & Lafferty, SIGIR 1999). The table is a plain file that people can review.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mundap.errors import BadFile
from mundap.files import write_atomically
from mundap.index.postings import Postings
from mundap.ingest.encoding import decode
from mundap.korean.tokens import BIGRAM
from mundap.protocols import Rows, Scores

# Chosen on other splits than the reported ones (docs/experiments/2026-11-21-translation.md).
ROUNDS = 8  # of expectation maximisation
NULL = 2.0  # how readily a question's word is taken to come from no word of the passage
PRIOR = 0.3  # question words' worth of doubt in each document word: a rare word's translations are hardly known
LEAST = 0.03  # probability under which a translation is not kept
SAME = 0.5  # share of a passage's chance to say a word that is kept for the word itself
BACKGROUND = 0.01  # weight of the questions' own language; small, so that a missing word counts heavily
_UNSEEN = 0.1  # occurrences of a word that no question has
_MOST = 20_000_000  # pairs of words that are counted at once; beyond it, a share of the passages is learned from
_REMEMBERED = 5_000_000  # rows that are kept at hand, over all words

HEADER = "# 질문말\t문서말\t확률"
Floats = npt.NDArray[np.float64]
Group = tuple[Sequence[Sequence[str]], Sequence[str]]  # the questions of a passage, and the passage, as tokens


@dataclass(frozen=True)
class Translations:
    """`words[asked][said]` is the probability that a passage's word `said` brings forth `asked` in a question.

    `known[said]`, in [0, 1), says how well a document word's translations are known; of an unknown one nothing is,
    and it is taken to bring forth whatever questions use. `background[asked]` is how often they use a word, as a
    share of all their words, and `floor` that of a word that no question has.
    """

    words: Mapping[str, Mapping[str, float]]
    known: Mapping[str, float]
    background: Mapping[str, float]
    floor: float

    def save(self, path: Path) -> None:
        """Write the table of words as tab-separated text: question word, document word, probability; best first."""
        lines = [
            f"{asked}\t{said}\t{chance:.4f}"
            for asked, table in sorted(self.words.items())
            for said, chance in sorted(table.items(), key=lambda entry: (-entry[1], entry[0]))
        ]
        write_atomically(path, "\n".join([HEADER, *lines]) + "\n")


class Translator:
    """Translations over the passages of one index, whose postings tell what each passage says."""

    def __init__(self, translations: Translations, postings: Postings) -> None:
        self.translations = translations
        self.postings = postings
        self._words = np.maximum(postings.words, 1)
        # Of a row, the share of its words whose translations are not known.
        self._doubts = np.clip(1 - postings.weighed(translations.known) / self._words, 0, 1)
        self._reached: dict[str, tuple[Rows, Floats]] = {}
        self._held = 0

    def score(self, tokens: Sequence[str], rows: Rows) -> Scores:
        """For each of these rows, the log of how much likelier its passage makes the question; at least 0."""
        order = np.argsort(rows)
        ordered = rows[order]
        words, doubts = self._words[ordered], self._doubts[ordered]
        total = np.zeros(len(rows))
        for asked, times in Counter(worded(tokens)).items():
            usual = self.translations.background.get(asked, self.translations.floor)
            chance = (1 - SAME) * usual * doubts
            chance += self._weight(asked, ordered) / words
            total[order] += times * np.log1p((1 - BACKGROUND) / BACKGROUND * chance / usual)
        return total.astype(np.float32)

    def _weight(self, asked: str, rows: Rows) -> Floats:
        """For each of these rows, which are ascending, how much its words together bring forth `asked`."""
        holders, weights = self._reach(asked)
        if not len(holders):
            return np.zeros(len(rows))
        places = np.minimum(np.searchsorted(holders, rows), len(holders) - 1)
        return np.where(holders[places] == rows, weights[places], 0.0)

    def _reach(self, asked: str) -> tuple[Rows, Floats]:
        """The rows that hold a word that brings forth `asked`, ascending, and their weights; kept for the next time."""
        found = self._reached.get(asked)
        if found is None:
            said = {word: (1 - SAME) * chance for word, chance in self.translations.words.get(asked, {}).items()}
            said[asked] = said.get(asked, 0.0) + SAME
            listed = [(*self.postings.listed(word), brings) for word, brings in said.items()]
            rows = np.concatenate([rows for rows, _, _ in listed])
            counts = [brings * counts for _, counts, brings in listed]
            holders, places = np.unique(rows, return_inverse=True)
            found = (
                holders.astype(np.intp),
                np.bincount(places, np.concatenate(counts), len(holders)).astype(np.float64),
            )
            if self._held > _REMEMBERED:
                self._reached, self._held = {}, 0
            self._reached[asked] = found
            self._held += len(holders)
        return found


def read_words(path: Path) -> dict[str, dict[str, float]]:
    """The table that `save` wrote and people may have edited, in whatever encoding their editor saves.

    Words are taken in lower case, as the tokenizer makes them. Raises BadFile with the line that cannot be read.
    """
    words: dict[str, dict[str, float]] = {}
    for number, line in enumerate(decode(path.read_bytes(), path.name).split("\n"), 1):
        if line.strip() == HEADER or not line.strip():
            continue
        parts = [part.strip() for part in line.split("\t")]
        chance = _chance(parts[-1])
        if len(parts) != 3 or not all(parts) or chance is None:
            raise BadFile(
                f"{path.name}: {number}번째 줄이 '질문말<탭>문서말<탭>확률(0~1)' 형식이 아닙니다. 수정하거나 삭제하세요."
            )
        words.setdefault(parts[0].lower(), {})[parts[1].lower()] = chance
    return words


def _chance(text: str) -> float | None:
    try:
        chance = float(text)
    except ValueError:
        return None
    return chance if 0 <= chance <= 1 else None


def learn(groups: Sequence[Group]) -> Translations:
    """Learn from passages and the questions that each answers. Every question counts the same.

    Where there are too many pairs of words to count, passages are left out evenly. Deterministic.
    """
    listed = [_Bags.of(questions, passage) for questions, passage in groups if passage and any(questions)]
    pairs = sum(len(bags.asked) * len(bags.said) for bags in listed)
    listed = listed[:: -(-pairs // _MOST) or 1]
    asked, said = _Numbers(), _Numbers()
    parts = [(asked.of(bags.asked), bags.times, said.of(bags.said), bags.shares) for bags in listed]
    background = np.full(len(asked), _UNSEEN)
    for words, times, _, _ in parts:
        background[words] += times
    total = float(background.sum()) or 1.0
    table = _expectation(parts, background / total, len(said))
    return Translations(
        table.named(asked.names, said.names),
        dict(zip(said.names, table.known.tolist(), strict=True)),
        dict(zip(asked.names, (background / total).tolist(), strict=True)),
        _UNSEEN / total,
    )


def worded(tokens: Iterable[str]) -> list[str]:
    """The tokens that are words: morphemes and joins, not bigrams."""
    return [token for token in tokens if not token.startswith(BIGRAM)]


@dataclass(frozen=True)
class _Bags:
    """A passage's questions as words and how often each stands in them, and its own words with their shares."""

    asked: list[str]
    times: Floats
    said: list[str]
    shares: Floats

    @classmethod
    def of(cls, questions: Sequence[Sequence[str]], passage: Sequence[str]) -> _Bags:
        asked = Counter(word for question in questions for word in worded(question))
        said = Counter(worded(passage))
        shares = np.fromiter(said.values(), np.float64, len(said))
        times = np.fromiter(asked.values(), np.float64, len(asked))
        return cls(list(asked), times, list(said), shares / shares.sum())


class _Numbers:
    """Words by number, in the order in which they came."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._number: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.names)

    def of(self, words: Sequence[str]) -> npt.NDArray[np.int64]:
        for word in words:
            if word not in self._number:
                self._number[word] = len(self.names)
                self.names.append(word)
        return np.fromiter((self._number[word] for word in words), np.int64, len(words))


@dataclass(frozen=True)
class _Table:
    """Translation `n` is from word `said[n]` to word `asked[n]`, with probability `chance[n]`."""

    asked: npt.NDArray[np.int64]
    said: npt.NDArray[np.int64]
    chance: Floats
    known: Floats

    def named(self, asked: Sequence[str], said: Sequence[str]) -> dict[str, dict[str, float]]:
        words: dict[str, dict[str, float]] = {}
        for n in np.flatnonzero(self.chance >= LEAST):
            words.setdefault(asked[self.asked[n]], {})[said[self.said[n]]] = float(self.chance[n])
        return words


def _expectation(
    parts: Sequence[tuple[npt.NDArray[np.int64], Floats, npt.NDArray[np.int64], Floats]],
    background: Floats,
    vocabulary: int,
) -> _Table:
    keys = [(asked[:, None] * vocabulary + said).ravel() for asked, _, said, _ in parts]
    distinct, places = np.unique(np.concatenate(keys) if keys else np.empty(0, np.int64), return_inverse=True)
    asked_of, said_of = np.divmod(distinct, max(vocabulary, 1))
    doubted = PRIOR * background[asked_of]
    chance: Floats = background[asked_of]
    known: Floats = np.zeros(vocabulary)
    counts: Floats = np.zeros(len(distinct))
    ends = np.cumsum([len(key) for key in keys])
    for _ in range(ROUNDS):
        counts = np.zeros(len(distinct))
        for (asked, times, _, shares), end in zip(parts, ends, strict=True):
            here = places[end - len(asked) * len(shares) : end].reshape(len(asked), len(shares))
            brought: Floats = chance[here] * shares
            brought *= (times / (brought.sum(axis=1) + NULL * background[asked]))[:, None]
            counts[here] += brought
        known = np.bincount(said_of, counts, vocabulary).astype(np.float64)
        chance = (counts + doubted) / (known + PRIOR)[said_of]
    return _Table(asked_of, said_of, counts / (known + PRIOR)[said_of], known / (known + PRIOR))
