"""Miners of synonyms: each gives rows of the table with a score and what it saw, for people to review."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from mundap.graph.synonyms import BRACKETS, PAIRS, SPELLING, VECTORS, Synonym
from mundap.protocols import Vectors

_NAME = r"[가-힣A-Za-z0-9·&/-]+(?: [가-힣A-Za-z0-9·&/-]+){0,4}"
_BRACKETED = re.compile(
    rf"({_NAME})\s?\((이하\s?)?[\"“‘'「]?({_NAME})[\"”’'」]?(?:\s?(?:이?라|으로|로) [^)]{{0,8}})?\)"
)
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9&/ -]*")
_HANGUL = re.compile(r"[가-힣]{2,}")
_SHORTEST = 3  # syllables of words whose spelling is compared: shorter ones differ by a letter and mean something else
_NO_ONSET = "\u110b"
# Vowels, then first consonants, that loanwords and slips of the pen exchange; as conjoining jamo.
_CONFUSED = [
    *(
        set(unicodedata.normalize("NFD", vowels)) - {_NO_ONSET}
        for vowels in ("애에", "어오", "어에", "으우", "이에", "왜웨외")
    ),
    *map(set, ("\u1100\u1101\u110f", "\u1103\u1104\u1110", "\u1107\u1108\u1111", "\u1109\u110a", "\u110c\u110d\u110e")),
]
_ALIKE = 0.96  # cosine of two words' vectors under which they are not taken for synonyms (docs/experiments/2026-11-26-keyword-graph.md)
_MOST = 10  # synonyms of one word by pairs
LEAST = 0.02  # probability under which a translation is no synonym
_HELD = 2  # passages that must say a word before questions tell what it means: one alone teaches nothing of another


def from_brackets(texts: Sequence[str], words: Collection[str]) -> Iterator[Synonym]:
    """Names that documents give in brackets: 세계관세기구(WCO), 전자상거래(e-commerce), 수입신고필증(이하 "필증"이라 한다).

    Where the bracket does not say so (이하), one side must be in the other script or abbreviate the other. Both ways, with
    the number of texts that have it. `words` are the keywords of the corpus, in lower case: a name is cut to the one it ends in.
    """
    seen: Counter[tuple[str, str]] = Counter()
    for text in texts:
        found = {pair for match in _BRACKETED.finditer(text) if (pair := _pair(match[1], match[2], match[3], words))}
        seen.update(found)
    for (long, short), count in sorted(seen.items()):
        score = round(min(1.0, 0.7 + 0.1 * count), 3)
        shown = f"{long}({short}), 문단 {count}개"
        yield Synonym(long, short, score, BRACKETS, shown)
        yield Synonym(short, long, score, BRACKETS, shown)


def from_spelling(counts: Mapping[str, int], together: Callable[[str, str], bool]) -> Iterator[Synonym]:
    """Words one letter (jamo) apart as spellings are, of which one is rare: 콘테이너 and 컨테이너; both ways.

    A vowel or a first consonant is taken for another of its kind, or a final consonant left out inside a word. Other
    letters make other words: 수입물품, 구입물품. `counts` is how many passages name each word, and `together` says
    whether one passage names both: then they are two things.
    """
    same: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
    for word in sorted(counts):
        if _HANGUL.fullmatch(word) and len(word) >= _SHORTEST:
            for at in range(len(word)):
                same[at, word[:at] + word[at + 1 :]].append(word)
    for (at, _), words in sorted(same.items()):
        for a, b in combinations(words, 2):
            rare, usual = sorted((a, b), key=lambda word: (counts[word], word))
            written = _spelled_alike(a[at], b[at], at == len(a) - 1)
            if written and counts[rare] <= max(1, counts[usual] // 5) and not together(a, b):
                shown = f"{rare} {counts[rare]}회, {usual} {counts[usual]}회"
                yield Synonym(rare, usual, 0.6, SPELLING, shown)
                yield Synonym(usual, rare, 0.6, SPELLING, shown)


def from_pairs(
    table: Mapping[str, Mapping[str, float]], counts: Mapping[str, int], examples: Mapping[str, str] | None = None
) -> Iterator[Synonym]:
    """What questions call what passages say. `table[asked][said]` is the chance that `said` brings forth `asked`.

    The likeliest few of each word, with a question that says it as evidence, if `examples` has one.
    """
    for asked, said in sorted(table.items()):
        likely = sorted(
            (-chance, word) for word, chance in said.items() if word != asked and counts.get(word, 0) >= _HELD
        )
        for chance, word in likely[:_MOST]:
            if -chance >= LEAST:
                yield Synonym(asked, word, min(1.0, -chance), PAIRS, (examples or {}).get(asked, ""))


def from_vectors(words: Sequence[str], vectors: Vectors, least: float = _ALIKE) -> Iterator[Synonym]:
    """Words that are each other's nearest by the cosine of their vectors, which have unit rows; both ways.

    Words with digits have none: 2인 and 3인 are near each other, and two things.
    """
    if len(words) < 2:
        return
    nearest, near = _nearest(vectors)
    for n, other in enumerate(nearest):
        if n < other and nearest[other] == n and near[n] >= least and _may_be_one(words[n], words[other]):
            shown = f"코사인 유사도 {near[n]:.3f}"
            score = float(min(1.0, (near[n] - least) / (1 - least) * 0.5 + 0.3))
            yield Synonym(words[n], words[other], score, VECTORS, shown)
            yield Synonym(words[other], words[n], score, VECTORS, shown)


def _nearest(vectors: Vectors, block: int = 1024) -> tuple[list[int], list[float]]:
    nearest: list[int] = []
    near: list[float] = []
    for start in range(0, len(vectors), block):
        similar = vectors[start : start + block] @ vectors.T
        similar[np.arange(len(similar)), np.arange(start, start + len(similar))] = -1
        best = similar.argmax(axis=1)
        nearest += best.tolist()
        near += similar[np.arange(len(similar)), best].tolist()
    return nearest, near


def _may_be_one(a: str, b: str) -> bool:
    """Not for 2인 and 3인, nor for 수입 and 수입신고, which are near each other too."""
    return not (a in b or b in a or any(c.isdigit() for c in a + b))


def _pair(outside: str, henceforth: str | None, inside: str, words: Collection[str]) -> tuple[str, str] | None:
    long, short = _ending(outside.lower(), words), inside.strip().lower()
    if not long or len(short) < 2 or long == short or not (_LATIN.fullmatch(short) or short in words):
        return None
    if henceforth or bool(_LATIN.fullmatch(short)) != bool(_LATIN.fullmatch(long)):
        return long, short
    return (long, short) if _abbreviates(short, long) and not long.startswith(short) else None


def _ending(name: str, words: Collection[str]) -> str:
    """The longest keyword that the name ends in, "" if it ends in none."""
    return next((name[n:].strip() for n in range(len(name)) if name[n:].strip() in words), "")


def _abbreviates(short: str, long: str) -> bool:
    """Whether `short` begins as `long` does, and but one of its letters stand in it in this order (전경련: 전국경제인연합회)."""
    letters, missing = iter(long.replace(" ", "")), 0
    for letter in short:
        rest = list(letters)
        missing += letter not in rest
        letters = iter(rest[rest.index(letter) + 1 :] if letter in rest else rest)
    return len(short) < len(long) and short[0] == long[0] and missing <= (len(short) > 2)


def _spelled_alike(a: str, b: str, last: bool) -> bool:
    """Whether two syllables are ways to spell one; `last` if they end their words, where a final consonant counts."""
    (onset_a, vowel_a, coda_a), (onset_b, vowel_b, coda_b) = (_letters(c) for c in (a, b))
    differing = [x + y for x, y in ((onset_a, onset_b), (vowel_a, vowel_b), (coda_a, coda_b)) if x != y]
    if len(differing) != 1:
        return False
    if coda_a != coda_b:
        return not last and "" in (coda_a, coda_b)
    return any(set(differing[0]) <= kind for kind in _CONFUSED)


def _letters(syllable: str) -> tuple[str, str, str]:
    """The first consonant, the vowel and the final consonant, "" if there is none."""
    jamo = unicodedata.normalize("NFD", syllable)
    return jamo[0], jamo[1], jamo[2:]
